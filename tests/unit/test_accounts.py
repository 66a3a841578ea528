"""Members are linked by mail address: who is asked for, how fast, whom nobody may overrule, and what is said of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from bot.accounts import GAP_S, Accounts, opted_out
from bot.adapters.base import AuthBroken, Capabilities, RateLimited, SendError, Transient
from bot.clock import Ids, VirtualClock
from bot.directory import Directory
from bot.engine.world import Member, World
from bot.manifest.load import read
from bot.store.base import Identity, Tx
from bot.store.memory import MemoryStore
from tests.scenarios.company import START, company
from tests.sim.world import instant

KNOWN = {"ann@example.com": "U0ANN", "bo@example.com": "U0BO", "cy@example.com": "U0CY", "fay@example.com": "U0FAY"}


@dataclass
class People:
    """A platform that finds people by mail; `trouble` holds what it answers first."""

    trouble: list[SendError] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    name: str = "slack"
    caps: Capabilities = field(default_factory=lambda: Capabilities(by_email=True))

    async def resolve_user(self, email: str) -> str | None:
        self.asked.append(email)
        if self.trouble:
            raise self.trouble.pop(0)
        return KNOWN.get(email)


def people() -> World:
    """The company, with two more who have a mail address and no account anywhere: one whom Slack knows."""
    world = company()
    more = {name: Member(id=name, name=name.title()) for name in ("fay", "gus")}
    members = {**world.members, **more}
    emails = {f"{name}@example.com": name for name in ("ann", "bo", "cy", "fay", "gus")}
    return replace(world, members=members, by_email=emails)


@dataclass
class Desk:
    """The parts of one process, over a store in memory."""

    world: World = field(default_factory=people)
    platform: People = field(default_factory=People)
    store: MemoryStore = field(default_factory=MemoryStore)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = VirtualClock(instant(START))
        self.directory = Directory(self.world, clock, Ids(seed=1))
        self.store.read(self.directory.load)
        self.accounts = Accounts(self.directory, {"slack": self.platform}, self._commit, clock, self._pause)

    def link(self, *, dry_run: bool = False) -> dict[str, str]:
        outcomes = asyncio.run(self.accounts.link("slack", dry_run=dry_run))
        return {outcome.member: outcome.code for outcome in outcomes}

    def step(self) -> int:
        return asyncio.run(self.accounts.step())

    def linked(self) -> dict[str, str]:
        return {each.member: each.user for each in self.store.read(lambda tx: tx.identities())}

    async def _commit(self, work: Callable[[Tx], str]) -> str:
        return self.store.run(work)

    async def _pause(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_who_has_an_account_is_not_asked_for_and_everybody_else_is_named():
    desk = Desk()
    assert desk.link() == {"cy": "linked", "fay": "linked", "gus": "no_such_account"}
    assert desk.platform.asked == ["cy@example.com", "fay@example.com", "gus@example.com"]
    assert desk.linked() == {"cy": "U0CY", "fay": "U0FAY"}
    assert desk.directory.member("slack", "U0CY") == desk.directory.world().members["cy"]
    assert desk.slept == [GAP_S, GAP_S]


def test_an_address_that_several_share_proves_nothing():
    world = replace(people(), shared_emails={"cy@example.com": ("cy", "gus")})
    desk = Desk(world=world)
    assert desk.link() == {"cy": "shared_address", "gus": "no_such_account", "fay": "linked"}
    assert "cy@example.com" not in desk.platform.asked
    text = "organization: A\nmembers:\n" + "".join(f"  m{n}: {{name: M{n}, email: {n // 2}@e.com}}\n" for n in range(3))
    text += 'channels:\n  web: {name: Web}\ncatch_all: ["member:m0"]\n'
    assert read(text, file="t", env={}).world.shared_emails == {"0@e.com": ("m0", "m1")}


def test_a_dry_run_links_nobody():
    desk = Desk()
    assert desk.link(dry_run=True) == {"cy": "would_link", "fay": "would_link", "gus": "no_such_account"}
    assert desk.linked() == {}


def test_nobody_loses_an_account_to_somebody_with_the_same_address():
    world = people()
    world = replace(world, members={**world.members, "ed": replace(world.members["ed"], identities={"slack": "U0FAY"})})
    desk = Desk(world=world)
    assert desk.link()["fay"] == "taken"
    assert desk.directory.member("slack", "U0FAY").id == "ed"


@pytest.mark.parametrize("row", [("U0CY", "gus"), ("U0PHONE", "cy")])
def test_what_was_linked_in_another_process_meanwhile_stays(row: tuple[str, str]):
    desk = Desk()
    user, member = row
    desk.store.run(lambda tx: tx.put_identity(Identity(platform="slack", user=user, member=member, at=1)))
    assert desk.link()["cy"] == "meanwhile"
    assert desk.linked()[member] == user


def test_who_unlinked_an_account_is_not_linked_behind_their_back():
    desk = Desk()
    desk.store.run(lambda tx: tx.put_meta(opted_out("slack", "cy"), "1"))
    assert desk.link() == {"cy": "unlinked", "fay": "linked", "gus": "no_such_account"}


def test_one_failure_does_not_hide_the_others():
    desk = Desk(platform=People(trouble=[Transient("platform_down")]))
    assert desk.link() == {"cy": "platform_down", "fay": "linked", "gus": "no_such_account"}


def test_a_refused_token_ends_the_search_and_everybody_left_is_named():
    desk = Desk(platform=People(trouble=[AuthBroken("auth_broken", "the scope users:read.email is missing")]))
    assert desk.link() == {"cy": "auth_broken", "fay": "not_asked", "gus": "not_asked"}
    assert len(desk.platform.asked) == 1


def test_too_fast_is_waited_out_once():
    desk = Desk(platform=People(trouble=[RateLimited(30)]))
    assert desk.link()["cy"] == "linked"
    assert desk.slept[0] == 30
    desk = Desk(platform=People(trouble=[RateLimited(30), RateLimited(30)]))
    assert desk.link() == {"cy": "rate_limited", "fay": "not_asked", "gus": "not_asked"}


def test_in_the_background_each_is_asked_for_once_and_told_once():
    desk = Desk(platform=People(trouble=[Transient("platform_down") for _ in range(4)]))
    with capture_logs() as logs:
        found = [desk.step() for _ in range(4)]
    assert found == [0, 1, 1, 0]
    assert [(line["event"], line["member"], line.get("why")) for line in logs] == [
        ("account_not_linked", "cy", "platform_down"),
        ("account_not_linked", "fay", "platform_down"),
        ("account_not_linked", "gus", "platform_down"),
        ("account_linked", "fay", None),
        ("account_not_linked", "gus", "no_such_account"),
        ("account_linked", "cy", None),
    ]
    assert desk.platform.asked.count("gus@example.com") == 2


def test_somebody_new_in_the_manifest_is_asked_for():
    desk = Desk()
    desk.step()
    world = people()
    desk.directory.declare(replace(world, by_email={**world.by_email, "di@example.com": "di", "g@example.com": "gus"}))
    desk.step()
    assert desk.platform.asked[3:] == ["g@example.com"]


def test_a_platform_that_finds_nobody_by_mail_says_so():
    desk = Desk(platform=People(caps=Capabilities()))
    assert set(desk.link().values()) == {"no_lookup"}
    assert (desk.step(), desk.platform.asked) == (0, [])
