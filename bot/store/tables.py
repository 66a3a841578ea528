"""The tables: what the database must find or guard stands in columns, and the whole engine value as JSON beside them.

Partial indexes keep finding due work cheap however much history there is, and let the database itself refuse a second
open incident for one group. Instants are milliseconds since the epoch.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlmodel import Field, SQLModel

SEQ: Final = BigInteger().with_variant(Integer, "sqlite")
"""Arrival order. SQLite numbers rows by itself only where the type is spelt INTEGER."""


def _seq() -> Column[int]:
    return Column("seq", SEQ, primary_key=True, autoincrement=True)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows that fulfil `where`, in either database."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class InboxRow(SQLModel, table=True):
    """A raw body as it came in, until prune."""

    __tablename__ = "inbox"
    __table_args__ = (
        _partial("inbox_waiting", "seq", "due_at", where="state = 'waiting'"),
        _partial("inbox_dead", "seq", where="state = 'dead'"),
        _partial("inbox_settled", "settled_at", where="settled_at IS NOT NULL"),
    )
    seq: int | None = Field(default=None, sa_column=_seq())
    id: str = Field(unique=True)
    integration: str
    source: str
    received_at: int = Field(sa_type=BigInteger)
    headers: str = Field(sa_type=Text)
    path: str
    body: bytes = Field(sa_type=LargeBinary)
    attempts: int
    token: str
    state: str
    due_at: int = Field(sa_type=BigInteger)
    outcome: str
    settled_at: int | None = Field(default=None, sa_type=BigInteger)


class AlertTable(SQLModel, table=True):
    """An alert; one open alert for each (integration, channel, alert_key)."""

    __tablename__ = "alert"
    __table_args__ = (
        _partial("alert_open", "integration", "alert_key", "channel", where="closed_at IS NULL", unique=True),
        _partial("alert_due", "due_at", where="closed_at IS NULL AND due_at IS NOT NULL"),
        _partial("alert_channel", "channel", where="closed_at IS NULL"),
        _partial("alert_muted", "muted", where="closed_at IS NULL AND muted <> ''"),
        Index("alert_incident", "incident", "first_at"),
    )
    seq: int | None = Field(default=None, sa_column=_seq())
    id: str = Field(unique=True)
    integration: str
    channel: str
    alert_key: str
    incident: str
    first_at: int = Field(sa_type=BigInteger)
    last_at: int = Field(sa_type=BigInteger)
    due_at: int | None = Field(default=None, sa_type=BigInteger)
    muted: str
    closed_at: int | None = Field(default=None, sa_type=BigInteger)
    whole: str = Field(sa_type=Text)


class IncidentTable(SQLModel, table=True):
    """An incident; one that is not closed for each (channel, group_key). No key means that it belongs to no group."""

    __tablename__ = "incident"
    __table_args__ = (
        _partial(
            "incident_open", "channel", "group_key", where="progress <> 'Closed' AND group_key <> ''", unique=True
        ),
        _partial("incident_wake", "next_wake", where="next_wake IS NOT NULL"),
        _partial("incident_unclosed", "seq", where="progress <> 'Closed'"),
        Index("incident_num", "num"),
        Index("incident_channel", "channel"),
    )
    seq: int | None = Field(default=None, sa_column=_seq())
    id: str = Field(unique=True)
    num: int
    channel: str
    group_key: str
    progress: str
    next_wake: int | None = Field(default=None, sa_type=BigInteger)
    responders: str = Field(sa_type=Text)
    """Member ids, each between line breaks, to find a person's incidents."""
    whole: str = Field(sa_type=Text)


class TimelineTable(SQLModel, table=True):
    """One line of an incident's timeline."""

    __tablename__ = "timeline"
    __table_args__ = (Index("timeline_incident", "incident"),)
    seq: int | None = Field(default=None, sa_column=_seq())
    incident: str
    at: int = Field(sa_type=BigInteger)
    whole: str = Field(sa_type=Text)


class DeliveryTable(SQLModel, table=True):
    """One message to one destination."""

    __tablename__ = "delivery"
    __table_args__ = (
        _partial("delivery_due", "lane", "due_at", where="state = 'queued'"),
        _partial("delivery_provider", "carrier", "provider_id", where="provider_id <> ''"),
        _partial("delivery_ref", "carrier", "ref", where="ref <> ''"),
        Index("delivery_incident", "incident"),
    )
    seq: int | None = Field(default=None, sa_column=_seq())
    id: str = Field(unique=True)
    key: str = Field(unique=True)
    incident: str
    carrier: str
    lane: str
    due_at: int = Field(sa_type=BigInteger)
    state: str
    token: str
    wanted_rev: int
    provider_id: str
    ref: str
    whole: str = Field(sa_type=Text)


class IdentityTable(SQLModel, table=True):
    """A member's account on a platform."""

    __tablename__ = "identity"
    platform: str = Field(primary_key=True)
    user: str = Field(primary_key=True)
    member: str
    at: int = Field(sa_type=BigInteger)


class SilenceTable(SQLModel, table=True):
    """A quick silence, until it is over."""

    __tablename__ = "silence"
    id: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    whole: str = Field(sa_type=Text)


class FlapsTable(SQLModel, table=True):
    """When an alert key last came and went."""

    __tablename__ = "flaps"
    __table_args__ = (Index("flaps_at", "at"),)
    integration: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    alert_key: str = Field(primary_key=True)
    at: int = Field(sa_type=BigInteger)
    whole: str = Field(sa_type=Text)


class SightTable(SQLModel, table=True):
    """What kinds of alerts a channel has seen, and when it saw each last, to the day."""

    __tablename__ = "sight"
    __table_args__ = (Index("sight_at", "at"),)
    channel: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    at: int = Field(sa_type=BigInteger)


class TurnTable(SQLModel, table=True):
    """The latest turn of round robin at a level of a rule."""

    __tablename__ = "turn"
    channel: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    level: int = Field(primary_key=True)
    member: str
    place: int


class ChatOverrideTable(SQLModel, table=True):
    """An override of a schedule that was made in chat; without a member, the wish for one."""

    __tablename__ = "chat_override"
    id: str = Field(primary_key=True)
    member: str
    at: int = Field(sa_type=BigInteger)
    ends_at: int = Field(sa_type=BigInteger)
    whole: str = Field(sa_type=Text)


class TryTable(SQLModel, table=True):
    """One try of one delivery by one vendor."""

    __tablename__ = "try"
    __table_args__ = (
        _partial("try_provider", "carrier", "vendor", "provider_id", where="provider_id <> ''"),
        _partial("try_mark", "carrier", "vendor", "mark", where="mark <> ''"),
        _partial("try_look", "look_at", where="look_at IS NOT NULL"),
        Index("try_delivery", "delivery"),
        Index("try_began", "began_at"),
    )
    id: str = Field(primary_key=True)
    delivery: str
    carrier: str
    vendor: str
    provider_id: str
    mark: str
    began_at: int = Field(sa_type=BigInteger)
    look_at: int | None = Field(default=None, sa_type=BigInteger)
    whole: str = Field(sa_type=Text)


class TokenTable(SQLModel, table=True):
    """A permission that went out in a message, by the hash of its secret."""

    __tablename__ = "token"
    hash: str = Field(primary_key=True)
    purpose: str
    member: str
    incident: str
    data: str = Field(sa_type=Text)
    expires_at: int = Field(sa_type=BigInteger)
    used_at: int | None = Field(default=None, sa_type=BigInteger)


class SeenTable(SQLModel, table=True):
    """A platform's delivery key that was handled already."""

    __tablename__ = "seen"
    __table_args__ = (Index("seen_at", "at"),)
    platform: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    at: int = Field(sa_type=BigInteger)


class AlarmTable(SQLModel, table=True):
    """Something that whoever runs Tocsin must hear of."""

    __tablename__ = "alarm"
    seq: int | None = Field(default=None, sa_column=_seq())
    code: str
    text: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    incident: str


class MetaTable(SQLModel, table=True):
    """A stored setting."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)


METADATA: Final[MetaData] = SQLModel.metadata
"""What the migrations must produce, exactly."""

INBOX: Final[Table] = METADATA.tables["inbox"]
ALERT: Final[Table] = METADATA.tables["alert"]
INCIDENT: Final[Table] = METADATA.tables["incident"]
TIMELINE: Final[Table] = METADATA.tables["timeline"]
DELIVERY: Final[Table] = METADATA.tables["delivery"]
IDENTITY: Final[Table] = METADATA.tables["identity"]
SILENCE: Final[Table] = METADATA.tables["silence"]
FLAPS: Final[Table] = METADATA.tables["flaps"]
SIGHT: Final[Table] = METADATA.tables["sight"]
TURN: Final[Table] = METADATA.tables["turn"]
CHAT_OVERRIDE: Final[Table] = METADATA.tables["chat_override"]
TRY: Final[Table] = METADATA.tables["try"]
TOKEN: Final[Table] = METADATA.tables["token"]
SEEN: Final[Table] = METADATA.tables["seen"]
ALARM: Final[Table] = METADATA.tables["alarm"]
META: Final[Table] = METADATA.tables["meta"]
