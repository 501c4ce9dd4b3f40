"""Lines of text written piece by piece, with quote levels as "> " marks and white space folded as a browser
folds it. It knows no markup.
"""

from __future__ import annotations

import re
from typing import Final

_WHITE: Final = re.compile(r"[ \t\r\n\f]+")
_DEEPEST: Final = 20


class Writer:
    """Lines with a quote level; white space is folded as a browser folds it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._level = 0
        self._pre = 0
        self._blank = True  # the line so far ends in white space

    def write(self, text: str) -> None:
        """Put text on the line; within preformatted text its own lines are kept."""
        if self._pre:
            first, *others = text.split("\n")
            self._put(first)
            for other in others:
                self.line_break()
                self._put(other)
            return
        text = _WHITE.sub(" ", text)
        if self._blank:
            text = text.lstrip(" ")
        self._put(text)

    def _put(self, text: str) -> None:
        if text:
            self._line.append(text)
            self._blank = text.endswith(" ")

    def mark(self) -> int:
        """A place on the line, for `since`."""
        return len(self._line)

    def since(self, mark: int) -> str:
        """What was written on the line since `mark`, its beginning if that is long."""
        return "".join(self._line[mark : mark + 50])[:2_000]

    def line(self) -> None:
        """Begin a new line unless we stand at the beginning of one."""
        if "".join(self._line).strip():
            self.line_break()
        self._line, self._blank = [], True

    def line_break(self) -> None:
        """End the line, though it be empty."""
        self._lines.append("> " * self._level + "".join(self._line).rstrip(" "))
        self._line, self._blank = [], True

    def paragraph(self) -> None:
        """Begin a new line with one blank line above it."""
        self.line()
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append("> " * self._level if self._level else "")

    def cell(self) -> None:
        """Part two cells of a row."""
        if self._line:
            self._line.append("  ")
            self._blank = True

    def quote(self, step: int) -> None:
        """One level of quoting more or less, for the lines from here on."""
        self._level = min(max(self._level + step, 0), _DEEPEST)

    def preformatted(self, step: int) -> None:
        """One level of text with its own line ends more or less."""
        self._pre = max(self._pre + step, 0)

    def result(self) -> str:
        """All lines, at most one blank line in a row."""
        self.line_break()
        text = "\n".join(line.rstrip(" ") for line in self._lines)
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n ")
