"""The group of who is on call follows the schedule: when it changes, once an hour, and never into emptiness."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from bot.adapters.base import Capabilities, Permanent, RateLimited, SendError, Transient
from bot.clock import VirtualClock
from bot.engine.model import HOUR, MINUTE, SECOND
from bot.engine.world import Override, World
from bot.usergroups import GroupSync, Wanted, wanted
from tests.scenarios.company import WEEKLY, company
from tests.sim.world import instant

MONDAY = instant("2026-03-09T09:00")
"""When Ann takes over from Bo, in London."""


@dataclass
class Groups:
    """A platform with user groups; `trouble` is what it answers."""

    trouble: SendError | None = None
    set_to: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    asked: int = 0
    name: str = "slack"
    caps: Capabilities = field(default_factory=lambda: Capabilities(user_groups=True))

    async def set_group(self, group: str, users: tuple[str, ...]) -> None:
        self.asked += 1
        assert users, "no platform takes an empty group"
        if self.trouble is not None:
            raise self.trouble
        self.set_to.append((group, users))


def with_group(**groups: str) -> World:
    world = company()
    plan = replace(WEEKLY, user_groups=groups or {"slack": "S0ABC"})
    return replace(world, schedules={"primary": plan})


@dataclass
class Round:
    """The loop's step on a virtual clock."""

    world: World = field(default_factory=with_group)
    platform: Groups = field(default_factory=Groups)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(MONDAY - 10 * MINUTE))

    def __post_init__(self) -> None:
        self.sync = GroupSync({"slack": self.platform})

    def until(self, end: int, every: int = 15 * SECOND) -> Round:
        """Step as the loop does, until an instant."""
        while self.clock.now() < end:
            asyncio.run(self.sync.step(self.world, self.clock.now()))
            self.clock.set(self.clock.now() + every)
        return self


def test_everybody_on_call_is_wanted_in_any_role():
    assert wanted(with_group(), MONDAY - 1) == {("slack", "S0ABC"): Wanted(users=("U0ANN", "U0BO"))}


def test_a_member_without_an_account_there_is_named():
    world = with_group(telegram="ops")
    assert wanted(world, MONDAY - 1) == {("telegram", "ops"): Wanted(users=("102",), unlinked=("ann",))}


def test_schedules_that_share_a_group_fill_it_together():
    world = with_group()
    alone = replace(WEEKLY, id="b", layers=(), overrides=(
        Override(id="o", start=MONDAY - HOUR, end=MONDAY, member="di", role="primary"),
    ), user_groups={"slack": "S0ABC"})  # fmt: skip
    world = replace(world, schedules={**world.schedules, "b": alone})
    assert wanted(world, MONDAY - 1)["slack", "S0ABC"].users == ("U0ANN", "U0BO", "U0DI")
    assert wanted(world, MONDAY)["slack", "S0ABC"].users == ("U0ANN", "U0BO")


def test_it_is_set_at_once_when_it_changes_and_once_an_hour():
    run = Round()
    handed = Override(id="o", start=MONDAY, end=MONDAY + HOUR, member="di", role="primary")
    plan = replace(run.world.schedules["primary"], overrides=(handed,))
    run.world = replace(run.world, schedules={"primary": plan})
    run.until(MONDAY)
    assert run.platform.set_to == [("S0ABC", ("U0ANN", "U0BO"))]
    run.until(MONDAY + 15 * SECOND)
    assert run.platform.set_to[1:] == [("S0ABC", ("U0DI",))]
    run.until(MONDAY + HOUR + 15 * SECOND)
    assert run.platform.set_to[2:] == [("S0ABC", ("U0ANN", "U0BO"))]
    run.until(MONDAY + 5 * HOUR + 15 * SECOND)
    assert len(run.platform.set_to) == 3 + 4


def test_a_group_is_never_emptied_and_that_is_said_once():
    run = Round()
    run.until(MONDAY)
    emptied = replace(run.world, members={k: replace(m, identities={}) for k, m in run.world.members.items()})
    full, run.world = run.world, emptied
    with capture_logs() as logs:
        run.until(MONDAY + 3 * HOUR)
    assert len(run.platform.set_to) == 1
    assert [(line["event"], line["unlinked"]) for line in logs] == [("user_group_left", ("ann", "bo"))]
    run.world = full
    run.until(run.clock.now() + 1)
    assert len(run.platform.set_to) == 2


@pytest.mark.parametrize(
    ("trouble", "tries"),
    [
        (Transient("platform_down"), 10),
        (RateLimited(180), 4),
        (Permanent("group_unknown", "no user group has the handle @ops"), 1),
    ],
)
def test_a_failure_is_told_once_and_tried_again(trouble: SendError, tries: int):
    run = Round()
    run.platform.trouble = trouble
    with capture_logs() as logs:
        run.until(MONDAY)
    assert run.platform.asked == tries
    assert [line["event"] for line in logs] == ["user_group_failed"]
    assert trouble.reason in logs[0]["why"]
    run.platform.trouble = None
    with capture_logs() as logs:
        run.until(MONDAY + 2 * HOUR)
    assert run.platform.set_to
    assert [line["event"] for line in logs] == ["user_group_set"]


def test_a_platform_without_groups_is_left_alone():
    run = Round(platform=Groups(caps=Capabilities()))
    with capture_logs() as logs:
        run.until(MONDAY)
    assert (run.platform.asked, [line["event"] for line in logs]) == (0, ["user_group_left"])


def test_a_group_that_is_not_declared_any_more_is_forgotten():
    run = Round()
    run.until(MONDAY)
    full, run.world = run.world, company()
    run.until(run.clock.now() + MINUTE)
    run.world = full
    run.until(run.clock.now() + MINUTE)
    assert len(run.platform.set_to) == 2
