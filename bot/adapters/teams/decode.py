"""From Teams' activities to `Press`, `Slash` and `Form`: the shape is checked once, here, and nothing is looked up.

Activities: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference and
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-actions
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from bot.adapters.base import Form, Inbound, Json, Press, Slash
from bot.adapters.teams.places import base_of, ref_of

PLATFORM = "teams"
CHANNEL = "msteams"

_ROOT = re.compile(r"/?toc(?:sin)?(?:\s+|\Z)", re.IGNORECASE)
_THREAD = re.compile(r";messageid=(\d+)\Z")
_QUOTED = re.compile(r'<blockquote\b[^>]*\bitemtype="http://schema\.skype\.com/Reply"[^>]*\bitemid="(\d+)"')


class Malformed(ValueError):
    """A body that Teams would not send: no JSON, no activity, or the wrong shape."""


class Reply(StrEnum):
    """How Teams wants to be answered."""

    NOTHING = "nothing"
    ACTION = "action"
    """An Action.Execute: a toast, in the body of the answer."""
    TASK = "task"
    """A dialog: a form, a message, or nothing, in the body of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An activity: where it is from, what the person did (`None`: nothing that concerns Tocsin), how to answer."""

    service_url: str
    channel: str
    tenant: str
    conversation: str
    personal: bool
    user: str
    account: str
    bot: str
    inbound: Inbound | None = None
    reply: Reply = Reply.NOTHING
    installed: bool | None = None
    """The app was just added there, or removed."""


class _Account(msgspec.Struct):
    id: str
    name: str | None = None
    aadObjectId: str | None = None  # noqa: N815  # the platform's own word, as in all structures below


class _Conversation(msgspec.Struct):
    id: str
    conversationType: str | None = None  # noqa: N815
    tenantId: str | None = None  # noqa: N815


class _Entity(msgspec.Struct):
    type: str = ""
    text: str | None = None
    mentioned: _Account | None = None


class _Activity(msgspec.Struct):
    type: str
    serviceUrl: str  # noqa: N815
    channelId: str  # noqa: N815
    conversation: _Conversation
    sender: _Account = msgspec.field(name="from")
    id: str = ""
    recipient: _Account | None = None
    name: str | None = None
    text: str | None = None
    action: str | None = None
    locale: str | None = None
    replyToId: str | None = None  # noqa: N815
    timestamp: str | None = None
    value: Any = None
    channelData: Any = None  # noqa: N815
    entities: list[Any] | None = None
    attachments: list[Any] | None = None
    membersAdded: list[_Account] | None = None  # noqa: N815
    membersRemoved: list[_Account] | None = None  # noqa: N815


def body_of(raw: bytes) -> Json:
    """The object that a callback carries. Raises `Malformed`."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error
    if not isinstance(body, dict):
        raise Malformed("the body is no object")
    return body


def decode(body: Json) -> Heard:
    """What happened. Raises `Malformed`."""
    try:
        activity = msgspec.convert(body, _Activity)
        inbound, reply = _inbound(activity)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error
    sender, conversation = activity.sender, activity.conversation
    tenant = activity.channelData.get("tenant") if isinstance(activity.channelData, dict) else None
    named = tenant.get("id") if isinstance(tenant, dict) else None
    return Heard(
        service_url=activity.serviceUrl,
        channel=activity.channelId,
        tenant=named if isinstance(named, str) else conversation.tenantId or "",
        conversation=conversation.id,
        personal=conversation.conversationType == "personal" or conversation.id.startswith("a:"),
        user=sender.aadObjectId or sender.id,
        account=sender.id,
        bot=activity.recipient.id if activity.recipient else "",
        inbound=inbound,
        reply=reply,
        installed=_installed(activity),
    )


def _inbound(activity: _Activity) -> tuple[Inbound | None, Reply]:
    value = activity.value if isinstance(activity.value, dict) else {}
    match activity.type, activity.name:
        case "invoke", "adaptiveCard/action":
            action = value.get("action")
            return _acted(activity, action.get("data") if isinstance(action, dict) else None), Reply.ACTION
        case "invoke", "task/fetch" | "task/submit":
            return _acted(activity, value.get("data")), Reply.TASK
        case "message", _ if value:
            return _acted(activity, value), Reply.NOTHING
        case "message", _ if activity.text and activity.text.strip():
            return _said(activity), Reply.NOTHING
        case _:
            return None, Reply.NOTHING


def _acted(activity: _Activity, data: object) -> Press | Form | None:
    """A press carries `token`; a form carries `form`, and the inputs beside it."""
    if not isinstance(data, dict):
        raise Malformed("an action without data")
    token, form = data.get("token"), data.get("form")
    if isinstance(form, str) and form:
        people = data.get("people")
        named = {name for name in people if isinstance(name, str)} if isinstance(people, list) else set()
        values = {
            name: _people(text) if name in named else text
            for name, text in data.items()
            if isinstance(text, str) and name != "form"
        }
        return Form(platform=PLATFORM, token=form, values=values, **_who(activity, form))
    if not isinstance(token, str) or not token:
        return None
    return Press(platform=PLATFORM, token=token, **_who(activity, token))


def _people(chosen: str) -> str:
    """What a person would type for the chosen: `@name`s, and what has a kind in front (`schedule:db`) as it is."""
    words = [word.strip() for word in chosen.split(",") if word.strip()]
    return " ".join(word if word.startswith("@") or ":" in word else f"@{word}" for word in words)


def _who(activity: _Activity, token: str) -> dict[str, str]:
    """Who acted where, and what tells a repeated delivery from a second press: the activity's own id."""
    sender = activity.sender
    own = activity.id or f"{activity.replyToId}:{activity.timestamp}:{sender.id}:{token}"
    return {
        "user": sender.aadObjectId or sender.id,
        "key": f"{activity.conversation.id}:{own}",
        "user_name": sender.name or "",
        "chat": base_of(activity.conversation.id),
        "lang": activity.locale or "",
    }


def _said(activity: _Activity) -> Slash:
    """A line that mentions the bot, or any line in the chat of one person with it."""
    text = activity.text or ""
    for entity in activity.entities or []:
        mention = _mention(entity)
        if mention is None or mention.mentioned is None or not mention.text:
            continue
        person = mention.mentioned
        to_bot = activity.recipient is not None and person.id == activity.recipient.id
        text = text.replace(mention.text, "" if to_bot else f"@{person.aadObjectId or person.id}", 1 if to_bot else -1)
    text = html.unescape(text).replace("\xa0", " ").strip()
    return Slash(
        platform=PLATFORM,
        text=_ROOT.sub("", text, count=1) if _ROOT.match(text) else text,
        reply_to=_answered(activity),
        **_who(activity, ""),
    )


def _mention(entity: object) -> _Entity | None:
    """Entities come in many kinds; only a mention is read, and a strange one is no reason to hear nothing."""
    if not isinstance(entity, dict) or entity.get("type") != "mention":
        return None
    try:
        return msgspec.convert(entity, _Entity)
    except msgspec.ValidationError:
        return None


def _answered(activity: _Activity) -> str:
    """The message that a line answers: the root of its thread, or what it quotes in a chat."""
    conversation = activity.conversation.id
    thread = _THREAD.search(conversation)
    if thread:
        return "" if thread[1] == activity.id else ref_of(conversation, thread[1])
    for attachment in activity.attachments or []:
        content = attachment.get("content") if isinstance(attachment, dict) else None
        if isinstance(content, str) and (quoted := _QUOTED.search(content)):
            return ref_of(conversation, quoted[1])
    return ""


def _installed(activity: _Activity) -> bool | None:
    """https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events."""
    bot = activity.recipient.id if activity.recipient else ""
    if activity.type == "installationUpdate":
        return {"add": True, "add-upgrade": True, "remove": False, "remove-upgrade": False}.get(activity.action or "")
    if activity.type == "conversationUpdate" and bot:
        if any(member.id == bot for member in activity.membersAdded or []):
            return True
        if any(member.id == bot for member in activity.membersRemoved or []):
            return False
    return None
