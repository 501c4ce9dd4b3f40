"""Only the topmost field of a trusted server counts (RFC 8601 section 5)."""

from __future__ import annotations

import pytest

from daemon.core.authentication import authenticated, dmarc
from tests.core.build import mail, policy

TRUSTED = policy(trusted_authserv=("mx.azimutpos.com",))
PASS = "mx.azimutpos.com; spf=pass smtp.mailfrom=x; dmarc=pass (p=none) header.from=boulangerieroy.example"
FAIL = "mx.azimutpos.com; dmarc=fail header.from=boulangerieroy.example"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((), None),
        ((PASS,), "pass"),
        ((FAIL,), "fail"),
        ((FAIL, PASS), "fail"),
        (("evil.test; dmarc=pass header.from=boulangerieroy.example",), None),
        (("evil.test; dmarc=none", PASS), None),
        (("mx.azimutpos.com; dmarc=pass header.from=evil.test",), "fail"),
        (("mx.azimutpos.com; spf=pass",), None),
        (("MX.AzimutPOS.com 1; dmarc=pass header.from=boulangerieroy.example",), "pass"),
        (("mx.azimutpos.com (dmarc=pass); spf=fail",), None),
        (("",), None),
        # the server repeats words of the sender: they prove nothing
        (("mx.azimutpos.com; spf=pass smtp.mailfrom=dmarc=pass@evil.test",), None),
        (('mx.azimutpos.com; spf=pass smtp.mailfrom="x; dmarc=pass"@evil.test',), None),
        (('mx.azimutpos.com; spf=pass smtp.mailfrom="x\\"; dmarc=pass"@evil.test',), None),
        (("mx.azimutpos.com; spf=fail (; dmarc=pass (x) ; dmarc=pass)",), None),
        (('mx.azimutpos.com; spf=fail "; dmarc=pass',), None),
        (("mx.azimutpos.com; spf=fail (; dmarc=pass",), None),
        (("mx.azimutpos.com; xdmarc=pass",), None),
        (('mx.azimutpos.com; spf=pass smtp.mailfrom="a;b"@x; dmarc=fail header.from=x',), "fail"),
        (("mx.azimutpos.com; dmarc/1 = pass header.from=boulangerieroy.example",), "pass"),
        (('mx.azimutpos.com; dmarc=pass header.from="boulangerieroy.example"',), "pass"),
    ],
)
def test_dmarc_is_read_from_the_topmost_trusted_field_only(
    fields: tuple[str, ...], expected: str | None
) -> None:
    letter = mail(authentication_results=fields)
    assert dmarc(letter, TRUSTED) == expected
    assert authenticated(letter, TRUSTED) is (expected == "pass")


def test_without_a_trusted_server_nothing_is_authenticated() -> None:
    assert not authenticated(mail(authentication_results=(PASS,)), policy())
