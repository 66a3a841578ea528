"""What the engine decides: each effect becomes a row in the same commit, and an action only afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.engine.model import Chat, Incident, Instant, Room, Way
from bot.engine.turns import Turn


class Kind(StrEnum):
    """The kinds of timeline entries; the same words reach webhooks, logs and `simulate`."""

    NEW = "i_new"
    ASSIGN = "i_assign"
    ADD_RESPONDER = "i_a_rspd"
    NOTIFY = "i_notify"
    SNOOZE = "i_snooze"
    WAKE = "i_wake"
    ACK = "i_ack"
    UNACK = "i_unack"
    COMMENT = "i_comm"
    RESOLVE = "i_rslv"
    REOPEN = "i_reopen"
    MERGE = "i_merge"
    TITLE = "i_r_title"
    DESCRIPTION = "i_r_desc"
    IMPACT = "i_r_impact"
    ROOT_CAUSE = "i_r_rc"
    RESOLUTION = "i_r_rsltn"
    SEVERITY = "i_r_severity"
    FIELD = "i_r_field"
    DELIVERY = "i_delivery"
    EXHAUSTED = "i_exhausted"
    STORM = "i_storm"
    FLAPPING = "i_m_flapping"
    RETIRE = "i_retire"
    ROOM_ASKED = "i_wr_ask"
    ROOM_OPEN = "i_wr_create"
    ROOM_CLOSE_ASKED = "i_wr_close"
    ROOM_CLOSE = "i_wr_delete"
    ROOM_FAILED = "i_wr_failed"
    ROOM_SAID = "i_wr_said"
    ALERT_NEW = "a_new"
    ALERT_UPDATE = "a_update"
    ALERT_MERGE = "a_merge"
    ALERT_CLOSE = "a_close"


class Reason(StrEnum):
    """Why something was decided. One word for the timeline, the log, the metric, the card and the test."""

    ALERT = "alert"
    BY_HAND = "by_hand"
    RULE_MATCHED = "rule_matched"
    NO_RULE_MATCHED = "no_rule_matched"
    NOBODY_ON_CALL = "nobody_on_call"
    DELAY_OVER = "delay_over"
    LEVEL_FIRED = "level_fired"
    REPEATED = "repeated"
    NOT_ACKED_IN_TIME = "not_acked_in_time"
    ESCALATED_BY_HAND = "escalated_by_hand"
    NEXT_ROUND = "next_round"
    LAST_RESORT = "last_resort"
    LADDER_EXHAUSTED = "ladder_exhausted"
    ASSIGNED = "assigned"
    ADDED = "added"
    OWN_LADDER = "own_ladder"
    ACK_TIMEOUT = "ack_timeout"
    FALLBACK_FAILED = "fallback_failed"
    FALLBACK_UNPROVEN = "fallback_unproven"
    UNREACHABLE = "unreachable"
    PROVEN = "proven"
    ACKED = "acked"
    ACK_WITHDRAWN = "ack_withdrawn"
    RESOLVED = "resolved"
    RECOVERED = "recovered"
    AUTO_CLOSED = "auto_closed"
    SNOOZED = "snoozed"
    SNOOZE_OVER = "snooze_over"
    SNOOZE_ENDED = "snooze_ended"
    REOPENED = "reopened"
    SET_BY_HAND = "set_by_hand"
    MERGED = "merged"
    JOINED = "joined"
    MOVED = "moved"
    TEMPLATE_FAILED = "template_failed"
    VENDOR_TRIED = "vendor_tried"
    CARD_REFUSED = "card_refused"
    CARD_AS_TEXT = "card_as_text"
    SILENCE_ENDED = "silence_ended"
    INHIBITION_OVER = "inhibition_over"
    FLAPPING_MUTE_OVER = "flapping_mute_over"
    FLAPPING = "flapping"
    FLAPPED = "flapped"
    ALIKE = "alike"
    STORM = "storm"
    DIGEST = "digest"
    ROOM = "room"
    GROUP_FULL = "group_full"
    WINDOW_OVER = "window_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Reach this member this way. `firing` and `way` and `member` are the page's identity: sent once."""

    member: str
    way: Way
    firing: str
    cycle: int
    level: int
    loop: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCards:
    """Each of these chats has a card of the incident from now on."""

    chats: tuple[Chat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Every card that is shown anywhere is to show the current revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Pages that are queued and not wanted any more are not to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAlerts:
    """The incident was closed by hand: its alerts absorb no more events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Somebody who runs Tocsin must hear of this."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeTurn:
    """In round robin somebody has the turn now; `last` is the one that this was decided by."""

    turn: Turn
    last: Turn | None


class RoomDo(StrEnum):
    """What a platform is asked to do with a war room."""

    OPEN = "open"
    INVITE = "invite"
    TOPIC = "topic"
    PIN = "pin"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomWork:
    """A war room is to be opened, filled, headed or closed."""

    do: RoomDo
    room: Room
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A line below every card that is shown already: `number` counts those of the incident, from 1.

    `pinged` are to be mentioned, together; `named` are whom the line speaks of. `code` and `facts` make the sentence.
    """

    number: int
    code: str
    actor: str = ""
    pinged: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


Effect = Page | ShowCards | Refresh | Withdraw | CloseAlerts | Alarm | TakeTurn | RoomWork | Remark


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the timeline. `actor` is the member who acted (empty: Tocsin did), `member` whom it concerns."""

    at: Instant
    kind: Kind
    reason: Reason
    actor: str = ""
    member: str = ""
    way: Way = ""
    level: int | None = None
    loop: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The truth for whoever asked: a named outcome and what its sentence needs. `done` tells if state changed."""

    code: str
    done: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one happening made of an incident."""

    incident: Incident
    entries: tuple[Entry, ...] = ()
    effects: tuple[Effect, ...] = ()
    reply: Reply | None = None
