"""What the engine thinks about: events, alerts, incidents, and the policy that an incident carries with it.

Everything here is a frozen value. Instants are milliseconds since the epoch (UTC), spans are milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Instant = int
Span = int

SECOND: Span = 1_000
MINUTE: Span = 60 * SECOND
HOUR: Span = 60 * MINUTE
DAY: Span = 24 * HOUR

Way = str
"""How one person is reached: `sms`, `voice`, `email`, or a platform's name for a direct message there."""

PHONE_AND_MAIL: tuple[Way, ...] = ("sms", "voice", "email")


def medium_of(way: Way) -> str:
    """The medium of a way: `im` for every chat platform, else the way itself."""
    return way if way in PHONE_AND_MAIL else "im"


class Severity(StrEnum):
    """How bad it is. `OK` is the status of a recovered alert, never the severity of an incident."""

    CRITICAL = "Critical"
    WARNING = "Warning"
    INFO = "Info"
    OK = "Ok"


_RANK = {Severity.OK: 0, Severity.INFO: 1, Severity.WARNING: 2, Severity.CRITICAL: 3}


def worse(one: Severity, other: Severity) -> Severity:
    """The graver of two severities."""
    return one if _RANK[one] >= _RANK[other] else other


class EventStatus(StrEnum):
    """What an event reports: something began, or it ended."""

    TRIGGER = "trigger"
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something to open from the card: a runbook, a graph."""

    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that a source sent along."""

    src: str
    alt: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One notification of a monitoring system, normalized."""

    alert_key: str
    status: EventStatus
    severity: Severity
    title: str
    at: Instant
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    resolve_at: Instant | None = None
    """When the alert counts as recovered unless it is sent again (`endsAt` of a Prometheus that sends directly)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """All events that share one key within an integration, from the first trigger to the recovery."""

    id: str
    integration: str
    channel: str
    alert_key: str
    severity: Severity
    """The worst that was seen."""
    status: Severity
    """What the last event said."""
    title: str
    description: str
    labels: Mapping[str, str]
    links: tuple[Link, ...]
    images: tuple[Image, ...]
    first_at: Instant
    last_at: Instant
    events: int
    incident: str = ""
    resolve_at: Instant | None = None
    closed_at: Instant | None = None
    muted: str = ""
    """The named reason why it is in no incident although it fires: `silence:ID`, `inhibit:RULE`, `flapping`."""
    muted_until: Instant | None = None
    """When that is asked about again."""
    cause: str = ""
    """The alert that explains it, while it is inhibited."""

    @property
    def due_at(self) -> Instant | None:
        """When time alone changes it: it counts as recovered, or is asked about again."""
        return min((at for at in (self.resolve_at, self.muted_until) if at is not None), default=None)


class TargetKind(StrEnum):
    """What a level may name."""

    MEMBER = "member"
    TEAM = "team"
    SCHEDULE = "schedule"
    EMAIL = "email"
    """An address that belongs to nobody here: it gets mail, and can do nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Somebody to notify: a member, everybody of a team, or whoever a schedule has on call at that instant."""

    kind: TargetKind
    id: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A group conversation on a platform. `address` is the platform's own id of it and means nothing here."""

    platform: str
    address: str
    name: str = ""
    lang: str = "en"
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One step of the ladder: whom to notify, how often to repeat, and when to climb on."""

    targets: tuple[Target, ...]
    chats: tuple[Chat, ...] = ()
    ways: Mapping[Severity, tuple[Way, ...]] | None = None
    """Unified media by severity; None follows each member's own preference."""
    repeat_every: Span = 0
    repeat_times: int = 0
    escalate_after: Span = 30 * MINUTE
    even_if_acked: bool = False
    """Climb unless closed (True) or unless closed or acknowledged (False)."""
    round_robin: bool = False
    """One of the people behind the targets, the next one for each incident, instead of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One test of a filter: `key` IN or NOTIN `vals`."""

    key: str
    oper: str
    vals: tuple[str, ...]


Filter = tuple[tuple[Condition, ...], ...]
"""Groups of conditions: OR between the groups, AND inside one. The empty filter matches everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """Hours of some days: when a rule applies. See `calendars.within`."""

    start: str = "00:00"
    """`HH:MM`."""
    end: str = "24:00"
    """`HH:MM`, not part of the window; one that is not later than the start is on the next day."""
    days: tuple[int, ...] = ()
    """Days of the week, Sunday = 0; none: every day."""
    calendar: str = ""
    """The id of a calendar whose workdays count; empty: none is asked."""
    off: bool = False
    """The days that the calendar has off, instead of its workdays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An escalation rule. An incident keeps the copy that was in force when it opened."""

    id: str
    name: str
    levels: tuple[Level, ...]
    priority: int = 0
    filter: Filter = ()
    when: tuple[TimeWindow, ...] = ()
    """The rule takes what opens in any of these windows; none: at any time."""
    zone: str = "UTC"
    """Whose clocks the windows follow."""
    delay: Span = 0
    rounds: int = 3
    """How often the whole ladder is climbed before the last resort."""
    ack_timeout: Span = 0
    """Whoever acknowledged and has not closed it by then is asked again, with everybody of the level; 0 is never."""
    enabled: bool = True
    """False: it takes nothing."""
    direct: bool = False
    """Made by a direct assignment: there is nothing to escalate to by hand."""


class Progress(StrEnum):
    """Where an incident stands."""

    TRIGGERED = "Triggered"
    PROCESSING = "Processing"
    CLOSED = "Closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """A person whom the incident was given to."""

    member: str
    since: Instant
    how: str
    """`level`, `assign`, `add`, `catch_all`, or `took` (acknowledged without having been asked)."""
    acked_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One page that has not been proven to arrive yet."""

    way: Way
    due_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What became of the pages to one member in one firing: the ladder of media lives here."""

    member: str
    firing: str
    """`cycle.round.level.loop` of the firing: the stem of its page keys."""
    pending: tuple[Pending, ...] = ()
    later: tuple[Pending, ...] = ()
    """The rungs of the person's own ladder that have not come yet."""
    failed: tuple[Way, ...] = ()
    proven: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Where the ladder stood when all alerts recovered: an alert that is soon back lets it go on from there."""

    progress: Progress
    notify_at: Instant | None = None
    escalate_at: Instant | None = None
    snoozed_until: Instant | None = None
    ack_until: Instant | None = None
    watches: tuple[Watch, ...] = ()
    """Those with rungs of a personal ladder still to come."""


class RoomState(StrEnum):
    """Where a war room stands."""

    ASKED = "asked"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A conversation for one incident on one platform. `address` is empty until the platform has opened it."""

    platform: str
    parent: str
    """The address of the chat that it belongs to."""
    state: RoomState = RoomState.ASKED
    address: str = ""
    name: str = ""
    url: str = ""
    lang: str = "en"
    zone: str = "UTC"


@dataclass(frozen=True, kw_only=True)  # no slots: see `values.altered`
class Incident:
    """What people handle: one or more alerts, or something opened by hand."""

    id: str
    num: int
    channel: str
    group_key: str
    title: str
    description: str
    severity: Severity
    labels: Mapping[str, str]
    links: tuple[Link, ...]
    rule: Rule
    last_resort: Level
    """Whom to page when the ladder is exhausted, or names nobody: the catch-all as it was at the opening."""
    opened_at: Instant
    last_at: Instant
    """The latest instant the incident has seen; its own time never runs backwards."""
    progress: Progress = Progress.TRIGGERED
    creator: str = ""
    close_with_alerts: bool = True
    auto_close_after: Span = 0
    auto_close_on_update: bool = False
    """Whether that time begins anew with each news of an alert; else it is counted from the opening."""
    first_alert: str = ""
    """The id of the alert that opened it, whose labels are its own; empty for one that was opened by hand."""
    frozen: tuple[str, ...] = ()
    """Fields that a person set by hand and alerts no longer touch."""
    alerts_open: int = 0
    alerts_total: int = 0
    rev: int = 1
    """Counts every change that a card can show."""
    turns: Mapping[str, str] = field(default_factory=dict)
    """In round robin, who has the turn, by `round.level`: repeats, and what is asked again, go to the same person."""
    cycle: int = 0
    """Counts every time that pages sent before stopped being wanted: a page of an older cycle is never sent."""
    round: int = 0
    level: int = 0
    loop: int = -1
    """Repeats of the current level so far; -1 before anybody was notified."""
    turn_rev: int = 1
    """The revision at which level, holder or snooze last changed: tells a stale Escalate from a fresh one."""
    episode_rev: int = 1
    """The revision of the opening, or of the latest reopening: older buttons belong to a story that is over."""
    notify_at: Instant | None = None
    escalate_at: Instant | None = None
    close_at: Instant | None = None
    ack_until: Instant | None = None
    """When an acknowledgement runs out."""
    snoozed_until: Instant | None = None
    responders: tuple[Responder, ...] = ()
    watches: tuple[Watch, ...] = ()
    unreachable: tuple[str, ...] = ()
    """Members for whom every medium of a firing failed: the card names them."""
    acked_at: Instant | None = None
    """The first acknowledgement ever (MTTA counts from it)."""
    closed_at: Instant | None = None
    closed_by: str = ""
    exhausted: bool = False
    next_wake: Instant | None = None
    impact: str = ""
    root_cause: str = ""
    resolution: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """The team's own fields by name; several choices are separated by `, `, a tick is `yes` or `no`."""
    merged_into: int = 0
    """The number of the incident that took over its alerts; 0 while it has them itself."""
    template_faults: tuple[str, ...] = ()
    """Media whose template failed for this incident: it is said once."""
    card_faults: tuple[str, ...] = ()
    """Places that took no card, each with the reason: it is said once."""
    collects_until: Instant | None = None
    """When it takes no more new alerts; None: until it closes."""
    storm: int = 0
    """The highest storm threshold of its channel that it has reached."""
    digest: bool = False
    """It counts alerts that would each have opened an incident while its channel drowned."""
    flapping: bool = False
    """An alert of it comes and goes."""
    novel: bool = False
    """Nothing like its first alert had been seen in its channel before."""
    unmuted: str = ""
    """The named reason for which it opened although it had been quiet: a silence that ended…"""
    pause: Pause | None = None
    """Set while it is closed because its alerts recovered."""
    rooms: tuple[Room, ...] = ()
    """Its war rooms, at most one on each platform."""
    remarks: int = 0
    """How many lines were said below its cards."""
