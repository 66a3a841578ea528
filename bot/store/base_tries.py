"""What a transaction knows of tries: each time that one vendor was asked to carry one text or call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.engine.model import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try of one delivery by one vendor, and what is known of it."""

    id: str
    delivery: str
    carrier: str
    """`sms` or `voice`."""
    vendor: str
    began_at: Instant
    ended_at: Instant
    verdict: str
    """What it came to, as `bot.engine.vendors.Verdict` has it."""
    why: str = ""
    """Why this vendor was chosen, as `bot.engine.vendors.Why` has it."""
    reason: str = ""
    """The named reason of a failure."""
    provider_id: str = ""
    """What the vendor calls it; empty where it took nothing."""
    mark: str = ""
    """What we call it in callbacks that do not carry the vendor's name of it."""
    alive_at: Instant = 0
    """When the vendor last reported something on the way; 0: never."""
    proven: bool = False
    look_at: Instant | None = None
    """When it is to be looked at again unless there are news."""


class TriesTx(Protocol):
    """The part of a `Tx` that texts and calls need."""

    def tries(self, delivery_id: str) -> list[Try]:
        """The tries of a delivery, oldest first."""
        ...

    def put_try(self, one: Try) -> None:
        """Insert, or replace the one with this id."""
        ...

    def try_by_provider(self, carrier: str, vendor: str, provider_id: str) -> Try | None:
        """The newest try that the vendor calls this; None for an empty name."""
        ...

    def try_by_mark(self, carrier: str, vendor: str, mark: str) -> Try | None:
        """The newest try that we call this; None for an empty mark."""
        ...

    def due_tries(self, now: Instant, limit: int) -> list[Try]:
        """Tries whose `look_at` has come, earliest first."""
        ...

    def waiting_tries(self, before: Instant, limit: int) -> list[Try]:
        """Tries that are still to be looked at and were taken at `before` or earlier, the oldest first."""
        ...

    def try_again(self, delivery_id: str, now: Instant) -> bool:
        """A sent delivery goes back to the queue, due `now`. False for one that is not merely sent."""
        ...

    def prove(self, delivery_id: str) -> bool:
        """A delivery has arrived, whatever was thought of it; a leased one is left to its holder. False: no news."""
        ...
