"""The filter grammar: groups of conditions, OR between the groups and AND inside one, over plain text facts.

Matching a wildcard takes one step per character of the value, whatever the pattern: an alert cannot make it slow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from bot.engine.model import Condition, Filter

KEYS = ("severity", "title", "description", "integration")
"""The keys of a condition, besides `labels.<name>`."""

_LABEL = re.compile(r"labels\.[^\s.][^\s]{0,127}")
_NUMBER = re.compile(r"num:(gt|ge|lt|le):")


class ValueKind(StrEnum):
    """How a condition's value is read."""

    EXACT = "exact"
    WILDCARD = "wildcard"
    REGEX = "regex"
    CIDR = "cidr"
    NUMBER = "number"


UNDERSTOOD = frozenset({ValueKind.EXACT, ValueKind.WILDCARD})
"""The kinds that `matches` evaluates. The manifest refuses the others, so that no rule means less than it says."""


def kind_of(value: str) -> ValueKind:
    """How a value of a condition is written: `/re/`, `cidr:…`, `num:gt:…`, with `*` or `?`, or plain."""
    if len(value) > 1 and value.startswith("/") and value.endswith("/"):
        return ValueKind.REGEX
    if value.startswith("cidr:"):
        return ValueKind.CIDR
    if _NUMBER.match(value):
        return ValueKind.NUMBER
    return ValueKind.WILDCARD if "*" in value or "?" in value else ValueKind.EXACT


def is_key(key: str) -> bool:
    """Whether a condition may ask for `key`."""
    return key in KEYS or _LABEL.fullmatch(key) is not None


def matches(tests: Filter, known: Mapping[str, str]) -> bool:
    """Whether known facts (`severity`, `title`, `description`, `integration`, `labels.<name>`) pass the filter.

    The empty filter passes everything. IN: the fact is there and any value matches it; NOTIN: none does, or the fact is
    absent. So `IN *` asks for presence and `NOTIN *` for absence. Values are case-sensitive and match the whole fact;
    those of a kind that is not `UNDERSTOOD` are compared letter by letter.
    """
    return not tests or any(all(_holds(condition, known) for condition in group) for group in tests)


def facts(
    *, title: str, description: str, severity: str, labels: Mapping[str, str], integration: str = ""
) -> dict[str, str]:
    """The facts that a filter asks about. What was raised by hand has no integration, and so lacks that fact."""
    known = {"title": title, "description": description, "severity": str(severity)}
    if integration:
        known["integration"] = integration
    return known | {f"labels.{name}": value for name, value in labels.items()}


def _holds(condition: Condition, known: Mapping[str, str]) -> bool:
    fact = known.get(condition.key)
    found = fact is not None and any(_fits(value, fact) for value in condition.vals)
    return found if condition.oper == "IN" else not found


def _fits(value: str, fact: str) -> bool:
    if kind_of(value) is ValueKind.WILDCARD:
        return wildcard(value, fact)
    return value == fact


def wildcard(pattern: str, text: str) -> bool:
    """Whether `pattern` (`*` any characters, `?` exactly one) fits the whole of `text`.

    Every position of the pattern that may have been reached is one bit of a number, and all move on together with each
    character, so there is nothing to go back to.
    """
    steps, anything, stays, length = _compile(pattern)
    reached = 1
    for character in text:
        reached = (reached & steps.get(character, anything)) << 1 | reached & stays
        if not reached:
            return False
    return bool(reached >> length & 1)


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> tuple[dict[str, int], int, int, int]:
    """What each character moves on from, what any other does, where a `*` lets one stay, and the number of steps."""
    steps: dict[str, int] = {}
    anything = stays = length = 0
    for character in pattern:
        if character == "*":
            stays |= 1 << length
            continue
        if character == "?":
            anything |= 1 << length
        else:
            steps[character] = steps.get(character, 0) | 1 << length
        length += 1
    return {character: bits | anything for character, bits in steps.items()}, anything, stays, length
