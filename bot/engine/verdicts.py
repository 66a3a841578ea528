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


class QuietWhy(StrEnum):
    """Why something that keeps alerts quiet did not keep this one."""

    FILTER = "filter"
    HOURS = "hours"
    LATER = "later"
    IS_CAUSE = "is_cause"
    NO_CAUSE = "no_cause"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietVerdict:
    """A drop rule, a silence or an inhibition of the channel."""

    kind: str
    """`drop`, `silence` or `inhibition`."""
    name: str
    why: QuietWhy
    fails: tuple[Condition, ...] = ()


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

    def member(self, member: str) -> MemberVerdict | None:
        """The verdict about one person."""
        return next((one for one in self.members if one.member == member), None)
