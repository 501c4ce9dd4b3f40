"""Where the files that ship beside the code are: templates, sample configuration, sample mails.

It knows the two ways to be installed, a checkout and a wheel, and nothing of what the files hold.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daemon.settings.faults import ConfigError, Fault

_PACKAGE: Final = Path(__file__).parents[1]
_WHEEL: Final = _PACKAGE / "_data"
_CHECKOUT: Final = {"mails": ("tests", "fixtures", "mails")}
"""Names that stand elsewhere in a checkout than in the wheel (pyproject, force-include)."""


def resource(*parts: str) -> Path:
    """The file or folder under a name such as ("templates", "email"), ("config", "sla.toml") or ("mails",).

    Raises `ConfigError` when it is in neither place: the installation is not whole.
    """
    first, *rest = parts
    places = (
        _WHEEL.joinpath(*parts),
        _PACKAGE.parent.joinpath(*_CHECKOUT.get(first, (first,)), *rest),
    )
    for place in places:
        if place.exists():
            return place
    raise ConfigError(
        [
            Fault(
                file=str(places[0]),
                key="/".join(parts),
                holds="missing",
                expected="expected with the program: install it again",
            )
        ]
    )
