"""Menus, questions before a press, and forms: what Telegram does not have, made of pages of buttons and of replies."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.adapters.base import Answer, Form, Json, Press, Slash
from bot.adapters.telegram.decode import Heard, Me, decode
from bot.cards.card import Action, ActionStyle, Card, Field, FieldKind, FormCard, Option
from bot.cards.telegram import HIDDEN, render, render_form
from tests.conformance.platform_kit import HOSTILE, at_work, until
from tests.conformance.rig_telegram import PLAIN, RIGS, TelegramRig

ME = Me(id=42, username="tocsin_bot")
SPANS = tuple(Option(label=f"{n} h", token=f"snooze.x.{n}") for n in (1, 4, 8))
CARD = Card(
    kind="incident",
    title="disk <full>",
    fallback="disk full",
    lang="en",
    actions=(
        Action(verb="ack", label="Acknowledge", token="ack.x", style=ActionStyle.PRIMARY),
        Action(verb="escalate", label="Escalate", token="esc.x", style=ActionStyle.DANGER, confirm="Page Bo & co now?"),
        Action(verb="snooze", label="Snooze", options=SPANS),
    ),
)
MAIN = [["✅ Acknowledge", "⏫ Escalate"], ["💤 Snooze ▾"]]


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[TelegramRig]:
    async with RIGS[request.param]() as opened:
        assert isinstance(opened, TelegramRig)
        yield opened


async def heard(rig: TelegramRig) -> list[Any]:
    return [*rig.stage.desk.heard]


# -- menus ------------------------------------------------------------------------------------------------------------


async def test_a_menu_opens_below_the_buttons_and_closes_again(rig: TelegramRig):
    sent = await rig.adapter.send(rig.chat, render(CARD), key="k1")
    assert await rig.keys(sent.ref) == MAIN
    assert (await rig.tap(sent.ref, "Snooze", rig.ann))["answered"]
    opened = [*MAIN, ["1 h", "4 h", "8 h"], ["« Back"]]
    assert await rig.keys(sent.ref) == opened
    await rig.tap(sent.ref, "Snooze", rig.bo)
    assert await rig.keys(sent.ref) == MAIN, "the button that opened it closes it"
    await rig.tap(sent.ref, "Snooze", rig.bo)
    await rig.tap(sent.ref, "Back", rig.ann)
    assert await rig.keys(sent.ref) == MAIN
    assert rig.stage.desk.heard == [], "turning pages is nobody else's business"


async def test_an_option_is_an_ordinary_press(rig: TelegramRig):
    sent = await rig.adapter.send(rig.chat, render(CARD), key="k1")
    await rig.tap(sent.ref, "Snooze", rig.ann)
    rig.stage.desk.answer = Answer(toast="Quiet for 4 h")
    assert (await rig.tap(sent.ref, "4 h", rig.bo))["seen"] == "Quiet for 4 h"
    (press,) = rig.stage.desk.heard
    assert isinstance(press, Press)
    assert (press.token, press.user, press.chat) == ("snooze.x.4", rig.bo, rig.chat)


async def test_a_refreshed_card_has_its_pages_closed(rig: TelegramRig):
    sent = await rig.adapter.send(rig.chat, render(CARD), key="k1")
    await rig.tap(sent.ref, "Snooze", rig.ann)
    await rig.adapter.edit(sent.ref, render(CARD))
    assert await rig.keys(sent.ref) == MAIN


async def test_a_dangerous_press_is_asked_for_once_more(rig: TelegramRig):
    sent = await rig.adapter.send(rig.chat, render(CARD), key="k1")
    asked = await rig.tap(sent.ref, "Escalate", rig.ann)
    assert asked["seen"] == "Page Bo & co now?"
    assert rig.stage.desk.heard == [], "nothing was done by asking"
    assert await rig.keys(sent.ref) == [*MAIN, ["Page Bo & co now?"], ["⏫ Escalate"], ["« Back"]]
    assert (await rig.tap(sent.ref, "Page Bo", rig.bo))["seen"] == "Page Bo & co now?"
    rows = (await rig.shown(sent.ref))["reply_markup"]["inline_keyboard"]
    chat, _, number = sent.ref.partition(":")
    yes = rows[3][0]
    assert yes["style"] == "danger"
    await rig.stage.act("press", chat_id=int(chat), message_id=int(number), callback_data="esc.x", user=int(rig.bo))
    (press,) = rig.stage.desk.heard
    assert (press.token, press.user) == ("esc.x", rig.bo)


async def test_menus_work_for_a_process_that_never_saw_the_card(rig: TelegramRig):
    if not rig.by_http:
        pytest.skip("two pollers exclude each other")
    other = rig.another()
    async with at_work(other, rig.stage.desk):
        sent = await other.send(rig.chat, render(CARD), key="k1")
    await rig.tap(sent.ref, "Snooze", rig.ann)
    assert await rig.keys(sent.ref) == [*MAIN, ["1 h", "4 h", "8 h"], ["« Back"]]


async def test_a_message_too_old_to_be_told_says_so(rig: TelegramRig):
    sent = await rig.adapter.send(rig.chat, render(CARD), key="k1")
    clock = rig.stage.hub.now
    rig.stage.hub.now = lambda: clock() + 72 * 3600
    pressed = await rig.tap(sent.ref, "Snooze", rig.ann)
    assert "too old" in pressed["toast"]["text"]
    assert pressed["toast"]["show_alert"]
    assert await rig.keys(sent.ref) == MAIN
    assert (await rig.tap(sent.ref, "Acknowledge", rig.ann))["answered"]
    assert [press.token for press in rig.stage.desk.heard] == ["ack.x"], "what needs no page works for ever"


async def test_a_busy_group_is_told_in_the_toast(rig: TelegramRig):
    sent = await rig.adapter.send(rig.chat, render(CARD), key="k1")
    for _ in range(4):
        await rig.adapter.send(rig.chat, rig.card("x"), key="k")
    assert "busy" in (await rig.tap(sent.ref, "Snooze", rig.ann))["seen"]


# -- forms ------------------------------------------------------------------------------------------------------------


def form(*fields: Field) -> FormCard:
    token = "note.x.ask-142"
    return FormCard(verb="note", title="Note on #142", submit="Add", cancel="Cancel", token=token, fields=fields)


NOTE = form(Field(name="text", label="Note", kind=FieldKind.TEXT))
SILENCE = form(
    Field(name="for", label="For how long", kind=FieldKind.CHOICE, value="1h",
          options=(Option(label="1 hour", token="1h"), Option(label="a day", token="1d"))),
    Field(name="reason", label="Reason", required=False, value="deploy"),
)  # fmt: skip
MERGE = form(
    Field(name="comment", label="Comment", kind=FieldKind.TEXT, required=False),
    Field(name="into", label="Into which", hint="Its number, such as #142."),
)


async def asked(rig: TelegramRig, card: FormCard, user: str) -> str:
    """Press a button that opens a form; the ref of the question."""
    rig.stage.desk.answer = Answer(form=render_form(card), message=rig.card("type it instead"))
    sent = await rig.adapter.send(rig.chat, rig.card("card", "open"), key="k1")
    await rig.press(sent.ref, user)
    await until(lambda: rig.newest(rig.chat), lambda ref: ref != sent.ref, "nothing was asked")
    rig.stage.desk.heard.clear()
    rig.stage.desk.answer = Answer()
    return await rig.newest(rig.chat)


async def test_a_question_opens_for_the_one_who_pressed(rig: TelegramRig):
    ref = await asked(rig, NOTE, rig.bo)
    shown = await rig.shown(ref)
    assert shown["text"].startswith("Bo\n\u200cNote on #142\nNote\nReply to this message.")
    mention = next(entity for entity in shown["entities"] if entity["type"] == "text_mention")
    assert str(mention["user"]["id"]) == rig.bo
    assert shown["reply_markup"] == {"force_reply": True, "selective": True, "input_field_placeholder": "Note"}
    assert len(await rig.seen(rig.chat)) == 2, "more than the question was said"


async def test_a_reply_is_the_answer(rig: TelegramRig):
    ref = await asked(rig, NOTE, rig.bo)
    rig.stage.desk.answer = Answer(message=rig.card("Noted"))
    await rig.answer_to(ref, f"two\nlines {HOSTILE}", rig.bo)
    (said,) = await until(lambda: heard(rig), len)
    assert isinstance(said, Form)
    assert (said.token, said.user, said.chat) == ("note.x.ask-142", rig.bo, rig.chat)
    assert said.values == {"text": f"two\nlines {HOSTILE}"}
    assert said.key
    await until(lambda: rig.whispers(rig.bo), lambda told: told == ["Noted"], "no answer")


async def test_an_option_is_the_answer_and_the_question_goes(rig: TelegramRig):
    ref = await asked(rig, SILENCE, rig.ann)
    assert await rig.keys(ref) == [["1 hour", "a day"], ["Cancel"]]
    rig.stage.desk.answer = Answer(message=rig.card("Silenced"))
    assert (await rig.tap(ref, "a day", rig.ann))["answered"]
    (said,) = rig.stage.desk.heard
    assert isinstance(said, Form)
    assert (said.token, said.values) == ("note.x.ask-142", {"for": "1d", "reason": "deploy"})
    await until(lambda: rig.whispers(rig.ann), lambda told: told == ["Silenced"], "no answer")
    assert await rig.newest(rig.chat) != ref, "nobody can press it once more"


async def test_a_question_can_be_sent_away(rig: TelegramRig):
    ref = await asked(rig, SILENCE, rig.ann)
    await rig.tap(ref, "Cancel", rig.ann)
    await until(lambda: rig.newest(rig.chat), lambda newest: newest != ref, "it is still there")
    assert rig.stage.desk.heard == []


async def test_what_is_wrong_with_a_reply_is_said_below_it_and_asked_again(rig: TelegramRig):
    ref = await asked(rig, NOTE, rig.bo)
    rig.stage.desk.answer = Answer(message=rig.card("Note: too <long>"), errors={"text": "too <long>"}, alert=True)
    await rig.answer_to(ref, "hm", rig.bo)
    again = await until(lambda: rig.newest(rig.chat), lambda newest: newest != ref, "no answer")
    shown = await rig.shown(again)
    assert shown["text"] == "\u200cNote: too <long>"
    assert shown["reply_to_message"]["text"] == "hm"
    rig.stage.desk.answer = Answer()
    await rig.answer_to(again, "better", rig.bo)
    first, second = await until(lambda: heard(rig), lambda said: len(said) == 2)
    assert (first.token, second.token, second.values) == (first.token, first.token, {"text": "better"})


async def test_what_is_wrong_with_an_option_is_a_toast_and_the_question_stays(rig: TelegramRig):
    ref = await asked(rig, SILENCE, rig.ann)
    rig.stage.desk.answer = Answer(message=rig.card("x"), errors={"for": "too long"})
    pressed = await rig.tap(ref, "1 hour", rig.ann)
    assert pressed["toast"] == {"text": "too long", "show_alert": True}
    assert await rig.newest(rig.chat) == ref


async def test_a_command_in_reply_to_a_question_is_a_command(rig: TelegramRig):
    ref = await asked(rig, NOTE, rig.bo)
    await rig.answer_to(ref, "/toc list", rig.bo)
    (said,) = await until(lambda: heard(rig), len)
    assert isinstance(said, Slash)
    assert said.text == "list"


async def test_a_question_works_in_privacy_mode_too(rig: TelegramRig):
    """The bot is no administrator there, so it hears commands and replies to itself, and nothing else."""
    sent = await rig.adapter.send(PLAIN, rig.card("card", "open"), key="k1")
    rig.stage.desk.answer = Answer(form=render_form(NOTE))
    await rig.press(sent.ref, rig.ann)
    ref = await until(lambda: rig.newest(PLAIN), lambda newest: newest != sent.ref, "nothing was asked")
    rig.stage.desk.heard.clear()
    unheard = await rig.stage.act("say", text="chatter", user=int(rig.ann), chat_id=int(PLAIN))
    assert not unheard["heard"]
    await rig.answer_to(ref, "done", rig.ann)
    (said,) = await until(lambda: heard(rig), len)
    assert isinstance(said, Form)
    assert said.values == {"text": "done"}


async def test_where_nothing_can_be_asked_it_is_said_how_to_type_it(rig: TelegramRig):
    broken = {"text": "<b>never closed", "parse_mode": "HTML"}
    rig.stage.desk.answer = Answer(form=broken, message=rig.card("type /toc note #1 …"))
    sent = await rig.adapter.send(rig.chat, rig.card("card", "open"), key="k1")
    assert await rig.press(sent.ref, rig.bo)
    await until(lambda: rig.whispers(rig.bo), lambda told: told == ["type /toc note #1 …"], "no answer")


async def test_a_form_in_a_topic_is_asked_there(rig: TelegramRig):
    room = await rig.adapter.open_room("INC-1", "", "-1002", key="r1")
    sent = await rig.adapter.send(room.address, rig.card("card", "open"), key="k1")
    rig.stage.desk.answer = Answer(form=render_form(NOTE))
    await rig.press(sent.ref, rig.bo)
    ref = await until(lambda: rig.newest(room.address), lambda newest: newest != sent.ref)
    assert f"/{(await rig.shown(ref))['message_thread_id']}" in room.address
    rig.stage.desk.heard.clear()
    await rig.answer_to(ref, "in the room", rig.bo)
    (said,) = await until(lambda: heard(rig), len)
    assert isinstance(said, Form)
    assert said.chat == room.address


# -- pieces -----------------------------------------------------------------------------------------------------------


def reply(text: str, message: Json, sender: int = 42) -> Heard | None:
    """What is heard when somebody answers a message that looks like this one."""
    answered = {"message_id": 4, "from": {"id": sender, "is_bot": True}, "entities": entities(message)}
    said = {"message_id": 9, "date": 1, "chat": {"id": -5, "type": "supergroup"}, "text": text}
    person = {"id": 7, "is_bot": False, "first_name": "Ann"}
    return decode({"update_id": 1, "message": {**said, "from": person, "reply_to_message": answered}}, ME)


def entities(message: Json) -> list[Json]:
    from bot.playground.telegram.markup import parse_html

    return parse_html(message["text"])[1]


def values(card: FormCard, text: str) -> Any:
    answered = reply(text, render_form(card))
    assert answered is not None
    assert isinstance(answered.inbound, Form)
    return answered.inbound.values


def test_one_line_answers_what_was_asked_first_and_several_answer_each_field():
    assert values(MERGE, "#7 same cause") == {"into": "#7 same cause"}
    assert values(MERGE, "#7\nsame cause") == {"into": "#7", "comment": "same cause"}
    assert values(MERGE, "#7\nsame\ncause") == {"into": "#7", "comment": "same\ncause"}
    assert values(SILENCE, "1d\n-") == {"for": "1d", "reason": "deploy"}
    assert values(SILENCE, "A Day\nmove") == {"for": "1d", "reason": "move"}, "an option by the word that people read"
    assert values(SILENCE, "1 hour") == {"for": "1h"}
    assert values(NOTE, "two\nlines") == {"text": "two\nlines"}


def test_only_the_bots_own_question_is_believed():
    assert reply("x", render_form(NOTE), sender=43) is None
    own = reply("x", render_form(NOTE))
    assert own is not None
    assert isinstance(own.inbound, Form)


@pytest.mark.parametrize(
    "packed",
    ["", "====", "AAAA", "bm90IGpzb24", *(
        urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=")
        for one in ({}, [], {"t": "", "f": [["a", ""]]}, {"t": "x", "f": []}, {"t": 1, "f": [["a", ""]]})
    )],
)  # fmt: skip
def test_a_damaged_question_is_an_ordinary_message(packed: str):
    answered = reply("on it", {"text": f'x<a href="{HIDDEN}f.{packed}">\u200c</a>'})
    assert answered is not None
    assert isinstance(answered.inbound, Slash)


def foreign() -> Json:
    """A card that somebody else made up."""
    card = render(CARD)
    place = {"message_id": 1, "date": 1, "chat": {"id": -5, "type": "supergroup"}, "from": {"id": 43}}
    return {**place, "entities": entities(card), "reply_markup": card["reply_markup"]}


@pytest.mark.parametrize("data", ["#1/2", "#", "#1", "#9/1", "#1/x", "#=", "#=1h", "#-1/2", "#1/0", "#999999/1"])
def test_pages_that_are_not_there_do_nothing(data: str):
    message = {"message_id": 1, "date": 1, "chat": {"id": -5, "type": "supergroup"}, "from": {"id": 42}}
    query = {"id": "9", "from": {"id": 7, "first_name": "Ann"}, "data": data}
    for told in (message, {**message, "entities": entities(render(CARD))}, None, foreign()):
        update = {"update_id": 1, "callback_query": {**query, **({"message": told} if told else {})}}
        pressed = decode(update, ME)
        assert pressed is not None
        assert (pressed.inbound, pressed.page, pressed.query) == (None, None, "9")
