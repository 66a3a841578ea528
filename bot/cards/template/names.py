"""What a template may say, and how much of it: the one list for the sandbox, for `check` and for docs/templates.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEDIA: Final = ("im", "sms", "email")
"""The media that can have a template."""

SOURCE_MAX: Final = 4_096
"""Characters of a template."""
TEXT_MAX: Final = 8_192
"""Characters of what it comes out as; also of any value on the way there."""
LOOPS_MAX: Final = 2
"""Loops inside each other, the outer one counted."""
STEPS_MAX: Final = 100_000
"""Parts of loops that run, counted: far more than any message needs, and over within a blink."""

ALERT: Final = ("id", "key", "title", "description", "severity", "open", "labels", "started_at", "ended_at")
PERSON: Final = ("name", "since", "acked_at")
LINK: Final = ("text", "href")

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": (),
    "num": (),
    "title": (),
    "description": (),
    "severity": (),
    "status": (),
    "url": (),
    "channel": (),
    "labels": (),
    "fields": (),
    "impact": (),
    "root_cause": (),
    "resolution": (),
    "opened_at": (),
    "acked_at": (),
    "closed_at": (),
    "snoozed_until": (),
    "now": (),
    "level": (),
    "creator": (),
    "closer": (),
    "holders": (),
    "merged_into": (),
    "alerts_open": (),
    "alerts_total": (),
    "alerts": ALERT,
    "responders": PERSON,
    "links": LINK,
}
"""Every name, and for lists of things the names of what each thing has."""

FILTERS: Final = (
    "upper", "lower", "trim", "default", "d", "length", "first", "last", "join", "items", "sort", "truncate", "replace",
    "date", "ago",
)  # fmt: skip
TESTS: Final = ("defined", "undefined", "none", "string", "number")


class TemplateFault(Exception):
    """Why a template gives no text, as the end of a sentence, without a word of the incident. `line` 0: none."""

    def __init__(self, reason: str, line: int = 0) -> None:
        """Keep the parts."""
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason = reason
        self.line = line
