"""What to check next when a message did not arrive: steps by medium, named reason and region, as data in the words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cards.i18n import knows, say

_ALIKE: Final[Mapping[str, str]] = {
    "unavailable": "outage",
    "unreachable": "outage",
    "connection_lost": "outage",
    "platform_down": "outage",
    "bad_answer": "outage",
    "not_started": "outage",
    "unknown": "timeout",
    "undelivered": "not_delivered",
    "vendors_exhausted": "outage",
    "vendors_paused": "rate_limited",
    "card_invalid": "other",
    "refused": "other",
    "internal_error": "other",
}
"""Reasons that lead to the same steps."""
_CODES: Final[Mapping[str, str]] = {"86": "CN", "91": "IN", "1": "US"}
"""Calling codes (https://www.itu.int/pub/T-SP-E.164D) of regions with steps of their own. Canada shares both the code
and the steps of the United States."""


def advice(medium: str, reason: str, region: str = "", lang: str = "en") -> tuple[str, ...]:
    """The steps, the most likely first; never empty.

    `medium` is `im`, `sms`, `voice` or `email`. `reason` is the named reason of a failed delivery, or its state
    (`queued`, `sent`, `delivered`) for a message that nobody saw. `region` is two letters of ISO 3166.
    """
    reason = _ALIKE.get(reason, reason)
    found = f"{medium}.{reason}"
    if not knows(f"advice.{found}"):
        found = f"any.{reason}" if knows(f"advice.any.{reason}") else "any.other"
    steps = say(lang, f"advice.{found}").splitlines()
    local = f"advice.{medium}.{reason}.{region}"
    return (*steps, *(say(lang, local).splitlines() if knows(local) else ()))


def region_of_number(number: str) -> str:
    """The region of an E.164 number that has steps of its own, else empty."""
    digits = number.removeprefix("+")
    return next((region for code, region in _CODES.items() if digits.startswith(code)), "")
