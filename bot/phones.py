"""A text or a call on its way through several vendors: the choice, the tries, the receipts, and what follows from them.

Every decision is `bot.engine.vendors.next_step`; this only loads what it asks for, and does what it says. What is known
of a vendor's health is this process's own and begins anew with it: a worker learns it again within three pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import Lock
from typing import cast

from bot import bursts, stopping
from bot.adapters.base import Adapter, Json, Phone, RateLimited, Receipt, SendError, Sent, Transient
from bot.adapters.vendors.line import verdict_of
from bot.clock import Clock, Ids
from bot.engine.escalation import still_wanted
from bot.engine.events import PageFailed, PageProven, Proof, VendorTried
from bot.engine.model import HOUR, SECOND, Incident, Instant, Severity, Span
from bot.engine.regions import region_of
from bot.engine.values import altered
from bot.engine.vendors import (
    HEDGE_AFTER,
    Attempt,
    Breaker,
    Page,
    Send,
    Stop,
    Verdict,
    Wait,
    Why,
    next_step,
)
from bot.observe import VENDOR_TRIES, log
from bot.service import Service
from bot.store.base import Delivery, DeliveryState, Token, Tx
from bot.store.base_tries import Try

EARLY_LIFE: Span = HOUR
"""So long a receipt that nothing was sent for is kept."""
_NO_ANSWER = frozenset({"busy", "no_answer", "answered_by_machine"})
_NOBODY_DOES_BETTER = frozenset({"recipient_unreachable", "recipient_blocked"})
_FIRST = frozenset({Why.FIRST, Why.PROBE})
_MAY_HAVE_GONE = frozenset({Verdict.TAKEN, Verdict.UNKNOWN})


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
    def takers(self) -> tuple[str, ...]:
        """The vendors that took it, or may have taken it: those that will charge for it."""
        return tuple(each.vendor for each in self.placed if verdict_of(each.outcome) in _MAY_HAVE_GONE)


class Phones:
    """Chooses vendors, remembers tries, and understands receipts."""

    def __init__(self, service: Service, adapters: Mapping[str, Adapter], clock: Clock, ids: Ids) -> None:
        """Keep the parts."""
        self._service = service
        self._adapters = adapters
        self._clock = clock
        self._ids = ids
        self._breakers: dict[tuple[str, str, str], Breaker] = {}
        self._lock = Lock()

    def choose(self, tx: Tx, row: Delivery, incident: Incident | None) -> Choice | Delivery:
        """Whom to ask now, or the row as it is to be settled instead."""
        now = self._clock.now()
        tries, page = tx.tries(row.id), self._page(row, incident)
        with self._lock:
            breakers = self._breakers_for(row)
            step = next_step(page, _attempts(tries), breakers, now)
            if isinstance(step, Send):
                place = _place(row, step.vendor)
                self._breakers[place] = self._breakers.get(place, Breaker()).begun(now)
                under_way = [*_attempts(tries), Attempt(vendor=step.vendor, began_at=now)]
                second = next_step(page, under_way, breakers, now + HEDGE_AFTER)
                hedge = second.vendor if isinstance(second, Send) else ""
                key = f"{row.key}:{len(tries) + 1}"
                return Choice(vendor=step.vendor, why=step.why, key=key, hedge=hedge)
        return self._settled(row, tries, step)

    async def place(self, row: Delivery, message: Json, choice: Choice) -> Carried:
        """Ask the vendor; a second one as well where the first does not answer in time and it is urgent."""
        first = asyncio.create_task(self._ask(row, message, choice.vendor, choice.why, choice.key))
        tasks = [first]
        if choice.hedge:
            await asyncio.wait(tasks, timeout=HEDGE_AFTER / SECOND)
            if not first.done():
                hedge = self._ask(row, message, choice.hedge, Why.HEDGED, f"{choice.key}h")
                tasks.append(asyncio.create_task(hedge))
        try:
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

    def record(self, tx: Tx, row: Delivery, carried: Carried, rev: int) -> Delivery:
        """Write the tries down; the row as it is to be settled."""
        known = tx.tries(row.id)
        page = self._page(row, tx.incidents([row.incident]).get(row.incident) if row.incident else None)
        made = [self._try_of(row, placed) for placed in carried.placed]
        with self._lock:
            step = next_step(page, _attempts([*known, *made]), self._breakers_for(row), self._clock.now())
        if isinstance(step, Wait) and made[-1].verdict == Verdict.TAKEN:
            made[-1] = replace(made[-1], look_at=step.until)
        for one in made:
            tx.put_try(one)
            VENDOR_TRIES.labels(one.carrier, one.vendor, one.verdict).inc()
        taken = next((one.provider_id for one in reversed(made) if one.verdict == Verdict.TAKEN), row.provider_id)
        return altered(self._settled(row, [*known, *made], step), provider_id=taken, shown_rev=rev)

    def report(self, tx: Tx, row: Delivery, carried: Carried, settled: Delivery) -> None:
        """Tell the incident of a change of vendor, and whoever runs Tocsin of what they have to mend."""
        for placed in carried.placed:
            self._news(tx, row, placed)
        if row.incident and settled.error == Why.NEXT_ROUND:  # the next medium goes now; this one is tried on beside it
            failed = PageFailed(member=row.member, firing=row.firing, way=row.way, reason=carried.reason)
            self._service.happen(tx, row.incident, failed)
        for placed in carried.placed:
            if verdict_of(placed.outcome) in _MAY_HAVE_GONE:
                self._catch_up(tx, row, placed)

    def receipt(self, tx: Tx, receipt: Receipt) -> bool:
        """A vendor's later news of a try. False when it concerns nothing that was sent, or changes nothing."""
        one = self.try_of(tx, receipt.carrier, receipt.vendor, receipt.provider_id, receipt.mark)
        row = tx.delivery(one.delivery) if one else None
        if one is None or row is None:
            self._keep(tx, receipt)
            return False
        if one.proven or (one.verdict == Verdict.NO_ANSWER and receipt.reason != "key_pressed"):
            return False
        if receipt.state == "alive":
            tx.put_try(replace(one, alive_at=self._clock.now()))
            if one.look_at is not None:
                self._go_on(tx, row)
            return True
        if receipt.state == "delivered":
            tx.put_try(replace(one, proven=True, look_at=None))
            for page in (row, *bursts.carried_by(tx, row.id)):
                tx.prove(page.id)
                proof = PageProven(member=page.member, firing=page.firing, way=page.way, proof=Proof.DELIVERED)
                self._tell(tx, page, proof)
            return True
        if one.verdict != Verdict.TAKEN:
            return False
        self._heed(tx, row, receipt.reason)
        verdict = _verdict_of(receipt.reason)
        ended = self._clock.now()
        tx.put_try(replace(one, verdict=verdict, reason=receipt.reason, ended_at=ended, look_at=None))
        self._go_on(tx, row)
        return True

    def look(self, tx: Tx, one: Try) -> None:
        """The time for a proof, or for another ring, has come."""
        tx.put_try(replace(one, look_at=None))
        row = tx.delivery(one.delivery)
        if row is not None:
            self._go_on(tx, row)

    def try_of(self, tx: Tx, carrier: str, vendor: str, provider_id: str, mark: str) -> Try | None:
        """The try that a callback speaks of."""
        return tx.try_by_provider(carrier, vendor, provider_id) or tx.try_by_mark(carrier, vendor, mark)

    def _go_on(self, tx: Tx, row: Delivery) -> None:
        """Decide anew about a page that was sent: wait on, ask the next vendor, or let the next medium take over."""
        now = self._clock.now()
        incident = tx.incidents([row.incident]).get(row.incident) if row.incident else None
        if row.state is not DeliveryState.SENT or (incident and not still_wanted(incident, row.cycle, row.member)):
            return
        tries = tx.tries(row.id)
        with self._lock:
            step = next_step(self._page(row, incident), _attempts(tries), self._breakers_for(row), now)
        match step:
            case Send() if now < row.expires_at:
                tx.try_again(row.id, now)
            case Wait(until=until):
                tx.put_try(replace(tries[-1], look_at=until))
            case Stop(why=Why.DELIVERED):
                pass
            case _:
                reason = _reason(tries, "no_proof_in_time")
                for page in (row, *bursts.carried_by(tx, row.id)):
                    tx.put_receipt(page.id, DeliveryState.FAILED, reason)
                    failed = PageFailed(member=page.member, firing=page.firing, way=page.way, reason=reason)
                    self._tell(tx, page, failed)

    def _settled(self, row: Delivery, tries: Sequence[Try], step: Send | Wait | Stop) -> Delivery:
        now = self._clock.now()
        match step:
            case Send():
                return altered(row, due_at=now, error=_reason(tries, ""))
            case Wait(why=Why.PROOF_AWAITED):
                return altered(row, state=DeliveryState.SENT, attempts=0, error="")
            case Wait(until=until, why=why):
                return altered(row, due_at=until, attempts=row.attempts - 1, error=why.value)
            case Stop(why=Why.DELIVERED):
                proven = any(one.proven for one in tries)
                state = DeliveryState.DELIVERED if proven else DeliveryState.SENT
                return altered(row, state=state, attempts=0, error="")
            case Stop(why=why):
                return altered(row, state=DeliveryState.FAILED, error=_reason(tries, why.value))

    async def _ask(self, row: Delivery, message: Json, vendor: str, why: Why, key: str) -> Placed:
        adapter, began_at = cast("Phone", self._adapters[row.carrier]), self._clock.now()
        outcome: Sent | SendError
        try:
            outcome = await adapter.call(vendor, row.address, message, key=key)
        except SendError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 (one vendor's surprise must not keep the next one from being asked)
            log.exception("vendor_failed", carrier=row.carrier, vendor=vendor, delivery=row.id)
            outcome = Transient("internal_error", repr(error), ambiguous=True)
        placed = Placed(vendor=vendor, why=why, key=key, began_at=began_at, ended_at=self._clock.now(), outcome=outcome)
        self.learn(row, placed)
        return placed

    def _page(self, row: Delivery, incident: Incident | None) -> Page:
        adapter = cast("Phone", self._adapters[row.carrier])
        severity = incident.severity if incident else Severity.INFO
        return Page(
            medium=row.carrier, order=adapter.route(row.address), severity=severity, expects_proof=adapter.receipts
        )

    def _breakers_for(self, row: Delivery) -> Mapping[str, Breaker]:
        """Of every vendor that goes to where the number is. Hold the lock."""
        adapter = cast("Phone", self._adapters[row.carrier])
        return {name: self._breakers.get(_place(row, name), Breaker()) for name in adapter.route(row.address)}

    def _try_of(self, row: Delivery, placed: Placed) -> Try:
        outcome = placed.outcome
        return Try(
            id=self._ids.short(),
            delivery=row.id,
            carrier=row.carrier,
            vendor=placed.vendor,
            began_at=placed.began_at,
            ended_at=placed.ended_at,
            verdict=verdict_of(outcome).value,
            why=placed.why.value,
            reason=outcome.reason if isinstance(outcome, SendError) else "",
            provider_id=outcome.provider_id if isinstance(outcome, Sent) else "",
            mark=cast("Phone", self._adapters[row.carrier]).mark(placed.key),
        )

    def _news(self, tx: Tx, row: Delivery, placed: Placed) -> None:
        if row.incident and placed.why not in _FIRST:
            tried = VendorTried(
                member=row.member, firing=row.firing, way=row.way, vendor=placed.vendor, why=placed.why.value
            )
            self._service.happen(tx, row.incident, tried)
        if isinstance(placed.outcome, SendError):
            self._heed(tx, row, placed.outcome.reason)
        if not isinstance(placed.outcome, SendError) or verdict_of(placed.outcome) not in _TO_MEND:
            return
        reason, name = placed.outcome.reason, f"{row.carrier} by {placed.vendor}"
        log.error("vendor_refused", carrier=row.carrier, vendor=placed.vendor, reason=reason, delivery=row.id)
        text = f"{name} refused a message to {row.member or 'somebody'} ({reason}). Run: tocsin doctor"
        self._service.alarm(tx, f"{row.carrier}:{placed.vendor}:{reason}", text, about=row.carrier)

    def _heed(self, tx: Tx, row: Delivery, reason: str) -> None:
        """Somebody who is on a vendor's list of those who sent STOP gets no more texts."""
        if row.carrier == "sms" and reason == stopping.REASON:
            stopping.silenced(tx, self._service, row.address, self._clock.now())

    def _tell(self, tx: Tx, row: Delivery, news: PageProven | PageFailed) -> None:
        if row.member and row.incident:
            self._service.happen(tx, row.incident, news)

    def _keep(self, tx: Tx, receipt: Receipt) -> None:
        """A receipt may overtake the vendor's own answer: it waits until the answer is recorded."""
        news = {"state": receipt.state, "reason": receipt.reason}
        expires_at = self._clock.now() + EARLY_LIFE
        for name in filter(None, (receipt.provider_id, receipt.mark)):
            hashed = _early(receipt.carrier, receipt.vendor, name, receipt.state)
            tx.put_token(Token(hash=hashed, purpose="receipt", member="", data=news, expires_at=expires_at))

    def _catch_up(self, tx: Tx, row: Delivery, placed: Placed) -> None:
        """What the vendor said of this message before we had recorded that it took it."""
        provider_id = placed.outcome.provider_id if isinstance(placed.outcome, Sent) else ""
        mark = cast("Phone", self._adapters[row.carrier]).mark(placed.key)
        about = Receipt(carrier=row.carrier, provider_id=provider_id, state="", vendor=placed.vendor, mark=mark)
        for state in ("alive", "failed", "delivered"):
            for name in filter(None, (provider_id, mark)):
                early = tx.token(_early(row.carrier, placed.vendor, name, state))
                if early and tx.use_token(early.hash, self._clock.now()):
                    self.receipt(tx, replace(about, state=early.data["state"], reason=early.data["reason"]))


_TO_MEND = frozenset({Verdict.ACCOUNT, Verdict.REFUSED})


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


def _verdict_of(reason: str) -> Verdict:
    """What a failure that was reported later means for the next step."""
    if reason in _NO_ANSWER:
        return Verdict.NO_ANSWER
    return Verdict.NUMBER if reason in _NOBODY_DOES_BETTER else Verdict.UNPROVEN


def _reason(tries: Sequence[Try], otherwise: str) -> str:
    return next((one.reason for one in reversed(tries) if one.reason), otherwise)


def _place(row: Delivery, vendor: str) -> tuple[str, str, str]:
    """What a breaker guards: a vendor may be down in one region only."""
    region = region_of(row.address)
    return row.carrier, region.name if region else "", vendor


def _early(carrier: str, vendor: str, name: str, state: str) -> str:
    """Under which hash a receipt waits for what it is about."""
    return sha256(f"receipt:{carrier}:{vendor}:{name}:{state}".encode()).hexdigest()
