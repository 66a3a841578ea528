"""What `explain` finds: a named verdict for every rule, silence, level and person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.engine.model import Condition, Instant, Severity, Target, Way
from bot.engine.world import OnCall, Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an incident was when it opened: the facts that the rules were asked about."""

    title: str
    description: str
    severity: Severity
    labels: Mapping[str, str]
    at: Instant
    integration: str = ""


class RuleWhy(StrEnum):
    """What became of a rule."""

    CHOSEN = "chosen"
    WOULD = "would"
    DISABLED = "disabled"
    HOURS = "hours"
    FILTER = "filter"
    SHADOWED = "shadowed"
    BY_HAND = "by_hand"
    SINCE = "since"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """One rule of the channel, in the order in which they are asked."""

    rule: str
    why: RuleWhy
    fails: tuple[Condition, ...] = ()
    """The first condition of each group that does not hold."""
    by: str = ""
    """The rule that came first."""


class RouteWhy(StrEnum):
    """What became of a case of a shared integration, or of its default route."""

    TAKEN = "route_taken"
    FILTER = "route_filter"
    NO_CHANNEL = "route_no_channel"
    NOT_ASKED = "route_not_asked"
    DEFAULT = "route_default"
    NO_DEFAULT = "route_no_default"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteVerdict:
    """One case of a shared integration, counted from 1; 0 is the default route."""

    case: int
    why: RouteWhy
    channels: tuple[str, ...] = ()
    fails: tuple[Condition, ...] = ()
    """The first condition of each group that does not hold."""


class QuietWhy(StrEnum):
    """Why something that keeps alerts quiet keeps this one, or does not."""

    HIDES = "hides"
    OTHER = "other"
    OFF = "off"
    STEADY = "steady"
    NOTICED = "noticed"
    OVER = "over"
    FILTER = "filter"
    HOURS = "hours"
    LATER = "later"
    IS_CAUSE = "is_cause"
    NO_CAUSE = "no_cause"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietVerdict:
    """A drop rule, a silence or an inhibition of the channel."""

    kind: str
    """`drop`, `silence`, `inhibition` or `flapping`."""
    name: str
    why: QuietWhy
    fails: tuple[Condition, ...] = ()
    id: str = ""
    until: Instant | None = None
    """Of what hides it: the end, where there is one to see."""
    cause: str = ""
    """Of what hides it: the title of the alert that explains it."""
    changes: int = 0
    """Of flapping: how often it began or recovered lately…"""
    enough: int = 0
    """…and how often makes it flap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """Somebody behind a target at the instant; of a schedule also by which layer or override, and until when."""

    member: str
    duty: OnCall | None = None
    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetVerdict:
    """A target of a level and whoever stands behind it; nobody, if the schedule is empty."""

    target: Target
    people: tuple[Stands, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelVerdict:
    """A level, counted from 0; the one after the last is the last resort."""

    level: int
    targets: tuple[TargetVerdict, ...]
    current: bool
    turn: str = ""
    """In round robin, whose turn it is."""


class MemberWhy(StrEnum):
    """Whether a person is paged, or why not."""

    PAGED = "paged"
    MUTED = "muted"
    DELAYED = "delayed"
    ACKED = "acked"
    SOMEBODY_HAS_IT = "somebody_has_it"
    CLOSED = "closed"
    NO_WAY = "no_way"
    NOT_THE_TURN = "not_the_turn"
    EARLIER = "earlier"
    LATER = "later"
    ADDED = "added"
    NOT_ON_CALL = "not_on_call"
    NOT_NAMED = "not_named"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberVerdict:
    """One person: paged or not, why, and by which ways it would come to them."""

    member: str
    why: MemberWhy
    level: int | None = None
    through: str = ""
    """As in `routing.Called`; of somebody who is not on call, the schedule."""
    turn: str = ""
    """Whose turn it is instead."""
    ways: tuple[Way, ...] = ()
    by: str = ""
    """Where `ways` come from: `unified`, `own` or `default`."""
    ladder: tuple[Rung, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """All of them. `at` is the instant of levels and people: now, or the opening of what is closed."""

    at: Instant
    rules: tuple[RuleVerdict, ...]
    quiet: tuple[QuietVerdict, ...]
    levels: tuple[LevelVerdict, ...]
    members: tuple[MemberVerdict, ...]
    routes: tuple[RouteVerdict, ...] = ()
    """Of an alert from a shared integration: every case, and the default."""

    def member(self, member: str) -> MemberVerdict | None:
        """The verdict about one person."""
        return next((one for one in self.members if one.member == member), None)
