"""Mail domains that belong to everybody: whoever writes from one is no proof of any account."""

from __future__ import annotations

from typing import Final

PUBLIC_DOMAINS: Final = frozenset(
    {
        "aol.com",
        "bell.net",
        "cgocable.ca",
        "cogeco.ca",
        "fastmail.com",
        "gmail.com",
        "googlemail.com",
        "gmx.com",
        "hotmail.ca",
        "hotmail.com",
        "hotmail.fr",
        "icloud.com",
        "live.ca",
        "live.com",
        "mac.com",
        "me.com",
        "msn.com",
        "outlook.com",
        "outlook.fr",
        "proton.me",
        "protonmail.com",
        "rogers.com",
        "shaw.ca",
        "sympatico.ca",
        "telus.net",
        "videotron.ca",
        "videotron.qc.ca",
        "xplornet.com",
        "yahoo.ca",
        "yahoo.com",
        "yahoo.fr",
        "zoho.com",
    }
)
