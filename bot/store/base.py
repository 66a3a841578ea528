"""What the shell asks of a database, whatever it is: rows with leases, saved in one commit.

A `Tx` is one transaction. It reads its own writes; nothing is visible to others, or durable, before `run` returns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.engine.effects import Entry
from bot.engine.model import Alert, Incident, Instant, Span, Way
from bot.engine.turns import Turn, TurnSlot
from bot.store.base_noise import NoiseTx
from bot.store.base_rota import RotaTx
from bot.store.base_tries import TriesTx

T = TypeVar("T")

AlertSlot = tuple[str, str, str]
"""(integration, channel, alert_key): what only one open alert may have."""


class StaleRevision(Exception):
    """Somebody else saved the incident in between; load it again and decide again."""


class StoreUnavailable(Exception):
    """The database is locked, full or gone: nothing was saved, and the caller must say so (HTTP 503)."""


class InboxState(StrEnum):
    """Where a received body stands."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"  # unreadable: kept for `tocsin replay`, and alarmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One raw body as it came in."""

    id: str
    integration: str
    source: str
    received_at: Instant
    headers: Mapping[str, str]
    path: str
    body: bytes
    attempts: int = 0
    token: str = ""


class Lane(StrEnum):
    """What goes first: pages, then new cards, then refreshes of cards that are already there."""

    PAGE = "0page"
    CARD = "1card"
    REFRESH = "2refresh"


class DeliveryState(StrEnum):
    """What became of one message to one destination."""

    QUEUED = "queued"  # waits until `due_at`; a leased row is a queued one whose `due_at` lies at the lease's end
    SENT = "sent"  # the platform or vendor took it
    DELIVERED = "delivered"  # a receipt says that it reached the device
    FAILED = "failed"  # refused for good, or out of tries
    SUPERSEDED = "superseded"  # nobody wanted it any more
    EXPIRED = "expired"  # too old to help


@dataclass(frozen=True, kw_only=True)  # no slots: see `values.altered`
class Delivery:
    """One message to one destination: a page to a person, or the card of an incident in a chat.

    A row with a `ref` is a card that is shown somewhere; it returns to the queue whenever `wanted_rev` rises.
    """

    id: str
    key: str
    """Unique: the same decision never makes two rows."""
    incident: str
    carrier: str
    """The adapter: a platform's name, `sms` or `email`."""
    address: str
    """Where to: a chat, a user id, a phone number, a mailbox."""
    lane: Lane
    due_at: Instant
    created_at: Instant
    expires_at: Instant
    state: DeliveryState = DeliveryState.QUEUED
    member: str = ""
    """Whom it pages; empty for the card in a chat."""
    way: Way = ""
    firing: str = ""
    cycle: int = 0
    reason: str = ""
    lang: str = "en"
    zone: str = "UTC"
    attempts: int = 0
    """Tries of the current lane."""
    token: str = ""
    """The fencing token of the current lease; empty when nobody holds it."""
    ref: str = ""
    """The platform's handle of the message, once it is shown."""
    shown_rev: int = 0
    wanted_rev: int = 0
    provider_id: str = ""
    error: str = ""
    """The named reason of the last failure."""
    op: str = ""
    """What the platform is to do with the incident's war room (`RoomDo`), or `thread` for a line below a card; empty
    for a card, a page or another message."""
    text: str = ""
    """What to say when the message is not about an incident (a test, a code); `incident` is empty then. Of a line below
    a card: its facts, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A member's verified account on a platform, linked in chat."""

    platform: str
    user: str
    member: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What works once and for a while: a permission that went out in a message, or news that came before its time."""

    hash: str
    """SHA-256 of the secret; the secret itself is never stored."""
    purpose: str
    member: str
    incident: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    expires_at: Instant = 0
    used_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """Something that whoever runs Tocsin must hear of."""

    code: str
    text: str
    at: Instant
    incident: str = ""


class Tx(NoiseTx, RotaTx, TriesTx, Protocol):
    """One transaction. Writes may be buffered until the end; reads see them."""

    # -- inbox
    def append_inbox(self, rows: Sequence[Inbound]) -> None:
        """Keep raw bodies; they wait for intake."""
        ...

    def claim_inbox(self, now: Instant, limit: int, lease: Span, token: str) -> list[Inbound]:
        """Up to `limit` waiting bodies, oldest first, leased until `now + lease` under `token`, attempts counted.

        An integration of which a body is leased, or is to be tried again later, is passed over: a recovery that
        overtook its trigger would leave an alert open for ever.
        """
        ...

    def finish_inbox(self, ids: Collection[str], token: str, state: InboxState, outcome: str, now: Instant) -> int:
        """Settle bodies held under `token`; a lost lease settles nothing. Returns how many were settled."""
        ...

    def release_inbox(self, ids: Collection[str], token: str, due_at: Instant) -> None:
        """Give bodies back, to be claimed again from `due_at` on."""
        ...

    def inbox_by_state(self, state: InboxState, limit: int) -> list[Inbound]:
        """Bodies in a state, oldest first (dead letters for `replay` and `doctor`)."""
        ...

    def revive_inbox(self, ids: Collection[str], now: Instant) -> int:
        """Put dead letters back to waiting."""
        ...

    # -- alerts
    def open_alerts(self, keys: Collection[tuple[str, str]]) -> dict[AlertSlot, Alert]:
        """The open alerts of these (integration, alert_key) pairs, in every channel that they are open in."""
        ...

    def active_alerts(self, integration: str, since: Instant, limit: int) -> list[Alert]:
        """An integration's open alerts whose `last_at` is `since` or later, the latest first."""
        ...

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        """Insert or replace alerts."""
        ...

    def alerts_of(self, incident: str, limit: int) -> list[Alert]:
        """An incident's alerts, oldest first."""
        ...

    def close_alerts(self, incident: str, now: Instant) -> None:
        """Close every open alert of an incident."""
        ...

    def due_alerts(self, now: Instant, limit: int) -> list[Alert]:
        """Open alerts whose `due_at` has come, earliest first."""
        ...

    # -- incidents
    def incidents(self, ids: Collection[str]) -> dict[str, Incident]:
        """Incidents by id; unknown ids are absent."""
        ...

    def incident_by_num(self, num: int) -> Incident | None:
        """The newest incident with this display number."""
        ...

    def open_incidents(self, groups: Collection[tuple[str, str]]) -> dict[tuple[str, str], Incident]:
        """The incidents that are not closed among these (channel, group_key) pairs."""
        ...

    def list_incidents(self, *, open_only: bool, limit: int, channel: str = "", responder: str = "") -> list[Incident]:
        """Incidents, newest first."""
        ...

    def put_incident(self, incident: Incident, before: Incident | None) -> None:
        """Insert (before None) or save under a check of what it was loaded as. Raises StaleRevision."""
        ...

    def due_incidents(self, now: Instant, limit: int) -> list[Incident]:
        """Incidents whose `next_wake` has come, earliest first."""
        ...

    def next_due(self) -> Instant | None:
        """The earliest instant at which an incident, alert, inbox row or delivery becomes due, if any."""
        ...

    def next_num(self) -> int:
        """The next display number, from 1."""
        ...

    def turns(self, channel: str) -> dict[TurnSlot, Turn]:
        """The latest turns of round robin in a channel."""
        ...

    def put_turn(self, turn: Turn, last: Turn | None) -> None:
        """Keep the latest turn of its slot. Raises StaleRevision where `last` is not the latest any more."""
        ...

    # -- timeline
    def append_timeline(self, incident: str, entries: Sequence[Entry]) -> None:
        """Add lines to an incident's timeline, in order."""
        ...

    def timeline(self, incident: str, limit: int = 1000) -> list[Entry]:
        """An incident's timeline, oldest first. Of one with more lines than `limit`: the first, and the latest."""
        ...

    # -- deliveries
    def enqueue(self, rows: Sequence[Delivery]) -> int:
        """Queue messages; a row whose key exists already is left as it is. Returns how many are new."""
        ...

    def claim_deliveries(
        self, now: Instant, limit: int, lease: Span, token: str, lanes: Collection[Lane]
    ) -> list[Delivery]:
        """Due rows of these lanes by lane, then due_at; leased until `now + lease` under `token`, attempts counted."""
        ...

    def settle(self, rows: Sequence[Delivery], token: str) -> set[str]:
        """Save claimed rows as given (state, ref, due_at…) if still held under `token`, and free the lease.

        A row whose `wanted_rev` rose meanwhile keeps the higher one and, when it has a ref and shows an older
        revision, returns to the queue as a refresh. Returns the ids that were saved; the others were lost to
        another worker.
        """
        ...

    def want_cards(self, incident: str, rev: int, now: Instant) -> int:
        """Raise `wanted_rev` of every card of an incident.

        Rows that show a card (have a ref, state sent or delivered, and not sms/email) go back to the queue in lane
        refresh, due `now`. Queued and leased rows only have their `wanted_rev` raised. Returns the rows touched.
        """
        ...

    def show_again(self, delivery_id: str, rev: int, now: Instant) -> bool:
        """A worker that had lost its lease has edited a card to `rev`: one that was brought further is queued anew.

        False when that did no harm.
        """
        ...

    def withdraw_pages(self, incident: str, cycle: int) -> int:
        """Queued, unleased pages of an older cycle than `cycle` become superseded. Returns how many."""
        ...

    def deliveries_of(self, incident: str) -> list[Delivery]:
        """Every delivery of an incident, oldest first."""
        ...

    def delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""
        ...

    def delivery_by_provider(self, carrier: str, provider_id: str) -> Delivery | None:
        """The delivery that a vendor's receipt speaks of."""
        ...

    def delivery_by_ref(self, carrier: str, ref: str) -> Delivery | None:
        """The delivery that a message in a chat shows."""
        ...

    def put_receipt(self, delivery_id: str, state: DeliveryState, error: str) -> bool:
        """Record what a receipt said (sent → delivered or failed). False when it changes nothing."""
        ...

    # -- people
    def identities(self) -> list[Identity]:
        """Every linked identity."""
        ...

    def put_identity(self, identity: Identity) -> None:
        """Link, replacing what the account was linked to."""
        ...

    def drop_identity(self, platform: str, user: str) -> bool:
        """Unlink. False when there was nothing."""
        ...

    def put_token(self, token: Token) -> None:
        """Remember a permission that goes out."""
        ...

    def token(self, token_hash: str) -> Token | None:
        """A permission by the hash of its secret."""
        ...

    def use_token(self, token_hash: str, now: Instant) -> bool:
        """Consume a permission; exactly one caller ever gets True."""
        ...

    # -- once only, alarms, settings
    def first_sight(self, platform: str, key: str, now: Instant) -> bool:
        """True the first time that a platform's delivery key is seen."""
        ...

    def raise_alarm(self, alarm: AlarmRow) -> None:
        """Keep an alarm."""
        ...

    def alarms(self, limit: int) -> list[AlarmRow]:
        """The latest alarms, newest first."""
        ...

    def get_meta(self, key: str) -> str:
        """A stored setting, or empty."""
        ...

    def put_meta(self, key: str, value: str) -> None:
        """Store a setting."""
        ...

    def prune(self, before: Instant, limit: int) -> int:
        """Delete settled bodies, first-sight keys, used tokens, flaps and sights older than `before`: how many."""
        ...


class Store(Protocol):
    """A database. `run` is synchronous and safe to call from any thread."""

    def run(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in one transaction and commit. An exception rolls everything back and is passed on.

        Raises StoreUnavailable when the database cannot be written.
        """
        ...

    def run_all(self, works: Sequence[Callable[[Tx], T]]) -> list[T | Exception]:
        """Run several works under one commit (group commit). A work that raises is undone alone; its place in the
        result holds the exception. When the commit itself fails, every place holds StoreUnavailable.
        """
        ...

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run reads only, without waiting for writers."""
        ...

    def close(self) -> None:
        """Free the connection."""
        ...
