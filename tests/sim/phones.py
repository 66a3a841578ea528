"""A virtual telephone network: three vendors of texts and calls, any of which may be dead, slow, or lie with a 200."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.adapters.base import Receipt, SendError, Sent, Transient
from bot.deliver import Job, Outcome
from bot.engine.model import SECOND, Instant, Span
from bot.engine.vendors import HEDGE_AFTER, Why
from bot.switchboard import Carried, Choice, Placed
from tests.sim.platforms import Platform

CALL_MAX: Span = 5 * SECOND
"""What the product's own line allows one vendor (`bot.adapters.vendors.line.CALL_S`)."""
VENDORS = ("alpha", "beta", "gamma")
FAILED_OVER_WITHIN: Span = 15 * SECOND
"""By then a Critical page that a bad vendor has is on its way through another one."""
DEAD, SLOW, LYING = "dead", "slow", "lying"


@dataclass(slots=True)
class Tries:
    """What one page has been through."""

    vendors: list[str] = field(default_factory=list)
    began: Instant = 0


@dataclass
class Network(Platform):
    """One medium. `ailing` says what is wrong with a vendor at the moment."""

    receipts: bool = True
    ailing: dict[str, str] = field(default_factory=dict)
    tries: dict[str, Tries] = field(default_factory=dict)
    on_bad: Callable[[Network, Job, str], None] = lambda *_: None
    still: Callable[[Job], bool] = lambda _: True
    """Whether a page is still wanted, as the product asks its store before it lets a second vendor call."""

    def route(self, address: str) -> tuple[str, ...]:
        """All of them, everywhere."""
        del address
        return VENDORS

    async def ask(self, vendor: str, provider_id: str) -> None:
        """Nobody asks here: what a question tells, a receipt tells as well."""

    def mark(self, key: str) -> str:
        """What callbacks call a try."""
        return f"m:{key}"

    def begin(self, job: Job, done: Callable[[Outcome], None]) -> None:
        """Ask the vendor that was chosen; the second one too, where the first is silent for too long."""
        choice = job.choice
        assert choice is not None, f"{job.row.key} came without a vendor"
        if job.row.key not in self.tries:  # a page counts once, however many vendors it takes
            self._check_pace(job)
        placed: list[Placed] = []
        asked = 1

        def answered(one: Placed) -> None:
            placed.append(one)
            if len(placed) == asked:
                done(Carried(placed=tuple(placed)))

        def hedge() -> None:
            nonlocal asked
            if not placed and choice.hedge and self.still(job):
                asked = 2
                self._ask(job, Choice(vendor=choice.hedge, why=Why.HEDGED, key=f"{choice.key}h"), answered)

        self._ask(job, choice, answered)
        if choice.hedge:
            self.line.after(HEDGE_AFTER, hedge)

    def _ask(self, job: Job, choice: Choice, answered: Callable[[Placed], None]) -> None:
        line, rng, began = self.line, self.rng, self.line.clock.now()
        known = self.tries.setdefault(job.row.key, Tries(began=line.now))
        known.vendors.append(choice.vendor)
        ill = self.ailing.get(choice.vendor, "")
        if ill and len(known.vendors) == 1:
            self.on_bad(self, job, choice.vendor)

        def end(outcome: Sent | SendError) -> None:
            answered(
                Placed(
                    vendor=choice.vendor, why=choice.why, key=choice.key,
                    began_at=began, ended_at=line.clock.now(), outcome=outcome,
                )
            )  # fmt: skip

        wait = rng.randrange(*self.weather.latency)
        error = Transient("connection_refused") if ill == DEAD else self._refusal(job)
        if error is not None:
            line.after(wait, end, error)
        elif ill == SLOW or self.weather.down == "hang" or rng.random() < self.weather.vanish:
            if rng.random() < 0.5 and not self.weather.down:
                line.after(rng.randrange(CALL_MAX), self._ring, job, choice, True)
            line.after(CALL_MAX, end, Transient("timeout", ambiguous=True))
        elif ill == LYING:
            self.count += 1
            line.after(wait, end, Sent(ref="", provider_id=f"{self.name}:{self.count}"))
        else:
            line.after(wait, lambda: end(self._ring(job, choice, False)))

    def _ring(self, job: Job, choice: Choice, lost: bool) -> Sent:
        """It reaches the network: the telephone shows it, or is off."""
        self.taken += 1
        self.count += 1
        handle = f"{self.name}:{self.count}"
        self.on_landed(self, job, None, True)
        name = self.mark(choice.key) if lost else handle
        self._promise(choice.vendor, name, job.row.address, by_mark=lost)
        return Sent(ref="", provider_id=handle)

    def _promise(self, vendor: str, name: str, address: str, *, by_mark: bool) -> None:
        rng, line = self.rng, self.line

        def tell(state: str, reason: str = "") -> None:
            named = {"provider_id": "", "mark": name} if by_mark else {"provider_id": name}
            self.on_receipt(Receipt(carrier=self.name, state=state, reason=reason, vendor=vendor, **named))

        if address in self.mute:
            if rng.random() < 0.5:
                reason = rng.choice(("undelivered", "no_answer")) if self.name == "voice" else "undelivered"
                line.after(rng.randrange(1_000, 90_000), tell, "failed", reason)
            return
        if self.receipts_overtake and rng.random() < self.receipts_overtake:
            tell("delivered")
            return
        if rng.random() < 0.5:
            line.after(rng.randrange(300, 4_000), tell, "alive")
        line.after(rng.randrange(500, 9_000), tell, "delivered")
        if rng.random() < self.receipt_faults:
            late = rng.randrange(1_000, 600_000)
            line.after(late, tell, *(("delivered",) if rng.random() < 0.8 else ("failed", "undelivered")))


def choose_illness(rng: random.Random) -> tuple[str, str]:
    """A vendor, and what is wrong with it."""
    return rng.choice(VENDORS), rng.choice((DEAD, SLOW, LYING))
