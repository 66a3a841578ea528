"""Carries queued rows to people: claim, look once more, render, send, record.

Each loop is `sync step → one await → sync step`; whatever a failure means is an event for the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from bot import bundles, bursts, quotas, remarks, rooms
from bot.adapters.base import (
    Adapter,
    AuthBroken,
    EditTargetGone,
    Json,
    Moved,
    Permanent,
    RateLimited,
    Receipt,
    SendError,
    Sent,
    Transient,
)
from bot.backplane import Budgets
from bot.clock import Clock, Ids
from bot.engine import outages, preference
from bot.engine.escalation import still_wanted
from bot.engine.events import CardRefused, PageFailed, PageProven, Proof, TemplateFailed
from bot.engine.model import HOUR, MINUTE, SECOND, Incident, Instant, Span, Way, medium_of
from bot.engine.outages import Outage
from bot.engine.values import altered
from bot.observe import DELIVERIES, TEMPLATES, log
from bot.patience import CARD_BACKOFF_MAX, backoff, may_come_back, until_let_in
from bot.phones import Phones
from bot.remarks import Place
from bot.rendering import Rendering
from bot.rooms import RoomCall, RoomDone
from bot.service import Service
from bot.store.base import Delivery, DeliveryState, Lane, Token, Tx
from bot.store.delivery_rules import SHOWN, unwanted
from bot.switchboard import Carried, Choice

LEASE: Span = 12 * SECOND
CALL_MAX_S = 8.0
"""Below the lease, so that a slow call never outlives the claim that protects it."""
SPREAD: Mapping[Lane, Span] = {Lane.PAGE: 30 * SECOND, Lane.CARD: MINUTE, Lane.REFRESH: 2 * MINUTE}
"""How far apart the rows of a lane may be told to look again when a chat's rate is used up. Pages look soonest."""
EARLY_LIFE: Span = HOUR
"""So long a receipt that nothing was sent for is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A row that is to be sent now, rendered from the state that the store shows now."""

    row: Delivery
    message: Json
    plain: Json
    """The same as bare text: sent when the platform refuses the card itself."""
    rev: int
    fault: str = ""
    """Why the template of the channel was left aside; empty where there is none, or all went well."""
    room: RoomCall | None = None
    """What is to be done with a war room, instead of a message."""
    choice: Choice | None = None
    """Which vendor is to carry it, where the carrier has several."""
    bundle: tuple[str, ...] = ()
    """The pages that this one text carries, its own first; empty where it carries itself alone."""
    place: Place | None = None
    """Below which card the message is said, where it is such a line."""

    @property
    def chat(self) -> str:
        """Where the message goes: a card that moved takes the lines below it along."""
        return self.place.address if self.place else self.row.address


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAsText(Sent):
    """The platform refused the card itself, and took its words as bare text."""


Outcome = Sent | RoomDone | Carried | SendError


class Deliver:
    """The outbox worker's sync steps, and the one await between them."""

    def __init__(
        self,
        service: Service,
        rendering: Rendering,
        adapters: Mapping[str, Adapter],
        budgets: Budgets,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Keep the parts; `adapters` maps a carrier (platform, `sms`, `email`) to whoever serves it."""
        self._service = service
        self._rendering = rendering
        self._adapters = adapters
        self._budgets = budgets
        self._clock = clock
        self._ids = ids
        self.phones = Phones(service, adapters, clock, ids)
        self.still: Callable[[Delivery], Awaitable[bool]] = _always
        """Asks the store whether a page is still wanted while it is on its way; whoever has the store sets it."""
        self._outages: dict[str, Outage] = {}
        """Of each carrier that has been failing. A process knows its own tries only, and begins anew with each start:
        what it then repeats is told once an hour all the same, as the store knows every alarm."""

    def claim(self, tx: Tx, lanes: tuple[Lane, ...], limit: int) -> list[Delivery]:
        """Lease due rows."""
        return tx.claim_deliveries(self._clock.now(), limit, LEASE, self._ids.short(), lanes)

    def prepare(self, tx: Tx, row: Delivery) -> Job | Delivery:
        """Look once more right before sending: a job, or the row as it is to be settled instead."""
        now = self._clock.now()
        stored = tx.delivery(row.id)
        if stored is None or stored.token != row.token:
            return row  # another worker has it: the fence will refuse this one
        if row.due_at - now < CALL_MAX_S * SECOND:
            return altered(row, due_at=now, attempts=row.attempts - 1, error="lease_short")
        incident = tx.incidents([row.incident]).get(row.incident) if row.incident else None
        if incident is None and (row.incident or not row.text):
            return altered(row, state=DeliveryState.SUPERSEDED, error="incident_gone")
        if incident and row.lane is Lane.PAGE and not still_wanted(incident, row.cycle, row.member):
            return unwanted(row, "not_wanted")
        if row.expires_at <= now and not row.ref:  # what is shown somewhere is kept true for as long as it is shown
            return altered(row, state=DeliveryState.EXPIRED, error="expired")
        adapter = self._adapters.get(row.carrier)
        if adapter is None:
            return altered(row, state=DeliveryState.FAILED, error="platform_not_configured")
        about = incident if row.op == remarks.OP else None
        early = remarks.place(tx, about, row, now) if about else bundles.held(tx, row, now)
        if isinstance(early, Delivery):
            return early
        place, bundle = (None, early) if isinstance(early, tuple) else (early, bundles.ALONE)
        # Another vendor's try is part of the page that was counted already, and does not wait for the next one's turn.
        tried = adapter.caps.vendors and bool(tx.tries(row.id))
        wait = (
            0
            if tried
            else self._budgets.take(
                row.carrier,
                place.address if place else row.address,
                adapter.caps,
                now,
                edit=row.id if row.ref else "",
                queue=row.lane,
                spread=SPREAD[row.lane],
            )
        )
        if wait > 0:
            return altered(row, due_at=now + wait, attempts=row.attempts - 1, error="budget")
        if incident and row.op:
            return self._line(tx, incident, row, now, place) if place else self._room_job(tx, incident, row, now)
        job = self._job(tx, incident, row, now, adapter)
        return self._bundled(tx, job, bundle, now) if isinstance(job, Job) and bundle else job

    def _bundled(self, tx: Tx, job: Job, bundle: tuple[str, ...], now: Instant) -> Job:
        several = bundles.worded(tx, self._rendering, bundle, now)
        return replace(job, message=several[0], plain=several[0], bundle=several[1]) if several else job

    def _line(self, tx: Tx, incident: Incident, row: Delivery, now: Instant, place: Place) -> Job:
        message, plain, _ = self._rendering.remark(tx, incident, row, remarks.due(incident, row), now)
        return Job(row=row, message=message, plain=plain, rev=incident.rev, place=place)

    def _room_job(self, tx: Tx, incident: Incident, row: Delivery, now: Instant) -> Job | Delivery:
        view = self._rendering.view(tx, incident, carrier=row.carrier, lang=row.lang, zone=row.zone, viewer="", now=now)
        call = rooms.prepare(tx, view, row)
        return Job(row=row, message={}, plain={}, rev=0, room=call) if isinstance(call, RoomCall) else call

    def _job(self, tx: Tx, incident: Incident | None, row: Delivery, now: Instant, adapter: Adapter) -> Job | Delivery:
        if incident is None:
            message = plain = self._rendering.text(row)
            fault, rev = "", 0
        else:
            message, plain, fault = self._rendering.delivery(tx, incident, row, now)
            rev = incident.rev
        if quotas.stops(tx, self._service, row, incident, message, now):
            return altered(row, state=DeliveryState.FAILED, error=quotas.REFUSED)
        choice = self.phones.choose(tx, row, incident) if adapter.caps.vendors else None
        if isinstance(choice, Delivery):
            return choice
        return Job(row=row, message=message, plain=plain, rev=rev, fault=fault, choice=choice)

    async def send(self, job: Job) -> Outcome:
        """The one await: hand the message to the platform. Every failure comes back as a value."""
        outcome = await self._try(job, job.message)
        if isinstance(outcome, Permanent) and outcome.reason == "card_invalid":
            log.error("card_refused", carrier=job.row.carrier, incident=job.row.incident, detail=outcome.detail)
            again = await self._try(job, job.plain)
            return SentAsText(ref=again.ref, provider_id=again.provider_id) if isinstance(again, Sent) else again
        return outcome

    async def _try(self, job: Job, message: Json) -> Outcome:
        adapter, row = self._adapters[job.row.carrier], job.row
        try:
            async with asyncio.timeout(CALL_MAX_S):
                if job.choice:
                    return await self.phones.board.place(row, message, job.choice, self.still)
                if job.room:
                    return await rooms.perform(adapter, job.room, row.key)
                if job.place:
                    return await remarks.perform(adapter, job.place, message, row.key)
                if row.ref:
                    return await adapter.edit(row.ref, message)
                return await adapter.send(row.address, message, key=row.key)
        except TimeoutError:
            return Transient("timeout", ambiguous=True)
        except SendError as error:
            return error

    def record(self, tx: Tx, job: Job, outcome: Outcome) -> None:
        """Write down what became of it, and tell the incident."""
        over = isinstance(outcome, Permanent) and rooms.is_over(tx, job.row)
        left = altered(job.row, state=DeliveryState.SUPERSEDED, error="room_closed")
        carried = self.phones.record(tx, job.row, outcome, job.rev) if isinstance(outcome, Carried) else None
        settled = left if over else carried or self._settled(job, outcome)
        DELIVERIES.labels(job.row.carrier, _word(outcome)).inc()
        self._watch(tx, job.row.carrier, outcome.as_one if isinstance(outcome, Carried) else outcome)
        takers = outcome.takers if isinstance(outcome, Carried) else quotas.takers(job.row.carrier, outcome)
        quotas.charge(tx, self._service, job.row.carrier, takers, job.message, self._clock.now())
        if not self.settle(tx, job.row, settled):
            if job.row.ref and isinstance(outcome, Sent):
                tx.show_again(job.row.id, job.rev, self._clock.now())
            return
        if isinstance(outcome, Carried):
            bursts.went(tx, settled, job.bundle, self._clock.now())
            self.phones.report(tx, job.row, outcome, settled)
        if isinstance(outcome, Sent):
            self._catch_up(tx, job.row.carrier, outcome.provider_id)
        if isinstance(outcome, RoomDone) and outcome.opened:
            tx.put_meta(rooms.known_as(job.row.carrier, outcome.opened.address), job.row.incident)
        if isinstance(outcome, RoomDone) and (told := rooms.news(job.row, settled, outcome)):
            self._service.happen(tx, job.row.incident, told)
        if isinstance(outcome, (AuthBroken, Permanent)) and not job.row.op and not over:
            self._alarm(tx, job.row, outcome)
            if not job.row.member:
                self._refused(tx, job.row, outcome.reason)
        if isinstance(outcome, SentAsText) and not job.row.op:
            self._refused(tx, job.row, "card_invalid", as_text=True)
        if job.fault:
            medium = medium_of(job.row.carrier)
            TEMPLATES.labels(medium).inc()
            self._service.happen(tx, job.row.incident, TemplateFailed(medium=medium, fault=job.fault))

    def settle(self, tx: Tx, row: Delivery, settled: Delivery) -> bool:
        """Save a claimed row and pass the news on. False when the lease was lost and another worker has it."""
        if not tx.settle([settled], row.token):
            log.warning("lease_lost", delivery=row.id, carrier=row.carrier, state=settled.state)
            return False
        quotas.note(tx, self._service, settled, self._clock.now())
        if row.lane is Lane.PAGE and row.incident:
            self._tell(tx, settled)
        if row.op and row.op != remarks.OP and (told := rooms.news(row, settled, None)):
            self._service.happen(tx, row.incident, told)
        return True

    def give_up(self, tx: Tx, row: Delivery) -> None:
        """Our own fault stopped this row: fail it, so that the next medium takes over, and raise the alarm."""
        if self.settle(tx, row, altered(row, state=DeliveryState.FAILED, error="internal_error")):
            self._alarm(tx, row, Permanent("internal_error", "see the log"))

    def receipt(self, tx: Tx, receipt: Receipt) -> bool:
        """A vendor's later news of a message. False when it concerns nothing we sent, or changes nothing."""
        if receipt.vendor:
            return self.phones.receipt(tx, receipt)
        row = tx.delivery_by_provider(receipt.carrier, receipt.provider_id)
        if row is None:
            self._keep(tx, receipt)
            return False
        state = DeliveryState.DELIVERED if receipt.state == "delivered" else DeliveryState.FAILED
        if not tx.put_receipt(row.id, state, receipt.reason):
            return False
        if row.member and row.incident:
            self._tell(tx, altered(row, state=state, error=receipt.reason), came_back=row.state is DeliveryState.SENT)
        return True

    def _keep(self, tx: Tx, receipt: Receipt) -> None:
        """A receipt may overtake the vendor's own answer: it waits until the answer is recorded."""
        news = {"state": receipt.state, "reason": receipt.reason}
        expires_at = self._clock.now() + EARLY_LIFE
        tx.put_token(Token(hash=_early(receipt), purpose="receipt", member="", data=news, expires_at=expires_at))

    def _catch_up(self, tx: Tx, carrier: str, provider_id: str) -> None:
        """What the vendor said of this message before we had recorded that it took it."""
        about = Receipt(carrier=carrier, provider_id=provider_id, state="")
        early = tx.token(_early(about)) if provider_id else None
        if early and tx.use_token(early.hash, self._clock.now()):
            self.receipt(tx, replace(about, state=early.data["state"], reason=early.data["reason"]))

    def _settled(self, job: Job, outcome: Outcome) -> Delivery:
        row, now = job.row, self._clock.now()
        match outcome:
            case Sent(ref=ref, provider_id=provider_id):
                state = DeliveryState.DELIVERED if row.state is DeliveryState.DELIVERED else DeliveryState.SENT
                return altered(
                    row, state=state, ref=ref, provider_id=provider_id, shown_rev=job.rev, attempts=0, error=""
                )
            case RoomDone():
                return altered(row, state=DeliveryState.SENT, attempts=0, error="")
            case RateLimited(after_s=after_s, whole=whole):
                until = now + int(after_s * SECOND) + 1
                self._budgets.pause(row.carrier, "" if whole else job.chat, until)
                return altered(row, due_at=until, attempts=row.attempts - 1, error="rate_limited")
            case Moved() | EditTargetGone() if job.place:  # the card is about to learn of it, and to be posted anew
                return altered(row, due_at=now + backoff(row), error=outcome.reason)
            case Moved(address=address):
                return altered(row, address=address, ref="", lane=_first_lane(row), due_at=now, error="chat_moved")
            case EditTargetGone() if not row.member and not row.op:
                return altered(row, ref="", shown_rev=0, lane=Lane.CARD, due_at=now, error=outcome.reason)
            case Transient():
                return altered(row, due_at=now + backoff(row), error=outcome.reason)
            case AuthBroken() if row.lane is not Lane.PAGE:
                return altered(row, due_at=now + CARD_BACKOFF_MAX, error=outcome.reason)
            case Permanent(reason="chat_unreachable") if may_come_back(row, now):
                return altered(row, due_at=now + until_let_in(row), error=outcome.reason)
            case _:
                return altered(row, state=DeliveryState.FAILED, error=outcome.reason)

    def _tell(self, tx: Tx, row: Delivery, *, came_back: bool = False) -> None:
        match row.state:
            case DeliveryState.SENT | DeliveryState.DELIVERED:
                proof = Proof.DELIVERED if row.state is DeliveryState.DELIVERED else Proof.ACCEPTED
                news: PageProven | PageFailed = PageProven(
                    member=row.member, firing=row.firing, way=row.way, proof=proof
                )
            case DeliveryState.FAILED | DeliveryState.EXPIRED:
                news = PageFailed(member=row.member, firing=row.firing, way=row.way, reason=row.error)
                if came_back and preference.proves(row.way, Proof.ACCEPTED):
                    news = replace(news, tried=_ways(tx, row), held=_ways(tx, row, SHOWN))
            case _:
                return
        self._service.happen(tx, row.incident, news)

    def _refused(self, tx: Tx, row: Delivery, reason: str, *, as_text: bool = False) -> None:
        """The timeline of the incident says why a place shows no card, or a plain one."""
        news = CardRefused(platform=row.carrier, address=row.address, member=row.member, reason=reason, as_text=as_text)
        self._service.happen(tx, row.incident, news)

    def _watch(self, tx: Tx, carrier: str, outcome: Outcome) -> None:
        """A carrier that has taken nothing for minutes is told to whoever runs Tocsin, by another way."""
        if isinstance(outcome, RateLimited):
            return  # it works, and says so
        if not isinstance(outcome, Transient):
            known = self._outages.pop(carrier, None)
            if known and known.is_long:
                log.info("carrier_is_back", carrier=carrier, after_s=(self._clock.now() - known.since) // SECOND)
            return
        outage = self._outages[carrier] = outages.failed(self._outages.get(carrier), self._clock.now())
        if outage.is_long:
            text = (
                f"{carrier} has taken no message for {outage.lasted // MINUTE} minutes ({outcome.reason}). People are "
                "paged by their other ways meanwhile; cards follow when it is back. Run: tocsin doctor"
            )
            self._service.alarm(tx, f"{carrier}:outage", text, about=carrier)

    def _alarm(self, tx: Tx, row: Delivery, error: SendError) -> None:
        """Tell whoever runs Tocsin."""
        log.error("refused", carrier=row.carrier, reason=error.reason, delivery=row.id, detail=error.detail)
        text = f"{row.carrier} refused a message to {row.member or row.address} ({error.reason}). Run: tocsin doctor"
        self._service.alarm(tx, f"{row.carrier}:{error.reason}", text, about=row.carrier)


async def _always(_: Delivery) -> bool:
    return True


def _ways(tx: Tx, row: Delivery, states: Collection[DeliveryState] = tuple(DeliveryState)) -> tuple[Way, ...]:
    """By which ways the firing of a page went out, as far as those are in one of these states."""
    rows = tx.deliveries_of(row.incident)
    return tuple(r.way for r in rows if (r.member, r.firing) == (row.member, row.firing) and r.state in states)


def _early(receipt: Receipt) -> str:
    """Under which hash a receipt waits for what it is about."""
    return sha256(f"receipt:{receipt.carrier}:{receipt.provider_id}".encode()).hexdigest()


def _first_lane(row: Delivery) -> Lane:
    return Lane.PAGE if row.member and not row.ref else Lane.CARD


def _word(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, (SendError, Carried)) else "sent"
