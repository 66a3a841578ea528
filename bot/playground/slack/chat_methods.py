"""The Web API methods that write: messages, pins and bookmarks.

Each function takes the workspace and the parsed arguments and returns the answer's fields, or raises `SlackRefusal`.
"""

from __future__ import annotations

from bot.playground.hub import Json
from bot.playground.slack.contents import UPDATE_TEXT_MAX, cut, message_content
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.workspace import Conversation, Workspace


def truthy(value: object) -> bool:
    """A boolean argument as the SDKs write it: `true`, `1`, `"true"`, `"1"`."""
    return value is True or str(value).lower() in {"1", "true"}


def has_content(content: Json) -> bool:
    """Whether anything would be visible."""
    return any(content.get(name) for name in ("text", "blocks", "attachments"))


def post_message(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postMessage."""
    channel = space.open_to_bot(args["channel"])
    content = message_content(args)
    if not has_content(content):
        raise SlackRefusal("no_text")
    warning = cut(content)
    thread_ts = args.get("thread_ts")
    # below a message that was deleted it becomes a message of the channel: https://github.com/slack-go/slack/issues/1571
    if thread_ts and str(thread_ts) in channel.messages:
        if channel.messages[str(thread_ts)].get("thread_ts", thread_ts) != thread_ts:
            raise SlackRefusal("cannot_reply_to_message")  # "avoid using a reply's ts value": threads have one level
        content["thread_ts"] = str(thread_ts)
        if truthy(args.get("reply_broadcast")):
            content["subtype"] = "thread_broadcast"
    message = space.keep(channel, space.from_bot(content))
    return {"channel": channel.id, "ts": message["ts"], "message": message, **warning}


def post_ephemeral(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postEphemeral."""
    channel = space.open_to_bot(args["channel"])
    if space.config.bot_user_id not in channel.members:
        raise SlackRefusal("not_in_channel")
    user = str(args["user"])
    if user not in space.users or user not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    content = message_content(args)
    if not has_content(content):
        raise SlackRefusal("no_text")
    warning = cut(content)
    note = space.whisper(channel, user, content)
    return {"message_ts": note["message"]["ts"], **warning}


def own_message(space: Workspace, channel: Conversation, ts: object, refusal: str) -> Json:
    """A stored message of the bot; raises `message_not_found`, or `refusal` when somebody else wrote it."""
    message = channel.messages.get(str(ts))
    if message is None:
        raise SlackRefusal("message_not_found")
    if message.get("bot_id") != space.config.bot_id:
        raise SlackRefusal(refusal)
    return message


def update(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/chat.update.

    Given text without blocks removes the old blocks; attachments stay unless given, and an empty list clears them.
    """
    channel = space.conversation(args["channel"])
    if channel.is_archived:
        raise SlackRefusal("is_inactive")
    message = own_message(space, channel, args["ts"], "cant_update_message")
    content = message_content(args)
    if not content.keys() & {"text", "blocks", "attachments"}:
        raise SlackRefusal("no_text")
    if len(content.get("text", "")) > UPDATE_TEXT_MAX:
        raise SlackRefusal("msg_too_long")
    changed = {**message, **content}
    if "text" in content and "blocks" not in content:
        changed.pop("blocks", None)
    if not has_content(changed):
        raise SlackRefusal("no_text")
    for name in ("blocks", "attachments", "metadata"):
        if not changed.get(name):
            changed.pop(name, None)
    changed["edited"] = {"user": space.config.bot_user_id, "ts": space.next_ts()}
    message.clear()
    message.update(changed)
    space.publish("update", {"channel": channel.id, "message": message})
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


def delete(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/chat.delete."""
    channel = space.conversation(args["channel"])
    message = own_message(space, channel, args["ts"], "cant_delete_message")
    del channel.messages[message["ts"]]
    space.publish("delete", {"channel": channel.id, "ts": message["ts"]})
    return {"channel": channel.id, "ts": message["ts"]}


def add_pin(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/pins.add."""
    channel = _joined(space, args["channel"])
    ts = str(args.get("timestamp") or "")
    if not ts:
        raise SlackRefusal("no_item_specified")
    if ts not in channel.messages:
        raise SlackRefusal("message_not_found")
    if ts in channel.pins:
        raise SlackRefusal("already_pinned")
    channel.pins.append(ts)
    space.publish("pin", {"channel": channel.id, "ts": ts})
    return {}


def add_bookmark(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/bookmarks.add; 100 bookmarks a channel."""
    channel = _joined(space, args["channel_id"])
    if args["type"] != "link":
        raise SlackRefusal("invalid_bookmark_type")
    link = str(args.get("link") or "")
    if not link.startswith(("https://", "http://")):
        raise SlackRefusal("invalid_link")
    if len(channel.bookmarks) >= 100:
        raise SlackRefusal("too_many_bookmarks")
    bookmark: Json = {"id": space.fresh_id("Bk"), "channel_id": channel.id, "title": str(args["title"]), "link": link,
                      "type": "link", "emoji": args.get("emoji")}  # fmt: skip
    channel.bookmarks.append(bookmark)
    space.publish("bookmark", {"channel": channel.id, "bookmark": bookmark})
    return {"bookmark": bookmark}


def _joined(space: Workspace, reference: object) -> Conversation:
    channel = space.conversation(reference)
    if space.config.bot_user_id not in channel.members:
        raise SlackRefusal("channel_not_found" if channel.is_private else "not_in_channel")
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    return channel
