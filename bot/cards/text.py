"""Text from outside, made harmless and short: what deceives goes, and no cut falls inside what people see as one.

Nothing here escapes: each renderer does that once, in its platform's way, after shortening.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import quote, urlsplit

ELLIPSIS = "…"
ADDRESS_MAX = 2_000
"""Characters of a link: well within Slack's 3,000 and what mail programs and browsers open."""

_JOINERS = "\u200c\u200d"
"""Needed by Persian, Indic scripts and emoji, and only between two visible characters."""
_MARKS_MAX = 4
"""Combining marks kept on one character: as many as any script needs, too few to climb over other lines."""

_DECEIVING = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters other than white space
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # invisible: soft hyphen, joiners, fillers
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # zero width, direction marks, overrides, isolates
    "\ufff0-\ufffb"  # annotations and unassigned specials
    "\U000e0000-\U000e0fff"  # tags and supplementary variation selectors: a whole hidden alphabet
    "\U0001d173-\U0001d17a"  # musical formatting
    "]"
)
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_STRAY_JOINER = re.compile(rf"(?:(?<=[\s!-~{_JOINERS}])|\A)[{_JOINERS}]+|[{_JOINERS}]+(?=[\s!-~{_JOINERS}]|\Z)")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\s*\n(?:\s*\n)+")
_AT = re.compile(r"(?<!\w)([@＠])(?=\w|\Z)")
_WORD_JOINER = "\u2060"
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0<>\"'`|\\^{}\u2028\u2029]")


def neutral(text: str) -> str:
    """The same words in lines, without characters that hide, reorder or pile up: what is shown is what was sent."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # most texts by far, and none of the rules below would change them
    return _neutral(text)


@lru_cache(maxsize=2048)
def _neutral(text: str) -> str:
    text = _LINE_ENDS.sub("\n", text)
    text = _SURROGATES.sub("\ufffd", text)
    text = _DECEIVING.sub("", text)
    text = _STRAY_JOINER.sub("", text)
    text = _few_marks(text)
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", text)).strip()


def one_line(text: str) -> str:
    """`neutral`, on a single line."""
    return " ".join(neutral(text).split())


def calm(text: str) -> str:
    """`neutral`, with every `@name` broken invisibly, for platforms that look for names to ping in plain text."""
    return _AT.sub(rf"\1{_WORD_JOINER}", neutral(text))


def utf16(text: str) -> int:
    """The length in UTF-16 units, which is how Telegram, JavaScript and SMS in UCS-2 count."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def columns(text: str) -> int:
    """Roughly how wide the text is: Chinese characters and emoji take the room of two Latin letters."""
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


def shorten(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """The beginning of `text`, with an ellipsis where something is missing, so that `measure(result) <= limit`.

    `measure` is at least one for each character, and adds up.
    Cuts between words where one ends in the last fifth, and never inside a character as people see it.
    """
    if len(text) <= limit and measure(text) <= limit:
        return text
    room = limit - measure(ELLIPSIS)
    if room < 0:
        return ""
    kept: list[str] = []
    for cluster in clusters(text[: limit + 1]):
        room -= measure(cluster)
        if room < 0:
            break
        kept.append(cluster)
    gap = next((index for index in range(len(kept) - 1, len(kept) * 4 // 5, -1) if kept[index].isspace()), None)
    return "".join(kept[:gap]).rstrip() + ELLIPSIS


def clusters(text: str) -> Iterator[str]:
    """What people see as single characters: a base with its marks, joined emoji, flags, Korean syllables.

    A simplification of the extended grapheme clusters of Unicode's annex 29 (https://unicode.org/reports/tr29/): it may
    keep together what could be parted, and parts nothing of the kinds above.
    """
    start = 0
    flags = 0
    for index in range(1, len(text)):
        before, here = text[index - 1], text[index]
        flags = flags + 1 if _is_flag(before) else 0
        if not (
            _extends(here) or before == "\u200d" or (_is_flag(here) and flags % 2) or _is_korean_tail(before, here)
        ):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def _extends(character: str) -> bool:
    if character < "\u0300":
        return False
    return (
        character in _JOINERS
        or "\ufe00" <= character <= "\ufe0f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
    )


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_korean_tail(before: str, here: str) -> bool:
    return "\u1160" <= here <= "\u11ff" and ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3")


def _few_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) or unicodedata.category(character) == "Me" else 0
        if marks <= _MARKS_MAX:
            kept.append(character)
    return "".join(kept)


def web_address(href: str) -> str:
    """A link that may be put on a card: http or https, with nothing in it that ends a link early; or empty."""
    if not _WEB.match(href) or len(href) > ADDRESS_MAX or _SURROGATES.search(href):
        return ""
    try:
        urlsplit(href)
    except ValueError:  # such as a bracket that nothing closes: Discord refuses the whole card for it
        return ""
    scheme, _, rest = href.partition(":")  # Telegram takes the scheme in lower case only
    return f"{scheme.lower()}:" + _UNSAFE.sub(lambda found: quote(found[0]), rest)
