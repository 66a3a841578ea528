"""Counts calls against a vendor's rate limits, on the product's clock.

One rule serves every vendor: at most `calls` in any `span_s` seconds for one key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

KEYS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any window of `span_s` seconds."""

    calls: int
    span_s: float


@dataclass(slots=True)
class Meter:
    """Remembers when each key was used; `now` returns seconds."""

    now: Callable[[], float]
    _used: dict[str, deque[float]] = field(default_factory=dict)

    def take(self, *claims: tuple[str, Rate]) -> float:
        """Count one call against every claim `(key, rate)`, or none of them.

        Returns 0.0 when the call is allowed, else the seconds until every claim would fit.
        """
        now = self.now()
        wait_s = max((self._wait(key, rate, now) for key, rate in claims), default=0.0)
        if wait_s > 0:
            return wait_s
        for key, _ in claims:
            self._used.setdefault(key, deque()).append(now)
        if len(self._used) > KEYS_MAX:
            self._used.pop(next(iter(self._used)))  # forgetting the oldest key is lenient, but bounded
        return 0.0

    def _wait(self, key: str, rate: Rate, now: float) -> float:
        used = self._used.get(key)
        if used is None:
            return 0.0
        while used and used[0] <= now - rate.span_s:
            used.popleft()
        if len(used) < rate.calls:
            return 0.0
        return max(used[-rate.calls] + rate.span_s - now, 0.001)
