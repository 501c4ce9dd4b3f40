"""Text made from HTML: what a reader would have seen, nothing fetched, no markup left.

A tokenizer in one pass, not a tree: it is linear for any input, where tree builders are quadratic in the
depth of nesting. A `blockquote` becomes lines that begin with "> ", so that `reply` needs to know only text.
"""

from __future__ import annotations

import html
import re
from typing import Final

from daemon.mail.line_writer import Writer

MAX_HTML: Final = 4_000_000
MAX_TAGS: Final = 100_000
"""Tags that are read; below them the markup is only taken out."""

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_ATTRIBUTE: Final = re.compile(r"([a-zA-Z-]{1,30})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_ANY_TAG: Final = re.compile(r"<[^<>]{0,1000}>?")
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
# Not `font-size: 0`: newsletters set it on a cell whose children set it back.
_HIDING: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_RAW: Final = _words("script style title textarea noembed noframes iframe xmp template")
_DROPPED: Final = _RAW - {"textarea", "xmp"}
_VOID: Final = _words("area base br col embed hr img input link meta param source track wbr")
_SHOWN: Final = _VOID | {"html", "body"}
_LINES: Final = _words(
    "address article aside blockquote body center dd details div dl dt fieldset figure footer "
    "form header li main "
    "nav ol pre section summary table tbody tfoot thead tr ul"
)
_PARAGRAPHS: Final = _words("p h1 h2 h3 h4 h5 h6")
_CELLS: Final = frozenset({"td", "th"})
_RULE: Final = "_" * 32
_LONGEST_LINK: Final = 300


def from_html(source: str) -> str:
    """The readable text of an HTML body, quotes as "> " lines, links as "text (url)". Never raises."""
    source = source[:MAX_HTML]
    text = _Reader(source, hide=True).text()
    if not text.strip():
        # A hidden element or a style that is never closed swallowed all of it.
        text = _Reader(source, hide=False).text()
    return text


class _Reader:
    """Walks the source once and writes lines."""

    def __init__(self, source: str, *, hide: bool) -> None:
        self._source = source
        self._hide = hide
        self._hidden_by, self._hidden_depth = "", 0
        self._writer = Writer()
        self._links: list[tuple[str, int]] = []

    def text(self) -> str:
        position, size, tags = 0, len(self._source), 0
        while position < size:
            tags += 1
            if tags > MAX_TAGS:
                self._words(_ANY_TAG.sub(" ", self._source[position:]))
                break
            start = self._source.find("<", position)
            if start < 0:
                self._words(self._source[position:])
                break
            self._words(self._source[position:start])
            position = self._markup(start)
        return self._writer.result()

    def _words(self, raw: str) -> None:
        if raw and not self._hidden_by:
            self._writer.write(html.unescape(raw))

    def _markup(self, start: int) -> int:
        """Handle what begins at `<` and return where to go on."""
        source = self._source
        if source.startswith("<!--", start):
            end = source.find("-->", start + 4)
            return end + 3 if end >= 0 else len(source)
        if source.startswith(("<!", "<?"), start):
            end = source.find(">", start)
            return end + 1 if end >= 0 else len(source)
        tag = _TAG.match(source, start)
        if tag is None:
            self._words("<")
            return start + 1
        end = self._tag_end(tag.end())
        name = tag[2].lower()
        if tag[1]:
            self._close(name)
        else:
            inside = source[tag.end() : end]
            self._open(name, inside)
            if name in _RAW and (self._hide or name != "style") and not inside.endswith("/"):
                return self._skip(name, end + 1)
        return end + 1

    def _tag_end(self, position: int) -> int:
        """The `>` that ends the tag; one inside quotes does not, within reason."""
        end = self._source.find(">", position)
        for _ in range(8):
            if end < 0 or self._source.count('"', position, end) % 2 == 0:
                break
            further = self._source.find(">", end + 1, end + 4_000)
            if further < 0:
                break
            end = further
        return end if end >= 0 else len(self._source)

    def _skip(self, name: str, position: int) -> int:
        closing = re.compile(f"</{name}", re.IGNORECASE).search(self._source, position)
        if closing is None:
            return len(self._source)
        end = closing.start()
        if name not in _DROPPED:
            self._words(self._source[position:end])
        return end

    def _open(self, name: str, inside: str) -> None:
        if self._hidden_by:
            self._hidden_depth += name == self._hidden_by
            return
        attributes = _attributes(inside)
        if self._hide and name not in _SHOWN and _is_hidden(inside, attributes):
            self._hidden_by, self._hidden_depth = name, 1
            return
        self._break(name)
        if name == "a":
            self._links.append((html.unescape(attributes.get("href", "")).strip(), self._writer.mark()))
        elif name == "img" and 0 < len(attributes.get("alt", "")) <= 4:
            self._writer.write(html.unescape(attributes["alt"]))  # an emoji, as Gmail and Outlook send them
        else:
            self._begin(name)

    def _begin(self, name: str) -> None:
        writer = self._writer
        if name == "blockquote":
            writer.quote(+1)
        elif name == "li":
            writer.write("- ")
        elif name in _CELLS:
            writer.cell()
        elif name == "br":
            writer.line_break()
        elif name == "hr":
            writer.line()
            writer.write(_RULE)
            writer.line()
        elif name == "pre":
            writer.preformatted(+1)

    def _break(self, name: str) -> None:
        if name in _PARAGRAPHS:
            self._writer.paragraph()
        elif name in _LINES:
            self._writer.line()

    def _close(self, name: str) -> None:
        if self._hidden_by:
            self._hidden_depth -= name == self._hidden_by
            if not self._hidden_depth:
                self._hidden_by = ""
            return
        writer = self._writer
        if name == "a" and self._links:
            target, mark = self._links.pop()
            self._link(target, writer.since(mark))
        elif name == "blockquote":
            writer.line()
            writer.quote(-1)
        elif name == "pre":
            writer.preformatted(-1)
        self._break(name)

    def _link(self, target: str, shown: str) -> None:
        shown = shown.strip()
        bare = target.removeprefix("mailto:").removeprefix("tel:").partition("?")[0]
        if not shown or not target.lower().startswith(("http://", "https://", "mailto:", "tel:")):
            return
        if len(target) > _LONGEST_LINK or bare.rstrip("/") in shown or shown in bare:
            return
        self._writer.write(f" ({target if target.startswith('http') else bare})")


def _attributes(inside: str) -> dict[str, str]:
    """The attributes of a tag, first of a name first; only the beginning of an endless tag is read."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(inside[:4_000]):
        found.setdefault(match[1].lower(), match[2] or match[3] or match[4] or "")
    return found


def _is_hidden(inside: str, attributes: dict[str, str]) -> bool:
    if _HIDING.search(attributes.get("style", "")):
        return True
    return "hidden" in inside[:4_000] and "hidden" in _QUOTED.sub("", inside[:4_000]).lower().split()
