"""The numbers that texts and calls come from, so that people can keep them as one contact which may ring at night."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CONTACT = "Tocsin on-call"
"""How phones call that contact unless the manifest says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerNumber:
    """One number: E.164 (`+12025550100`), or a short one of its region (`106900001234`)."""

    number: str
    region: str = ""
    """Where people see it: two letters of ISO 3166, `001` for a number of no country; empty where that is not known."""
    use: tuple[str, ...] = ("sms", "voice")
    """What comes from it: `sms`, `voice`, or both."""


def by_region(numbers: Iterable[CallerNumber]) -> dict[str, tuple[CallerNumber, ...]]:
    """The numbers of each region, regions and numbers in the order in which they were declared."""
    found: dict[str, tuple[CallerNumber, ...]] = {}
    for each in numbers:
        found[each.region] = (*found.get(each.region, ()), each)
    return found
