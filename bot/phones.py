"""A text or a call on its way through several vendors: the tries, the receipts, and what follows from them.

`bot.switchboard` asks the vendors; this loads what a decision needs, keeps what came of it, and tells the incident.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from bot import bursts, stopping
from bot.adapters.base import Adapter, Receipt, SendError, Sent
from bot.adapters.vendors.line import verdict_of
from bot.clock import Clock, Ids
from bot.engine.escalation import still_wanted
from bot.engine.events import PageFailed, PageProven, Proof, VendorTried
from bot.engine.model import HOUR, Incident, Instant, Span
from bot.engine.values import altered
from bot.engine.vendors import Decision, Send, Stop, Verdict, Wait, Why
from bot.observe import VENDOR_TRIES, log
from bot.service import Service
from bot.store.base import Delivery, DeliveryState, Token, Tx
from bot.store.base_tries import Try
from bot.switchboard import MAY_HAVE_GONE, Carried, Choice, Placed, Switchboard

EARLY_LIFE: Span = HOUR
"""So long a receipt that nothing was sent for is kept."""
_NO_ANSWER = frozenset({"busy", "no_answer", "answered_by_machine"})
_NOBODY_DOES_BETTER = frozenset({"recipient_unreachable", "recipient_blocked"})
_FIRST = frozenset({Why.FIRST, Why.PROBE})


class Phones:
    """Chooses vendors, remembers tries, and understands receipts."""

    def __init__(self, service: Service, adapters: Mapping[str, Adapter], clock: Clock, ids: Ids) -> None:
        """Keep the parts."""
        self.board = Switchboard(adapters, clock)
        self._service = service
        self._clock = clock
        self._ids = ids

    def choose(self, tx: Tx, row: Delivery, incident: Incident | None) -> Choice | Delivery:
        """Whom to ask now, or the row as it is to be settled instead."""
        tries = tx.tries(row.id)
        step = self.board.choose(row, incident, tries)
        match step:
            case Choice():
                return step
            case Wait(until=until, why=why):  # nothing can be written here: the row's own time brings it back
                return altered(row, due_at=until, attempts=row.attempts - 1, error=why.value)
            case _:
                return self._settled(row, tries, step)

    def wanted(self, tx: Tx, row: Delivery) -> bool:
        """Whether anybody still wants this page."""
        incident = tx.incidents([row.incident]).get(row.incident) if row.incident else None
        return incident is None or still_wanted(incident, row.cycle, row.member)

    def record(self, tx: Tx, row: Delivery, carried: Carried, rev: int) -> Delivery:
        """Write the tries down; the row as it is to be settled."""
        known = tx.tries(row.id)
        incident = tx.incidents([row.incident]).get(row.incident) if row.incident else None
        made = [self._try_of(row, placed) for placed in carried.placed]
        step = self.board.decide(row, incident, [*known, *made])
        for one in made:
            tx.put_try(one)
            VENDOR_TRIES.labels(one.carrier, one.vendor, one.verdict).inc()
        if isinstance(step, Wait) and step.why is Why.PROOF_AWAITED:
            _watch(tx, [*known, *made], step.until)
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
            if verdict_of(placed.outcome) in MAY_HAVE_GONE:
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
        """The time for a proof, or for another ring, has come; unless there were news since `one` was read."""
        fresh = next((each for each in tx.tries(one.delivery) if each.id == one.id), None)
        if fresh is None or fresh.look_at is None or fresh.look_at > self._clock.now():
            return
        tx.put_try(replace(fresh, look_at=None))
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
        step: Decision = Stop(why=Why.NO_VENDOR)
        if self.board.serves(row.carrier):  # else it was taken out of the manifest meanwhile
            step = self.board.decide(row, incident, tries)
        match step:
            case Send() if now < row.expires_at:
                tx.try_again(row.id, now)
            case Wait(until=until):
                _watch(tx, tries, until)
            case Stop(why=Why.DELIVERED):
                pass
            case _:
                reason = _reason(tries, "no_proof_in_time")
                for page in (row, *bursts.carried_by(tx, row.id)):
                    tx.put_receipt(page.id, DeliveryState.FAILED, reason)
                    failed = PageFailed(member=page.member, firing=page.firing, way=page.way, reason=reason)
                    self._tell(tx, page, failed)

    def _settled(self, row: Delivery, tries: Sequence[Try], step: Decision) -> Delivery:
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
            mark=self.board.mark(row, placed),
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
        mark = self.board.mark(row, placed)
        about = Receipt(carrier=row.carrier, provider_id=provider_id, state="", vendor=placed.vendor, mark=mark)
        for state in ("alive", "failed", "delivered"):
            for name in filter(None, (provider_id, mark)):
                early = tx.token(_early(row.carrier, placed.vendor, name, state))
                if early and tx.use_token(early.hash, self._clock.now()):
                    self.receipt(tx, replace(about, state=early.data["state"], reason=early.data["reason"]))


_TO_MEND = frozenset({Verdict.ACCOUNT, Verdict.REFUSED})


def _watch(tx: Tx, tries: Sequence[Try], until: Instant) -> None:
    """All that were taken are looked at and asked about, whoever was asked last; else the last one keeps the time."""
    taken = [one for one in tries if one.verdict == Verdict.TAKEN and not one.proven]
    for one in taken or tries[-1:]:
        tx.put_try(replace(one, look_at=until))


def _verdict_of(reason: str) -> Verdict:
    """What a failure that was reported later means for the next step."""
    if reason in _NO_ANSWER:
        return Verdict.NO_ANSWER
    return Verdict.NUMBER if reason in _NOBODY_DOES_BETTER else Verdict.UNPROVEN


def _reason(tries: Sequence[Try], otherwise: str) -> str:
    return next((one.reason for one in reversed(tries) if one.reason), otherwise)


def _early(carrier: str, vendor: str, name: str, state: str) -> str:
    """Under which hash a receipt waits for what it is about."""
    return sha256(f"receipt:{carrier}:{vendor}:{name}:{state}".encode()).hexdigest()
