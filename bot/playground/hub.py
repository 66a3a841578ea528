"""The playground's notice board: everything an emulator shows or hears is published here, and the page listens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NOTICES_MAX = 2_000
QUEUE_MAX = 1_000

Json = dict[str, Any]


class Outage(StrEnum):
    """How a platform misbehaves while its switch is on."""

    NONE = "none"
    DOWN = "down"  # every call is answered 503
    SLOW = "slow"  # every call is answered, but after `slow_s` seconds
    RATE_LIMITED = "rate_limited"  # every call is answered 429 with a Retry-After
    REVOKED = "revoked"  # every call is answered as for a revoked token
    BLOCKED = "blocked"  # direct messages are refused: the person blocked the bot


@dataclass(slots=True)
class Hub:
    """Shared state of all emulators: the clock, the outage switches, and a bounded log of notices.

    `now` returns seconds since the epoch on the product's (movable) clock, so signatures made here are fresh there.
    """

    now: Callable[[], float]
    slow_s: float = 5.0
    retry_after_s: int = 2
    outages: dict[str, Outage] = field(default_factory=dict)
    notices: deque[Json] = field(default_factory=lambda: deque(maxlen=NOTICES_MAX))
    _serial: int = 0
    _listeners: set[asyncio.Queue[Json]] = field(default_factory=set)

    def outage(self, platform: str) -> Outage:
        """The fault that is switched on for a platform now."""
        return self.outages.get(platform, Outage.NONE)

    def switch(self, platform: str, outage: Outage) -> None:
        """Turn a fault on (or `NONE` to heal), and tell the page."""
        self.outages[platform] = outage
        self.publish(platform, "outage", {"outage": outage})

    def publish(self, platform: str, kind: str, data: Json) -> Json:
        """Append one notice `{serial, at, platform, kind, data}` and hand it to every listener that keeps up."""
        self._serial += 1
        notice: Json = {"serial": self._serial, "at": self.now(), "platform": platform, "kind": kind, "data": data}
        self.notices.append(notice)
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()  # a page that sleeps loses the oldest notices, never the emulator its memory
            queue.put_nowait(notice)
        return notice

    async def listen(self) -> AsyncIterator[Json]:
        """Every notice from now on; one bounded queue a listener."""
        queue: asyncio.Queue[Json] = asyncio.Queue(QUEUE_MAX)
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)
