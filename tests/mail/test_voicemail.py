"""Who called, from the notices of phone systems."""

from __future__ import annotations

import pytest

from daemon.core.call import Call
from daemon.mail.voicemail import read


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        (
            "Nouveau message vocal de 514-555-0142 (0:21)",
            "Vous avez un nouveau message vocal.\n\n"
            "Appelant : 514-555-0142 (BOULANGERIE DU COIN)\nPoste : 6000\nDurée : 0:21\n",
            Call(caller="5145550142", name="BOULANGERIE DU COIN", seconds=21),
        ),
        (
            "Voicemail from JOHN SMITH <4185550123>",
            "From: JOHN SMITH <418-555-0123>\nLength: 1:05\n"
            "Transcript: Hi, the till is down.\n\nTo listen, dial *98.\n",
            Call(caller="4185550123", name="JOHN SMITH", seconds=65, transcript="Hi, the till is down."),
        ),
        (
            "New voicemail",
            "You have a new voice message from +1 (418) 555-0155.\nDuration: 12 s\n",
            Call(caller="4185550155", name=None, seconds=12),
        ),
        (
            "Nouveau message vocal - numéro masqué",
            "Appelant : Anonyme\nPoste : 6000\nPour réécouter, composez le 418-555-0199.\n",
            Call(),
        ),
        ("Message vocal de 418\u00a0555-0101", "", Call(caller="4185550101")),
        ("Rappel", "Composez le 418-555-0199.", Call()),
    ],
)
def test_the_labelled_caller_is_read(subject: str, text: str, expected: Call) -> None:
    assert read(subject, text) == expected
