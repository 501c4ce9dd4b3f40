"""The reading process: `python -m daemon.edges.reading.worker FD`. It opens mails for as long as the daemon
lives, and has no way out but its socket: no database, no network, no files but the model.

It loads the model. First frame in: a `Setup`. First frame out: None, or what failed. Then questions:
("open", a list of (data, truncated, classified)) gets a list of `Opened | ReadingFault`, and
("copy", (data, mark)) the masked mail or None.
"""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from daemon.edges.reading.frames import read_frame, write_frame
from daemon.edges.reading.model import TriageModel
from daemon.edges.reading.opening import copy_masked, open_mail


def serve(sock: socket.socket) -> None:
    """Until the daemon hangs up. The signals that stop a service reach every process of it: this one stays
    until the mail in hand is read, and ends when the daemon does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Should memory run out, the kernel takes this process, which is replaced, and not the daemon.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    with suppress(EOFError, ConnectionError):
        try:
            model = TriageModel()
        except Exception as fault:
            read_frame(sock)
            write_frame(sock, f"{type(fault).__name__}: {fault}")
            raise
        setup = read_frame(sock)
        write_frame(sock, None)
        while True:
            question, about = read_frame(sock)
            if question == "copy":
                write_frame(sock, copy_masked(*about, parse=setup.parse))
                continue
            answers = [
                open_mail(data, truncated, parse=setup.parse, classify=model.classify if classified else None)
                for data, truncated, classified in about
            ]
            write_frame(sock, answers)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
