"""The world as a team declared it: who there is, how to reach them, who is on call, and which rules a channel has.

A `World` is a value: built from the manifest and the linked identities, replaced as a whole, read by the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.engine.calendars import Calendar
from bot.engine.digest import Digest
from bot.engine.feed import Enrichment, Processing, Route
from bot.engine.flapping import Flapping
from bot.engine.grouping import ALONE, Grouping
from bot.engine.inhibition import Inhibition
from bot.engine.model import HOUR, MINUTE, Chat, Filter, Instant, Level, Rule, Severity, Span, Target, Way
from bot.engine.numbers import CONTACT, CallerNumber
from bot.engine.quotas import Quotas
from bot.engine.silence import Silence
from bot.engine.turns import Turn, TurnSlot

MAILTO = "mailto:"
"""Begins the id of a mailbox that belongs to no member."""
SNOOZES: tuple[Span, ...] = (2 * HOUR, 4 * HOUR, 12 * HOUR)
"""What the snooze menu offers unless the manifest says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a person's own ladder: these ways, so long after the first page."""

    after: Span
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person. `identities` maps a platform to the person's verified user id there."""

    id: str
    name: str
    lang: str = "en"
    zone: str = "UTC"
    phone: str = ""
    email: str = ""
    identities: Mapping[str, str] = field(default_factory=dict)
    ways: Mapping[Severity, tuple[Way, ...]] = field(default_factory=dict)
    """The person's preference by severity; a severity that is absent follows the default (see `preference`)."""
    ladder: Mapping[Severity, tuple[Rung, ...]] = field(default_factory=dict)
    """What follows the first page while the person has not acknowledged: SMS after 2 min, a call after 5."""
    seat: bool = True
    calls: bool = False
    """Whether the telephone can be called: a vendor of calls is set up."""
    texts: bool = True
    """Whether the telephone can be texted: a vendor of texts is set up."""
    stopped: tuple[Way, ...] = ()
    """Ways that the person, or a vendor on their behalf, has switched off: `sms` after STOP."""

    def reachable(self) -> tuple[Way, ...]:
        """Every way that could carry a page to this person, direct messages first."""
        phone: tuple[Way, ...] = ("sms",) if self.phone and self.texts else ()
        calls: tuple[Way, ...] = ("voice",) if self.phone and self.calls else ()
        mail: tuple[Way, ...] = ("email",) if self.email else ()
        return tuple(way for way in (*self.identities, *phone, *mail, *calls) if way not in self.stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """People who own things together."""

    id: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One position of a rotation: the people who are on call together, by role."""

    members: Mapping[str, tuple[str, ...]]
    """role → member ids; the plain rotation has the single role `primary`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyPeriod:
    """Hours of every day, `HH:MM` to `HH:MM`; an end that is not later than the start is on the next day."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyPeriod:
    """A part of every week. Days count from Sunday = 0; an end that is not later than the start is a week on."""

    start_day: int
    start: str
    end_day: int
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A half-open stretch of duty: `start` belongs to it, `end` to the next."""

    member: str
    role: str
    layer: str
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One rotation, or shifts that are fixed. Wall-clock fields are local to the schedule's zone."""

    id: str
    groups: tuple[Group, ...] = ()
    unit: str = "week"
    """`hour`, `day`, `week` or `month`."""
    every: int = 1
    start: str = "2024-01-01T00:00"
    """Local wall time at which the first group's first shift begins, `YYYY-MM-DDTHH:MM`."""
    end: str = ""
    """Local wall time at which the layer ends; empty: never."""
    handoff: str = ""
    """`HH:MM` of every handoff after the first, for turns of days, weeks and months; empty: the time of `start`."""
    restriction: tuple[DailyPeriod, ...] | tuple[WeeklyPeriod, ...] = ()
    """When the layer is on duty at all; none: always."""
    day_mask: tuple[int, ...] = ()
    """The days on which it is on duty, Sunday = 0; none: every day. Not beside weekly periods."""
    mask_continuous: bool = False
    """A shift that starts on a day of the mask runs on to its own end; otherwise it is cut at midnight."""
    fair: bool = False
    """Shift the order by one after each cycle, where the groups would else have the same days or hours every week."""
    weight: int = 0
    """Layers count in the order of their weights, light first, then in the order of the schedule."""
    fixed: tuple[Shift, ...] = ()
    """Shifts instead of a rotation; those of one person in one role do not overlap."""

    def people(self) -> frozenset[tuple[str, str]]:
        """(role, member) of everybody who is ever on call here."""
        rotating = {(role, one) for group in self.groups for role, members in group.members.items() for one in members}
        return frozenset(rotating | {(shift.role, shift.member) for shift in self.fixed})


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """For this half-open window, this person and nobody else."""

    id: str
    start: Instant
    end: Instant
    member: str
    role: str = "primary"
    role_only: bool = False
    """The other roles go on as they would; else nobody else is on call in any role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """What is said about the shifts of a schedule, to whom, and when."""

    before: Span = 0
    """This long before somebody's duty begins; 0: not."""
    daily: str = ""
    """`HH:MM` of the schedule's zone at which the coming day is told; empty: not."""
    members: bool = True
    """Tell those concerned, each alone."""
    chats: tuple[Chat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Who is on call when: layers add together, an override replaces them all inside its window."""

    id: str
    name: str
    zone: str
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()
    notices: Notices = field(default_factory=Notices)
    user_groups: Mapping[str, str] = field(default_factory=dict)
    """Platform → its group of people whose members are to be whoever is on call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Somebody who is on call at an instant, and for how long without a break."""

    member: str
    role: str
    layer: str
    since: Instant
    until: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One inbound feed. `config` is for the source's parser and means nothing here.

    It leads to its channel; a shared one has none, and its `routes` decide.
    """

    id: str
    key: str
    source: str
    channel: str
    config: Mapping[str, Any] = field(default_factory=dict)
    enrich: tuple[Enrichment, ...] = ()
    process: tuple[Processing, ...] = ()
    routes: tuple[Route, ...] = ()
    default_route: tuple[str, ...] = ()
    """The channels of what no route took."""


class FieldKind(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    SELECT = "select"
    MULTI = "multi"
    CHECKBOX = "checkbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField:
    """A fact that a team wants to know of every incident. `options` are the choices of a select."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTemplate:
    """A link on every card of a channel; `${title}`, `${num}`, `${labels.K}`… in `href` stand for its own values."""

    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The collaboration space that owns integrations, rules and incidents."""

    id: str
    name: str
    team: str = ""
    chats: tuple[Chat, ...] = ()
    rules: tuple[Rule, ...] = ()
    grouping: Grouping = ALONE
    """Which alerts make one incident; by default each alone."""
    inhibitions: tuple[Inhibition, ...] = ()
    flapping: Flapping | None = field(default_factory=Flapping)
    """None: nothing is remembered of alerts that come and go."""
    storm: tuple[int, ...] = ()
    """Numbers of alerts in one incident that are told again when they are reached."""
    digest: Digest | None = field(default_factory=Digest)
    """From when on it drowns; None: every incident is told, however many there are."""
    close_with_alerts: bool = True
    auto_close_after: Span = 0
    auto_close_on_update: bool = False
    """Whether that time is counted from the last news of an alert; else from the opening."""
    drop: Filter = ()
    """Events that pass it are erased; the empty filter erases nothing here."""
    links: tuple[LinkTemplate, ...] = ()
    rooms: tuple[str, ...] = ()
    """The platforms on which it wants war rooms, all at once; none: where somebody asks for one."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """The team's own words by medium: `im`, `sms`, `email`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that the engine may look up. `version` names the manifest that it came from."""

    members: Mapping[str, Member]
    teams: Mapping[str, Team]
    schedules: Mapping[str, Schedule]
    channels: Mapping[str, Channel]
    integrations: Mapping[str, Integration]
    """By id; the key is looked up by `by_key`."""
    catch_all: tuple[Target, ...]
    """Paged when no rule matches, nobody is on call, or a ladder is exhausted. Never empty."""
    by_key: Mapping[str, Integration] = field(default_factory=dict)
    by_email: Mapping[str, str] = field(default_factory=dict)
    """Mail address (folded) → member, also of those whom no declared mail server can reach."""
    shared_emails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Mail address (folded) → the members who share it: it proves nobody's identity."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    silences: Mapping[str, tuple[Silence, ...]] = field(default_factory=dict)
    """By channel: those that the manifest declares, and the quick ones of now."""
    turns: Mapping[TurnSlot, Turn] = field(default_factory=dict)
    """The latest turns of round robin, as far as the incident at hand needs them."""
    fields: Mapping[str, CustomField] = field(default_factory=dict)
    numbers: tuple[CallerNumber, ...] = ()
    """The numbers that pages come from, for people's address books."""
    contact: str = CONTACT
    """How those address books call them."""
    quotas: Quotas = field(default_factory=Quotas)
    """What a month may cost."""
    organization: str = ""
    snooze: tuple[Span, ...] = SNOOZES
    """The choices of the snooze menu."""
    version: str = ""
    url: str = ""
    """The public base URL, for links on cards; empty where there is none."""
    mail_domain: str = ""
    """What stands behind the @ of the integrations' mail addresses; empty where no mail comes in."""

    def member(self, member_id: str) -> Member | None:
        """A person, or the mailbox that stands for nobody (`mailto:ops@example.com`)."""
        known = self.members.get(member_id)
        if known is None and member_id.startswith(MAILTO):
            address = member_id.removeprefix(MAILTO)
            return Member(id=member_id, name=address, email=address, seat=False)
        return known

    def last_resort(self) -> Level:
        """The level that follows the last one."""
        return Level(targets=self.catch_all, repeat_every=30 * MINUTE, repeat_times=6, escalate_after=210 * MINUTE)
