"""What is said about coming shifts, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "notice.soon": "{schedule}: on call soon",
    "notice.you_soon": "{schedule}: you are on call soon",
    "notice.day": "{schedule}: on call in the next 24 hours",
    "notice.your_day": "{schedule}: you are on call in the next 24 hours",
    "notice.shift": "{who} ({role}): {start} to {end}, {zone}",
}
