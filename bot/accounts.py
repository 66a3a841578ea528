"""Accounts found by mail address: members whom the manifest gives an address and no account on a platform get linked.

The platform vouches for the address: whoever has it in the workspace is the member who has it in the manifest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from bot.adapters.abilities import Finder
from bot.adapters.base import Adapter, RateLimited, SendError
from bot.clock import Clock
from bot.directory import Directory
from bot.engine.world import World
from bot.observe import log
from bot.store.base import Identity, Tx

GAP_S = 1.5
"""Between two questions to a platform: 40 a minute. Slack takes 50 of this method, in tier 3, and other callers share
them: https://docs.slack.dev/reference/methods/users.lookupByEmail"""
WAIT_MAX_S = 60.0
"""The longest that a platform which says "too fast" is waited out; beyond that the others are asked another time."""

Transact = Callable[[Callable[[Tx], str]], Awaitable[str]]
Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one member on one platform. `code` is `linked`, or the named reason why not:

    `would_link` (dry run), `no_such_account`, `taken` (the account is `other`'s), `unlinked` (by the member),
    `shared_address` (several members have it), `meanwhile` (just linked by others), `no_lookup` (the platform
    finds nobody so), `not_asked` (after a failure that concerns all), or what the platform said (`detail`).
    """

    platform: str
    member: str
    email: str
    code: str
    user: str = ""
    other: str = ""
    detail: str = ""

    @property
    def settled(self) -> bool:
        """Asking again soon would say the same; anything else is a failure."""
        return self.code in _SETTLED


_SETTLED = frozenset({
    "linked", "would_link", "no_such_account", "taken", "unlinked", "shared_address", "meanwhile", "no_lookup",
})  # fmt: skip
_FOR_ALL = frozenset({"auth_broken", "rate_limited"})
"""Failures that the next question would meet as well."""


def opted_out(platform: str, member: str) -> str:
    """The setting that says that a member unlinked an account there: nothing but a code links one again."""
    return f"unlinked:{platform}:{member}"


def lacking(world: World, platform: str) -> Iterator[tuple[str, str]]:
    """Members with a mail address and no account there: (member, address)."""
    for email, name in world.by_email.items():
        for each in world.shared_emails.get(email, (name,)):
            member = world.members.get(each)
            if member is not None and platform not in member.identities:
                yield each, email


class Accounts:
    """Asks the platforms, at a bounded rate, and links whom they know."""

    def __init__(
        self,
        directory: Directory,
        adapters: Mapping[str, Adapter],
        transact: Transact,
        clock: Clock,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`transact` runs a work in one commit. `pause` waits so many seconds."""
        self._directory = directory
        self._adapters = adapters
        self._transact = transact
        self._clock = clock
        self._pause = pause
        self._settled: set[tuple[str, str, str]] = set()
        self._told: set[tuple[str, str, str]] = set()

    async def step(self) -> int:
        """Link whoever was not asked for yet, on every platform that can tell. Returns how many were linked.

        Somebody whom a platform does not know is asked for once in the life of the process.
        """
        found = [
            outcome
            for platform, adapter in self._adapters.items()
            if adapter.caps.by_email
            for outcome in await self.link(platform, skip=self._settled)
        ]
        for outcome in found:
            if outcome.settled:
                self._settled.add((outcome.platform, outcome.member, outcome.email))
            self._tell(outcome)
        return sum(outcome.code == "linked" for outcome in found)

    async def link(
        self, platform: str, *, dry_run: bool = False, skip: Collection[tuple[str, str, str]] = ()
    ) -> list[Outcome]:
        """Ask one platform for every member who lacks an account there. Declared and linked accounts stay as they are.

        `dry_run` asks and links nobody. `skip` holds (platform, member, address) that need no asking.
        """
        adapter = self._adapters[platform]
        world = self._directory.world()
        wanted = [
            Outcome(platform=platform, member=name, email=email, code="not_asked")
            for name, email in lacking(world, platform)
            if (platform, name, email) not in skip
        ]
        if not adapter.caps.by_email:
            return [replace(each, code="no_lookup") for each in wanted]
        found = [replace(each, code="shared_address") for each in wanted if each.email in world.shared_emails]
        wanted = [*found, *(each for each in wanted if each.email not in world.shared_emails)]
        for place, each in enumerate(wanted[len(found) :]):
            if place:
                await self._pause(GAP_S)
            found.append(await self._one(cast("Finder", adapter), each, dry_run=dry_run))
            if found[-1].code in _FOR_ALL:
                break
        return [*found, *wanted[len(found) :]]

    async def _one(self, finder: Finder, asked: Outcome, *, dry_run: bool) -> Outcome:
        try:
            user = await self._resolve(finder, asked.email)
        except SendError as error:
            return replace(asked, code=error.reason, detail=error.detail)
        if not user:
            return replace(asked, code="no_such_account")
        holder = self._directory.member(asked.platform, user)
        if holder is not None:
            return replace(asked, code="taken", user=user, other=holder.id)
        if dry_run:
            return replace(asked, code="would_link", user=user)
        code = await self._transact(lambda tx: self._keep(tx, asked.platform, user, asked.member))
        return replace(asked, code=code, user=user)

    async def _resolve(self, finder: Finder, email: str) -> str | None:
        """Waits out one "too fast"."""
        try:
            return await finder.resolve_user(email)
        except RateLimited as error:
            if error.after_s > WAIT_MAX_S:
                raise
            await self._pause(error.after_s)
            return await finder.resolve_user(email)

    def _keep(self, tx: Tx, platform: str, user: str, name: str) -> str:
        """The store has the last word: another process, or the person in chat, may have been faster."""
        for known in tx.identities():
            if known.platform == platform and (known.user == user or known.member == name):
                return "meanwhile"
        if tx.get_meta(opted_out(platform, name)):
            return "unlinked"
        tx.put_identity(Identity(platform=platform, user=user, member=name, at=self._clock.now()))
        self._directory.load(tx)
        return "linked"

    def _tell(self, outcome: Outcome) -> None:
        """In the log, once for each truth; that others were not asked follows from the line before."""
        told = (outcome.platform, outcome.member, outcome.code)
        if outcome.code == "not_asked" or told in self._told:
            return
        self._told.add(told)
        names = {"platform": outcome.platform, "member": outcome.member}
        if outcome.code == "linked":
            log.info("account_linked", **names, user=outcome.user)
        else:
            log.info("account_not_linked", **names, why=outcome.code, detail=outcome.detail, other=outcome.other)
