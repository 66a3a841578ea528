"""The played Telegram holds what the real one promises, seen through the real SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import BotCommand, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter

from bot.playground.hub import Outage
from bot.playground.telegram.markup import parse_html
from bot.playground.telegram.refusals import TelegramRefusal
from tests.emulators.telegram_world import (
    ANN,
    BO,
    CY,
    DEE,
    FORUM,
    GROUP,
    LEFT,
    PLAIN,
    TelegramWorld,
    keyboard,
    telegram_world,
)


@pytest.fixture
async def world() -> AsyncIterator[TelegramWorld]:
    async with telegram_world() as opened:
        yield opened


async def test_send_and_edit_a_card(world: TelegramWorld) -> None:
    world.emulator.config.rate_limits = False
    me = await world.bot.get_me()
    assert (me.username, me.id) == ("tocsin_bot", 42)
    sent = await world.bot.send_message(
        GROUP,
        '🔴 <b>SEV1 · <a href="tg://user?id=7001">Ann</a></b>\n<blockquote expandable>5 &lt; 6</blockquote>',
        parse_mode=ParseMode.HTML,
        reply_markup=keyboard("a:INC-1:3", style="success"),
        disable_notification=True,
    )
    assert sent.text == "🔴 SEV1 · Ann\n5 < 6"
    assert [(entity.type, entity.offset, entity.length) for entity in sent.entities] == [
        ("bold", 3, 10),
        ("text_mention", 10, 3),
        ("expandable_blockquote", 14, 5),
    ]
    assert sent.entities[1].user.first_name == "Ann"
    with pytest.raises(BadRequest, match="is not modified"):
        await world.bot.edit_message_reply_markup(
            chat_id=GROUP, message_id=sent.message_id, reply_markup=keyboard("a:INC-1:3", style="success")
        )
    changed = await world.bot.edit_message_text("acked", chat_id=GROUP, message_id=sent.message_id)
    assert (changed.text, changed.reply_markup, changed.edit_date is not None) == ("acked", None, True)
    with pytest.raises(BadRequest, match="is not modified"):
        await world.bot.edit_message_text("acked", chat_id=GROUP, message_id=sent.message_id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await world.bot.edit_message_text("x", chat_id=GROUP, message_id=999)
    said = await world.emulator.say("hello", ANN, GROUP)
    with pytest.raises(BadRequest, match="can't be edited"):
        await world.bot.edit_message_text("x", chat_id=GROUP, message_id=said["message_id"])


async def test_text_limits(world: TelegramWorld) -> None:
    world.emulator.config.rate_limits = False
    send = world.bot.send_message
    assert len((await send(GROUP, "x" * 4096)).text) == 4096
    assert len((await send(GROUP, f"<b>{'&amp;' * 4096}</b>", parse_mode=ParseMode.HTML)).text) == 4096
    with pytest.raises(BadRequest, match="Message is too long"):
        await send(GROUP, "x" * 4097)
    with pytest.raises(BadRequest, match="Message is too long"):
        await send(GROUP, "🔴" * 2049)
    for empty in ("   ", "<b> </b>"):
        with pytest.raises(BadRequest, match="Message text is empty"):
            await send(GROUP, empty, parse_mode=ParseMode.HTML)
    many = await send(GROUP, "<b>x</b> " * 101, parse_mode=ParseMode.HTML)
    assert len(many.entities) == 100
    assert world.notices("entities_dropped") == [{"kept": 100, "given": 101}]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("a <zebra>b</zebra>", 'Unsupported start tag "zebra" at byte offset 2'),
        ("é <b", "Unclosed start tag at byte offset 3"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("5 < 6", 'Unsupported start tag "" at byte offset 2'),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ('<a href="x>y</a>', "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<{at}>", 'Unsupported start tag "{at}" at byte offset 0'),
    ],
)
def test_html_faults(source: str, fault: str) -> None:
    with pytest.raises(TelegramRefusal) as caught:
        parse_html(source)
    assert caught.value.description == f"Bad Request: can't parse entities: {fault}"


def test_html_that_is_fine() -> None:
    assert parse_html("a &amp; b > c & d &nbsp; &#65;&#x42;") == ("a & b > c & d &nbsp; AB", [])
    assert parse_html("<B>x</b>")[1] == [{"type": "bold", "offset": 0, "length": 1}]
    assert parse_html("<code><b>x</b></code>")[1] == [{"type": "code", "offset": 0, "length": 1}]
    assert parse_html('<pre><code class="language-python">x</code></pre>')[1] == [
        {"type": "pre", "offset": 0, "length": 1, "language": "python"}
    ]
    assert parse_html('<a href="https://tocsin.example/i/1?a=1&amp;b=2">t</a>')[1] == [
        {"type": "text_link", "offset": 0, "length": 1, "url": "https://tocsin.example/i/1?a=1&b=2"}
    ]
    assert parse_html('<a href="http://localhost/">t</a>') == ("t", [])
    assert parse_html("<blockquote>a<blockquote>b</blockquote></blockquote>")[1] == [
        {"type": "blockquote", "offset": 0, "length": 2}
    ]


async def test_keyboards(world: TelegramWorld) -> None:
    world.emulator.config.rate_limits = False

    async def send(*rows: list[InlineKeyboardButton]) -> None:
        await world.bot.send_message(GROUP, "x", reply_markup=InlineKeyboardMarkup(rows))

    def key(data: str = "d", **more: str) -> InlineKeyboardButton:
        return InlineKeyboardButton("x", **({"callback_data": data} | more))

    await send(*([key()] * 8 for _ in range(12)))
    await send([key("ü" * 32)])
    for wrong in ("x" * 65, "ü" * 33):
        with pytest.raises(BadRequest, match="Button_data_invalid"):
            await send([key(wrong)])
    with pytest.raises(BadRequest, match="too long"):
        await send([key()] * 9)
    with pytest.raises(BadRequest, match="too long"):
        await send(*([key()] for _ in range(101)))
    with pytest.raises(BadRequest, match="text buttons are unallowed"):
        await send([InlineKeyboardButton("x")])
    with pytest.raises(BadRequest, match="wrong http url"):
        await send([InlineKeyboardButton("x", url="http://localhost:8400/")])
    await send([InlineKeyboardButton("x", url="http://127.0.0.1:8400/i/1")])
    answer = await world.raw(
        "sendMessage",
        chat_id=GROUP,
        text="x",
        reply_markup={"inline_keyboard": [[{"text": "x", "callback_data": "d", "style": "purple"}]]},
    )
    assert (answer["status"], "style" in answer["description"]) == (400, True)
    sent = await world.bot.send_message(GROUP, "x", reply_markup=keyboard("d"))
    answer = await world.raw(
        "editMessageReplyMarkup", chat_id=GROUP, message_id=sent.message_id, reply_markup={"force_reply": True}
    )
    assert "inline keyboard expected" in answer["description"]


async def test_closed_doors(world: TelegramWorld) -> None:
    send = world.bot.send_message
    for chat, error, sentence in (
        (123456, BadRequest, "Chat not found"),
        (BO, Forbidden, "can't initiate conversation"),
        (CY, BadRequest, "Chat not found"),
        (DEE, Forbidden, "user is deactivated"),
        (LEFT, Forbidden, "bot was kicked from the supergroup chat"),
    ):
        with pytest.raises(error, match=sentence):
            await send(chat, "x")
    await send(ANN, "x")
    await world.emulator.block(ANN)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await send(ANN, "x")
    await world.emulator.start_chat(ANN)
    await send(ANN, "x")
    await world.emulator.migrate(PLAIN, -100777)
    with pytest.raises(ChatMigrated) as caught:
        await send(PLAIN, "x")
    assert caught.value.new_chat_id == -100777
    await send(-100777, "x")


async def test_topics_and_pins(world: TelegramWorld) -> None:
    topic = await world.bot.create_forum_topic(FORUM, "INC-142", icon_color=7322096)
    thread = topic.message_thread_id
    sent = await world.bot.send_message(FORUM, "status", message_thread_id=thread)
    assert (sent.message_thread_id, sent.is_topic_message) == (thread, True)
    with pytest.raises(BadRequest, match="thread not found"):
        await world.bot.send_message(FORUM, "x", message_thread_id=999)
    with pytest.raises(BadRequest, match="not a forum"):
        await world.bot.create_forum_topic(GROUP, "x")
    with pytest.raises(BadRequest, match="too long"):
        await world.bot.create_forum_topic(FORUM, "x" * 129)
    await world.bot.close_forum_topic(FORUM, thread)
    with pytest.raises(BadRequest, match="Topic_not_modified"):
        await world.bot.close_forum_topic(FORUM, thread)
    assert await world.bot.pin_chat_message(FORUM, sent.message_id)
    with pytest.raises(BadRequest, match="to pin not found"):
        await world.bot.pin_chat_message(FORUM, 999)
    chatter = await world.bot.send_message(PLAIN, "x")
    with pytest.raises(BadRequest, match="Not enough rights"):
        await world.bot.pin_chat_message(PLAIN, chatter.message_id)
    chat = await world.bot.get_chat(FORUM)
    assert (chat.title, chat.is_forum) == ("War rooms", True)


async def test_replies_and_questions(world: TelegramWorld) -> None:
    said = await world.emulator.say("why?", ANN, GROUP)
    sent = await world.bot.send_message(
        GROUP,
        "Your note?",
        reply_parameters=ReplyParameters(said["message_id"]),
        reply_markup=ForceReply(selective=True),
    )
    assert sent.reply_to_message.text == "why?"
    shown = next(chat for chat in world.emulator.state()["chats"] if chat["id"] == GROUP)["messages"][-1]
    assert shown["reply_markup"]["force_reply"] is True
    with pytest.raises(BadRequest, match="replied not found"):
        await world.bot.send_message(GROUP, "x", reply_parameters=ReplyParameters(999))


async def test_delete(world: TelegramWorld) -> None:
    sent = await world.bot.send_message(PLAIN, "x")
    said = await world.emulator.say("/help", ANN, PLAIN)
    with pytest.raises(BadRequest, match="can't be deleted"):
        await world.bot.delete_message(PLAIN, said["message_id"])
    await world.bot.delete_message(PLAIN, sent.message_id)
    with pytest.raises(BadRequest, match="to delete not found"):
        await world.bot.delete_message(PLAIN, sent.message_id)
    old = await world.bot.send_message(PLAIN, "x")
    world.clock.ahead += 48 * 3600 + 5
    with pytest.raises(BadRequest, match="can't be deleted"):
        await world.bot.delete_message(PLAIN, old.message_id)


async def test_commands(world: TelegramWorld) -> None:
    await world.bot.set_my_commands([BotCommand("oncall", "Who is on call")], language_code="de")
    assert (await world.bot.get_my_commands(language_code="de"))[0].command == "oncall"
    assert await world.bot.get_my_commands() == ()
    for commands, fault in (
        ([BotCommand("On-Call", "x")], "Bot_command_invalid"),
        ([BotCommand("x", "x" * 257)], "Bot_command_description_invalid"),
        ([BotCommand(f"c{n}", "x") for n in range(101)], "Bot_commands_too_much"),
    ):
        with pytest.raises(BadRequest, match=fault):
            await world.bot.set_my_commands(commands)


async def test_one_message_a_second_in_a_chat_and_twenty_a_minute_in_a_group(world: TelegramWorld) -> None:
    for _ in range(5):
        await world.bot.send_message(ANN, "x")
    with pytest.raises(RetryAfter) as caught:
        await world.bot.send_message(ANN, "x")
    wait = caught.value._retry_after.total_seconds()
    assert 1 <= wait <= 5
    world.clock.ahead += wait
    sent = await world.bot.send_message(ANN, "x")
    for number in range(4):
        await world.bot.send_message(GROUP, "x")
        await world.bot.edit_message_text(f"edit {number}", chat_id=ANN, message_id=sent.message_id)
    with pytest.raises(RetryAfter):
        await world.bot.edit_message_text("one more", chat_id=ANN, message_id=sent.message_id)
    for _ in range(16):
        world.clock.ahead += 3
        await world.bot.send_message(GROUP, "x")
    world.clock.ahead += 3
    with pytest.raises(RetryAfter) as caught:
        await world.bot.send_message(GROUP, "x")
    assert caught.value._retry_after.total_seconds() > 5


async def test_thirty_messages_a_second_overall() -> None:
    async with telegram_world() as world:
        now = world.clock()
        world.hub.now = lambda: now
        world.emulator._api.meter.now = world.hub.now
        for number in range(30):
            assert (await world.raw("sendMessage", chat_id=9000 + number, text="x"))["status"] == 400
        answer = await world.raw("sendMessage", chat_id=9999, text="x")
        assert (answer["status"], answer["parameters"]) == (429, {"retry_after": 1})


async def test_outages_and_tokens(world: TelegramWorld) -> None:
    world.hub.switch("telegram", Outage.REVOKED)
    with pytest.raises(InvalidToken):
        await world.bot.send_message(GROUP, "x")
    world.hub.switch("telegram", Outage.RATE_LIMITED)
    with pytest.raises(RetryAfter):
        await world.bot.send_message(GROUP, "x")
    world.hub.switch("telegram", Outage.DOWN)
    with pytest.raises(NetworkError):
        await world.bot.send_message(GROUP, "x")
    world.hub.switch("telegram", Outage.BLOCKED)
    with pytest.raises(Forbidden, match="blocked"):
        await world.bot.send_message(ANN, "x")
    assert await world.bot.send_message(GROUP, "x")
    world.hub.switch("telegram", Outage.NONE)
    async with world.session.get(f"{world.url}/telegram/bot42:wrong/getMe") as response:
        assert (response.status, (await response.json())["description"]) == (401, "Unauthorized")
    async with world.session.get(f"{world.url}/telegram/botnonsense/getMe") as response:
        assert response.status == 404
    assert (await world.raw("sing"))["description"] == "Not Found: method not found"
