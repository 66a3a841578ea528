"""The filter grammar: groups of conditions, OR between the groups and AND inside one, over plain text facts.

Each value is compiled once. Matching takes time in proportion to the text, whatever the pattern: no alert and no filter
can make it slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from bot.engine import patterns
from bot.engine.model import Condition, Event, Filter

KEYS = ("severity", "title", "description", "integration")
"""The keys of a condition, besides `labels.<name>`."""
VALUE_MAX = 512
"""Characters of a value that is no regular expression."""

_LABEL = re.compile(r"labels\.[^\s.][^\s]{0,127}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,64}(?:\.[0-9]{0,64})?|\.[0-9]{1,64})(?:[eE][+-]?[0-9]{1,4})?")
_NUMBER = re.compile(r"num:(gt|ge|lt|le):(.*)", re.DOTALL)
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "gt": lambda fact, limit: fact > limit,
    "ge": lambda fact, limit: fact >= limit,
    "lt": lambda fact, limit: fact < limit,
    "le": lambda fact, limit: fact <= limit,
}
_CIDR = "cidr:"

Address = IPv4Address | IPv6Address
Test = Callable[[str], bool]


class ValueKind(StrEnum):
    """How a condition's value is read."""

    EXACT = "exact"
    WILDCARD = "wildcard"
    REGEX = "regex"
    CIDR = "cidr"
    NUMBER = "number"


def kind_of(value: str) -> ValueKind:
    """How a value of a condition is written: `/re/`, `cidr:…`, `num:gt:…`, with `*` or `?`, or plain."""
    if len(value) > 1 and value.startswith("/") and value.endswith("/"):
        return ValueKind.REGEX
    if value.startswith(_CIDR):
        return ValueKind.CIDR
    if _NUMBER.match(value):
        return ValueKind.NUMBER
    return ValueKind.WILDCARD if "*" in value or "?" in value else ValueKind.EXACT


def fault(value: str) -> str:
    """Why a value cannot be used, as the end of a sentence; empty when it can. One with a fault matches nothing."""
    kind = kind_of(value)
    if kind is ValueKind.REGEX:
        return patterns.fault(value[1:-1]) if value != "//" else "an empty regular expression matches everything"
    if len(value) > VALUE_MAX:
        return f"a value has at most {VALUE_MAX} characters"
    if kind is ValueKind.CIDR:
        try:
            ip_network(value.removeprefix(_CIDR))
        except ValueError as error:
            return f"that is no network ({error})"
    if kind is ValueKind.NUMBER and _limit(value) is None:
        return "what follows the colon is no decimal number"
    return ""


def is_key(key: str) -> bool:
    """Whether a condition may ask for `key`."""
    return key in KEYS or _LABEL.fullmatch(key) is not None


def matches(tests: Filter, known: Mapping[str, str]) -> bool:
    """Whether known facts (`severity`, `title`, `description`, `integration`, `labels.<name>`) pass the filter.

    The empty filter passes everything. IN: the fact is there and any value matches it; NOTIN: none does, or the fact is
    absent. So `IN *` asks for presence and `NOTIN *` for absence. Exact values and wildcards are case-sensitive and
    match the whole fact, `/re/` is searched in it; `cidr:` wants an address, maybe with a port, `num:` a number.
    """
    return not tests or any(all(_holds(condition, known) for condition in group) for group in tests)


def failing(tests: Filter, known: Mapping[str, str]) -> tuple[Condition, ...]:
    """The first condition of each group that does not hold; none if the filter matches."""
    if matches(tests, known):
        return ()
    found = (next((each for each in group if not _holds(each, known)), None) for group in tests)
    return tuple(each for each in found if each is not None)


def facts(
    *, title: str, description: str, severity: str, labels: Mapping[str, str], integration: str = ""
) -> dict[str, str]:
    """The facts that a filter asks about. What was raised by hand has no integration, and so lacks that fact."""
    known = {"title": title, "description": description, "severity": str(severity)}
    if integration:
        known["integration"] = integration
    return known | {f"labels.{name}": value for name, value in labels.items()}


def facts_of(event: Event, integration: str) -> dict[str, str]:
    """The facts of an event."""
    return facts(
        title=event.title,
        description=event.description,
        severity=event.severity,
        labels=event.labels,
        integration=integration,
    )


def _holds(condition: Condition, known: Mapping[str, str]) -> bool:
    fact = known.get(condition.key)
    found = fact is not None and any(_test_of(value)(fact) for value in condition.vals)
    return found if condition.oper == "IN" else not found


@lru_cache(maxsize=4096)
def _test_of(value: str) -> Test:
    """The test that a value asks for."""
    if fault(value):
        return lambda _: False
    match kind_of(value):
        case ValueKind.REGEX:
            pattern = value[1:-1]
            return lambda fact: patterns.found(pattern, fact)
        case ValueKind.CIDR:
            network = ip_network(value.removeprefix(_CIDR))
            return lambda fact: _within(fact, network)
        case ValueKind.NUMBER:
            compare, limit = _COMPARE[value.split(":")[1]], _limit(value) or 0.0
            return lambda fact: (number := _decimal(fact)) is not None and compare(number, limit)
        case ValueKind.WILDCARD:
            return lambda fact: wildcard(value, fact)
        case ValueKind.EXACT:
            return lambda fact: fact == value


def _limit(value: str) -> float | None:
    found = _NUMBER.fullmatch(value)
    return _decimal(found[2]) if found else None


def _decimal(text: str) -> float | None:
    """A plain decimal number; None for everything else, `nan` and `95%` too."""
    return float(text) if _DECIMAL.fullmatch(text) else None


def _within(fact: str, network: IPv4Network | IPv6Network) -> bool:
    """Whether the fact is an address in the network. An IPv4 address that is written as IPv6 counts as what it is."""
    address = _address(fact.strip())
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None and network.version == 4:
        address = address.ipv4_mapped
    return address is not None and address in network


def _address(text: str) -> Address | None:
    """`10.0.0.7`, `10.0.0.7:9100`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:9100`."""
    host = text
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or not (rest == "" or _is_port(rest)):
            return None
    elif text.count(":") == 1:
        host, colon, port = text.partition(":")
        if not _is_port(colon + port):
            return None
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_port(text: str) -> bool:
    return text[:1] == ":" and text[1:].isascii() and text[1:].isdecimal() and len(text) <= 6


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
