"""Below the cards of one incident, on every platform at once: what people must hear, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine.events import Acknowledge, Escalate, Note, Order
from bot.playground.hub import Json
from tests.conformance.everywhere import Everywhere, Member, everywhere
from tests.conformance.platform_kit import HOSTILE, until
from tests.conformance.sides import SIDES, Side, strings

LANGS = {"telegram": "zh"}


def two_levels(declared: Json) -> Json:
    """Ann first, then Bo and Cy; the chat on Telegram speaks Chinese."""
    pay = declared["channels"]["pay"]
    pay["rules"][0]["levels"] = [
        {"notify": ["member:ann"], "escalate_after": "15m"},
        {"notify": ["member:bo", "member:cy"], "escalate_after": "12h"},
    ]
    for chat in pay["chats"]:
        chat["lang"] = LANGS.get(chat["platform"], "en")
    return declared


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Everywhere]:
    staff = {who: Member(on=SIDES, first="email", email=f"{who}@example.com") for who in ("ann", "bo", "cy", "dee")}
    async with everywhere(tmp_path, staff, declare=two_levels) as opened:
        await opened.fire()
        await opened.settled("the cards were not posted")
        yield opened


async def happens(place: Everywhere, order: Order) -> None:
    incident = place.incident()
    assert incident is not None
    await place.app.transact(lambda tx: place.app.service.happen(tx, incident.id, order))


def lines(place: Everywhere, side: Side) -> list[Json]:
    return side.below(place.card(side))


async def heard(place: Everywhere, count: int) -> dict[str, list[Json]]:
    """The lines below each platform's card, once there are so many everywhere."""

    async def found() -> dict[str, list[Json]]:
        return {name: lines(place, side) for name, side in place.sides.items()}

    return await until(found, lambda all_: all(len(one) >= count for one in all_.values()), f"never {count} lines")


def words(message: Json) -> str:
    return "\n".join(strings(message))


async def test_a_note_stands_below_each_card_in_the_language_of_its_chat(place: Everywhere):
    await happens(place, Note(by="bo", text=f"the replica lags {HOSTILE}", via="page"))
    for name, messages in (await heard(place, 1)).items():
        (line,) = messages
        assert "Bo Lee" in words(line)
        assert ("备注" if name in LANGS else "noted") in words(line)
        assert "the replica lags" in words(line)
        assert place.sides[name].pinged(line) == []
    await place.settled("the cards did not follow")


async def test_a_higher_level_pings_the_new_people_once_and_only_them(place: Everywhere):
    place.later(15 * 60 + 1)
    for name, messages in (await heard(place, 1)).items():
        side = place.sides[name]
        (line,) = messages
        assert sorted(side.pinged(line)) == sorted(map(side.account, ("bo", "cy"))), name
    await place.settled("the cards did not follow")
    assert {name: len(lines(place, side)) for name, side in place.sides.items()} == dict.fromkeys(place.sides, 1)


async def test_an_acknowledgement_is_not_said_and_what_follows_is(place: Everywhere):
    await happens(place, Acknowledge(by="ann", via="page"))
    await place.settled("the cards did not follow")
    assert not any(lines(place, side) for side in place.sides.values())
    await happens(place, Escalate(by="ann", via="page"))
    for name, messages in (await heard(place, 1)).items():
        (line,) = messages
        assert "Ann Lee" in words(line)
        assert place.sides[name].account("ann") not in place.sides[name].pinged(line)


async def test_a_command_in_the_thread_of_a_line_is_about_its_incident(place: Everywhere):
    await happens(place, Note(by="bo", text="look here", via="page"))
    await heard(place, 1)
    slack = place.sides["slack"]
    card = place.card(slack)
    said = {"text": "<@UB> ack", "user": slack.account("ann"), "channel": slack.chat, "thread_ts": card["ts"]}
    await slack.emulator.act("say", said)

    async def taken() -> str:
        incident = place.incident()
        return incident.progress.value if incident else ""

    await until(taken, lambda stands: stands == "Processing", "the command in the thread was not taken")


async def test_a_line_on_telegram_can_be_answered_like_its_card(place: Everywhere):
    await happens(place, Note(by="bo", text="look here", via="page"))
    side = place.sides["telegram"]
    (line,) = (await heard(place, 1))["telegram"]
    answer = {"text": "/toc ack", "user": int(side.account("ann")), "chat_id": int(side.chat)}
    await side.emulator.act("say", {**answer, "reply_to": line["message_id"]})

    async def taken() -> str:
        incident = place.incident()
        return incident.progress.value if incident else ""

    await until(taken, lambda stands: stands == "Processing", "the answer to the line was not taken")
