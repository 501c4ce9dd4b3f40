"""Argument parsing, one module per command family. Each family's `register` adds its parsers and sets
`func`, which takes the parsed arguments and returns the exit status. Heavy imports stand inside the
functions that need them: `--help` and `parse` answer in 0.3 s."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import Final

from daemon import __version__

FAMILIES: Final = (
    "demo",
    "run",
    "check",
    "parse",
    "model",
    "sla",
    "report",
    "tickets",
    "customers",
    "db",
    "preview",
)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="azimut-support",
        description="A support desk with nothing but e-mail as its interface.",
    )
    top.add_argument("--version", action="version", version=f"azimut-support {__version__}")
    top.add_argument("--config", metavar="FILE", help="configuration file (TOML)")
    sub = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for family in FAMILIES:
        importlib.import_module(f"daemon.cli.{family}").register(sub)
    return top


def main(argv: list[str] | None = None) -> int:
    """Parse, run, and turn every foreseeable trouble into a line on stderr and an exit status."""
    from daemon.cli.failure import CommandFailed, UsageFault
    from daemon.settings.faults import ConfigError

    args = parser().parse_args(argv)
    try:
        status: int = args.func(args)
        sys.stdout.flush()
    except (ConfigError, UsageFault) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - the command line's own voice
        return 2
    except CommandFailed as failure:
        print(f"azimut-support: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    except BrokenPipeError:
        _drop_output()
        return 1
    except OSError as trouble:  # a full disk under the output, a folder that is not ours
        _drop_output()
        place = f"{trouble.filename}: " if trouble.filename else ""
        print(f"azimut-support: {place}{trouble.strerror or trouble}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _drop_output() -> None:
    """Nobody reads on: what is still buffered must not fail once more when the interpreter ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # no descriptor below it (a test, a closed stream): nothing is buffered
        return
