"""The text of an HTML mail, line by line as it is shown. In linear time, because anybody may send one.

Python's html.parser takes 5 s for 30 KB of unclosed tags (measured), and a hundred times that for ten times as many.
What is here looks at every character once, and knows just enough of HTML to keep words and lines apart.
"""

from __future__ import annotations

import html
import re

# A comment, a declaration, or a tag; what is not closed before the next `<` is no tag.
_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^<>]*>|<(/?)([A-Za-z][A-Za-z0-9:]{0,30})([^<>]*)>", re.DOTALL)
_HIDDEN = frozenset({"script", "style", "title", "template"})
"""Elements whose content is never shown."""
_LINES = frozenset(
    {
        "address", "article", "blockquote", "br", "caption", "center", "dd", "div", "dl", "dt", "fieldset", "figure",
        "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main", "nav", "ol", "p",
        "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
    }
)  # fmt: skip
_CELLS = frozenset({"td", "th"})
_HREF = re.compile(r"""\bhref\s*=\s*(?:"(https?://[^"\s]{1,2000})"|'(https?://[^'\s]{1,2000})')""", re.IGNORECASE)
_ABSURD = re.compile(r"&#x?[0-9a-fA-F]{9,};?")
"""Numbers of characters that Python refuses to count."""
_SPACES = re.compile(r"[ \t\r\f\v\xa0]+")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\xad\u034f]")


def html_text(markup: str) -> str:
    """What a person reads: no tag, no script, no style; an address stands behind the words that link to it."""
    said: list[str] = []
    folded = markup.lower() if markup.isascii() else "".join(_lower(each) for each in markup)
    at, link = 0, ""
    while found := _MARKUP.search(markup, at):
        said.append(_flat(markup[at : found.start()]))
        at = found.end()
        name = (found[2] or "").lower()
        if name in _HIDDEN and not found[1]:
            closing = folded.find(f"</{name}", at)
            at = len(markup) if closing < 0 else closing
        elif name == "a":
            said.append(_link(link) if found[1] else "")
            link = "" if found[1] else _target(found[3])
        elif name in _LINES:
            said.append("\n- " if name == "li" and not found[1] else "\n")
        elif name in _CELLS and found[1]:
            said.append("\t")
    said.append(_flat(markup[at:]))
    return _tidied("".join(said))


def _lower(character: str) -> str:
    """A character in lower case that is as long as it was: `İ` would become two."""
    return character.lower() if character.isascii() else character


def _flat(text: str) -> str:
    if "&" in text:
        text = html.unescape(_ABSURD.sub("\ufffd", text))
    return text.replace("\r", " ").replace("\n", " ")


def _target(attributes: str) -> str:
    found = _HREF.search(attributes)
    return html.unescape(_ABSURD.sub("", found[1] or found[2])) if found else ""


def _link(target: str) -> str:
    return f" ({target})" if target else ""


def _tidied(text: str) -> str:
    """No spaces at the ends of lines, one inside them, and at most one empty line in a row."""
    lines = [_SPACES.sub(" ", line).strip() for line in _INVISIBLE.sub("", text).split("\n")]
    kept: list[str] = []
    for line in lines:
        if line not in ("", "-") or (line == "" and kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()
