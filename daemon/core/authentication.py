"""Whether the receiving server vouches for a mail's From (RFC 8601).

Only the topmost Authentication-Results field counts, and only when its authserv-id is one that the owner
trusts: a sender can put any number of such fields below it (RFC 8601 section 5). Without a trusted server
nothing is authenticated.
"""

from __future__ import annotations

import re

from daemon.core.policy import Policy
from daemon.core.values import Mail

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\bdmarc\s*=\s*(\w+)", re.IGNORECASE)
_FROM = re.compile(r"\bheader\.from\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


def dmarc(mail: Mail, policy: Policy) -> str | None:
    """The DMARC result that a trusted server reports for this mail's From domain: "pass", "fail", … or None
    where no trusted server reports one."""
    if not mail.authentication_results:
        return None
    field = _COMMENT.sub(" ", mail.authentication_results[0])
    authserv, _, results = field.partition(";")
    name = authserv.split()[0].lower() if authserv.split() else ""
    if name not in {trusted.lower() for trusted in policy.trusted_authserv}:
        return None
    for result in results.split(";"):
        found = _RESULT.search(result)
        if found:
            aligned = _FROM.search(result)
            if aligned and aligned.group(1).lower().rpartition("@")[2] != mail.from_.domain:
                return "fail"
            return found.group(1).lower()
    return None


def authenticated(mail: Mail, policy: Policy) -> bool:
    """The From address is proven to be its domain's: DMARC passes at a server that we trust."""
    return dmarc(mail, policy) == "pass"
