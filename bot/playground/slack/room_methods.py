"""The Web API methods about rooms: conversations made, filled, described, read and archived.

Each function takes the workspace and the parsed arguments and returns the answer's fields, or raises `SlackRefusal`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

from bot.playground.hub import Json
from bot.playground.slack.chat_methods import truthy
from bot.playground.slack.place_methods import ids_of
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.workspace import Conversation, Workspace

NAME_MAX = 80  # https://docs.slack.dev/reference/methods/conversations.create
TOPIC_MAX = 250  # `too_long` of https://docs.slack.dev/reference/methods/conversations.setTopic and .../setPurpose
# Pages of the vendor say 100 and 1,000 (https://docs.slack.dev/reference/methods/conversations.invite); played strictly
INVITES_MAX = 100
LIMIT_MAX = 999  # https://docs.slack.dev/reference/methods/conversations.history
LIMIT_DEFAULT = 100


def create_conversation(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.create: lower case, digits, `-` and `_`, at most 80."""
    name = str(args.get("name") or "")
    if not name:
        raise SlackRefusal("invalid_name_required")
    if len(name) > NAME_MAX:
        raise SlackRefusal("invalid_name_maxlength")
    if not re.fullmatch(r"[a-z0-9_-]+", name):
        raise SlackRefusal("invalid_name_specials")
    if not re.search(r"[a-z0-9]", name):
        raise SlackRefusal("invalid_name_punctuation")
    if any(channel.name == name for channel in space.channels.values()):
        raise SlackRefusal("name_taken")
    private = truthy(args.get("is_private"))
    bot = space.config.bot_user_id
    channel = Conversation(space.fresh_id("C"), name, [bot], private, created=int(space.hub.now()), creator=bot)
    space.channels[channel.id] = channel
    space.publish("channel", {"channel": channel.raw()})
    return {"channel": channel.raw()}


def _managed(space: Workspace, reference: object) -> Conversation:
    channel = space.conversation(reference)
    if channel.user is not None:
        raise SlackRefusal("method_not_supported_for_channel_type")
    if space.config.bot_user_id not in channel.members:
        raise SlackRefusal("channel_not_found" if channel.is_private else "not_in_channel")
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    return channel


def invite(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.invite; without `force` one wrong user fails the call."""
    channel = _managed(space, args["channel"])
    users = ids_of(args["users"])
    if not users:
        raise SlackRefusal("no_user")
    if len(users) > INVITES_MAX:
        raise SlackRefusal("too_many_users")
    faults: list[Json] = []
    for user in users:
        if user == space.config.bot_user_id:
            faults.append({"user": user, "ok": False, "error": "cant_invite_self"})
        elif user not in space.users:
            faults.append({"user": user, "ok": False, "error": "user_not_found"})
        elif space.users[user].deleted:
            faults.append({"user": user, "ok": False, "error": "cant_invite"})
        elif user in channel.members:
            faults.append({"user": user, "ok": False, "error": "already_in_channel"})
    if faults and not (truthy(args.get("force")) and len(faults) < len(users)):
        raise SlackRefusal(faults[0]["error"])
    wrong = {fault["user"] for fault in faults}
    for user in dict.fromkeys(user for user in users if user not in wrong):
        channel.members.append(user)
        _note(
            space, channel, user, "channel_join", f"<@{user}> has joined the channel", inviter=space.config.bot_user_id
        )
    space.publish("channel", {"channel": channel.raw(), "members": channel.members})
    return {"channel": channel.raw(), **({"errors": faults} if faults else {})}


def set_topic(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.setTopic."""
    channel, topic = _described(space, args, "topic")
    channel.topic = topic
    space.publish("channel", {"channel": channel.raw()})
    return {"channel": channel.raw()}


def set_purpose(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.setPurpose."""
    channel, purpose = _described(space, args, "purpose")
    channel.purpose = purpose
    space.publish("channel", {"channel": channel.raw()})
    return {"channel": channel.raw()}


def _described(space: Workspace, args: Json, what: str) -> tuple[Conversation, str]:
    channel, text = _managed(space, args["channel"]), str(args[what])
    if len(text) > TOPIC_MAX:
        raise SlackRefusal("too_long")
    bot = space.config.bot_user_id
    _note(space, channel, bot, f"channel_{what}", f"<@{bot}> set the channel {what}: {text}", **{what: text})
    return channel, text


def _note(space: Workspace, channel: Conversation, user: str, subtype: str, text: str, **more: str) -> None:
    """What Slack itself writes in a conversation: https://docs.slack.dev/reference/events/message#subtypes."""
    note = {"type": "message", "subtype": subtype, "user": user, "text": text, "ts": space.next_ts(), **more}
    space.keep(channel, note)


def archive(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.archive."""
    channel = space.conversation(args["channel"])
    if channel.is_archived:
        raise SlackRefusal("already_archived")
    channel = _managed(space, args["channel"])
    channel.is_archived = True
    space.publish("channel", {"channel": channel.raw()})
    return {}


def users_conversations(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/users.conversations: where the bot is a member, page by page."""
    types = ids_of(args.get("types") or "public_channel")
    scopes = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}
    for kind in types:
        if kind not in scopes:
            raise SlackRefusal("invalid_types")
        if scopes[kind] not in space.config.scopes:
            raise SlackRefusal("missing_scope", needed=scopes[kind], provided=",".join(sorted(space.config.scopes)))
    listed = [
        channel.raw()
        for channel in space.channels.values()
        if space.config.bot_user_id in channel.members
        and ("im" if channel.user else "private_channel" if channel.is_private else "public_channel") in types
        and not (channel.is_archived and truthy(args.get("exclude_archived")))
    ]
    page, more = _page(listed, args)
    return {"channels": page, **more}


def history(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.history: newest first, replies in threads left out."""
    channel = _readable(space, args["channel"])
    shown: list[Json] = []
    for message in reversed(channel.messages.values()):
        parent = message.get("thread_ts")
        if parent and parent != message["ts"] and message.get("subtype") != "thread_broadcast":
            continue
        shown.append({**message, **_thread_of(channel, message["ts"])})
    page, more = _page(shown, args)
    return {"messages": page, "has_more": bool(more), "pin_count": len(channel.pins), **more}


def replies(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.replies: the parent, then its thread, oldest first."""
    channel, ts = _readable(space, args["channel"]), str(args["ts"])
    parent = channel.messages.get(ts)
    if parent is None:
        raise SlackRefusal("thread_not_found")
    thread = [
        message for message in channel.messages.values() if message.get("thread_ts") == ts and message["ts"] != ts
    ]
    page, more = _page([{**parent, **_thread_of(channel, ts)}, *thread], args)
    return {"messages": page, "has_more": bool(more), **more}


def _thread_of(channel: Conversation, ts: str) -> Json:
    count = sum(1 for each in channel.messages.values() if each.get("thread_ts") == ts and each["ts"] != ts)
    return {"thread_ts": ts, "reply_count": count} if count else {}


def _readable(space: Workspace, reference: object) -> Conversation:
    channel = space.conversation(reference)
    if space.config.bot_user_id not in channel.members:
        raise SlackRefusal("channel_not_found" if channel.is_private else "not_in_channel")
    return channel


def _page(listed: Sequence[Json], args: Json) -> tuple[list[Json], Json]:
    """One page and where the next begins: https://docs.slack.dev/apis/web-api/pagination."""
    start, limit = _start(args.get("cursor")), _limit(args.get("limit"))
    page = list(listed[start : start + limit])
    if start + limit >= len(listed):
        return page, {}
    cursor = base64.b64encode(f"next:{start + limit}".encode()).decode()
    return page, {"response_metadata": {"next_cursor": cursor}}


def _start(cursor: Any) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(str(cursor), validate=True).decode().removeprefix("next:"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise SlackRefusal("invalid_cursor") from None


def _limit(given: Any) -> int:
    if given in (None, ""):
        return LIMIT_DEFAULT
    if not str(given).isdigit() or not 1 <= int(given) <= LIMIT_MAX:
        raise SlackRefusal("invalid_limit")
    return int(given)
