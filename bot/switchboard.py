"""Which vendor carries a text or a call now, and the requests themselves; what is known of each vendor's health.

Every decision is `bot.engine.vendors.next_step`. A vendor's health is this process's own knowledge and begins anew with
it: a worker learns it again within three pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import cast

from bot.adapters.base import Adapter, Json, Phone, RateLimited, SendError, Sent, Transient
from bot.adapters.vendors.line import verdict_of
from bot.clock import Clock
from bot.engine.model import SECOND, Incident, Instant, Severity
from bot.engine.regions import region_of
from bot.engine.vendors import HEDGE_AFTER, Attempt, Breaker, Decision, Page, Send, Verdict, Why, next_step
from bot.observe import log
from bot.store.base import Delivery
from bot.store.base_tries import Try

ASK_MAX_S = 5.0
"""A vendor's own limit (`bot.adapters.vendors.line.CALL_S`), kept to the tick: aiohttp rounds its own up to the next
whole second, and a second vendor, asked 2.5 s later, must have ended before `bot.deliver.CALL_MAX_S` drops both."""
MAY_HAVE_GONE = frozenset({Verdict.TAKEN, Verdict.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which vendor goes now, and who goes as well when it does not even answer."""

    vendor: str
    why: Why
    key: str
    hedge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What became of one request to one vendor."""

    vendor: str
    why: Why
    key: str
    began_at: Instant
    ended_at: Instant
    outcome: Sent | SendError


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of a page in one go: one vendor, or two at once. `reason` is a word for the metric."""

    placed: tuple[Placed, ...]

    @property
    def reason(self) -> str:
        """`sent` where anybody took it, else why the last one did not."""
        outcomes = [each.outcome for each in self.placed]
        failed = [outcome.reason for outcome in outcomes if isinstance(outcome, SendError)]
        return "sent" if len(failed) < len(outcomes) else failed[-1]

    @property
    def as_one(self) -> Sent | SendError:
        """What it tells of the medium as a whole: one vendor that answered, whatever it said, else the last failure."""
        outcomes = [each.outcome for each in self.placed]
        return next((each for each in outcomes if not isinstance(each, Transient)), outcomes[-1])

    @property
    def takers(self) -> tuple[str, ...]:
        """The vendors that took it, or may have taken it: those that will charge for it."""
        return tuple(each.vendor for each in self.placed if verdict_of(each.outcome) in MAY_HAVE_GONE)


class Switchboard:
    """Chooses vendors, asks them, and remembers how they did."""

    def __init__(self, adapters: Mapping[str, Adapter], clock: Clock) -> None:
        """Keep the parts."""
        self._adapters = adapters
        self._clock = clock
        self._breakers: dict[tuple[str, str, str], Breaker] = {}
        self._lock = Lock()

    def serves(self, carrier: str) -> bool:
        """Whether the carrier is there at all: it may have been taken out of the manifest."""
        return carrier in self._adapters

    def mark(self, row: Delivery, placed: Placed) -> str:
        """What callbacks call this try."""
        return self._phone(row).mark(placed.key)

    def decide(self, row: Delivery, incident: Incident | None, tries: Sequence[Try]) -> Decision:
        """What to do about a page now."""
        with self._lock:
            return next_step(self._page(row, incident), _attempts(tries), self._breakers_for(row), self._clock.now())

    def choose(self, row: Delivery, incident: Incident | None, tries: Sequence[Try]) -> Choice | Decision:
        """Whom to ask now, or why nobody is asked. A vendor that is probed is marked, so that only one page does."""
        now, page = self._clock.now(), self._page(row, incident)
        with self._lock:
            breakers = self._breakers_for(row)
            step = next_step(page, _attempts(tries), breakers, now)
            if not isinstance(step, Send):
                return step
            place = _place(row, step.vendor)
            self._breakers[place] = self._breakers.get(place, Breaker()).begun(now)
            under_way = [*_attempts(tries), Attempt(vendor=step.vendor, began_at=now)]
            second = next_step(page, under_way, breakers, now + HEDGE_AFTER)
        hedge = second.vendor if isinstance(second, Send) else ""
        return Choice(vendor=step.vendor, why=step.why, key=f"{row.key}:{len(tries) + 1}", hedge=hedge)

    async def place(
        self, row: Delivery, message: Json, choice: Choice, wanted: Callable[[Delivery], Awaitable[bool]]
    ) -> Carried:
        """Ask the vendor; a second one as well where the first does not answer in time and it is urgent.

        Before the second one is asked, `wanted` is: nobody is called once the acknowledgement is committed.
        """
        first = asyncio.create_task(self._ask(row, message, choice.vendor, choice.why, choice.key))
        tasks = [first]
        try:
            if choice.hedge:
                await asyncio.wait(tasks, timeout=HEDGE_AFTER / SECOND)
                if not first.done() and await wanted(row):
                    hedge = self._ask(row, message, choice.hedge, Why.HEDGED, f"{choice.key}h")
                    tasks.append(asyncio.create_task(hedge))
            return Carried(placed=tuple(await asyncio.gather(*tasks)))
        finally:
            for task in tasks:
                task.cancel()

    def learn(self, row: Delivery, placed: Placed) -> None:
        """Remember how a vendor did, for whoever comes next."""
        outcome = placed.outcome
        wait, whole = (outcome.after_s, outcome.whole) if isinstance(outcome, RateLimited) else (0.0, True)
        place = _place(row, placed.vendor)
        with self._lock:
            before = self._breakers.get(place, Breaker())
            verdict = verdict_of(outcome)
            self._breakers[place] = before.after(verdict, placed.ended_at, wait=int(wait * SECOND), whole=whole)

    async def _ask(self, row: Delivery, message: Json, vendor: str, why: Why, key: str) -> Placed:
        began_at = self._clock.now()
        outcome: Sent | SendError
        try:
            async with asyncio.timeout(ASK_MAX_S):
                outcome = await self._phone(row).call(vendor, row.address, message, key=key)
        except TimeoutError:
            outcome = Transient("timeout", ambiguous=True)
        except SendError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 (one vendor's surprise must not keep the next one from being asked)
            log.exception("vendor_failed", carrier=row.carrier, vendor=vendor, delivery=row.id)
            outcome = Transient("internal_error", repr(error), ambiguous=True)
        placed = Placed(vendor=vendor, why=why, key=key, began_at=began_at, ended_at=self._clock.now(), outcome=outcome)
        self.learn(row, placed)
        return placed

    def _page(self, row: Delivery, incident: Incident | None) -> Page:
        adapter = self._phone(row)
        severity = incident.severity if incident else Severity.INFO
        return Page(
            medium=row.carrier, order=adapter.route(row.address), severity=severity, expects_proof=adapter.receipts
        )

    def _breakers_for(self, row: Delivery) -> Mapping[str, Breaker]:
        """Of every vendor that goes to where the number is. Hold the lock."""
        return {name: self._breakers.get(_place(row, name), Breaker()) for name in self._phone(row).route(row.address)}

    def _phone(self, row: Delivery) -> Phone:
        return cast("Phone", self._adapters[row.carrier])


def _attempts(tries: Sequence[Try]) -> list[Attempt]:
    return [
        Attempt(
            vendor=one.vendor,
            began_at=one.began_at,
            verdict=Verdict(one.verdict),
            ended_at=one.ended_at,
            alive_at=one.alive_at,
            proven=one.proven,
        )
        for one in tries
    ]


def _place(row: Delivery, vendor: str) -> tuple[str, str, str]:
    """What a breaker guards: a vendor may be down in one region only."""
    region = region_of(row.address)
    return row.carrier, region.name if region else "", vendor
