"""Time and identity: the only place that asks the machine for either.

Everything else is handed a `Clock` and `Ids`, so that tests, the simulator and the playground can move and seed them.
"""

from __future__ import annotations

import random
import secrets
import time
from typing import Protocol

from bot.engine.model import Instant, Span


class Clock(Protocol):
    """Tells the time in milliseconds since the epoch."""

    def now(self) -> Instant:
        """The current instant."""
        ...


class SystemClock:
    """The machine's clock, which the playground may push forward."""

    def __init__(self) -> None:
        """Start without an offset."""
        self._offset: Span = 0

    def now(self) -> Instant:
        """The current instant, as moved so far."""
        return time.time_ns() // 1_000_000 + self._offset

    def advance(self, span: Span) -> None:
        """Move the clock forward by `span` milliseconds."""
        self._offset += span


class VirtualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: Instant) -> None:
        """Begin at `start`."""
        self._now = start

    def now(self) -> Instant:
        """Where it was last put."""
        return self._now

    def set(self, instant: Instant) -> None:
        """Put the clock at an instant; it may go backwards, as real ones do."""
        self._now = instant


class Ids:
    """Makes identities: unguessable by default, repeatable from a seed."""

    def __init__(self, seed: int | None = None) -> None:
        """Draw from the operating system, or from `seed` alone."""
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def short(self) -> str:
        """16 hexadecimal digits (64 random bits): incidents, alerts, deliveries."""
        return f"{self._random.getrandbits(64):016x}"

    def secret(self) -> str:
        """27 URL-safe characters (160 random bits): whoever holds it may act."""
        alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz"
        return "".join(self._random.choice(alphabet) for _ in range(27))


def new_secret() -> str:
    """A fresh 256-bit secret, for settings that a first start makes up."""
    return secrets.token_urlsafe(32)
