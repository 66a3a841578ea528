"""How Teams' people are found whom nobody met: in every known conversation, a bounded number of questions at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.adapters.base import AuthBroken, Permanent, RateLimited, Transient
from bot.adapters.teams.lookup import AT_ONCE, EACH_TIME_MAX, MISS_KEPT_S, Lookup
from bot.playground.teams import TeamsConversation
from bot.playground.teams.world import _seeded
from tests.conformance.platform_kit import at_work
from tests.conformance.rig_teams import ANN, BO, CHANNEL, TeamsRig, opened


@pytest.fixture
async def rig() -> AsyncIterator[TeamsRig]:
    async with opened() as made:
        yield made


def chats(rig: TeamsRig, count: int, *people: str) -> list[str]:
    """So many group chats with these people, where the app is installed."""
    made = [TeamsConversation(f"19:g{number}@thread.v2", f"chat {number}", people) for number in range(count)]
    rig.emulator.world.conversations.update({each.id: _seeded(each) for each in made})
    return [each.id for each in made]


async def test_a_person_is_found_in_the_oldest_of_many_conversations(rig: TeamsRig):
    lone = rig.another()
    async with at_work(lone, rig.stage.desk):
        lone.places.rosters = {CHANNEL: None, **dict.fromkeys(chats(rig, EACH_TIME_MAX + 5, ANN))}
        with pytest.raises(Transient) as failure:
            await lone.send(BO, rig.card("x"), key="k1")
        assert (failure.value.reason, failure.value.ambiguous) == ("still_looking", False)
        await lone.send(BO, rig.card("found"), key="k1")
        assert await rig.seen(BO) == ["found"]


async def test_the_roster_of_the_manifest_is_asked_first_however_many_others_are_known(rig: TeamsRig):
    rig.adapter.places.rosters = dict.fromkeys(chats(rig, 3 * EACH_TIME_MAX, ANN))
    await rig.adapter.send(BO, rig.card("found"), key="k1")
    assert await rig.seen(BO) == ["found"]


class Town:
    """Conversations that are asked; the person is in `home`."""

    def __init__(self, home: str = "") -> None:
        self.home = home
        self.asked: list[str] = []
        self.failures: dict[str, Exception] = {}
        self.under_way = self.most = 0
        self.slow_s = 0.0

    async def ask(self, roster: str, until: float) -> str:
        self.asked.append(roster)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.slow_s)
        self.under_way -= 1
        if roster in self.failures:
            raise self.failures[roster]
        if roster != self.home:
            raise Permanent("recipient_unreachable")
        return "29:account"


def places(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]


def soon(seconds: float = 5.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_every_conversation_is_asked_once_and_not_all_at_a_time():
    town, lookup = Town(), Lookup()
    assert not await lookup.find("u", [*places(20), "p3"], town.ask, soon())
    assert sorted(town.asked) == sorted(places(20))
    assert town.most == AT_ONCE


async def test_whoever_is_nowhere_is_looked_for_everywhere_the_next_time():
    town, lookup = Town(), Lookup()
    assert not await lookup.find("u", places(3), town.ask, soon())
    town.home = "p1"
    assert await lookup.find("u", places(3), town.ask, soon()) == "29:account"


async def test_one_that_does_not_answer_hides_nobody_who_is_elsewhere():
    town, lookup = Town("p2"), Lookup()
    town.failures = {"p0": Transient("server_error"), "p1": RateLimited(3.0)}
    assert await lookup.find("u", places(3), town.ask, soon()) == "29:account"


async def test_a_person_is_not_given_up_while_one_did_not_answer():
    town, lookup = Town("p0"), Lookup()
    town.failures = {"p0": Transient("server_error")}
    with pytest.raises(Transient):
        await lookup.find("u", places(3), town.ask, soon())
    town.failures.clear()
    town.asked.clear()
    assert await lookup.find("u", places(3), town.ask, soon()) == "29:account"
    assert town.asked == ["p0"]


async def test_a_refused_token_ends_the_search():
    town, lookup = Town(), Lookup()
    town.failures = {"p0": AuthBroken("auth_broken")}
    with pytest.raises(AuthBroken):
        await lookup.find("u", places(30), town.ask, soon())
    assert len(town.asked) == AT_ONCE


async def test_the_search_leaves_half_of_the_time_to_the_message():
    town, lookup = Town(), Lookup()
    town.slow_s = 0.06
    with pytest.raises(Transient) as failure:
        await lookup.find("u", places(30), town.ask, soon(0.2))
    assert failure.value.reason == "still_looking"
    assert len(town.asked) == 2 * AT_ONCE


async def test_an_old_search_begins_anew(monkeypatch: pytest.MonkeyPatch):
    town, lookup = Town(), Lookup()
    with pytest.raises(Transient):
        await lookup.find("u", places(EACH_TIME_MAX + 1), town.ask, soon())
    misses = lookup._misses["u"]
    misses.since -= MISS_KEPT_S + 1
    town.home = "p0"
    assert await lookup.find("u", places(EACH_TIME_MAX + 1), town.ask, soon()) == "29:account"
