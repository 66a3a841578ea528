"""Virtual platforms: they take messages, show them, count what they are sent, and fail in the documented ways."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.base import (
    AuthBroken,
    Budget,
    Capabilities,
    EditTargetGone,
    Json,
    Moved,
    Permanent,
    RateLimited,
    Receipt,
    Room,
    RoomLine,
    SendError,
    Sent,
    Transient,
)
from bot.deliver import CALL_MAX_S, Job, Outcome
from bot.engine.effects import RoomDo
from bot.engine.model import SECOND, Instant, Span
from bot.rooms import RoomCall, RoomDone
from tests.sim.world import Timeline

CALL_MAX: Span = int(CALL_MAX_S * SECOND)


@dataclass(slots=True)
class Shown:
    """A message as a platform shows it now."""

    ref: str
    address: str
    row: str
    """The delivery that it came from; a repeated send makes a second message of the same row."""
    member: str
    incident: str
    message: Json
    rev: int
    first: Json
    at: Instant
    """The wall clock when the message was rendered."""


@dataclass
class Weather:
    """How a platform behaves at the moment. The default is a fine day."""

    latency: tuple[Span, Span] = (40, 400)
    slow: float = 0.0
    """Share of calls that take seconds."""
    throttle: float = 0.0
    broken: float = 0.0
    vanish: float = 0.0
    """Share of calls that are taken, while the answer never comes."""
    down: str = ""
    """"" (up), "refused", "server_error" or "hang"."""
    revoked: bool = False


@dataclass(slots=True)
class Bucket:
    """Counts calls as the platform does: full at the start, never more than the documented burst."""

    budget: Budget
    due_at: float = 0.0

    def take(self, now: Instant) -> bool:
        """Whether this call is within the rate."""
        slack = (self.budget.burst - 1) * SECOND / self.budget.per_s
        fits = self.due_at - slack <= now + 1
        self.due_at = max(self.due_at, now) + SECOND / self.budget.per_s
        return fits


@dataclass(slots=True)
class Hall:
    """A war room, as people there see it."""

    name: str
    topic: str
    people: set[str] = field(default_factory=set)
    pinned: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A line below a card; in a war room, or where the card was deleted, by itself."""

    address: str
    below: str
    text: str
    key: str
    at: Instant


@dataclass
class Platform:
    """One platform or vendor. `watch` hears of everything that it takes, `receipts` of proofs that come later."""

    name: str
    caps: Capabilities
    line: Timeline
    rng: random.Random
    weather: Weather = field(default_factory=Weather)
    shown: dict[str, Shown] = field(default_factory=dict)
    cards: dict[str, list[Shown]] = field(default_factory=dict)
    """Incident → the messages about it in group chats."""
    refused: set[str] = field(default_factory=set)
    """Addresses that nothing reaches: blocked the bot, wrong number."""
    moved: dict[str, str] = field(default_factory=dict)
    mute: set[str] = field(default_factory=set)
    """Addresses of phones that are off: taken, and never delivered."""
    pauses: dict[str, Instant] = field(default_factory=dict)
    taken: int = 0
    on_landed: Callable[[Platform, Job, Shown | None, bool], None] = lambda *_: None
    on_receipt: Callable[[Receipt], None] = lambda _: None
    on_hasty: Callable[[Platform, str], None] = lambda *_: None
    receipt_faults: float = 0.0
    receipts_overtake: float = 0.0
    """How many receipts come before the answer to the call that they are about."""
    said: list[Said] = field(default_factory=list)
    """The lines below cards, in the order in which people see them."""
    halls: dict[str, Hall] = field(default_factory=dict)
    """War rooms by address."""
    count: int = 0
    """Messages posted so far; the handle of the latest ends with it."""
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def begin(self, job: Job, done: Callable[[Outcome], None]) -> None:
        """Take a call: it lands, or does not, and `done` hears after a while."""
        line, rng, weather = self.line, self.rng, self.weather
        self._check_pace(job)
        wait = rng.randrange(*weather.latency)
        if rng.random() < weather.slow:
            wait = rng.randrange(1_000, 12_000)
        error = self._refusal(job)
        if weather.down == "hang" or wait >= CALL_MAX:
            lands = error is None and wait >= CALL_MAX and rng.random() < 0.5 and not weather.down
            if lands:
                line.after(rng.randrange(CALL_MAX - 500), self._land, job)
            line.after(CALL_MAX, done, Transient("timeout", ambiguous=True))
        elif error is not None:
            line.after(wait, self._refuse, job, error, done)
        elif rng.random() < weather.vanish:
            line.after(wait, self._land, job)
            line.after(CALL_MAX, done, Transient("timeout", ambiguous=True))
        else:
            line.after(wait, self._answer, job, done)

    def reset_pace(self) -> None:
        """Forget what was counted: the sender lost its memory, or its clock."""
        self._buckets.clear()
        self.pauses.clear()

    def delete(self, ref: str) -> None:
        """Somebody deleted the message in the chat."""
        self.shown.pop(ref, None)

    def _refuse(self, job: Job, error: SendError, done: Callable[[Outcome], None]) -> None:
        """From the moment at which the sender hears of a pause it has to keep to it."""
        if isinstance(error, RateLimited):
            name = "" if error.whole else job.chat
            until = self.line.now + round(error.after_s * SECOND)
            self.pauses[name] = max(until, self.pauses.get(name, 0))
        done(error)

    def _answer(self, job: Job, done: Callable[[Outcome], None]) -> None:
        done(self._land(job))

    def _refusal(self, job: Job) -> SendError | None:
        rng, weather, row = self.rng, self.weather, job.row
        if weather.down == "refused":
            return Transient("connection_refused")
        if weather.down == "server_error" or rng.random() < weather.broken:
            return Transient("server_error")
        if weather.revoked:
            return AuthBroken("auth_broken", "token_revoked")
        if rng.random() < weather.throttle:
            after, whole = rng.randrange(1, 31), rng.random() < 0.3
            return RateLimited(float(after), whole=whole)
        if job.chat in self.refused:
            return Permanent("recipient_unreachable" if row.member else "chat_unreachable")
        if job.chat in self.moved and not row.ref:
            return Moved(self.moved[job.chat])
        return None

    def _attend(self, job: Job, call: RoomCall) -> RoomDone:
        """A war room is opened, filled, headed or closed; asked twice for the same, it is the same room."""
        if call.do is RoomDo.OPEN:
            address = f"room:{job.row.key}"
            self.halls.setdefault(address, Hall(call.name, call.topic))
            return RoomDone(opened=Room(address=address, name=call.name))
        hall = self.halls[call.address]
        match call.do:
            case RoomDo.INVITE:
                hall.people.update(call.users)
            case RoomDo.TOPIC:
                hall.topic = call.topic
            case RoomDo.PIN:
                hall.pinned = call.ref
            case _:
                hall.closed = True
        return RoomDone(lines=(RoomLine(at=self.line.now / SECOND, user="U0BO", text="it was the disk"),))

    def _land(self, job: Job) -> Outcome:
        """The message is there."""
        self.taken += 1
        if job.room:
            return self._attend(job, job.room)
        row, now = job.row, self.line.now
        if row.ref:
            seen = self.shown.get(row.ref)
            if seen is None:
                return EditTargetGone("message_gone")
            self.on_landed(self, job, seen, False)
            seen.message, seen.rev, seen.at = job.message, job.rev, self.line.clock.now()
            return Sent(ref=row.ref, provider_id=row.provider_id)
        self.count += 1
        handle = f"{self.name}:{self.count}"
        if job.place:
            below = job.place.ref if job.place.ref in self.shown else ""
            self.said.append(Said(job.chat, below, words(job.message), row.key, now))
            self.on_landed(self, job, None, True)
            return Sent(ref=handle)
        if not self.caps.edit:
            self.on_landed(self, job, None, True)
            if self.caps.proof == "delivered":
                self._promise_receipt(handle, row.address)
            return Sent(ref="", provider_id=handle)
        seen = Shown(handle, row.address, row.id, row.member, row.incident, job.message, job.rev, job.message, now)
        self.shown[handle] = seen
        if not row.member:
            self.cards.setdefault(row.incident, []).append(seen)
        self.on_landed(self, job, seen, True)
        return Sent(ref=handle)

    def _promise_receipt(self, handle: str, address: str) -> None:
        rng = self.rng
        if address in self.mute:
            if rng.random() < 0.5:
                self.line.after(rng.randrange(1_000, 90_000), self._tell, handle, "failed")
            return
        wait = rng.randrange(500, 9_000)
        if self.receipts_overtake and rng.random() < self.receipts_overtake:
            self._tell(handle, "delivered")
            return
        self.line.after(wait, self._tell, handle, "delivered")
        if rng.random() < self.receipt_faults:
            late = rng.randrange(1_000, 600_000)
            self.line.after(late, self._tell, handle, "delivered" if rng.random() < 0.8 else "failed")

    def _tell(self, handle: str, state: str) -> None:
        reason = "" if state == "delivered" else "undelivered"
        self.on_receipt(Receipt(carrier=self.name, provider_id=handle, state=state, reason=reason))

    def _check_pace(self, job: Job) -> None:
        now, address = self.line.now, job.chat
        for name in ("", address):
            if self.pauses.get(name, 0) > now:
                self.on_hasty(self, f"a call to {address} {self.pauses[name] - now} ms before the pause was over")
        for name, budget in (("", self.caps.overall), (address, self.caps.per_chat)):
            bucket = self._buckets.setdefault(name, Bucket(budget))
            if not bucket.take(now):
                self.on_hasty(self, f"a call to {address} beyond {budget.per_s}/s with a burst of {budget.burst}")


def buttons(message: Json) -> list[str]:
    """Every token that the buttons and menus of a rendered message carry, in order."""
    return list(_tokens(message))


def _tokens(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in {"value", "callback_data"} and isinstance(value, str):
                yield value
            else:
                yield from _tokens(value)
    elif isinstance(part, list):
        for each in part:
            yield from _tokens(each)


def words(part: Any) -> str:
    """Everything that a rendered message says, as one text to search in."""
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping):
        return "\n".join(words(value) for value in part.values())
    if isinstance(part, list):
        return "\n".join(words(each) for each in part)
    return ""


def capabilities() -> dict[str, Capabilities]:
    """What the product's own adapters say of themselves."""
    from bot.adapters.email import SmtpAdapter
    from bot.adapters.phone import SmsAdapter, VoiceAdapter
    from bot.adapters.slack import SlackAdapter
    from bot.adapters.telegram import TelegramAdapter

    adapters: tuple[Any, ...] = (SlackAdapter, TelegramAdapter, SmsAdapter, VoiceAdapter, SmtpAdapter)
    return {each.name: each.caps for each in adapters}
