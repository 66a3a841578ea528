"""The Bot API methods of forums: topics and what is pinned in them.

Sources: https://core.telegram.org/bots/api#createforumtopic and the methods after it; the bot must have the right
`can_manage_topics`.
"""

from __future__ import annotations

from typing import Any

from bot.playground.hub import Json
from bot.playground.telegram.methods import number
from bot.playground.telegram.refusals import bad_request
from bot.playground.telegram.world import Chat, World

TOPIC_NAME_MAX = 128  # https://core.telegram.org/bots/api#createforumtopic
TOPIC_COLOURS = frozenset({7322096, 16766590, 13338331, 9367192, 16749490, 16478047})


def _forum(world: World, args: Json, act: str) -> Chat:
    chat = world.chat_of(args.get("chat_id"))
    if chat.group is None or not chat.group.is_forum:
        raise bad_request("the chat is not a forum")
    if not (chat.group.bot_is_admin and chat.group.can_manage_topics):
        raise bad_request(f"not enough rights to {act}")
    return chat


def create_topic(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#createforumtopic."""
    chat = _forum(world, args, "create a topic")
    name = str(args.get("name") or "").strip()
    if not name:
        raise bad_request("TOPIC_TITLE_EMPTY")
    if len(name) > TOPIC_NAME_MAX:
        raise bad_request("topic name is too long")
    colour = number(args["icon_color"]) if args.get("icon_color") not in (None, "") else 7322096
    if colour not in TOPIC_COLOURS:
        raise bad_request("invalid icon color specified")
    topic: Json = {"name": name, "icon_color": colour}
    message = world.store(chat, world.bot(), {"forum_topic_created": topic, "is_topic_message": True})
    thread = message["message_id"]
    message["message_thread_id"] = thread
    chat.topics[thread] = {**topic, "closed": False}
    return {"message_thread_id": thread, **topic}


def _topic(chat: Chat, args: Json) -> tuple[int, Json]:
    thread = number(args.get("message_thread_id"))
    topic = chat.topics.get(thread)
    if topic is None:
        raise bad_request("message thread not found")
    return thread, topic


def edit_topic(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#editforumtopic: a name of up to 128 characters; without one it stays."""
    chat = _forum(world, args, "edit a topic")
    thread, topic = _topic(chat, args)
    name = str(args.get("name") or "").strip()
    if len(name) > TOPIC_NAME_MAX:
        raise bad_request("topic name is too long")
    if not name or name == topic["name"]:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic["name"] = name
    edited: Json = {"forum_topic_edited": {"name": name}, "message_thread_id": thread, "is_topic_message": True}
    world.store(chat, world.bot(), edited)
    return True


def close_topic(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#closeforumtopic."""
    chat = _forum(world, args, "close a topic")
    thread, topic = _topic(chat, args)
    if topic["closed"]:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic["closed"] = True
    closed: Json = {"forum_topic_closed": {}, "message_thread_id": thread, "is_topic_message": True}
    world.store(chat, world.bot(), closed)
    return True


def pin_message(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#pinchatmessage."""
    chat = world.chat_of(args.get("chat_id"))
    if chat.group is not None and not (chat.group.bot_is_admin and chat.group.can_pin_messages):
        raise bad_request("not enough rights to manage pinned messages in the chat")
    message = chat.messages.get(number(args.get("message_id")))
    if message is None:
        raise bad_request("message to pin not found")
    if message["message_id"] not in chat.pins:
        chat.pins.append(message["message_id"])
    world.publish("pin", {"chat_id": chat.id, "message_id": message["message_id"]})
    return True
