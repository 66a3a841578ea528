"""Likeness of two alerts by what they say, offline and the same every time: words shared, words exchanged, labels.

Numbers, times, ids and host numbers are left out before anything is compared. Chinese, Japanese and Korean text counts
by pairs of characters, because it has no spaces. Measured on labelled storms: docs/noise.md and docs/decisions/.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Protocol, TypeVar

FIELDS = ("title", "description", "labels.service", "labels.resource")
"""What is compared unless a channel says otherwise."""
FIELDS_MAX = 10
THRESHOLD = 0.7
"""Unless a channel says otherwise. On the labelled storms nothing was put together wrongly from here on."""
TEXT_MAX = 2_048
"""Characters of a text that are looked at."""

_TITLE_WEIGHS = 2.0
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]+|(?:(?![{_CJK}])[^\W_])+")
_IS_CJK = re.compile(f"[{_CJK}]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_NUMBERED = re.compile(r"([^\W\d_]{3,})\d{1,3}")
"""`kafka12`: a name, and which one of many."""
_RANDOM = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}")
"""The end of a pod's name (kubernetes.io/docs/concepts/workloads/controllers/deployment), where no digit is in it."""
_STATUS = re.compile(r"[1-5]xx")


class Told(Protocol):
    """Whatever has words to compare: an alert, an incident."""

    @property
    def title(self) -> str:
        """One line."""
        ...

    @property
    def description(self) -> str:
        """Any text."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Names and values."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two are, from 0 to 1, and the fields that speak for it, the strongest first."""

    score: float
    fields: tuple[str, ...] = ()


UNLIKE = Likeness(score=0.0)

T = TypeVar("T", bound=Told)


def compare(one: Told, other: Told, fields: Iterable[str] = FIELDS) -> Likeness:
    """How alike two are in these fields (`title`, `description`, `labels.<name>`).

    Two things keep them apart, whatever else is alike: a label that both have and that differs, and titles that are one
    sentence with another word in it, which is how one monitoring system tells of two troubles (CPU, IOPS). Else the
    score is the mean over the fields, the title counting twice; a label that one of them lacks is not asked.
    """
    total = weights = 0.0
    spoke: list[tuple[float, str]] = []
    for field in fields:
        mine, yours = _text(one, field), _text(other, field)
        labelled = field.startswith("labels.")
        if not (mine or yours) or (labelled and not (mine and yours)):
            continue
        mine_words, yours_words = _words(mine), _words(yours)
        if labelled:
            if not mine_words or not yours_words:
                continue
            if not _one_holds_the_other(frozenset(mine_words), frozenset(yours_words)):
                return UNLIKE
            alike = 1.0
        elif field == "title" and _another_word(mine_words, yours_words):
            return UNLIKE
        else:
            alike = _shared(frozenset(mine_words), frozenset(yours_words), same=mine == yours)
        weight = _TITLE_WEIGHS if field == "title" else 1.0
        total += weight * alike
        weights += weight
        if alike >= 0.5:
            spoke.append((alike, field))
    if not weights or all(field.startswith("labels.") for _, field in spoke):
        return UNLIKE  # a shared service alone is no shared trouble
    spoke.sort(key=lambda each: -each[0])
    return Likeness(score=total / weights, fields=tuple(field for _, field in spoke))


def rank(one: Told, past: Iterable[T], limit: int, fields: Iterable[str] = FIELDS) -> tuple[tuple[T, Likeness], ...]:
    """Those of the past that are most like one, the most alike first; of equals the one that comes first."""
    chosen = tuple(fields)
    found = [(each, compare(one, each, chosen)) for each in past]
    found = [pair for pair in found if pair[1].score >= 0.5]
    found.sort(key=lambda pair: -pair[1].score)
    return tuple(found[:limit])


def fingerprint(told: Told) -> str:
    """What kind of alert it is: its title without what changes, and the service that it is about."""
    kind = f"{masked(told.title)}\n{told.labels.get('service', '')}"
    return sha256(kind.encode(errors="replace")).hexdigest()[:32]


def masked(text: str) -> str:
    """The words of a text that are left when everything that changes from alert to alert is left out."""
    return " ".join(_words(text))


def _text(told: Told, field: str) -> str:
    if field == "title":
        return told.title
    if field == "description":
        return told.description
    return told.labels.get(field.removeprefix("labels."), "")


@lru_cache(maxsize=8192)
def _words(text: str) -> tuple[str, ...]:
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFKC", text[:TEXT_MAX])).casefold()
    words: list[str] = []
    for word in _WORD.findall(_ID.sub(" ", plain)):
        if _IS_CJK.match(word):
            words += [word[place : place + 2] for place in range(len(word) - 1)] or [word]
        elif any(letter.isdigit() for letter in word):
            numbered = _NUMBERED.fullmatch(word)
            if numbered or _STATUS.fullmatch(word):
                words.append(numbered[1] if numbered else word)
        elif not _RANDOM.fullmatch(word):
            words.append(word)
    return tuple(words)


def _shared(one: frozenset[str], other: frozenset[str], *, same: bool) -> float:
    """How much of their words two texts share: between what both have of all, and of the shorter one."""
    if not one or not other:
        return 1.0 if same else 0.0
    both = len(one & other)
    return (2 * both / (len(one) + len(other)) + both / min(len(one), len(other))) / 2


def _one_holds_the_other(one: frozenset[str], other: frozenset[str]) -> bool:
    return one <= other or other <= one


def _another_word(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two titles begin and end alike for more than half of their words, and differ in the middle."""
    shorter, longer = sorted((len(one), len(other)))
    start = end = 0
    while start < shorter and one[start] == other[start]:
        start += 1
    while end < shorter - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return start + end < shorter and 2 * (start + end) > longer
