"""The texts of a mail that the desk has composed. Its form is ours and strict (CRLF, every part with its
type), so that it can be cut apart quickly: a year of a desk has ten thousand of them."""

from __future__ import annotations

import quopri
import re
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from typing import Final

_FOLD: Final = re.compile(r"\r\n(?=[ \t])")
_PARAMETER: Final = re.compile(r';\s*([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s;]+))')


def divided(part: bytes) -> tuple[Mapping[str, str], bytes]:
    """Header fields by their names in lower case, and the body."""
    head, _, body = part.partition(b"\r\n\r\n")
    lines = (line.partition(":") for line in _FOLD.sub("", head.decode("ascii", "replace")).split("\r\n"))
    return {name.lower(): value.strip() for name, _, value in lines}, body


def texts(fields: Mapping[str, str], body: bytes, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Type and text of each part of these types that is no attachment, in their order."""
    written = fields.get("content-type", "text/plain")
    kind = written.partition(";")[0].strip().lower()
    parameters = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(written)}
    if "boundary" in parameters:
        for piece in (b"\r\n" + body).split(b"\r\n--" + parameters["boundary"].encode())[1:]:
            if not piece.startswith(b"--"):  # the end
                yield from texts(*divided(piece.removeprefix(b"\r\n")), wanted)
    elif kind in wanted and not fields.get("content-disposition", "").lower().startswith("attachment"):
        content = _decoded(body, fields.get("content-transfer-encoding", "").lower())
        text = content.decode(parameters.get("charset", "utf-8"), "replace")
        yield kind, text.replace("\r\n", "\n").rstrip("\n")


def _decoded(body: bytes, encoding: str) -> bytes:
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    return b64decode(body) if encoding == "base64" else body
