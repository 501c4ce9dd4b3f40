"""HTML becomes what a reader would have seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.html_text import from_html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Un</p><p>Deux<br>lignes</p>", "Un\n\nDeux\nlignes"),
        ("<div>Un</div>\n <div>Deux  mots</div>", "Un\nDeux mots"),
        ("<ul><li>a</li>\n<li>b</li></ul>", "- a\n- b"),
        ("<ul><li>a<o:p></o:p></li><li>b<o:p></o:p></li></ul>", "- a\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a  b\nc"),
        ('<a href="https://x.example/p">ici</a>', "ici (https://x.example/p)"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="javascript:alert(1)" onclick="x()">ici</a>', "ici"),
        ('<a href="mailto:a@x.example">Marie</a>', "Marie (a@x.example)"),
        (
            "<blockquote>vieux<blockquote>plus vieux</blockquote></blockquote>neuf",
            "> vieux\n> > plus vieux\nneuf",
        ),
        ("<style>p{}</style><script>x()</script><title>t</title><!-- c -->a", "a"),
        ('a<div style="display:none">caché<div>x</div></div>b', "ab"),
        ("<p hidden>caché</p>vu", "vu"),
        ('<p class="x hidden y">vu</p>', "vu"),
        ("a &lt; b &amp; c&nbsp;d &eacute;", "a < b & c\u00a0d é"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("1 < 2 et 3 > 2", "1 < 2 et 3 > 2"),
        ('<img src="x" alt="😀"><img alt="Logo de la compagnie">', "😀"),
        ('<a title="a > b" href="https://x.example">ici</a>', "ici (https://x.example)"),
        ("<![if !mso]>a<![endif]>", "a"),
        ("<hr>De : x", "_" * 32 + "\nDe : x"),
        ("<style>never closed <p>texte</p>", "never closed\n\ntexte"),
    ],
)
def test_markup_becomes_text(source: str, text: str) -> None:
    assert from_html(source).strip() == text


@given(st.text(alphabet="<>/!-\"'= abpdivstyle&;\n", max_size=300))
def test_any_markup_gives_text(source: str) -> None:
    assert "\n\n\n" not in from_html(source)
