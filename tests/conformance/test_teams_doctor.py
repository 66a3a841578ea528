"""What doctor finds out about Teams: the Connector, the conversations, the people in them, and the way in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.adapters.base import Finding
from bot.adapters.teams import TeamsAdapter, doctor
from bot.playground.hosting import loopback_socket, serving, url_of
from bot.playground.hub import Outage
from bot.playground.teams import TeamsUser
from tests.conformance.platform_kit import at_work
from tests.conformance.rig_teams import ANN, BO, CHANNEL, CY, TeamsRig, opened, settings_of

GROUP = "19:group@thread.v2"
CLOSED = "19:closed@thread.tacv2"
NOWHERE = "19:nowhere@thread.tacv2"
DENIED = JSONResponse({"message": "Authorization has been denied for this request."}, 401)


@pytest.fixture
async def rig() -> AsyncIterator[TeamsRig]:
    async with opened() as made:
        yield made
        places = (await made.stage.state())["conversations"]
        assert [m for place in places for m in place["messages"]] == []  # nothing was posted to find out
        assert {place["kind"] for place in places} == {"channel", "groupChat"}  # and no conversation begun


async def looked(rig: TeamsRig, **changes: Any) -> dict[str, Finding]:
    """What doctor says, by the name of the check; every fault has a detail and a cure."""
    adapter = TeamsAdapter(settings_of(rig.emulator, rig.emulator.config.public_url, **changes))
    async with at_work(adapter, rig.stage.desk):
        found = await adapter.check()
    assert len({finding.check for finding in found}) == len(found)
    assert all(finding.detail for finding in found)
    assert all(bool(finding.cure) is not finding.ok for finding in found), found
    return {finding.check: finding for finding in found}


def faults(found: dict[str, Finding]) -> list[str]:
    return [check for check, finding in found.items() if not finding.ok]


@asynccontextmanager
async def answering(answer: Response) -> AsyncIterator[str]:
    """Somebody who says the same to everybody."""

    async def always(_request: Request) -> Response:
        return answer

    async with serving(Starlette(routes=[Route("/{path:path}", always, methods=["GET", "POST"])])) as base:
        yield base


def nobody() -> str:
    """An address where nobody listens."""
    with loopback_socket() as bound:
        return url_of(bound)


# -- the Connector ----------------------------------------------------------------------------------------------------


async def test_a_healthy_bot_is_told_piece_by_piece(rig: TeamsRig):
    found = await looked(rig, roster=GROUP, chats=(CHANNEL,), people=(ANN, BO.upper()))
    assert list(found) == [
        "bot token",
        "callback keys",
        "callbacks",
        "messaging endpoint",
        "connector",
        f"roster {GROUP}",
        f"chat {CHANNEL}",
        f"person {ANN}",
        f"person {BO.upper()}",
    ]
    assert faults(found) == []
    assert "2 people" in found[f"chat {CHANNEL}"].detail


async def test_a_connector_that_nobody_reaches_is_one_fault_and_not_one_a_chat(rig: TeamsRig):
    found = await looked(rig, chats=(CHANNEL, GROUP), people=(ANN,), service_url=nobody())
    assert faults(found) == ["connector"]
    assert "unreachable" in found["connector"].detail
    assert not any(check.startswith(("chat", "person")) for check in found)


async def test_a_connector_that_refuses_a_genuine_token_is_not_the_secrets_fault(rig: TeamsRig):
    async with answering(DENIED) as base:
        found = await looked(rig, chats=(CHANNEL, GROUP), people=(ANN,), service_url=base)
    assert faults(found) == ["connector"]
    assert "auth_broken" in found["connector"].detail
    assert "single_tenant" in found["connector"].cure
    assert "client secret" not in found["connector"].cure


@pytest.mark.parametrize("status", [403, 404])
async def test_a_stranger_at_the_service_url_says_nothing_about_a_chat(rig: TeamsRig, status: int):
    async with answering(PlainTextResponse("no such page", status)) as base:
        found = await looked(rig, chats=(CHANNEL,), people=(ANN,), service_url=base)
    assert faults(found) == ["connector"]
    assert "service_url" in found["connector"].cure


async def test_too_fast_is_no_fault_of_anybody(rig: TeamsRig):
    await rig.stage.outage(Outage.RATE_LIMITED)
    found = await looked(rig, chats=(CHANNEL,), people=(ANN,))
    assert faults(found) == ["connector"]
    assert found["connector"].cure.startswith("Run doctor again")


async def test_without_a_token_the_conversations_are_not_looked_at(rig: TeamsRig):
    found = await looked(rig, chats=(CHANNEL,), people=(ANN,), client_secret="no")
    assert faults(found) == ["bot token"]
    assert "connector" not in found


# -- conversations and people -----------------------------------------------------------------------------------------


async def test_a_chat_without_the_bot_and_one_that_is_none_have_cures_of_their_own(rig: TeamsRig):
    found = await looked(rig, roster=CLOSED, chats=(CHANNEL, f"{CHANNEL};messageid=1", NOWHERE))
    assert faults(found) == [f"roster {CLOSED}", f"chat {NOWHERE}"]
    assert "BotNotInConversationRoster" in found[f"roster {CLOSED}"].detail
    assert found[f"roster {CLOSED}"].cure.startswith("Add the app")
    assert "ConversationNotFound" in found[f"chat {NOWHERE}"].detail
    assert found[f"chat {NOWHERE}"].cure.startswith("Copy the id")
    assert len([check for check in found if check.startswith("chat")]) == 2  # a thread is in its channel


async def test_whoever_is_in_no_roster_that_the_bot_sees_is_named(rig: TeamsRig):
    found = await looked(rig, chats=(CHANNEL, CLOSED), people=(ANN, CY))
    assert faults(found) == [f"chat {CLOSED}", f"person {CY}"]  # Cy is in the chat that is closed to the bot
    assert "object id" in found[f"person {CY}"].cure
    account = rig.emulator.config.account_of(BO)
    assert faults(await looked(rig, chats=(CHANNEL,), people=(account,))) == []


async def test_people_are_looked_for_on_every_page(rig: TeamsRig):
    rig.emulator.config.page_members = 1
    rig.emulator.world.conversations[CHANNEL].members.append(CY)
    found = await looked(rig, chats=(CHANNEL,), people=(ANN, BO, CY))
    assert faults(found) == []
    assert "3 people" in found[f"chat {CHANNEL}"].detail


async def test_nobody_is_called_missing_by_a_roster_that_was_not_read_to_its_end(rig: TeamsRig):
    """The quota of a conversation ends in the middle of its pages: https://learn.microsoft.com/microsoftteams/\
platform/bots/how-to/rate-limit.
    """
    rig.emulator.config.page_members = 1
    world = rig.emulator.world
    for number in range(20):
        user = TeamsUser(f"000000{number:02}-bbbb-4bbb-8ccc-000000000000", f"P{number}")
        world.users[user.id] = user
        world.conversations[CHANNEL].members.append(user.id)
    found = await looked(rig, chats=(CHANNEL,), people=(ANN, CY))
    assert faults(found) == []
    assert "could not be read to the end" in found[f"chat {CHANNEL}"].detail
    assert found[f"person {ANN}"].detail == f"is in {CHANNEL}"
    assert "was not found, but" in found[f"person {CY}"].detail


async def test_what_there_was_no_time_for_is_not_called_broken(rig: TeamsRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "AT_ONCE", 1)
    monkeypatch.setattr(doctor, "LOOK_S", 1.8)
    rig.stage.hub.slow_s = 1.0
    await rig.stage.outage(Outage.SLOW)
    found = await looked(rig, chats=(CHANNEL, GROUP, NOWHERE), people=(ANN, CY))
    assert faults(found) == []
    assert "2 people" in found[f"chat {CHANNEL}"].detail
    for unseen in (GROUP, NOWHERE):  # the first was cut short, the other one was not begun
        assert found[f"chat {unseen}"].detail == "was not looked at: 1.8 s are over"
    assert "2 of 3 conversations" in found[f"person {CY}"].detail


async def test_without_any_conversation_nothing_is_claimed_and_a_roster_is_asked_for(rig: TeamsRig):
    found = await looked(rig)
    assert faults(found) == []
    assert "not tried" in found["connector"].detail
    lost = await looked(rig, people=(ANN,))
    assert faults(lost) == ["people"]
    assert "roster" in lost["people"].cure


# -- the way in -------------------------------------------------------------------------------------------------------


async def test_doctor_calls_the_messaging_endpoint_and_nobody_acts_on_it(rig: TeamsRig):
    found = await looked(rig)
    assert found["messaging endpoint"].ok
    (call,) = rig.stage.calls
    assert "authorization" not in call.headers
    assert rig.stage.desk.heard == []


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (PlainTextResponse("This platform is not configured here.", 404), "Check that Tocsin runs"),
        (PlainTextResponse("not from Teams", 200), "Check that Tocsin runs"),
        (Response("", 302, {"Location": "/login"}), "Check that Tocsin runs"),
        (PlainTextResponse("Bad Gateway", 502), "Check that Tocsin runs"),
        (PlainTextResponse("Log in first", 401), "Let /callbacks/teams pass"),
        (PlainTextResponse("Forbidden", 403), "Let /callbacks/teams pass"),
    ],
)
async def test_whoever_else_answers_at_the_public_address_is_not_tocsin(rig: TeamsRig, answer: Response, cure: str):
    async with answering(answer) as base:
        found = await looked(rig, callback_base=base)
    assert faults(found) == ["messaging endpoint"]
    assert f"HTTP {answer.status_code}" in found["messaging endpoint"].detail
    assert found["messaging endpoint"].cure.startswith(cure)


async def test_a_public_address_where_nobody_listens_is_named(rig: TeamsRig):
    address = nobody()
    found = await looked(rig, callback_base=address)
    assert faults(found) == ["messaging endpoint"]
    assert f"{address}/callbacks/teams: unreachable" in found["messaging endpoint"].detail
    assert "messaging endpoint" not in await looked(rig, callback_base="http://tocsin.example.com")  # nothing to call
