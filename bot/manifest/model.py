"""What a team declares in tocsin.yaml: people, schedules, channels, rules. One class a mapping, one attribute a key."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from bot.engine.links import LINKS_MAX
from bot.engine.model import DAY, HOUR, MINUTE, SECOND, Severity, Span
from bot.engine.numbers import CONTACT
from bot.engine.world import SNOOZES
from bot.manifest.feeds import LOOKUPS_MAX, EnrichRule, LabelNames, ProcessRule, Route
from bot.manifest.filters import Filter
from bot.manifest.ladders import PersonalLadder
from bot.manifest.mail import MailFeed, MailIn
from bot.manifest.noise import (
    DIMENSIONS_MAX,
    RULES_MAX,
    Digest,
    Flapping,
    Grouping,
    Inhibition,
    Silence,
    Storm,
    told_apart,
)
from bot.manifest.numbers import NUMBERS_MAX, Number, QuotasPart, distinct
from bot.manifest.parts import Chat, Part
from bot.manifest.platforms import Platforms
from bot.manifest.problems import refusal
from bot.manifest.schedules import Calendar, Schedule, Window
from bot.manifest.values import (
    Account,
    Description,
    Duration,
    Id,
    Ids,
    Language,
    Mail,
    Name39,
    Name40,
    Name59,
    Phone,
    PlainText,
    Platform,
    Secret,
    Setting,
    TargetText,
    Url,
    Ways,
    Zone,
    once,
    shaped,
)
from bot.manifest.wording import FIELDS_MAX, CustomFieldPart, FieldName, LinkPart, Medium, TemplateText


class BySeverity(Part):
    """Ways to reach people, by how bad it is. What is absent follows the default."""

    critical: Ways = ()
    """For Critical."""
    warning: Ways = ()
    """For Warning."""
    info: Ways = ()
    """For Info."""

    def by_severity(self) -> dict[Severity, tuple[str, ...]]:
        """The lists that are not empty."""
        all_of_them = {
            Severity.CRITICAL: self.critical,
            Severity.WARNING: self.warning,
            Severity.INFO: self.info,
        }
        return {severity: ways for severity, ways in all_of_them.items() if ways}


class Member(Part):
    """A person."""

    name: Name59
    """How cards and commands call the person."""
    lang: Language = "en"
    """The language of what is sent to the person."""
    timezone: Zone = "UTC"
    """The zone of the times that the person reads."""
    phone: Phone | None = None
    """For SMS, in full with the country code."""
    email: Mail | None = None
    """For mail."""
    identities: dict[Account, PlainText] = Field(default_factory=dict)
    """User ids by platform: U… in Slack, an object id in Teams, a number in Telegram, a topic of ntfy, a user key of
    Pushover. In chat people can also link themselves."""
    notify: BySeverity = BySeverity()
    """How the person wants to be reached; by default a direct message on the first platform, else SMS and mail."""
    ladder: PersonalLadder = PersonalLadder()
    """What follows while the person has not acknowledged: other ways, so long after the first page."""
    seat: StrictBool = True
    """May view and act; without a seat a person is paged and can do nothing about it."""


class Team(Part):
    """People who own things together."""

    name: Name59
    """What it is called."""
    members: Annotated[Ids, Field(min_length=1)]
    """Their ids."""


class Repeat(Part):
    """How often a level pages again while nobody acknowledges."""

    every: Annotated[Span, Duration(30 * SECOND, 120 * MINUTE, 30 * SECOND)]
    """The time between two pages."""
    times: Annotated[StrictInt, Field(ge=0, le=6)]
    """How many pages follow the first."""


class Level(Part):
    """One step of the ladder."""

    notify: Annotated[tuple[TargetText, ...], Field(min_length=1)]
    """Whom: `member:ID`, `team:ID`, `schedule:ID`, `schedule:ID/ROLE`, or `email:ADDRESS` of somebody else."""
    chats: tuple[Chat, ...] = ()
    """Chats that see the incident from this level on, besides those of the channel."""
    via: BySeverity | None = None
    """Ways by severity for everybody here; by default each person's own preference."""
    repeat: Repeat | None = None
    """By default a level pages once."""
    escalate_after: Annotated[Span, Duration(1 * MINUTE, 720 * MINUTE)] = 30 * MINUTE
    """When the next level is notified."""
    round_robin: StrictBool = False
    """One of those it names, the next one for each incident, instead of all of them."""
    even_if_acked: StrictBool = False
    """Climb unless closed; by default an acknowledgement is enough to stay."""


class Rule(Part):
    """An escalation rule: which incidents, and whom they go to."""

    name: Name39
    """What it is called; unique within the channel."""
    enabled: StrictBool = True
    """`false`: it takes nothing."""
    priority: Annotated[StrictInt, Field(ge=0, le=200)] = 0
    """Low first; among equals the order of the file. The first rule that matches takes the incident."""
    filter: Filter = ()
    """Groups of conditions: OR between the groups, AND inside one. Absent: every incident."""
    when: tuple[Window, ...] = ()
    """Hours in which it applies, any of them; absent: always."""
    timezone: Zone | None = None
    """Whose clocks `when` follows; by default the zone of the channel."""
    delay: Annotated[Span, Duration(0, 3600 * SECOND)] = 0
    """How long to wait before the first page; what closes meanwhile pages nobody."""
    rounds: Annotated[StrictInt, Field(ge=1, le=10)] = 3
    """How often the ladder is climbed before the catch-all is paged."""
    ack_timeout: Annotated[Span, Duration(5 * MINUTE, 24 * HOUR)] = 0
    """What is acknowledged and still open after so long is paged again; by default never."""
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=20)]
    """The ladder."""


class Channel(Part):
    """The space that owns integrations, rules and incidents."""

    name: Name59
    """What it is called."""
    description: Description = ""
    """What it is for, up to 500 characters, for people who read the manifest."""
    team: Id | None = None
    """Who owns it."""
    timezone: Zone = "UTC"
    """The zone of the hours in its rules."""
    chats: tuple[Chat, ...] = ()
    """Where its cards are shown."""
    group_by: Annotated[LabelNames, Field(max_length=DIMENSIONS_MAX)] = ()
    """Up to 5 labels whose equal values put alerts into one incident; by default one incident an alert."""
    grouping: Grouping | None = None
    """The same and more, instead of `group_by`: branches, likeness, windows."""
    storm: Storm = ()
    """Numbers of alerts in one incident, up to 5 from 2 to 10000: reaching one is told again unless acknowledged."""
    digest: Digest = Digest()
    """When it drowns; by default 20 incidents within 1m: what follows is counted in one incident instead."""
    flapping: Flapping = Flapping()
    """When an alert counts as coming and going; by default 4 changes within 60m, which only marks it."""
    silences: Annotated[tuple[Silence, ...], Field(max_length=RULES_MAX)] = ()
    """What nobody wants to hear of, and when."""
    inhibit: Annotated[tuple[Inhibition, ...], Field(max_length=RULES_MAX)] = ()
    """Alerts that other alerts explain."""
    close_with_alerts: StrictBool = True
    """Close an incident when all its alerts have recovered."""
    auto_close: Annotated[Span, Duration(0, 30 * DAY)] = 0
    """Close an incident after so long; 0s: never."""
    auto_close_mode: Literal["trigger", "update"] = "trigger"
    """Count that time from the opening (`trigger`), or from the last news of an alert (`update`)."""
    rules: tuple[Rule, ...] = ()
    """Its escalation rules. What none takes goes to the catch-all."""
    drop: Filter = ()
    """A filter: events that pass it are erased before they become alerts. Recoveries are let in."""
    links: Annotated[tuple[LinkPart, ...], Field(max_length=LINKS_MAX)] = ()
    """Links on its cards, up to 3."""
    rooms: Annotated[tuple[Platform, ...], AfterValidator(once)] = ()
    """Platforms on which war rooms are opened, all at once; by default the one on which somebody asks for a room."""
    templates: dict[Medium, TemplateText] = Field(default_factory=dict)
    """Its own words by medium (`im`, `sms`, `email`): docs/templates.md. What fails leaves the built-in ones."""

    @model_validator(mode="after")
    def _rules_are_told_apart(self) -> Self:
        once(tuple(rule.name for rule in self.rules))
        told_apart(self.silences, self.inhibit)
        if self.group_by and self.grouping is not None:
            raise refusal("grouped_twice", "it has both group_by and grouping", "Keep one of the two.")
        return self


_key_shape = shaped(
    r"[A-Za-z0-9_-]{16,128}",
    "that is no key: it must be hard to guess, and fit into a URL",
    "Use 16 to 128 of A-Z, a-z, 0-9, - and _.",
)


BY_MAIL = ("email", "monit")
"""The sources whose alerts are mails."""


class Integration(Part):
    """One inbound feed."""

    source: Id
    """The monitoring system: prometheus, grafana, standard…"""
    channel: Id | None = None
    """Where its alerts go; a shared integration has `routes` instead."""
    key: Annotated[Secret, _key_shape]
    """Whoever holds it may raise alerts: 16 to 128 of A-Z, a-z, 0-9, - and _."""
    secret: Secret | None = None
    """What the source signs its requests with, where it does."""
    config: dict[str, Setting] = Field(default_factory=dict)
    """Further settings of the source, as docs/sources.md names them."""
    email: MailFeed | None = None
    """What its mails mean, for the sources that mails come to: `email`, `monit`."""
    enrich: Annotated[tuple[EnrichRule, ...], Field(max_length=50)] = ()
    """Labels to make and to remove, in order."""
    process: Annotated[tuple[ProcessRule, ...], Field(max_length=50)] = ()
    """What to change about its alerts, or to leave out, in order. Recoveries skip it."""
    routes: Annotated[tuple[Route, ...], Field(max_length=100)] = ()
    """Which channels get which events, in order."""
    default_route: Annotated[Ids, Field(max_length=20)] = ()
    """The channels that get what no route takes; without one it is rejected."""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if (self.channel is None) == (not self.routes and not self.default_route):
            cure = "Write channel: for one channel, or routes: for several; one of the two."
            raise refusal("leads_nowhere", "an integration has either a channel or routes", cure)
        if self.email is not None and self.source not in BY_MAIL:
            raise refusal("not_by_mail", f"{self.source} does not send mail", "Remove email:, or write source: email.")
        lookups = sum(rule.mapping is not None and rule.mapping.api is not None for rule in self.enrich)
        if lookups > LOOKUPS_MAX:
            said = f"it asks {lookups} services about each event, and the limit is {LOOKUPS_MAX}"
            raise refusal("lookups", said, "Ask one service for more results.")
        return self


class Manifest(Part):
    """Everything that a team declares."""

    organization: Name59
    """Whose Tocsin this is."""
    public_url: Url | None = None
    """Where people and platforms reach Tocsin from outside."""
    members: Annotated[dict[Id, Member], Field(min_length=1)]
    """People, by id."""
    teams: dict[Id, Team] = Field(default_factory=dict)
    """Teams, by id."""
    schedules: dict[Id, Schedule] = Field(default_factory=dict)
    """Schedules, by id."""
    calendars: dict[Id, Calendar] = Field(default_factory=dict)
    """Workdays and holidays, by id."""
    channels: Annotated[dict[Id, Channel], Field(min_length=1)]
    """Channels, by id."""
    fields: Annotated[dict[FieldName, CustomFieldPart], Field(max_length=FIELDS_MAX)] = Field(default_factory=dict)
    """Facts that people can set on every incident, by name; up to 15."""
    snooze: Annotated[
        tuple[Annotated[Span, Duration(MINUTE, 24 * HOUR, MINUTE)], ...], Field(max_length=10), AfterValidator(once)
    ] = SNOOZES
    """What the snooze menu of every card offers, up to 10; any other time up to 24h can be typed."""
    numbers: Annotated[tuple[Number, ...], Field(max_length=NUMBERS_MAX), AfterValidator(distinct)] = ()
    """The numbers that pages come from, which `vcard` tells people; by default the senders that are numbers."""
    contact: Name40 = CONTACT
    """How people's phones call that contact."""
    quotas: QuotasPart = QuotasPart()
    """What the organization may use of SMS, voice and mail in a month; by default there is no limit."""
    integrations: dict[Id, Integration] = Field(default_factory=dict)
    """Integrations, by id."""
    catch_all: Annotated[tuple[TargetText, ...], Field(min_length=1)]
    """Paged when no rule matches, nobody is on call, or a ladder is exhausted."""
    mail: MailIn | None = None
    """Mail that comes in: the domain of the integrations' addresses, and a mailbox to poll."""
    platforms: Platforms = Platforms()
    """Credentials of chat platforms and vendors."""
