"""Speed, never truth: wake-up hints and sending budgets inside one process.

Losing everything here costs latency and nothing else; the rows in the store say what there is to do.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from bot.adapters.base import Budget, Capabilities
from bot.engine.model import SECOND, Instant, Span

BUCKETS_MAX = 10_000


class Hints:
    """Named wake-up calls: `ring` after a commit, `wait` in a loop. A hint that is lost is made up for by the poll."""

    def __init__(self) -> None:
        """No bell has rung yet."""
        self._bells: dict[str, asyncio.Event] = {}

    def ring(self, *names: str) -> None:
        """Wake whoever waits for these, or lets the next wait return at once."""
        for name in names:
            self._bell(name).set()

    async def wait(self, name: str, timeout_s: float) -> None:
        """Return when rung, or after `timeout_s` seconds."""
        bell = self._bell(name)
        try:
            async with asyncio.timeout(timeout_s):
                await bell.wait()
        except TimeoutError:
            return
        bell.clear()

    def _bell(self, name: str) -> asyncio.Event:
        return self._bells.setdefault(name, asyncio.Event())


@dataclass(slots=True)
class _Bucket:
    """A leaky bucket as one instant: when the next message would be exactly on time."""

    due_at: float
    turns: dict[str, float] = field(default_factory=dict)
    """Queue → the latest instant at which somebody in it was told to come back."""


class Budgets:
    """What each platform and each chat may still be sent. Kept in memory; a restart begins with full buckets.

    Rows are prepared in several threads, so what is looked at and taken is one step under a lock.
    """

    def __init__(self) -> None:
        """Begin with every bucket full and nobody paused."""
        self._lock = Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._paused: dict[str, Instant] = {}

    def take(
        self,
        carrier: str,
        chat: str,
        caps: Capabilities,
        now: Instant,
        *,
        edit: str = "",
        queue: str = "",
        spread: Span = 0,
    ) -> Span:
        """Consume one message to `chat` and return 0, or consume nothing and return how long to wait (ms).

        `edit` names the delivery whose message is edited: its own gap and the budget of all edits must allow it too.
        Those of one `queue` who wait for the same bucket are told to come back one after the other, up to `spread` ms
        later than the first could: if all came back at once, a queue of n messages would be looked at n times for each
        that is sent. No queue waits for the turns that another has given away; and a turn is taken only of what makes
        them wait the longest, so that a chat that must rest holds up no other.
        """
        asked = [(carrier, caps.overall), (f"{carrier}/{chat}", caps.per_chat)]
        if edit:
            asked.append((f"edit:{edit}", Budget(per_s=1 / caps.edit_gap_s, burst=1)))
        if edit and caps.edits:
            asked.append((f"{carrier}:edits", caps.edits))
        with self._lock:
            waits = [self._wait(name, budget, now) for name, budget in asked]
            if (longest := max(waits)) > 0:
                full = (each for each, wait in zip(asked, waits, strict=True) if wait == longest)
                return max(self._turn(name, budget, now + longest, queue, spread) for name, budget in full) - now
            for name, budget in asked:
                self._consume(name, budget, now)
        return 0

    def pause(self, carrier: str, chat: str, until: Instant) -> None:
        """Send nothing to this chat (or, with an empty chat, to the whole platform) before `until`."""
        name = f"{carrier}/{chat}" if chat else carrier
        with self._lock:
            self._paused[name] = max(until, self._paused.get(name, 0))
            if len(self._paused) > BUCKETS_MAX:
                self._paused = {n: t for n, t in self._paused.items() if t > until}

    def _wait(self, name: str, budget: Budget, now: Instant) -> Span:
        """How long this bucket, or a pause, asks to wait; not above 0 where neither does."""
        pause = self._paused.get(name, 0) - now
        bucket = self._buckets.get(name)
        if bucket is None:
            return pause
        slack = (budget.burst - 1) * SECOND / budget.per_s
        return max(pause, int(-(-(bucket.due_at - slack - now) // 1)))

    def _turn(self, name: str, budget: Budget, first: Instant, queue: str, spread: Span) -> Instant:
        """The next free turn from `first` on; the latest allowed one where all are given away."""
        bucket = self._buckets.get(name)
        if bucket is None or not spread:
            return first
        turn = min(max(bucket.turns.get(queue, 0) + SECOND / budget.per_s, first), first + spread)
        bucket.turns[queue] = turn
        return int(turn)

    def _consume(self, name: str, budget: Budget, now: Instant) -> None:
        bucket = self._buckets.setdefault(name, _Bucket(due_at=now))
        bucket.due_at = max(bucket.due_at, now) + SECOND / budget.per_s
        self._buckets.move_to_end(name)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
