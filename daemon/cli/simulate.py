"""`sla simulate`: a scenario played on a virtual clock, or the store's own history under revised promises."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.failure import CommandFailed, UsageFault

if TYPE_CHECKING:
    from daemon.settings.model import Settings


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = verbs.add_parser(
        "simulate",
        help="play mails at chosen times, or the past under other promises",
        description="Play a scenario of mails through the whole desk on a virtual clock and print what "
        "happened. With --history: show what the tickets of the store would have come to under another "
        "sla.toml.",
    )
    command.add_argument("scenario", nargs="?", metavar="SCENARIO.toml", help="the scenario file")
    command.add_argument("--history", action="store_true", help="the store's tickets instead of a scenario")
    command.add_argument("--sla", metavar="FILE", help="with --history: the revised sla.toml")
    command.add_argument("--json", action="store_true", help="JSON; of a scenario one object per line")
    command.add_argument("--html", metavar="FILE", help="of a scenario: write every mail into one page")
    command.set_defaults(func=simulate)


def simulate(args: argparse.Namespace) -> int:
    """Raises `UsageFault` for arguments that do not go together, `ConfigError` for a wrong file."""
    if args.history:
        if args.scenario or args.html:
            raise UsageFault("--history plays what is in the store: expected no scenario and no --html")
        if not args.sla:
            raise UsageFault("--history: expected --sla FILE, the promises to try")
        from daemon.cli.revise import revise

        return revise(args)
    if not args.scenario:
        raise UsageFault("expected a scenario file, or --history with --sla FILE")
    if args.sla:
        raise UsageFault("--sla goes with --history: a scenario may name its own as `desk.sla`")
    return _play(args)


def _play(args: argparse.Namespace) -> int:
    from dataclasses import asdict
    from zoneinfo import ZoneInfo

    from daemon.cli.output import emit, to_json
    from daemon.simulation.play import play
    from daemon.simulation.scenario_file import read_scenario
    from daemon.simulation.telling import told

    scenario = read_scenario(Path(args.scenario), _base(args))
    zone = ZoneInfo(scenario.settings.desk.timezone)
    played = play(scenario, pages=bool(args.html))
    if args.json:
        for entry in played.entries:
            emit(to_json(asdict(entry), zone, indent=None))
    else:
        for line in told(played.entries, zone):
            emit(line)
    if args.html:
        from daemon.simulation.page import page

        _write(Path(args.html), page(Path(args.scenario).name, played, zone))
    if played.fault:
        sys.stdout.flush()
        raise UsageFault(played.fault)
    return 0


def _base(args: argparse.Namespace) -> Settings:
    """The owner's configuration, else the sample that is shipped: a scenario needs no desk of one's own."""
    from daemon.settings.faults import ConfigError
    from daemon.settings.load import find_config, load_settings
    from daemon.settings.resources import resource

    try:
        found = find_config(args.config)
    except ConfigError:
        found = resource("config", "azimut-support.toml")
    return load_settings(found)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as trouble:
        remedy = "name a file in a folder that exists and that you may write to"
        raise CommandFailed(f"{file}: the page cannot be written: {trouble.strerror} ({remedy})") from trouble
