"""Text from outside, made fit for a voice: what a person would say aloud, without signs, addresses and pictures.

A call is heard once or twice, half asleep: numbers keep their digits, names fall apart into words, links are left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from bot.cards.i18n import language
from bot.cards.speech.tables import ENGLISH, MANDARIN, Spoken
from bot.cards.text import one_line, shorten

ROUNDS_MAX: Final = 8
"""Passes until nothing changes any more: taking one thing apart may uncover another, as in `5_GB`."""
READ_MAX: Final = 1_000
"""Characters that are looked at: more than two minutes of speech, of which a call says a fraction."""
PAUSES: Final = ".,?!:;。，？！：；、"
"""What a voice makes a pause of, or, between digits, a point."""

_SIGNS: Final = "_/%#@&+=<>→≥≤≠×°$€|~()[]（）【】-"
"""What a step, or the table of the language, has something to say for."""
_URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'，。；、]+", re.IGNORECASE)
_UNHEARD = re.compile(r"(?<![A-Za-z])'|'(?![A-Za-z])")
_CLOCK_SIGN = re.compile(r"(?<=\d):(?=\d)(?!\d\d [AP]M\b)")
_LOST_PAUSE = re.compile(r"(?<![\d\s])[.:,](?=[^\s])|(?<=\d)[.:,](?=[^\s\d])")
_BEFORE_PAUSE = re.compile(rf"\s+(?=[{re.escape(PAUSES)}])")
_PILE = re.compile(rf"([{re.escape(PAUSES)}])(?:\s*[{re.escape(PAUSES)}])+")
_LEADING = re.compile(rf"^[\s{re.escape(PAUSES)}]+")
_VOWELS: Final = frozenset("AEIOU")


def speakable(text: str, lang: str, limit: int = 0) -> str:
    """`text` as it is to be read aloud in `lang`; with a `limit`, at most so many characters.

    Only letters, digits, blanks and pauses are left, and the same text again gives itself. Empty where nothing can be
    said.
    """
    words = MANDARIN if language(lang) == "zh" else ENGLISH
    said = one_line(text[: 4 * READ_MAX])[:READ_MAX]
    for _ in range(ROUNDS_MAX):
        before, said = said, _once(said, words)
        if said == before:
            break
    if limit and len(said) > limit:
        said = shorten(said, limit).rstrip("…").rstrip(f" {PAUSES}")
    return said


def digits(number: str) -> str:
    """The digits of a number one by one: `1 4 2`."""
    return " ".join(re.findall(r"[0-9]", number))


def _once(text: str, words: Spoken) -> str:
    text = "".join(_plain(character) for character in unicodedata.normalize("NFC", _URL.sub(" ", text)))
    for found, said in _STEPS:
        text = found.sub(lambda match, said=said: said(match, words), text)  # type: ignore[misc]
    for sign, word in words.signs:
        text = text.replace(sign, word)
    text = "".join(character if _is_sayable(character) else " " for character in text)
    text = _LOST_PAUSE.sub(" ", _CLOCK_SIGN.sub(" ", _UNHEARD.sub(" ", text)))
    text = _BEFORE_PAUSE.sub("", " ".join(text.split()))
    return _LEADING.sub("", _PILE.sub(r"\1", text)).rstrip(" ,，、:：;；")


def _plain(character: str) -> str:
    """A character without its typography; a blank for what nobody can say."""
    if character in PAUSES or character in _SIGNS:
        return character
    plain = unicodedata.normalize("NFKC", character)
    return "".join(each if _is_sayable(each) or each in _SIGNS else " " for each in plain)


def _is_sayable(character: str) -> bool:
    return (
        character in " '" or character in PAUSES or unicodedata.category(character) in _LETTERS
    ) and character != "\ufffd"


_LETTERS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})


# --- one thing that is taken apart: where it is, and what is said instead ---------------------------------------------


def _clock(match: re.Match[str], words: Spoken) -> str:
    hour, minute = int(match[1]), match[2]
    pattern = words.clock["pm" if hour >= 12 else "am"]
    if minute == "00" and "sharp" in words.clock:
        pattern = words.clock["sharp"]
    shown = hour if words.hours == 24 else (hour - 1) % 12 + 1
    return pattern.replace("MM", minute).replace("H", str(shown))


def _dotted(match: re.Match[str], words: Spoken) -> str:
    said = match[0].lstrip("vV")
    version = words.version if said != match[0] else ""
    return version + said.replace(".", words.dot).replace(":", words.port).replace("/", words.slash)


def _quantity(match: re.Match[str], words: Spoken) -> str:
    one, many = words.units.get(match[2], ("", ""))
    return f"{match[1]}{words.gap}{one if match[1] == '1' else many}" if one else match[0]


def _rate(match: re.Match[str], words: Spoken) -> str:
    return words.per + words.units[match[1]][0]


def _word(match: re.Match[str], words: Spoken) -> str:
    word = match[0]
    known = words.words.get(word) or words.words.get(word.casefold())
    spelt = words.spells and 2 <= len(word) <= 5 and word.isalpha() and word.isupper() and not _VOWELS & set(word)
    return known or (" ".join(word) if spelt else word)


_Said = Callable[[re.Match[str], Spoken], str]
_STEPS: Final[tuple[tuple[re.Pattern[str], _Said], ...]] = (
    (re.compile(r"_"), lambda *_: " "),
    (re.compile(r"(?<![\w:.])([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?![\w:]|\.\d| [AP]M\b)"), _clock),
    # Addresses of the network and versions have two dots or more; decimal numbers have one.
    (re.compile(r"(?<![\w.])[vV]?\d+(?:\.\d+){2,}(?:[:/]\d+)*"), _dotted),
    (re.compile(r"\b[vV](?=\d)"), lambda _, words: words.version),
    (
        re.compile(r"\b(HTTP|[Ss]tatus|[Cc]ode)[\s:=]{0,3}([1-5]\d\d)(?!\d)|(错误码|状态码)[\s:=：]{0,3}(\d{3})(?!\d)"),
        lambda match, _: f"{match[1] or match[3]} {digits(match[2] or match[4])}",
    ),
    (re.compile(r"\b([1-5])(?:xx|XX)\b"), lambda match, _: f"{match[1]} x x"),
    (re.compile(r"#(?=\d)"), lambda _, words: words.number),
    (re.compile(r"(?<![\w.])-(?=\d)"), lambda _, words: words.minus),
    (re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s?%"), lambda match, words: words.percent.replace("N", match[1])),
    (re.compile(r"/\s?(s|sec|min|h|d)\b"), _rate),
    (re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) ?([A-Za-zµμ]+)(?![A-Za-z0-9])"), _quantity),
    (re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]*(?![A-Za-z0-9])"), _word),
    (re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})"), lambda *_: " "),
    (re.compile(r"(?<=\w)\.(?=[A-Za-z_])|(?<=[A-Za-z_])\.(?=\d)"), lambda _, words: words.dot),
    (re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?!(?:st|nd|rd|th)\b)(?=[A-Za-z])"), lambda *_: " "),
    (re.compile(r"(?<=\w)-(?=\w)"), lambda *_: " "),
)
"""In this order: what a longer thing says is not for the shorter ones to take apart."""
