"""How often an integration may send: a sliding second and a sliding minute, exact to the millisecond."""

from __future__ import annotations

from collections import deque

from bot.engine.model import MINUTE, SECOND, Instant, Span


class Pace:
    """Counts each integration's requests in this process.

    The limits are those of the custom event standard, for every source: 100 in a second and 1000 in a minute.
    """

    def __init__(self, per_second: int = 100, per_minute: int = 1000) -> None:
        """Allow so many requests in any second, and in any minute, for each integration."""
        self.per_second = per_second
        self.per_minute = per_minute
        self._limits = ((per_second, SECOND), (per_minute, MINUTE))
        self._depth = max(per_second, per_minute)
        self._seen: dict[str, deque[Instant]] = {}

    def wait(self, integration: str, now: Instant) -> Span:
        """0 when this request may pass, which counts it; else how long until the next one may. Refusals do not count.

        A clock that was put back starts the count anew, because nobody should wait for it to catch up.
        """
        seen = self._seen.get(integration)
        if seen is None:
            seen = self._seen[integration] = deque(maxlen=self._depth)
        if seen and seen[-1] > now:
            seen.clear()
        held = max((self._left(seen, count, span, now) for count, span in self._limits), default=0)
        if held == 0:
            seen.append(now)
        return held

    @staticmethod
    def _left(seen: deque[Instant], count: int, span: Span, now: Instant) -> Span:
        return max(0, seen[-count] + span - now) if len(seen) >= count else 0
