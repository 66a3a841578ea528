"""The groups of people on chat platforms that hold whoever is on call: set when that changes, and once an hour.

Somebody may change a group by hand, or another process may have set it: the hourly round puts that right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from bot.adapters.abilities import UserGroups
from bot.adapters.base import Adapter, Permanent, RateLimited, SendError
from bot.engine import schedule
from bot.engine.model import HOUR, MINUTE, SECOND, Instant, Span
from bot.engine.world import World
from bot.observe import log

AGAIN: Span = HOUR
"""How often a group is set though nothing changed, and how long a refusal for good is left alone."""
RETRY: Span = MINUTE
"""How long after a failure that may pass."""

Group = tuple[str, str]
"""(platform, what the platform calls the group)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who is to be in a group: user ids of its platform, and the members who have none there."""

    users: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """The last try of a group, and when the next one is due while nothing changes."""

    users: tuple[str, ...]
    again_at: Instant


def wanted(world: World, now: Instant) -> dict[Group, Wanted]:
    """Everybody on call now, in any role, by group. A group that several schedules name holds the people of all."""
    users: dict[Group, set[str]] = {}
    unlinked: dict[Group, set[str]] = {}
    for plan in world.schedules.values():
        for platform, name in plan.user_groups.items():
            group = (platform, name)
            users.setdefault(group, set())
            for duty in schedule.on_call(plan, now):
                member = world.members.get(duty.member)
                user = member.identities.get(platform, "") if member else ""
                if user:
                    users[group].add(user)
                else:
                    unlinked.setdefault(group, set()).add(duty.member)
    return {
        group: Wanted(users=tuple(sorted(found)), unlinked=tuple(sorted(unlinked.get(group, ()))))
        for group, found in users.items()
    }


class GroupSync:
    """Remembers what each group was last set to. One step at a time; a failure is told and never raised."""

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        """Begin with nothing set, so that the first step sets every group."""
        self._adapters = adapters
        self._tried: dict[Group, _Tried] = {}
        self._told: dict[Group, tuple[str, tuple[str, ...]]] = {}

    async def step(self, world: World, now: Instant) -> int:
        """Set every group that is due. Returns how many were set."""
        groups = wanted(world, now)
        for gone in self._tried.keys() - groups.keys():
            del self._tried[gone]
        done = 0
        for group, want in groups.items():
            tried = self._tried.get(group)
            if tried is None or tried.users != want.users or tried.again_at <= now:
                done += await self._set(group, want, now)
        return done

    async def _set(self, group: Group, want: Wanted, now: Instant) -> bool:
        platform, name = group
        wait, told = AGAIN, ""
        adapter = self._adapters.get(platform)
        if not want.users:
            # a platform refuses an empty group, and an outdated one still reaches somebody
            told = "user_group_left: nobody on call has an account there, so the group keeps its members"
        elif adapter is None or not adapter.caps.user_groups:
            told = "user_group_left: the platform is not configured here, or has no groups"
        else:
            try:
                await cast("UserGroups", adapter).set_group(name, want.users)
            except SendError as error:
                wait = AGAIN if isinstance(error, Permanent) else _soon(error)
                told = f"user_group_failed: {error}"
        self._tried[group] = _Tried(users=want.users, again_at=now + wait)
        self._tell(group, told, want.unlinked)
        return not told

    def _tell(self, group: Group, told: str, unlinked: tuple[str, ...]) -> None:
        """Once for each new truth: the log of a long outage has one line, and one when it is over."""
        if self._told.get(group, ("", ())) == (told, unlinked):
            return
        self._told[group] = (told, unlinked)
        platform, name = group
        event, _, why = told.partition(": ")
        if told:
            log.warning(event, platform=platform, group=name, why=why, unlinked=unlinked)
        else:
            log.info("user_group_set", platform=platform, group=name, unlinked=unlinked)


def _soon(error: SendError) -> Span:
    return max(RETRY, round(error.after_s * SECOND)) if isinstance(error, RateLimited) else RETRY
