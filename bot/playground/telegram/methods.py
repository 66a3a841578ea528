"""The Bot API methods that write into chats: messages, keyboards and toasts. Topics and pins are in `topics`.

Each function takes the world and the parsed arguments and returns `result`, or raises `TelegramRefusal`.
"""

from __future__ import annotations

from typing import Any

from bot.playground.hub import Json
from bot.playground.telegram.keyboards import reply_markup, structured
from bot.playground.telegram.markup import detected, parse_html, trimmed, units
from bot.playground.telegram.refusals import bad_request
from bot.playground.telegram.world import Chat, World

TEXT_MAX = 4_096  # UTF-16 units after entities parsing: https://core.telegram.org/bots/api#sendmessage
SIZE_MAX = 9_500  # text and addresses, "a good approximation": https://github.com/tdlib/telegram-bot-api/issues/165
ENTITIES_MAX = 100  # the rest is ignored: telegram.constants.MessageLimit.MESSAGE_ENTITIES of python-telegram-bot 22.8
TOAST_MAX = 200  # https://core.telegram.org/bots/api#answercallbackquery
ACTIONS = (
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
)  # fmt: skip
DELETE_LIFE_S = 48 * 3_600  # https://core.telegram.org/bots/api#deletemessage
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)


def truthy(value: Any) -> bool:
    """A boolean argument: `true` in JSON, the word in a form."""
    return value is True or str(value).lower() in {"true", "1"}


def _content(world: World, args: Json) -> Json:
    """The checked `text` and `entities` of a message."""
    source = args.get("text")
    if not isinstance(source, str) or not source:
        raise bad_request("message text is empty")
    mode = str(args.get("parse_mode") or "")
    if mode.lower() == "html":
        text, entities = parse_html(source)
    elif mode:
        raise bad_request("unsupported parse_mode: the played Telegram reads HTML only")
    else:
        text, entities = source, _given_entities(args, source)
    text, entities = trimmed(text, entities)
    if not text:
        raise bad_request("message text is empty")
    if units(text) > TEXT_MAX:
        raise bad_request("message is too long")
    entities = _with_people(world, entities)
    taken = {(entity["offset"], entity["length"]) for entity in entities}
    entities += [entity for entity in detected(text) if (entity["offset"], entity["length"]) not in taken]
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    if units(text) + sum(len(entity.get("url", "")) for entity in entities) > SIZE_MAX:
        raise bad_request("ENTITIES_TOO_LONG")
    if len(entities) > ENTITIES_MAX:
        world.publish("entities_dropped", {"kept": ENTITIES_MAX, "given": len(entities)})
        del entities[ENTITIES_MAX:]
    return {"text": text, "entities": entities} if entities else {"text": text}


def _given_entities(args: Json, text: str) -> list[Json]:
    entities = structured(args, "entities")
    if entities is None:
        return []
    size = units(text)
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    for entity in entities:
        start, length = entity.get("offset"), entity.get("length")
        if not isinstance(start, int) or not isinstance(length, int) or start < 0 or start + length > size:
            raise bad_request("entity beyond message text")
    return entities


def _with_people(world: World, entities: list[Json]) -> list[Json]:
    """Put the person into each mention by id; a stranger's mention becomes plain text."""
    kept: list[Json] = []
    for entity in entities:
        user_id = entity.pop("user_id", None)
        if user_id is None:
            kept.append(entity)
        elif user_id in world.users:
            kept.append({**entity, "user": world.person(user_id)})
    return kept


def _place(chat: Chat, args: Json) -> Json:
    """The checked topic and reply fields of a new message."""
    place: Json = {}
    thread = args.get("message_thread_id")
    if thread not in (None, ""):
        topic = chat.topics.get(number(thread))
        if topic is None:
            raise bad_request("message thread not found")
        if topic["closed"] and not (chat.group and chat.group.bot_is_admin and chat.group.can_manage_topics):
            raise bad_request("TOPIC_CLOSED")
        place |= {"message_thread_id": number(thread), "is_topic_message": True}
    reply = structured(args, "reply_parameters")
    if reply is not None:
        if not isinstance(reply, dict) or "message_id" not in reply:
            raise bad_request("object expected as reply parameters")
        target = chat.messages.get(number(reply["message_id"]))
        if target is not None:
            place["reply_to_message"] = quoted(target)
        elif not truthy(reply.get("allow_sending_without_reply")):
            raise bad_request("message to be replied not found")
    return place


def quoted(message: Json) -> Json:
    """A message as it appears in `reply_to_message`: without its own reply."""
    return {name: value for name, value in message.items() if name != "reply_to_message"}


def number(value: Any) -> int:
    """An integer argument, from JSON or from a form; 0 for anything else."""
    try:
        return int(str(value))
    except ValueError:
        return 0


def get_me(world: World, _args: Json) -> Any:
    """https://core.telegram.org/bots/api#getme."""
    return {**world.bot(), "can_join_groups": True, "can_read_all_group_messages": not world.config.privacy_mode,
            "supports_inline_queries": False}  # fmt: skip


def send_message(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#sendmessage."""
    chat = world.chat_of(args.get("chat_id"))
    if chat.group is not None and not (chat.group.bot_is_admin or chat.group.members_may_write):
        raise bad_request("not enough rights to send text messages to the chat")
    content = _content(world, args) | _place(chat, args)
    markup = reply_markup(args)
    shown = {"reply_markup": markup} if markup and "inline_keyboard" in markup else {}
    message = world.store(chat, world.bot(), {**content, **shown})
    if markup and "force_reply" in markup:
        chat.reply_requests[message["message_id"]] = markup
    return message


def _own(world: World, args: Json) -> tuple[Chat, Json]:
    chat = world.chat_of(args.get("chat_id"))
    if args.get("message_id") in (None, ""):
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(number(args["message_id"]))
    if message is None:
        raise bad_request("message to edit not found")
    if message["from"]["id"] != world.config.bot_id or "text" not in message:
        raise bad_request("message can't be edited")
    return chat, message


def edit_text(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#editmessagetext; without `reply_markup` the keyboard goes."""
    chat, message = _own(world, args)
    content = _content(world, args)
    markup = reply_markup(args, inline_only=True)
    old = {name: message.get(name) for name in ("text", "entities", "reply_markup")}
    if old == {"text": content["text"], "entities": content.get("entities"), "reply_markup": markup}:
        raise bad_request(NOT_MODIFIED)
    message.pop("entities", None)
    message.update(content)
    return _edited(world, chat, message, markup)


def edit_markup(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#editmessagereplymarkup."""
    chat, message = _own(world, args)
    markup = reply_markup(args, inline_only=True)
    if message.get("reply_markup") == markup:
        raise bad_request(NOT_MODIFIED)
    return _edited(world, chat, message, markup)


def _edited(world: World, chat: Chat, message: Json, markup: Json | None) -> Json:
    message.pop("reply_markup", None)
    if markup is not None:
        message["reply_markup"] = markup
    message["edit_date"] = int(world.hub.now())
    world.publish("edited", {"chat_id": chat.id, "message": message})
    return message


def delete_message(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#deletemessage: younger than 48 hours, and own unless the bot may delete."""
    chat = world.chat_of(args.get("chat_id"))
    message = chat.messages.get(number(args.get("message_id")))
    if message is None:
        raise bad_request("message to delete not found")
    allowed = chat.group is None or (chat.group.bot_is_admin and chat.group.can_delete_messages)
    own = message["from"]["id"] == world.config.bot_id
    if (not own and not allowed) or world.hub.now() - message["date"] > DELETE_LIFE_S:
        raise bad_request("message can't be deleted for everyone")
    del chat.messages[message["message_id"]]
    world.publish("delete", {"chat_id": chat.id, "message_id": message["message_id"]})
    return True


def chat_action(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#sendchataction: shown for 5 seconds, and refused wherever a message is."""
    if args.get("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.chat_of(args.get("chat_id"))
    return True


def answer_query(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#answercallbackquery: the toast of at most 200 characters, once and in time."""
    query_id = str(args.get("callback_query_id") or "")
    query = world.queries.get(query_id)
    if query is None or query.answered.done() or world.hub.now() > query.expires:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = str(args.get("text") or "")
    if len(text) > TOAST_MAX:
        raise bad_request("MESSAGE_TOO_LONG")
    toast: Json = {"callback_query_id": query_id, "user": query.user, "text": text,
                   "show_alert": truthy(args.get("show_alert"))}  # fmt: skip
    query.answered.set_result(toast)
    if text:
        world.toasts.append(toast)
    world.publish("toast", toast)
    return True
