"""When a carrier that takes nothing is worth an operator's attention: a pure judgement over what it answered.

A blip is repeated and forgotten. A platform that is away for minutes is told, because cards wait for it meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.engine.model import MINUTE, Instant, Span

LONG: Final[Span] = 5 * MINUTE
"""Our own choice: by then everybody who has another way was paged by it, and a waiting card was tried nine times."""
SEPARATE: Final[Span] = 15 * MINUTE
"""Two failures farther apart are two stories: whatever waits is tried again every 5 minutes at the least, so that so
long a silence says that nothing waited, and nothing about the carrier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A carrier has failed from `since` until `latest`, and took nothing in between."""

    since: Instant
    latest: Instant

    @property
    def lasted(self) -> Span:
        """How long, as far as anybody tried."""
        return self.latest - self.since

    @property
    def is_long(self) -> bool:
        """Whether whoever runs Tocsin must hear of it."""
        return self.lasted >= LONG


def failed(known: Outage | None, now: Instant) -> Outage:
    """The outage after one more failure: the known one goes on, or a new one has begun."""
    if known is None or now - known.latest > SEPARATE:
        return Outage(since=now, latest=now)
    return Outage(since=known.since, latest=max(now, known.latest))
