"""One part of a mail and its header, every read of it guarded: no field of a customer makes it raise.

The standard class looks through the whole header for each field that is asked for, and splits a field anew
for each parameter; some forty are asked for in any mail. This one looks once. It knows nothing of bodies.
"""

from __future__ import annotations

import re
from email.message import Message
from typing import Any, Final

from daemon.mail import charset

# What the standard parser has been seen to raise on hostile input (cpython #105802, #76359, #89164, …).
TROUBLES: Final = (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError)

_FOLD: Final = re.compile(r"[\r\n]+[ \t]*")


class Part(Message):
    """A `Message` that remembers its fields. They are changed only by the three methods below."""

    _payload: object  # the standard class keeps it under this name; its reader decodes text on the way
    _fields: dict[str, list[str]] | None = None
    _parameters: dict[str, list[tuple[str, Any]]] | None = None

    def set_raw(self, name: str, value: Any) -> None:
        self._forget()
        super().set_raw(name, value)

    def __setitem__(self, name: str, value: Any) -> None:
        self._forget()
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self._forget()
        super().__delitem__(name)

    def get(self, name: str, failobj: Any = None) -> Any:
        """The first value as the policy gives it: the standard parser asks for a few fields many times."""
        values = self._values(name)
        return self.policy.header_fetch_parse(name, values[0]) if values else failobj

    def every(self, name: str) -> list[str]:
        """All values of a field, unfolded, in order."""
        return [_unfolded(value) for value in self._values(name)]

    def first(self, name: str) -> str:
        """The first value of a field, unfolded, or ""."""
        values = self._values(name)
        return _unfolded(values[0]) if values else ""

    def media_type(self) -> str:
        try:
            return self.get_content_type()
        except TROUBLES:
            return "text/plain"

    def parameter(self, name: str, header: str = "content-type") -> str:
        """A parameter of a structured field, RFC 2231 parts joined, encoded-words decoded; "" when there is
        none or when it cannot be read. `name` and `header` in lower case."""
        value = next((found for key, found in self._split(header) if key.lower() == name), "")
        if isinstance(value, tuple):
            label, _, text = value
            # RFC 2231: the text is percent-decoded, one character for each byte.
            value = charset.decode(str(text).encode("latin-1", "replace"), label or "utf-8")[0]
        return charset.decode_words(str(value or "").strip())

    def disposition(self) -> str:
        return self.first("content-disposition").partition(";")[0].strip().lower()

    def file_name(self) -> str:
        return self.parameter("filename", "content-disposition") or self.parameter("name")

    def children(self) -> list[Part] | None:
        """The parts inside, or the one attached mail; None when it holds text."""
        payload = self._payload
        return [child for child in payload if isinstance(child, Part)] if isinstance(payload, list) else None

    def source(self) -> str:
        """The text as the parser kept it, bytes beyond ASCII as surrogates; "" when there is none."""
        return self._payload if isinstance(self._payload, str) else ""

    def _values(self, name: str) -> list[str]:
        if self._fields is None:
            self._fields = {}
            for key, value in self.raw_items():
                self._fields.setdefault(key.lower(), []).append(value)
        return self._fields.get(name.lower(), [])

    def _split(self, header: str) -> list[tuple[str, Any]]:
        if self._parameters is None:
            self._parameters = {}
        if header not in self._parameters:
            try:
                self._parameters[header] = self.get_params([], header)
            except TROUBLES:
                self._parameters[header] = []
        return self._parameters[header]

    def _forget(self) -> None:
        self._fields = self._parameters = None


def _unfolded(value: object) -> str:
    text = str(value)
    return (_FOLD.sub(" ", text) if "\n" in text or "\r" in text else text).strip()
