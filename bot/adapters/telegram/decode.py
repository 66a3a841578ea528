"""From Telegram's updates to `Press`, `Slash` and `Form`: the shape is checked once, here, and nothing is looked up.

Updates: https://core.telegram.org/bots/api#update. What a message carries unseen is believed only of the bot's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from bot.adapters.base import Form, Inbound, Press, Slash
from bot.adapters.telegram import hidden

PLATFORM = "telegram"
ROOTS = frozenset({"toc", "tocsin"})
HELLO = "help"
"""What somebody asks who opens the bot and presses Start without a link."""

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?", re.DOTALL)


class Malformed(ValueError):
    """A body that Telegram would not send: no JSON, or the wrong shape."""


@dataclass(frozen=True, slots=True)
class Me:
    """The bot as people address it; the name is empty until Telegram has told it."""

    id: int
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a person did, and where the answer goes. Without `inbound` they only turned the pages of a card."""

    inbound: Inbound | None
    chat: str
    user: str
    private: bool
    name: str = ""
    lang: str = ""
    query: str = ""
    """The press that waits for its toast."""
    message: str = ""
    """The id of the message that was pressed, or that was written."""
    page: hidden.Page | None = None
    """The buttons that the press asked for."""
    dismissed: bool = False
    """The press sends the question away."""
    again: str = ""
    """The invisible link of the question that was answered, should it have to be asked again."""


class _User(msgspec.Struct):
    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""


class _Chat(msgspec.Struct):
    id: int
    type: str


class _Entity(msgspec.Struct):
    type: str
    offset: int
    length: int
    user: _User | None = None
    url: str = ""


class _Answered(msgspec.Struct):
    message_id: int
    sender: _User | None = msgspec.field(name="from", default=None)
    entities: list[_Entity] = []
    forum_topic_created: dict[str, Any] | None = None


class _Markup(msgspec.Struct):
    inline_keyboard: list[list[dict[str, Any]]] = []


class _Message(msgspec.Struct):
    message_id: int
    chat: _Chat
    sender: _User | None = msgspec.field(name="from", default=None)
    text: str = ""
    entities: list[_Entity] = []
    message_thread_id: int | None = None
    is_topic_message: bool = False
    reply_to_message: _Answered | None = None
    reply_markup: _Markup | None = None


class _Query(msgspec.Struct):
    id: str
    sender: _User = msgspec.field(name="from")
    data: str = ""
    message: _Message | None = None


class _Update(msgspec.Struct):
    update_id: int
    message: _Message | None = None
    callback_query: _Query | None = None


def decode(update: object, me: Me) -> Heard | None:
    """What the person did, or `None` where nobody speaks to the bot. Raises `Malformed`.

    `update` is the JSON object, or its bytes as they came in.
    """
    try:
        parsed = (
            msgspec.json.decode(update, type=_Update) if isinstance(update, bytes) else msgspec.convert(update, _Update)
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # a ValidationError is a DecodeError
        raise Malformed(str(error)) from error
    if parsed.callback_query is not None:
        return _press(parsed.callback_query, me)
    if parsed.message is not None and parsed.message.sender is not None and not parsed.message.sender.is_bot:
        return _line(parsed.message, parsed.message.sender, me)
    return None


def _press(query: _Query, me: Me) -> Heard:
    chat = _address(query.message) if query.message else ""
    user = str(query.sender.id)
    heard = Heard(
        inbound=None,
        chat=chat,
        user=user,
        private=query.message is None or query.message.chat.type == "private",
        name=_name(query.sender),
        lang=query.sender.language_code,
        query=query.id,
        message=str(query.message.message_id) if query.message else "",
    )
    if query.data.startswith(hidden.TURN):
        return _turn(query, heard, me)
    press = Press(
        platform=PLATFORM,
        user=user,
        token=query.data,
        key=query.id,
        user_name=heard.name,
        chat=chat,
        lang=heard.lang,
    )
    return replace(heard, inbound=press if query.data else None)


def _turn(query: _Query, heard: Heard, me: Me) -> Heard:
    """A press that is for the adapter: a page to turn, an option to pick, a question to send away."""
    message = query.message
    urls = _urls(message, me) if message else []
    if query.data == hidden.CANCEL:
        return replace(heard, dismissed=True)
    if not query.data.startswith(hidden.PICK):
        shown = message.reply_markup.inline_keyboard if message and message.reply_markup else []
        return replace(heard, page=hidden.turned(query.data, hidden.menus(urls), shown))
    asked = hidden.question(urls)
    if asked is None:
        return heard
    form = Form(
        platform=PLATFORM,
        user=heard.user,
        token=asked.token,
        values=hidden.picked(asked, query.data.removeprefix(hidden.PICK)),
        key=query.id,
        user_name=heard.name,
        chat=heard.chat,
        lang=heard.lang,
    )
    return replace(heard, inbound=form)


def _line(message: _Message, sender: _User, me: Me) -> Heard | None:
    private = message.chat.type == "private"
    answered = _answered_ref(message, me)
    text = _asked(message, me, addressed=private or bool(answered))
    if text is None:
        return None
    heard = Heard(
        inbound=None,
        chat=_address(message),
        user=str(sender.id),
        private=private,
        name=_name(sender),
        lang=sender.language_code,
        message=str(message.message_id),
    )
    said: dict[str, Any] = {
        "platform": PLATFORM,
        "user": heard.user,
        "key": f"{message.chat.id}:{message.message_id}",
        "user_name": heard.name,
        "chat": heard.chat,
        "lang": heard.lang,
    }
    urls = _urls(message.reply_to_message, me) if answered and message.reply_to_message else []
    asked = hidden.question(urls)
    if asked is not None and not message.text.startswith("/"):
        form = Form(**said, token=asked.token, values=hidden.replied(asked, text))
        return replace(heard, inbound=form, again=hidden.link(urls))
    return replace(heard, inbound=Slash(**said, text=text, reply_to=answered))


def _urls(message: _Message | _Answered, me: Me) -> list[str]:
    """The links in a message of the bot's own; anybody else could have written what they like into theirs."""
    if message.sender is None or message.sender.id != me.id:
        return []
    return [entity.url for entity in message.entities if entity.type == "text_link" and entity.url]


def _asked(message: _Message, me: Me, *, addressed: bool) -> str | None:
    """The words for the bot, without the root command or the mention; `None` when they are for somebody else."""
    text = _with_ids(message.text, message.entities).strip()
    if not text:
        return None
    command = _COMMAND.fullmatch(text)
    if command is not None:
        root, bot, rest = command[1].lower(), command[2], (command[3] or "").strip()
        if bot and me.username and bot.lower() != me.username.lower():
            return None
        if root == "start":
            return f"link {rest}" if rest else HELLO
        return rest if root in ROOTS else None
    mention = f"@{me.username}"
    if me.username and text.lower().startswith(mention.lower()):
        return text[len(mention) :].lstrip(" ,:")
    return text if addressed else None


def _answered_ref(message: _Message, me: Me) -> str:
    """The ref of the bot's message that this one answers.

    In a forum every message "answers" the one that opened its topic, which may be the bot's own: that is no answer.
    """
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created is not None or answered.sender is None:
        return ""
    return f"{message.chat.id}:{answered.message_id}" if answered.sender.id == me.id else ""


def _address(message: _Message) -> str:
    topic = f"/{message.message_thread_id}" if message.is_topic_message and message.message_thread_id else ""
    return f"{message.chat.id}{topic}"


def _name(user: _User) -> str:
    return f"{user.first_name} {user.last_name}".strip() or user.username


def _with_ids(text: str, entities: list[_Entity]) -> str:
    """The text with people who have no username as `@<id>`; offsets count UTF-16 units, as #messageentity says."""
    raw = text.encode("utf-16-le")
    for entity in sorted(entities, key=lambda entity: entity.offset, reverse=True):
        if entity.type == "text_mention" and entity.user is not None:
            start, end = entity.offset * 2, (entity.offset + entity.length) * 2
            raw = raw[:start] + f"@{entity.user.id}".encode("utf-16-le") + raw[end:]
    return raw.decode("utf-16-le", errors="replace")
