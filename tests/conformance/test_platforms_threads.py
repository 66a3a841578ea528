"""A line below a card, wherever there are threads: where it stands, whom it pings, and what if the card is gone."""

from __future__ import annotations

from typing import cast

import pytest

from bot.adapters.abilities import Threads
from bot.adapters.base import EditTargetGone, Permanent
from bot.cards.card import Card, Paragraph, Span
from tests.conformance.platform_kit import HOSTILE, Rig
from tests.conformance.rig_slack import SlackRig
from tests.conformance.rig_teams import TeamsRig
from tests.conformance.rig_telegram import FORUM, TelegramRig


@pytest.fixture(autouse=True)
def _with_threads(rig: Rig) -> None:
    if not rig.adapter.caps.threads:
        pytest.skip("this platform has no threads")


async def said(rig: Rig, ref: str, text: str, *, address: str = "") -> str:
    threads = cast("Threads", rig.adapter)
    return (await threads.reply(address or rig.chat, ref, rig.card(text), key="k")).ref


async def test_a_line_stands_below_its_own_card_and_leaves_the_card_alone(rig: Rig):
    card, other = [(await rig.adapter.send(rig.chat, rig.card(text), key=text)).ref for text in ("card", "other")]
    line = await said(rig, card, "line one")
    await said(rig, card, "line two")
    assert await rig.below(card) == ["line one", "line two"]
    assert await rig.below(other) == []
    assert line not in (card, other)
    assert (await rig.adapter.edit(card, rig.card("closed"))).ref == card
    assert await rig.seen(rig.chat) == ["closed", "other", "line one", "line two"]


async def test_hostile_text_is_shown_literally_below_a_card(rig: Rig):
    card = (await rig.adapter.send(rig.chat, rig.card("card"), key="k1")).ref
    await said(rig, card, HOSTILE)
    assert await rig.below(card) == [HOSTILE]


async def test_a_refused_line_is_named(rig: Rig):
    card = (await rig.adapter.send(rig.chat, rig.card("card"), key="k1")).ref
    with pytest.raises(Permanent) as failure:
        await cast("Threads", rig.adapter).reply(rig.chat, card, rig.broken_card(), key="k2")
    assert failure.value.reason == "card_invalid"
    assert await rig.below(card) == []


async def test_below_a_card_that_was_deleted(rig: Rig):
    """Either the chat has it, or the sender hears that the card is gone; it is never lost in silence."""
    try:
        await said(rig, rig.missing_ref, "orphan")
    except EditTargetGone:
        assert await rig.seen(rig.chat) == []
    else:
        assert await rig.seen(rig.chat) == ["orphan"]


async def test_a_person_is_pinged_once_by_a_line(rig: Rig):
    card = (await rig.adapter.send(rig.chat, rig.card("card"), key="k1")).ref
    ann = Span(text="Ann Lee", mention=rig.ann)
    line = Card(kind="remark", title="", fallback="Paged now: Ann Lee", mentions=(ann,),
                body=(Paragraph(lines=((Span(text="Paged now: "), ann),)),))  # fmt: skip
    await cast("Threads", rig.adapter).reply(rig.chat, card, rig.render(line), key="k2")
    (text,) = await rig.below(card)
    assert "Paged now: Ann Lee" in text


async def test_in_a_forum_a_line_stays_in_the_topic_of_its_card(rig: Rig):
    if not isinstance(rig, TelegramRig):
        pytest.skip("topics are Telegram's")
    room = await rig.adapter.open_room("INC-1", "", FORUM, key="r1")
    card = (await rig.adapter.send(room.address, rig.card("card"), key="k1")).ref
    line = await said(rig, card, "line", address=room.address)
    shown = await rig.shown(line)
    assert f"{FORUM}/{shown['message_thread_id']}" == room.address
    assert str(shown["reply_to_message"]["message_id"]) == card.partition(":")[2]


async def test_a_group_chat_of_teams_gets_a_message_of_its_own(rig: Rig):
    if not isinstance(rig, TeamsRig):
        pytest.skip("only Teams has chats without threads")
    group = "19:group@thread.v2"
    card = (await rig.adapter.send(group, rig.card("card"), key="k1")).ref
    await said(rig, card, "line", address=group)
    assert await rig.seen(group) == ["card", "line"]


async def test_slack_keeps_a_line_in_its_thread_and_has_threads_of_one_level(rig: Rig):
    if not isinstance(rig, SlackRig):
        pytest.skip("broadcasts are Slack's")
    card = (await rig.adapter.send(rig.chat, rig.card("card"), key="k1")).ref
    line = await said(rig, card, "line")
    state = await rig.stage.state()
    (shown,) = [m for place in state["channels"] for m in place["messages"] if m["ts"] == line.partition(":")[2]]
    assert "subtype" not in shown, "it is not broadcast to the channel"
    with pytest.raises(Permanent):
        await said(rig, line, "below a line")
