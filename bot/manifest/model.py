"""What a team declares in tocsin.yaml: people, schedules, channels, rules. One class a mapping, one attribute a key."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from bot.engine import conditions
from bot.engine.model import DAY, MINUTE, SECOND, Severity, Span
from bot.manifest.parts import Chat, Part
from bot.manifest.platforms import Platforms
from bot.manifest.problems import choose, refusal
from bot.manifest.schedules import Calendar, Schedule, Window
from bot.manifest.values import (
    Duration,
    Id,
    Ids,
    Language,
    Mail,
    Name39,
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
    identities: dict[Platform, PlainText] = Field(default_factory=dict)
    """The person's user id on each platform: U… in Slack, a number in Telegram. People can also link in chat."""
    notify: BySeverity = BySeverity()
    """How the person wants to be reached; by default a direct message on the first platform, else SMS and mail."""
    seat: StrictBool = True
    """May view and act; without a seat a person is paged and can do nothing about it."""


class Team(Part):
    """People who own things together."""

    name: Name59
    """What it is called."""
    members: Annotated[Ids, Field(min_length=1)]
    """Their ids."""


def _known_key(key: str) -> str:
    if not conditions.is_key(key):
        cure = choose(key, conditions.KEYS, "a key, or labels.NAME; the keys are")
        raise refusal("condition_key", "a condition cannot ask for that", cure)
    return key


def _known_value(text: str) -> str:
    if why := conditions.fault(text):
        raise refusal("condition_value", why, _VALUE_CURES[conditions.kind_of(text)])
    return text


_VALUE_CURES = {
    conditions.ValueKind.EXACT: "Shorten it with a wildcard.",
    conditions.ValueKind.WILDCARD: "Shorten it with more wildcards.",
    conditions.ValueKind.REGEX: "Write a regular expression of RE2, shorter or simpler (docs/filters.md).",
    conditions.ValueKind.CIDR: "Write a network by its first address: cidr:10.0.0.0/24.",
    conditions.ValueKind.NUMBER: "Write num:gt:90, with gt, ge, lt or le and a decimal number.",
}


class Condition(Part):
    """One test: the key is IN, or NOTIN, the values."""

    key: Annotated[str, AfterValidator(_known_key)]
    """`severity`, `title`, `description`, `integration` or `labels.NAME`."""
    oper: Literal["IN", "NOTIN"]
    """IN: any value matches; NOTIN: none does."""
    vals: Annotated[tuple[Annotated[PlainText, AfterValidator(_known_value)], ...], Field(min_length=1)]
    """Exact text, a wildcard (`*`, `?`) for the whole value, `/re/`, `cidr:10.0.0.0/24` or `num:gt:90`; `*`: there."""

    @model_validator(mode="after")
    def _severity_exists(self) -> Self:
        known = [severity.value for severity in Severity if severity is not Severity.OK]
        for value in self.vals if self.key == "severity" else ():
            if conditions.kind_of(value) is conditions.ValueKind.EXACT and value not in known:
                raise refusal("severity", f"no incident has the severity {value}", choose(value, known, "one of"))
        return self


class Repeat(Part):
    """How often a level pages again while nobody acknowledges."""

    every: Annotated[Span, Duration(30 * SECOND, 120 * MINUTE, 30 * SECOND)]
    """The time between two pages."""
    times: Annotated[StrictInt, Field(ge=0, le=6)]
    """How many pages follow the first."""


class Level(Part):
    """One step of the ladder."""

    notify: Annotated[tuple[TargetText, ...], Field(min_length=1)]
    """Whom: `member:ID`, `team:ID`, `schedule:ID` or `schedule:ID/ROLE`."""
    chats: tuple[Chat, ...] = ()
    """Chats that see the incident from this level on, besides those of the channel."""
    via: BySeverity | None = None
    """Ways by severity for everybody here; by default each person's own preference."""
    repeat: Repeat | None = None
    """By default a level pages once."""
    escalate_after: Annotated[Span, Duration(1 * MINUTE, 720 * MINUTE)] = 30 * MINUTE
    """When the next level is notified."""
    even_if_acked: StrictBool = False
    """Climb unless closed; by default an acknowledgement is enough to stay."""


class Rule(Part):
    """An escalation rule: which incidents, and whom they go to."""

    name: Name39
    """What it is called; unique within the channel."""
    priority: Annotated[StrictInt, Field(ge=0, le=200)] = 0
    """Low first; among equals the order of the file. The first rule that matches takes the incident."""
    filter: tuple[Annotated[tuple[Condition, ...], Field(min_length=1)], ...] = ()
    """Groups of conditions: OR between the groups, AND inside one. Absent: every incident."""
    when: tuple[Window, ...] = ()
    """Hours in which it applies, any of them; absent: always."""
    timezone: Zone | None = None
    """Whose clocks `when` follows; by default the zone of the channel."""
    delay: Annotated[Span, Duration(0, 3600 * SECOND)] = 0
    """How long to wait before the first page; what closes meanwhile pages nobody."""
    rounds: Annotated[StrictInt, Field(ge=1, le=10)] = 3
    """How often the ladder is climbed before the catch-all is paged."""
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=20)]
    """The ladder."""


class Channel(Part):
    """The space that owns integrations, rules and incidents."""

    name: Name59
    """What it is called."""
    team: Id | None = None
    """Who owns it."""
    timezone: Zone = "UTC"
    """The zone of the hours in its rules."""
    chats: tuple[Chat, ...] = ()
    """Where its cards are shown."""
    group_by: Annotated[tuple[str, ...], AfterValidator(once)] = ()
    """Labels whose equal values put alerts into one incident; by default one incident an alert."""
    close_with_alerts: StrictBool = True
    """Close an incident when all its alerts have recovered."""
    auto_close: Annotated[Span, Duration(0, 30 * DAY)] = 0
    """Close an incident this long after it opened; 0s: never."""
    rules: tuple[Rule, ...] = ()
    """Its escalation rules. What none takes goes to the catch-all."""

    @model_validator(mode="after")
    def _rules_are_told_apart(self) -> Self:
        once(tuple(rule.name for rule in self.rules))
        return self


_key_shape = shaped(
    r"[A-Za-z0-9_-]{16,128}",
    "that is no key: it must be hard to guess, and fit into a URL",
    "Use 16 to 128 of A-Z, a-z, 0-9, - and _.",
)


class Integration(Part):
    """One inbound feed."""

    source: Id
    """The monitoring system: prometheus, grafana, standard…"""
    channel: Id
    """Where its alerts go."""
    key: Annotated[Secret, _key_shape]
    """Whoever holds it may raise alerts: 16 to 128 of A-Z, a-z, 0-9, - and _."""
    secret: Secret | None = None
    """What the source signs its requests with, where it does."""
    config: dict[str, Setting] = Field(default_factory=dict)
    """Further settings of the source, as docs/sources.md names them."""


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
    integrations: dict[Id, Integration] = Field(default_factory=dict)
    """Integrations, by id."""
    catch_all: Annotated[tuple[TargetText, ...], Field(min_length=1)]
    """Paged when no rule matches, nobody is on call, or a ladder is exhausted."""
    platforms: Platforms = Platforms()
    """Credentials of chat platforms and vendors."""
