"""Teams' own ways: dialogs, threads, quotes, people whom nobody met yet, tokens and keys, threads as war rooms."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.adapters.base import Answer, EditTargetGone, Form, Permanent, Press, RateLimited, Slash, Transient
from bot.cards.card import Action, Card, Field, FieldKind, FormCard, Option
from bot.cards.teams import render, render_form
from bot.playground.hub import Outage
from bot.playground.teams.cards import inputs, words
from tests.conformance.platform_kit import at_work, until
from tests.conformance.rig_teams import ANN, BO, CHANNEL, CY, TeamsRig, opened

GROUP = "19:group@thread.v2"
ASKING = "note.WjyeDxfSuEY.2.ask-142.NLTZEuD5TE4H"
FORM = render_form(
    FormCard(
        verb="note",
        title="Note on #142",
        submit="Add note",
        cancel="No",
        token="note.sealed",
        fields=(
            Field(name="text", label="Note", kind=FieldKind.TEXT, text_max=50),
            Field(name="who", label="Who", kind=FieldKind.PEOPLE, required=False,
                  options=(Option(label="Ann", token="@ann"), Option(label="DB", token="schedule:db"))),
        ),
    )
)  # fmt: skip


@pytest.fixture
async def rig() -> AsyncIterator[TeamsRig]:
    async with opened() as made:
        yield made


def asking_card() -> dict[str, Any]:
    card = Card(kind="incident", title="t", fallback="f", actions=(Action(verb="note", label="Note", token=ASKING),))
    return render(card)


# -- dialogs ----------------------------------------------------------------------------------------------------------


async def test_a_form_opens_as_a_dialog_and_comes_back_with_its_answers(rig: TeamsRig):
    desk = rig.stage.desk
    desk.answer = Answer(form=FORM)
    sent = await rig.adapter.send(rig.chat, asking_card(), key="k1")
    shown = await rig.pressed(sent.ref, BO)
    assert shown["seen"] == "Note on #142"
    desk.answer = Answer(toast="Noted.")
    values = {"text": "rolled back", "who": f"{ANN},schedule:db,@cy"}
    done = await rig.stage.act("submit", dialog=shown["dialog"], values=values, user=BO)
    assert done["seen"] == "Noted."
    press, form = desk.heard
    assert isinstance(press, Press)
    assert press.token == ASKING
    assert isinstance(form, Form)
    assert (form.token, form.user, form.chat) == ("note.sealed", BO, CHANNEL)
    assert form.values == {"text": "rolled back", "who": f"@{ANN} schedule:db @cy"}
    assert form.key != press.key
    assert (await rig.stage.state())["dialogs"] == []
    assert await rig.whispers(BO) == ["Noted."]


async def test_a_form_that_was_refused_stays_open_with_what_was_typed_and_why(rig: TeamsRig):
    desk = rig.stage.desk
    desk.answer = Answer(form=FORM)
    sent = await rig.adapter.send(rig.chat, asking_card(), key="k1")
    shown = await rig.pressed(sent.ref, BO)
    desk.answer = Answer(alert=True, errors={"text": "Write more."}, message=rig.card("Write more."))
    values = {"text": "x", "who": "schedule:db,@ann"}
    await rig.stage.act("submit", dialog=shown["dialog"], values=values, user=BO)
    (dialog,) = (await rig.stage.state())["dialogs"]
    assert words(dialog["card"]) == ["Note: Write more."]
    assert {each["id"]: each["value"] for each in inputs(dialog["card"])} == {"text": "x", "who": "@ann,schedule:db"}
    desk.answer = Answer(toast="Noted.")
    done = await rig.stage.act("submit", dialog=dialog["id"], values={"text": "xyz"}, user=BO)
    assert done["seen"] == "Noted."
    assert (await rig.stage.state())["dialogs"] == []
    assert await rig.whispers(BO) == ["Noted."]
    assert [each.values["text"] for each in desk.heard if isinstance(each, Form)] == ["x", "xyz"]


async def test_a_card_answers_a_form_inside_the_dialog_and_nowhere_else(rig: TeamsRig):
    desk = rig.stage.desk
    desk.answer = Answer(form=FORM)
    sent = await rig.adapter.send(rig.chat, asking_card(), key="k1")
    shown = await rig.pressed(sent.ref, BO)
    desk.answer = Answer(message=rig.card("the whole story"))
    done = await rig.stage.act("submit", dialog=shown["dialog"], values={"text": "x"}, user=BO)
    (dialog,) = (await rig.stage.state())["dialogs"]
    assert dialog["id"] == done["dialog"]
    assert dialog["card"]["body"][0]["inlines"][0]["text"] == "the whole story"
    assert await rig.whispers(BO) == []


async def test_a_dialog_that_has_nothing_to_ask_says_what_was_done(rig: TeamsRig):
    rig.stage.desk.answer = Answer(toast="Already closed.")
    sent = await rig.adapter.send(rig.chat, asking_card(), key="k1")
    assert (await rig.pressed(sent.ref, BO))["seen"] == "Already closed."


async def test_a_form_that_nobody_expected_comes_as_a_card_with_inputs(rig: TeamsRig):
    desk = rig.stage.desk
    desk.answer = Answer(form=FORM, message=rig.card("or type /toc note"))
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    assert (await rig.pressed(sent.ref, ANN))["seen"] == "Note on #142"

    async def personal() -> list[dict[str, Any]]:
        places = (await rig.stage.state())["conversations"]
        return [m for p in places if p["kind"] == "personal" and p["members"] == [ANN] for m in p["messages"]]

    (message,) = await until(personal, len, "no form")
    desk.answer = Answer(toast="Noted.")
    action = message["attachments"][0]["content"]["actions"][0]
    what = {"conversation": ANN, "message_id": message["id"], "action": action, "user": ANN}
    assert (await rig.stage.act("press", **what, inputs={"text": "inline"}))["ok"]
    form = desk.heard[-1]
    assert isinstance(form, Form)
    assert form.values == {"text": "inline"}
    await until(lambda: rig.seen(ANN), lambda said: said[-1] == "Noted.", "no answer")


async def test_an_old_client_presses_by_message(rig: TeamsRig):
    card = Card(kind="incident", title="t", fallback="f", actions=(Action(verb="ack", label="Ack", token="tok"),))
    rig.stage.desk.answer = Answer(toast="You have it.")
    sent = await rig.adapter.send(rig.chat, render(card), key="k1")
    assert await rig.press(sent.ref, BO, old_client=True)
    (press,) = rig.stage.desk.heard
    assert isinstance(press, Press)
    assert (press.token, press.user) == ("tok", BO)
    await until(lambda: rig.whispers(BO), lambda said: said == ["You have it."], "no answer")


# -- lines ------------------------------------------------------------------------------------------------------------


async def test_a_line_loses_its_mention_and_keeps_other_people(rig: TeamsRig):
    await rig.stage.act("say", text="@Tocsin assign #12 @Bo Ray & go", user=ANN, conversation=GROUP)
    (line,) = rig.stage.desk.heard
    assert isinstance(line, Slash)
    assert (line.text, line.user, line.chat, line.lang) == (f"assign #12 @{BO} & go", ANN, GROUP, "en-US")


async def test_everything_is_heard_in_private_and_nothing_unasked_in_a_group(rig: TeamsRig):
    await rig.stage.act("say", text="Anybody there?", user=ANN, conversation=GROUP)
    assert rig.stage.desk.heard == []
    rig.stage.desk.answer = Answer(message=rig.card("Ann is"))
    await rig.stage.act("say", text="/toc who", user=ANN, conversation=ANN)
    (line,) = rig.stage.desk.heard
    assert isinstance(line, Slash)
    assert line.text == "who"
    await until(lambda: rig.seen(ANN), lambda said: said == ["Ann is"], "no answer")


async def test_a_quote_in_a_chat_names_the_card(rig: TeamsRig):
    sent = await rig.adapter.send(GROUP, rig.card("card"), key="k1")
    number = sent.ref.rpartition("|")[2]
    await rig.stage.act("say", text="@Tocsin ack", user=BO, conversation=GROUP, reply_to=number)
    (line,) = rig.stage.desk.heard
    assert isinstance(line, Slash)
    assert (line.text, line.reply_to) == ("ack", sent.ref)


async def test_an_answer_in_the_open_stays_in_its_thread(rig: TeamsRig):
    sent = await rig.adapter.send(rig.chat, rig.card("card"), key="k1")
    rig.stage.desk.answer = Answer(message=rig.card("Ann is"), here=True)
    await rig.answer_to(sent.ref, "who", BO)
    await until(lambda: rig.seen(rig.chat), lambda said: said == ["card", "Ann is"], "no answer")
    messages = next(p for p in (await rig.stage.state())["conversations"] if p["id"] == CHANNEL)["messages"]
    assert {m["conversation"] for m in messages} == {sent.ref.partition("|")[0]}


async def test_whoever_cannot_be_written_to_is_answered_in_the_thread(rig: TeamsRig):
    rig.stage.desk.answer = Answer(message=rig.card("because"))
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    await rig.stage.act("block", user=BO)
    assert await rig.press(sent.ref, BO)
    await until(lambda: rig.seen(rig.chat), lambda said: said == ["card", "because"], "no answer")


# -- people and places ------------------------------------------------------------------------------------------------


async def test_a_person_whom_nobody_met_is_found_in_the_roster(rig: TeamsRig):
    assert rig.adapter.places.people == {}
    await rig.adapter.send(BO, rig.card("you are paged"), key="k1")
    assert await rig.seen(BO) == ["you are paged"]
    assert rig.adapter.places.people[BO].account == rig.emulator.config.account_of(BO)


async def test_without_a_roster_a_chat_that_was_written_to_serves_as_one(rig: TeamsRig):
    lone = rig.another()
    async with at_work(lone, rig.stage.desk):
        with pytest.raises(Permanent) as failure:
            await lone.send(BO, rig.card("x"), key="k1")
        assert failure.value.reason == "recipient_unreachable"
        await lone.send(GROUP, rig.card("x"), key="k2")
        await lone.send(BO, rig.card("found"), key="k3")
    assert await rig.seen(BO) == ["found"]


async def test_an_installation_teaches_the_chat_with_a_person(rig: TeamsRig):
    with pytest.raises(Permanent):
        await rig.adapter.send(CY, rig.card("x"), key="k1")
    await rig.stage.act("install", user=CY)
    known = rig.adapter.places.people[CY]
    assert known.chat.startswith("a:")
    await rig.adapter.send(CY, rig.card("welcome"), key="k2")
    assert await rig.seen(CY) == ["welcome"]
    await rig.stage.act("install", user=CY, installed=False)
    assert rig.adapter.places.people[CY].chat == ""
    with pytest.raises(Permanent) as failure:
        await rig.adapter.send(CY, rig.card("x"), key="k3")
    assert failure.value.reason == "recipient_unreachable"


async def test_people_are_found_by_mail_on_any_page_of_the_roster(rig: TeamsRig):
    rig.emulator.config.page_members = 1
    assert await rig.adapter.resolve_user("Bo@Example.com") == BO
    assert await rig.adapter.resolve_user("ann@example.com") == ANN
    assert await rig.adapter.resolve_user("cy@example.com") is None
    assert rig.adapter.caps.by_email
    assert not rig.another().caps.by_email  # it has no roster to look at
    rig.adapter._everybody = (float("-inf"), {})
    await rig.stage.outage(Outage.DOWN)
    with pytest.raises(Transient):
        await rig.adapter.resolve_user("ann@example.com")


async def test_a_channel_where_the_app_is_not_installed_is_named(rig: TeamsRig):
    with pytest.raises(Permanent) as failure:
        await rig.adapter.send("19:closed@thread.tacv2", rig.card("x"), key="k1")
    assert failure.value.reason == "chat_unreachable"
    assert "BotNotInConversationRoster" in failure.value.detail
    await rig.stage.act("welcome", conversation="19:closed@thread.tacv2", user=ANN)
    await rig.adapter.send("19:closed@thread.tacv2", rig.card("x"), key="k2")


async def test_the_service_url_of_a_conversation_is_the_one_it_was_heard_from(rig: TeamsRig):
    rig.adapter.places.default_url = "http://127.0.0.1:1/smba/"
    with pytest.raises(Transient):
        await rig.adapter.send(GROUP, rig.card("x"), key="k1")
    await rig.stage.act("say", text="@Tocsin who", user=ANN, conversation=GROUP)
    await rig.adapter.send(GROUP, rig.card("heard"), key="k2")
    assert await rig.seen(GROUP) == ["heard"]


async def test_a_message_that_is_too_big_is_named(rig: TeamsRig):
    with pytest.raises(Permanent) as failure:
        await rig.adapter.send(rig.chat, rig.card("x" * 14_500), key="k1")
    assert failure.value.reason == "card_invalid"
    assert "MessageSizeTooBig" in failure.value.detail


async def test_the_quota_of_a_conversation_is_told(rig: TeamsRig):
    raised = await asyncio.gather(
        *(rig.adapter.send(GROUP, rig.card(str(n)), key=str(n)) for n in range(9)), return_exceptions=True
    )
    assert sum(isinstance(each, RateLimited) for each in raised) == 2


# -- war rooms --------------------------------------------------------------------------------------------------------


async def test_a_room_is_a_thread_of_the_channel(rig: TeamsRig):
    adapter = rig.adapter
    room = await adapter.open_room("inc-142", "Critical, nobody has it", CHANNEL, key="r1")
    assert await adapter.open_room("inc-142", "again", CHANNEL, key="r1") == room
    await adapter.send(room.address, rig.card("card"), key="k1")
    assert await adapter.invite(room.address, (ANN, BO, CY)) == (CY,)
    await adapter.set_topic(room.address, "Ann has it")
    await adapter.pin("whatever")
    for _ in range(2):
        await adapter.close_room(room.address)
    said = await rig.seen(CHANNEL)
    assert said == ["🔒 inc-142\nAnn has it", "card", "<at>Ann Lee</at> <at>Bo Ray</at>", "🔒 inc-142"]
    messages = next(p for p in (await rig.stage.state())["conversations"] if p["id"] == CHANNEL)["messages"]
    assert {m["conversation"] for m in messages} == {room.address}
    assert messages[2]["pings"] == [ANN, BO]
    assert await adapter.transcript(room.address, 10) == []


async def test_a_chat_without_threads_has_no_rooms(rig: TeamsRig):
    with pytest.raises(Permanent) as failure:
        await rig.adapter.open_room("inc-1", "t", GROUP, key="r1")
    assert failure.value.reason == "no_room_there"
    with pytest.raises(EditTargetGone):
        await rig.adapter.set_topic(f"{CHANNEL};messageid=42", "t")


# -- the deadline -----------------------------------------------------------------------------------------------------


async def test_a_press_that_takes_long_is_answered_with_a_good_answer_at_once(rig: TeamsRig):
    desk = rig.stage.desk
    sent = await rig.adapter.send(rig.chat, rig.card("card", "t"), key="k1")
    desk.gate.clear()
    desk.answer = Answer(toast="You have it.")
    began = time.monotonic()
    assert await rig.press(sent.ref, BO)
    assert time.monotonic() - began < rig.adapter.caps.answer_within_s
    desk.gate.set()
    await until(lambda: rig.whispers(BO), lambda said: said == ["You have it."], "no answer")


async def test_an_outage_of_teams_is_none_of_the_login_service(rig: TeamsRig):
    await rig.stage.outage(Outage.DOWN)
    with pytest.raises(Transient):
        await rig.adapter.send(GROUP, rig.card("x"), key="k1")
    assert (await rig.adapter.check())[0].ok
    assert json.loads(rig.press_body("t"))["channelId"] == "msteams"
