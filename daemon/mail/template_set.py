"""The wording of every mail: jinja2 lives here and nowhere else.

One folder per language and kind: `subject.txt.j2`, `body.txt.j2` (the words) and `body.html.j2` (what the
HTML adds to them). A file of the owner's overlay folder wins over the shipped one of the same name. Nothing
from a mail is ever a template: values go in as data, cleaned, and the HTML escapes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.ext import Extension
from jinja2.lexer import Token
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from daemon.core.values import Language
from daemon.mail import blocks, linking, speech, wording
from daemon.mail.sanitize import clean_text
from daemon.mail.self_help import SelfHelp
from daemon.mail.verbatim import Lines

FILES: Final = ("subject.txt.j2", "body.txt.j2", "body.html.j2")
NAME: Final = "name.txt.j2"
"""How the desk signs in this language."""

_TWO_DOTS: Final = re.compile(r"(?<=\b[ap]\.m)\.\.(?!\.)")
"""A sentence that ends in "a.m." has one dot; templates write theirs, whatever stands before it."""


class BadTemplate(Exception):
    """A template that is missing, cannot be read, or asks for a fact that its mail does not have."""


class FrenchSpacing(Extension):
    """No-break spaces for the words of French text templates. Values keep the spaces that they came with."""

    def filter_stream(self, stream: Any) -> Iterable[Token]:
        name = stream.name or ""
        french = name.startswith("fr/") and name.endswith(".txt.j2")
        for token in stream:
            if french and token.type in ("data", "string"):
                yield Token(token.lineno, token.type, wording.french_spacing(token.value))
            else:
                yield token


class _Sandbox(SandboxedEnvironment):
    """The guard looks at every attribute that a template reads; those of our own values are known
    beforehand."""

    _OPEN: Final = {
        blocks.Block: frozenset({"kind", "lines", "small", "language", "labels", "shares"}),
        SelfHelp: frozenset({"intro", "steps"}),
        LoopContext: frozenset({"first", "last"}),
    }

    def getattr(self, obj: Any, attribute: str) -> Any:
        if attribute in self._OPEN.get(type(obj), ()):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain dict: the chain of maps that jinja makes is walked anew for every mail."""
        return {**self.globals, **(d or {})}


class TemplateSet:
    """The shipped templates below `shipped`, with those of `overlay` before them. What renders raises
    `BadTemplate`."""

    def __init__(self, shipped: Path, overlay: Path | None) -> None:
        self._folders = [folder for folder in (overlay, shipped) if folder is not None]
        self._environment = _Sandbox(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in self._folders]),
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            undefined=StrictUndefined,
            extensions=[FrenchSpacing],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            finalize=_clean,
        )
        self._environment.filters.update(
            linked=linking.linked,
            worded=linking.worded,
            paragraphs=speech.paragraphs,
            spoken=speech.spoken,
            sentence=_sentence,
        )
        self._templates: dict[str, Template] = {}
        self._names: dict[Language, str] = {}
        self._environment.globals.update(br=blocks.BREAK)

    def kinds(self, language: Language) -> list[str]:
        """The kinds that have a folder in this language."""
        found = {
            path.name
            for folder in self._folders
            for path in (folder / language.value).glob("*")
            if path.is_dir() and (path / FILES[0]).is_file()
        }
        return sorted(found)

    def missing(self) -> list[str]:
        """Files that a kind needs, in either language, and no folder has."""
        names = {kind for language in Language for kind in self.kinds(language)}
        needed = [f"{kind}/{file}" for kind in sorted(names) for file in FILES] + [NAME]
        return [
            f"{language.value}/{name}"
            for language in Language
            for name in needed
            if not any((folder / language.value / name).is_file() for folder in self._folders)
        ]

    def name(self, language: Language, desk: Mapping[str, str]) -> str:
        """The desk's name as this language signs it: the same in every mail, so it is made once."""
        if language not in self._names:
            facts = {"desk": desk, "language": language.value}
            self._names[language] = self._line(f"{language.value}/{NAME}", facts)
        return self._names[language]

    def subject(self, kind: str, language: Language, facts: Mapping[str, object]) -> str:
        return self._line(f"{language.value}/{kind}/{FILES[0]}", facts)

    def body(self, kind: str, language: Language, facts: Mapping[str, object]) -> tuple[str, str]:
        """Text and HTML."""
        folder = f"{language.value}/{kind}"
        written = self._render(f"{folder}/{FILES[1]}", facts)
        if language is Language.EN:
            written = _TWO_DOTS.sub(".", written)
        read = blocks.read(written)
        if facts["token"]:
            read += (blocks.Block(kind="token", lines=(str(facts["token"]),), small=True),)
        html = self._render(f"{folder}/{FILES[2]}", {**facts, "blocks": read})
        tidy = "\n".join(line.rstrip() for line in html.splitlines() if line.strip())
        return blocks.as_text(read, language.value), tidy + "\n"

    def _line(self, name: str, facts: Mapping[str, object]) -> str:
        return re.sub(r"[ \t\n\x0b]+", " ", self._render(name, facts)).strip(" ")

    def _render(self, name: str, facts: Mapping[str, object]) -> str:
        try:
            if name not in self._templates:
                self._templates[name] = self._environment.get_template(name)
            return self._templates[name].render(facts)
        except TemplateError as fault:
            line = f" line {fault.lineno}" if isinstance(fault, TemplateSyntaxError) else ""
            raise BadTemplate(f"templates/email/{name}:{line} {type(fault).__name__}: {fault}") from fault


def _clean(value: Any) -> Any:
    """Every value that a template puts out: no control character but the templates' own line break, which no
    fact holds but `Lines`."""
    if isinstance(value, Lines):
        return value
    if isinstance(value, Markup) or not isinstance(value, str) or (value.isascii() and value.isprintable()):
        return value
    return blocks.BREAK.join(clean_text(part) for part in value.split(blocks.BREAK))


def _sentence(words: str) -> str:
    """The words as they begin a sentence: "On Thursday"."""
    return words[:1].upper() + words[1:]
