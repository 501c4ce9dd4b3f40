"""A desk's configuration for one command: the shipped promises, a store of its own."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

CONFIG = """
[desk]
data_dir = "data"
sla = "{sla}"
escalation = ["direction@azimutpos.com"]
[store]
url = "sqlite://data/desk.sqlite3"
[[agents]]
name = "Alex Roy"
handle = "alex"
address = "alex@azimutpos.com"
"""


def write_desk(folder: Path) -> Path:
    """The configuration file of a desk in this folder, with its empty data folder."""
    (folder / "data").mkdir(parents=True)
    path = folder / "azimut-support.toml"
    path.write_text(CONFIG.format(sla=REPOSITORY / "config" / "sla.toml"), encoding="utf-8")
    return path
