"""What goes wrong, and when: each seed draws its own swarm of faults, so that some nights have many of one kind."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Instant, Span
from tests.sim.platforms import Weather

KINDS = (
    "latency", "throttle", "broken", "vanish", "outage", "revoked", "receipts", "crash", "unavailable", "freeze",
    "clock", "stall", "edit", "storm", "deleted", "moved", "blocked", "mute", "garbage", "restart",
    "reorder", "hints", "vendor",
)  # fmt: skip


@dataclass
class Faults:
    """The swarm of one seed. `on` goes down to nothing when liveness is to be proven."""

    rng: random.Random
    kinds: frozenset[str]
    on: bool = True

    @classmethod
    def draw(cls, rng: random.Random, always: tuple[str, ...] = (), *, calm: bool = False) -> Faults:
        """Each kind with even chances; one seed in eight (and a `calm` one) has none but those `always` wanted."""
        share = 0.0 if rng.random() < 0.125 or calm else 0.5
        return cls(rng, frozenset(always) | {kind for kind in KINDS if rng.random() < share})

    def has(self, kind: str) -> bool:
        """Whether this kind may happen now."""
        return self.on and kind in self.kinds

    def fate(self) -> str:
        """What becomes of the commit at hand."""
        if not self.on:
            return ""
        draw = self.rng.random()
        for kind, fate, share in _FATES:
            if kind in self.kinds:
                if draw < share:
                    return fate
                draw -= share
        return ""

    def weather(self) -> Weather:
        """How a platform behaves between its outages."""
        if not self.on:
            return Weather()
        return Weather(
            slow=0.03 if "latency" in self.kinds else 0.0,
            throttle=0.03 if "throttle" in self.kinds else 0.0,
            broken=0.03 if "broken" in self.kinds else 0.0,
            vanish=0.02 if "vanish" in self.kinds else 0.0,
        )

    def next_in(self, kind: str) -> Span:
        """How long until this kind of fault happens the next time."""
        mean = _MEAN[kind]
        return max(SECOND, round(self.rng.expovariate(1 / mean)))

    def lag(self) -> Span:
        """How late a platform delivers the callback at hand: now and then so late that the next one overtakes it."""
        if not self.has("reorder") or self.rng.random() > 0.15:
            return 0
        return self.rng.randrange(SECOND, 40 * SECOND)

    def lasts(self, kind: str) -> Span:
        """How long it lasts, most often minutes and sometimes hours."""
        longest = _LONGEST[kind]
        return round(min(self.rng.expovariate(6 / longest), longest))


_FATES = (
    ("crash", "before", 0.0012),
    ("crash", "after", 0.0024),
    ("unavailable", "unavailable", 0.0018),
    ("freeze", "freeze", 0.003),
)
_MEAN: dict[str, Span] = {
    "outage": 2 * DAY, "revoked": 6 * DAY, "clock": 12 * HOUR, "stall": 3 * DAY, "edit": 2 * DAY, "storm": 45 * DAY,
    "deleted": DAY, "restart": 3 * DAY, "garbage": 4 * DAY, "freeze": 2 * DAY,
    "hints": 2 * DAY, "vendor": 12 * HOUR,
}  # fmt: skip
_LONGEST: dict[str, Span] = {
    "outage": 3 * HOUR,
    "revoked": 4 * HOUR,
    "stall": 10 * MINUTE,
    "freeze": 40 * SECOND,
    "restart": MINUTE,
    "hints": 6 * HOUR,
    "vendor": DAY,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A stretch of time in which lateness is nobody's fault."""

    start: Instant
    end: Instant


class Excuses:
    """When the machine was in trouble: how much lateness that explains."""

    def __init__(self) -> None:
        self._troubles: list[Trouble] = []

    def add(self, start: Instant, end: Instant) -> None:
        """From `start` until `end` nothing could be expected in time."""
        self._troubles.append(Trouble(start, end))

    def between(self, start: Instant, end: Instant) -> bool:
        """Whether any trouble touches this stretch."""
        for trouble in self._troubles[-60:]:  # noqa: SIM110 - asked so often that a generator is felt
            if trouble.start <= end and trouble.end >= start:
                return True
        return False
