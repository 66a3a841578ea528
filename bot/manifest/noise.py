"""How a channel keeps noise down: grouping, storms, flapping, silences, inhibition, as a manifest writes them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, model_validator

from bot.engine import conditions, digest, flapping, silence, similarity
from bot.engine.model import HOUR, MINUTE, SECOND, Span
from bot.manifest.filters import Filter, PlainFilter
from bot.manifest.oncall import read_time
from bot.manifest.parts import Part
from bot.manifest.problems import choose, refusal
from bot.manifest.schedules import Window
from bot.manifest.values import Duration, Moment, Name39, PlainText, Zone, once

RULES_MAX = 100
"""Branches of a grouping, silences, and inhibitions of one channel."""
DIMENSIONS_MAX = 5
"""Values that make a group, and labels in which an alert and its cause agree."""
STORMS_MAX = 5


def _dimension(key: str) -> str:
    if not conditions.is_key(key):
        cure = choose(key, conditions.KEYS, "a key, or labels.NAME; the keys are")
        raise refusal("dimension", "alerts cannot be grouped by that", cure)
    return key


def _compared(key: str) -> str:
    known = ("title", "description")
    if key not in known and not (key.startswith("labels.") and conditions.is_key(key)):
        raise refusal("field", "that cannot be compared", choose(key, known, "labels.NAME, or one of"))
    return key


def _ascending(steps: tuple[int, ...]) -> tuple[int, ...]:
    if list(steps) != sorted(set(steps)):
        raise refusal("ascending", "each number must be greater than the one before", "Sort them, each once.")
    return steps


Dimensions = Annotated[
    tuple[Annotated[str, AfterValidator(_dimension)], ...], Field(max_length=DIMENSIONS_MAX), AfterValidator(once)
]
SomeFilter = Annotated[Filter, Field(min_length=1)]
"""A filter that is not left empty."""
Storm = Annotated[
    tuple[Annotated[StrictInt, Field(ge=2, le=10_000)], ...], Field(max_length=STORMS_MAX), AfterValidator(_ascending)
]


class Branch(Part):
    """Alerts that are grouped in their own way."""

    filter: SomeFilter
    """Which."""
    by: Annotated[Dimensions, Field(min_length=1)]
    """By what, up to 5 keys of conditions."""


class Grouping(Part):
    """Which alerts make one incident."""

    method: Literal["none", "rules", "similar"] = "rules"
    """`rules`: equal values; `similar`: alike by what they say; `none`: each alert alone."""
    by: Dimensions = ()
    """For `rules`: up to 5 of `severity`, `title`, `description`, `integration`, `labels.NAME`."""
    branches: Annotated[tuple[Branch, ...], Field(max_length=RULES_MAX)] = ()
    """For `rules`: other dimensions for some alerts; the first whose filter matches decides, else `by`."""
    strict: StrictBool = False
    """For `rules`: an alert that lacks a value stays alone; by default empty equals empty."""
    fields: Annotated[
        tuple[Annotated[str, AfterValidator(_compared)], ...],
        Field(min_length=1, max_length=similarity.FIELDS_MAX),
        AfterValidator(once),
    ] = similarity.FIELDS
    """For `similar`: what is compared, up to 10 of `title`, `description`, `labels.NAME`."""
    threshold: Annotated[StrictFloat, Field(ge=0.5, le=1)] = similarity.THRESHOLD
    """For `similar`: how alike they must be, 0.5 to 1.0."""
    window: Annotated[Span, Duration(0, 1440 * MINUTE, MINUTE)] = 0
    """How long an incident collects alerts, 1m to 24h; 0: until it closes."""
    sliding: StrictBool = False
    """Count the window from the alert that joined last; by default from the opening."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.method == "rules" and not self.by and not self.branches:
            raise refusal("groups_nothing", "it names nothing to group by", "Write by: [labels.service], for example.")
        return self


class Flapping(Part):
    """When an alert counts as flapping, and what then."""

    enabled: StrictBool = True
    """`false`: nothing is remembered, and an alert that is soon back opens a new incident."""
    changes: Annotated[StrictInt, Field(ge=2, le=flapping.CHANGES_MAX)] = 4
    """So many times it began or recovered…"""
    within: Annotated[Span, Duration(1 * MINUTE, 1440 * MINUTE, MINUTE)] = HOUR
    """…within this time."""
    mute: Annotated[Span, Duration(0, 1440 * MINUTE, MINUTE)] = 0
    """Keep it quiet for so long after the first notice, 30m to 24h; 0: only mark it."""

    @model_validator(mode="after")
    def _mute_is_worth_it(self) -> Self:
        if 0 < self.mute < 30 * MINUTE:
            raise refusal("mute", "a mute is 0 or at least 30 minutes", "Write mute: 30m, or 0.")
        return self


class Digest(Part):
    """When so many incidents open that nobody could read their cards: from then on they are counted in one."""

    enabled: StrictBool = True
    """`false`: every incident is told, however many there are."""
    incidents: Annotated[StrictInt, Field(ge=2, le=1_000)] = digest.Digest().incidents
    """So many incidents that open…"""
    within: Annotated[Span, Duration(10 * SECOND, 60 * MINUTE)] = digest.Digest().within
    """…within this time, 10s to 60m."""


class Silence(Part):
    """What nobody wants to hear of, and when."""

    name: Name39
    """What it is called; unique within the channel."""
    filter: SomeFilter
    """Which alerts."""
    start: Moment | None = None
    """When it begins: a time in its zone, or one with an offset; by default it has begun."""
    end: Moment | None = None
    """When it is over; by default never."""
    when: tuple[Window, ...] = ()
    """Hours in which it holds, any of them, also by the days of a calendar; by default all."""
    timezone: Zone | None = None
    """Whose clocks it follows; by default the zone of the channel."""
    mode: silence.Mode = "mark"
    """`mark` keeps the alert and asks again at the end: what still fires then pages. `drop` forgets it."""
    reason: PlainText = ""
    """Why, for whoever asks."""

    @model_validator(mode="after")
    def _is_not_for_ever(self) -> Self:
        if self.end is None and not self.when:
            raise refusal("for_ever", "it has neither an end nor hours", "Write end:, or when: with hours.")
        zone = self.timezone or "UTC"
        if self.start is not None and self.end is not None and read_time(self.end, zone) <= read_time(self.start, zone):
            raise refusal("ends_first", f"it ends ({self.end}) before it starts ({self.start})", "Correct the end.")
        return self


class Inhibition(Part):
    """Alerts that another one explains."""

    name: Name39
    """What it is called; unique within the channel."""
    source: PlainFilter
    """The alert that explains others while it is active: unacknowledged, and heard of lately. No `cidr:`, no `num:`."""
    target: SomeFilter
    """The alerts that it explains. One that is a source as well is never inhibited."""
    equals: Annotated[tuple[PlainText, ...], Field(max_length=DIMENSIONS_MAX), AfterValidator(once)] = ()
    """Labels that both must have, with equal values; none: any source explains any target."""
    mode: silence.Mode = "mark"
    """`mark` keeps the alert, and pages when it still fires after its cause is over. `drop` forgets it."""


def told_apart(silences: tuple[Silence, ...], inhibitions: tuple[Inhibition, ...]) -> None:
    """Raises a refusal where two silences, or two inhibitions, of a channel have one name."""
    once(tuple(each.name for each in silences))
    once(tuple(each.name for each in inhibitions))
