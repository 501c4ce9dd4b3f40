"""What passes between the daemon and its reading process: length, then a pickle. Both ends are this program
and nobody else holds the socket, so a pickle is as trustworthy as a function call."""

from __future__ import annotations

import pickle
import socket
import struct
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from typing import Any, Final

_LENGTH: Final = struct.Struct("!Q")


def write_frame(sock: socket.socket, value: object) -> None:
    """Raises `OSError` when the other end is gone."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    sock.sendall(_LENGTH.pack(len(data)))
    sock.sendall(data)


def read_frame(sock: socket.socket) -> Any:
    """Raises `EOFError` when the other end is gone."""
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    return pickle.loads(_exactly(sock, length))  # noqa: S301 - see above


def _exactly(sock: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        got = sock.recv_into(view)
        if not got:
            raise EOFError
        view = view[got:]
    return data


async def send_frame(writer: StreamWriter, value: object) -> None:
    """Raises `ConnectionError` when the other end is gone."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    writer.write(_LENGTH.pack(len(data)))
    writer.write(data)
    await writer.drain()


async def receive_frame(reader: StreamReader) -> Any:
    """Raises `EOFError` when the other end is gone."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return pickle.loads(await reader.readexactly(length))  # noqa: S301
    except IncompleteReadError as gone:
        raise EOFError from gone
