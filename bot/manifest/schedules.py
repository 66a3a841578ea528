"""What a manifest says about time: rotations, overrides, notices, calendars, and the hours of rules."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from bot.engine.model import DAY, MINUTE, Span
from bot.manifest.parts import Chat, Part
from bot.manifest.problems import refusal
from bot.manifest.values import (
    WEEKDAYS,
    Clock,
    ClockEnd,
    Countries,
    Date,
    Description,
    Duration,
    Id,
    Ids,
    Moment,
    Name40,
    PlainText,
    Wall,
    Weekdays,
    WeekTime,
    Zone,
    once,
)


class DailyPeriod(Part):
    """Hours of every day."""

    start: Clock = Field(alias="from")
    """When the layer comes on duty."""
    end: ClockEnd = Field(alias="to")
    """When it goes off duty; not later than `from`: on the next day."""


class WeeklyPeriod(Part):
    """A part of every week."""

    start: WeekTime = Field(alias="from")
    """When the layer comes on duty: `mon 09:00`."""
    end: WeekTime = Field(alias="to")
    """When it goes off duty: `fri 18:00`."""


class Restriction(Part):
    """When a layer is on duty at all: periods of the day, or periods of the week."""

    daily: tuple[DailyPeriod, ...] = ()
    """Periods of every day."""
    weekly: tuple[WeeklyPeriod, ...] = ()
    """Periods of every week."""

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if bool(self.daily) == bool(self.weekly):
            cure = 'Write daily: [{from: "09:00", to: "18:00"}], or weekly: [{from: "mon 09:00", to: "fri 18:00"}].'
            raise refusal("restriction", "a restriction has either daily or weekly periods", cure)
        return self


class Layer(Part):
    """One rotation of a schedule."""

    name: Name40 | None = None
    """Names it in `oncall`; by default `layer-1`, `layer-2`…"""
    unit: Literal["hour", "day", "week", "month"] = "week"
    """What a turn is measured in."""
    every: Annotated[StrictInt, Field(ge=1, le=30)] = 1
    """How many units a turn lasts."""
    start: Wall
    """When the first turn begins, in the zone of the schedule; every later handoff is at the same time of day."""
    end: Wall | None = None
    """When the layer ends; by default never."""
    handoff: Clock | None = None
    """The time of every handoff after the first, where it is not that of `start`; not for turns of hours."""
    restriction: Restriction | None = None
    """When the layer is on duty at all; by default always."""
    days: Weekdays = ()
    """The days on which it is on duty; by default all. Not beside weekly periods."""
    continuous: StrictBool = False
    """A shift that starts on one of `days` runs on to its own end; by default it is cut at midnight."""
    fair: StrictBool = False
    """Shift the order by one after each cycle where everybody would else have the same days or hours every week."""
    weight: Annotated[StrictInt, Field(ge=0, le=200)] = 0
    """Who would be on call twice in one role counts for the lightest layer."""
    members: Annotated[tuple[Id, ...], Field(min_length=1)] | None = None
    """Who takes turns, one at a time, in the role `primary`."""
    groups: Annotated[tuple[dict[Id, Ids], ...], Field(min_length=1)] | None = None
    """Who takes turns together, by role: `- {primary: [ann], backup: [bo]}`. Instead of `members`."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.members is None) == (self.groups is None):
            cure = "Write members: [ann, bo], or groups: with roles; one of the two."
            raise refusal("rotation", "a layer needs either members or groups", cure)
        if self.end is not None and self.end <= self.start:
            raise refusal("ends_first", f"it ends ({self.end}) before it starts ({self.start})", "Correct the end.")
        return self

    @model_validator(mode="after")
    def _times_fit_together(self) -> Self:
        if self.handoff is not None and self.unit == "hour":
            raise refusal("handoff", "turns of hours are counted from the start", "Remove handoff, or turn by the day.")
        if self.days and self.restriction and self.restriction.weekly:
            raise refusal("days", "weekly periods already say which days", "Remove days, or write daily periods.")
        if self.continuous and not self.days:
            raise refusal("continuous", "continuous is about days, and there are none", "Add days: [mon, tue].")
        return self

    def by_role(self) -> tuple[dict[str, tuple[str, ...]], ...]:
        """The groups, also of a plain list of members."""
        return self.groups or tuple({"primary": (member,)} for member in self.members or ())


class Override(Part):
    """For this window, this person and nobody else."""

    start: Moment
    """When it begins: a time in the zone of the schedule, or one with an offset."""
    end: Moment
    """When what the layers say is back."""
    member: Id
    """Who is on call."""
    role: Id = "primary"
    """In which role."""


class Imported(Part):
    """A layer whose shifts stand in a calendar file that somebody else keeps."""

    ical: PlainText
    """The .ics file, relative to the manifest: read when the manifest is, 35 days back and a year ahead."""
    name: Name40 | None = None
    """Names it in `oncall`; by default `import-1`, `import-2`…"""
    role: Id = "primary"
    """The role of everybody in it."""
    weight: Annotated[StrictInt, Field(ge=0, le=200)] = 0
    """As of a layer."""


class Notices(Part):
    """What is said about coming shifts, and to whom."""

    before: Annotated[Span, Duration(0, DAY, 5 * MINUTE)] = 0
    """Tell this long before somebody's duty begins; `0`: do not."""
    daily: Clock | None = None
    """Tell the coming day every day at this time; by default not."""
    members: StrictBool = True
    """Tell those who are concerned, each alone."""
    chats: tuple[Chat, ...] = ()
    """Chats that are told as well."""

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not self.before and not self.daily:
            raise refusal("notices", "these notices would never be sent", 'Write before: 30m, or daily: "09:00".')
        if not self.members and not self.chats:
            raise refusal("notices", "these notices would reach nobody", "Name chats, or let members be true.")
        return self


GroupPlatform = Literal["slack"]
"""The platforms that let a bot say who is in a group of people: those whose adapter has `caps.user_groups`."""


class Schedule(Part):
    """Who is on call when."""

    name: Name40
    """What it is called; unique."""
    description: Description = ""
    """What it is for, up to 500 characters, for people who read the manifest."""
    timezone: Zone
    """The zone whose clocks decide the handoffs."""
    layers: tuple[Layer, ...] = ()
    """Rotations; they add together."""
    overrides: tuple[Override, ...] = ()
    """Each replaces every layer inside its window; of two in one role the later in the list wins."""

    imports: tuple[Imported, ...] = ()
    """Layers from calendar files; they follow the layers above."""
    notices: Notices | None = None
    """What is said about coming shifts."""
    user_groups: dict[GroupPlatform, PlainText] = Field(default_factory=dict)
    """The group of people that holds whoever is on call, in any role: in `slack` a user group, by id (S…) or handle."""

    @model_validator(mode="after")
    def _layers_are_told_apart(self) -> Self:
        names = (*(layer.name for layer in self.layers), *(each.name for each in self.imports))
        once(tuple(filter(None, names)))
        return self


class Calendar(Part):
    """Which days are worked."""

    timezone: Zone
    """Whose midnights part the days."""
    workdays: Weekdays = Field(default=(1, 2, 3, 4, 5), json_schema_extra={"default": list(WEEKDAYS[1:6])})
    """Days of the week that are worked."""
    holidays: Countries = ()
    """Countries whose public holidays are off, and whose make-up workdays are worked: `CN`, `DE-BY`."""
    overrides: dict[Date, Literal["work", "off"]] = Field(default_factory=dict)
    """Single dates, over everything above: `2026-12-24: off`."""


class Window(Part):
    """Hours of some days."""

    start: Clock = Field(default="00:00", alias="from")
    """When it opens."""
    end: ClockEnd = Field(default="24:00", alias="to")
    """When it closes; not later than `from`: on the next day."""
    days: Weekdays = ()
    """Days of the week on which it opens; by default all."""
    calendar: Id | None = None
    """A calendar whose workdays count."""
    off: StrictBool = False
    """The days that the calendar has off, instead of its workdays."""

    @model_validator(mode="after")
    def _asks_a_calendar(self) -> Self:
        if self.off and not self.calendar:
            raise refusal("off", "off is about a calendar, and none is named", "Add calendar: ID.")
        return self
