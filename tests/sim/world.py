"""A world without real time: a heap of what is to happen, the true time, and the wall clock that may be wrong about it.

No event loop: an await of the product is an entry of the heap here, so the same sync steps run in any order.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Instant, Span

BUSIEST = 100_000
"""Events in a minute: many times what the heaviest storm makes."""


class Stuck(Exception):
    """Something is done again and again while time stands still."""


class Timeline:
    """What is to happen, in order. `now` is the true time; `clock` shows what the machine believes."""

    def __init__(self, start: Instant) -> None:
        self.start = start
        self.now = start
        self.skew: Span = 0
        self.happened = 0
        self.depth = 0
        self._heap: list[tuple[Instant, int, Callable[..., None], tuple]] = []
        self._seq = 0
        self._counted_at, self._quota = start, BUSIEST
        self.clock = WallClock(self)

    def at(self, instant: Instant, what: Callable[..., None], *args: object) -> None:
        """Let something happen at an instant; what lies in the past happens next."""
        self._seq += 1
        heapq.heappush(self._heap, (max(instant, self.now), self._seq, what, args))

    def after(self, span: Span, what: Callable[..., None], *args: object) -> None:
        """Let something happen a while from now."""
        self.at(self.now + span, what, *args)

    def run_until(self, end: Instant) -> None:
        """Everything up to and including `end`. May be called from within: the caller is then held up that long."""
        self.depth += 1
        heap = self._heap
        while heap and heap[0][0] <= end:
            at, _, what, args = heapq.heappop(heap)
            self.now = max(self.now, at)
            self.happened += 1
            if self.happened > self._quota:
                self._mind_pace()
            what(*args)
        self.now = max(self.now, end)
        self.depth -= 1

    def _mind_pace(self) -> None:
        """A mistake that never lets time pass should be an error, not a run without an end."""
        if self.now - self._counted_at < MINUTE:
            raise Stuck(f"more than {BUSIEST} events in one minute")
        self._counted_at, self._quota = self.now, self.happened + BUSIEST

    def ago(self, instant: Instant) -> str:
        """An instant as `3d04h05m06.789`, counted from the start."""
        return span_text(instant - self.start)


class WallClock:
    """The clock that the product reads: the true time and an error."""

    def __init__(self, line: Timeline) -> None:
        self._line = line

    def now(self) -> Instant:
        return self._line.now + self._line.skew


class Trace:
    """One line for each event: all of them in a digest, the latest to read."""

    def __init__(self, line: Timeline, keep: int = 60) -> None:
        self._line = line
        self._digest = hashlib.blake2b(digest_size=12)
        self.tail: deque[str] = deque(maxlen=keep)

    def __call__(self, text: str) -> None:
        line = f"{self._line.now - self._line.start} {text}"
        self._digest.update(line.encode())
        self.tail.append(line)

    def hash(self) -> str:
        """The same for the same story, whatever PYTHONHASHSEED."""
        return self._digest.hexdigest()

    def lines(self) -> list[str]:
        """The latest events, with readable times."""
        told = (line.partition(" ") for line in self.tail)
        return [f"{span_text(int(at))}  {text}" for at, _, text in told]


def span_text(span: Span) -> str:
    """Milliseconds as `3d04h05m06.789`."""
    days, rest = divmod(span, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    return f"{days}d{hours:02}h{minutes:02}m{rest / SECOND:06.3f}"


def span_of(text: str) -> Span:
    """`3d04h`, `90s`, `1h30m` in milliseconds. Raises ValueError."""
    units = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}
    total, digits = 0, ""
    for character in text.strip():
        if character in units and digits:
            total += round(float(digits) * units[character])
            digits = ""
        elif character.isdigit() or character == ".":
            digits += character
        else:
            raise ValueError(f"{text!r} is no span: write 3d04h, 1h30m, 90s")
    if digits:
        raise ValueError(f"{text!r} is no span: the unit of {digits} is missing")
    return total


def instant(text: str) -> Instant:
    """`2026-03-01T08:00` in UTC, as milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND
