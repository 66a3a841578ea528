"""The played Telegram's groups, rights and limits, asked by the real SDK, which reads every object strictly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from telegram import ChatMemberAdministrator, ChatMemberLeft, ChatMemberMember, Update
from telegram.error import BadRequest, Forbidden

from tests.emulators.telegram_world import (
    ANN,
    BO,
    CY,
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


async def test_who_is_in_a_group_with_which_rights(world: TelegramWorld) -> None:
    bot = await world.bot.get_chat_member(FORUM, 42)
    assert isinstance(bot, ChatMemberAdministrator)
    assert (bot.can_manage_topics, bot.can_pin_messages) == (True, True)
    assert isinstance(await world.bot.get_chat_member(PLAIN, 42), ChatMemberMember)
    assert isinstance(await world.bot.get_chat_member(GROUP, BO), ChatMemberMember)
    assert isinstance(await world.bot.get_chat_member(GROUP, CY), ChatMemberLeft)
    with pytest.raises(BadRequest, match="User not found"):
        await world.bot.get_chat_member(GROUP, 4711)
    with pytest.raises(BadRequest, match="Chat not found"):
        await world.bot.get_chat_member(-4711, ANN)
    with pytest.raises(BadRequest, match="private chat"):
        await world.bot.get_chat_member(ANN, ANN)
    with pytest.raises(Forbidden, match="kicked"):
        await world.bot.get_chat_member(LEFT, 42)


async def test_a_group_where_members_may_not_write(world: TelegramWorld) -> None:
    chat = world.emulator.world.chats[PLAIN]
    assert chat.group is not None
    chat.group = replace(chat.group, members_may_write=False)
    with pytest.raises(BadRequest, match="rights to send text messages"):
        await world.bot.send_message(PLAIN, "x")
    assert (await world.bot.get_chat(PLAIN)).permissions.can_send_messages is False
    chat.group = replace(chat.group, bot_is_admin=True)
    await world.bot.send_message(PLAIN, "x")


async def test_a_topic_can_be_renamed(world: TelegramWorld) -> None:
    thread = (await world.bot.create_forum_topic(FORUM, "INC-1")).message_thread_id
    assert await world.bot.edit_forum_topic(FORUM, thread, name="INC-1 closed")
    shown = next(chat for chat in world.emulator.state()["chats"] if chat["id"] == FORUM)
    assert shown["topics"][0]["name"] == "INC-1 closed"
    assert shown["messages"][-1]["forum_topic_edited"] == {"name": "INC-1 closed"}
    for name, fault in (("INC-1 closed", "Topic_not_modified"), ("x" * 129, "too long")):
        with pytest.raises(BadRequest, match=fault):
            await world.bot.edit_forum_topic(FORUM, thread, name=name)
    with pytest.raises(BadRequest, match="thread not found"):
        await world.bot.edit_forum_topic(FORUM, 777, name="x")
    with pytest.raises(BadRequest, match="not a forum"):
        await world.bot.edit_forum_topic(GROUP, thread, name="x")


async def test_addresses_count_although_nobody_sees_them(world: TelegramWorld) -> None:
    text = '<a href="https://x.example/{}">link</a>'
    await world.bot.send_message(ANN, text.format("y" * 9_000), parse_mode="HTML")
    with pytest.raises(BadRequest, match="Entities_too_long"):
        await world.bot.send_message(ANN, text.format("y" * 9_500), parse_mode="HTML")


async def test_an_old_message_is_pressed_without_its_content(world: TelegramWorld) -> None:
    sent = await world.bot.send_message(GROUP, "card", reply_markup=keyboard("a"))
    world.clock.ahead += world.emulator.config.content_life_s + 5
    await world.emulator.press(GROUP, sent.message_id, "a", ANN, wait_s=0)
    (raw,) = world.emulator.updates.pending.values()
    query = Update.de_json(raw, world.bot).callback_query
    assert (query.message.date.timestamp(), query.message.text, query.message.reply_markup) == (0, None, None)
    assert (query.data, query.message.message_id, query.message.chat.id) == ("a", sent.message_id, GROUP)
