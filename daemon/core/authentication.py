"""Whether the receiving server vouches for a mail's From (RFC 8601).

Only the topmost Authentication-Results field counts, and only when its authserv-id is one that the owner
trusts: a sender can put any number of such fields below it (RFC 8601 section 5). Without a trusted server
nothing is authenticated.
"""

from __future__ import annotations

import re

from daemon.core.policy import Policy
from daemon.core.values import Mail

_RESULT = re.compile(r"\s*dmarc\s*(?:/\s*\d+\s*)?=\s*(\w+)", re.IGNORECASE)
_FROM = re.compile(r"\sheader\.from\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


def dmarc(mail: Mail, policy: Policy) -> str | None:
    """The DMARC result that a trusted server reports for this mail's From domain: "pass", "fail", … or None
    where no trusted server reports one."""
    if not mail.authentication_results:
        return None
    authserv, *results = _resinfo(mail.authentication_results[0])
    name = authserv.split()[0].lower() if authserv.split() else ""
    if name not in {trusted.lower() for trusted in policy.trusted_authserv}:
        return None
    for result in results:
        found = _RESULT.match(result)
        if found:
            aligned = _FROM.search(result)
            if aligned and aligned.group(1).lower().rpartition("@")[2] != mail.from_.domain:
                return "fail"
            return found.group(1).lower()
    return None


def _resinfo(field: str) -> list[str]:
    """The parts between the semicolons, without comments. The server copies words of the sender into the
    field (`smtp.mailfrom="x; dmarc=pass"@evil.test`): what stands in quotes never divides it, and keeps
    neither blanks nor semicolons. A field whose quotes or comments never end says nothing."""
    parts, depth, quoted, skip = [""], 0, False, False
    for char in field:
        if skip or (char == "\\" and (quoted or depth)):
            skip = not skip
        elif quoted:
            quoted = char != '"'
            parts[-1] += "" if char in " \t;" else char
        elif char in "()":
            depth = max(depth + (1 if char == "(" else -1), 0)
            parts[-1] += " "
        elif depth:
            continue
        elif char == ";":
            parts.append("")
        else:
            quoted = char == '"'
            parts[-1] += char
    return [""] if quoted or depth else parts


def authenticated(mail: Mail, policy: Policy) -> bool:
    """The From address is proven to be its domain's: DMARC passes at a server that we trust."""
    return dmarc(mail, policy) == "pass"
