"""From Slack's payloads to `Press`, `Slash` and `Form`: the shape is checked once, here, and nothing is looked up.

Payloads: https://docs.slack.dev/reference/interaction-payloads and
https://docs.slack.dev/interactivity/implementing-slash-commands
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec

from bot.adapters.base import Form, HttpRequest, Inbound, Json, Press, Slash

PLATFORM = "slack"
PRESSED = frozenset({"button", "static_select", "overflow"})
KEEP = "toc_keep"
"""The `callback_id` of the message shortcut `Add to incident`, and of the form behind it."""
ME = "me"
"""What the Home tab asks: my shifts, my incidents."""

_MENTION = re.compile(r"<[@!]((?:subteam\^)?[A-Z0-9]+)(?:\|[^>]*)?>")
_LINK = re.compile(r"<([a-z][^|>\s]*)(?:\|[^>]*)?>")
_PLACE = re.compile(r"<#([A-Z0-9]+)(?:\|([^>]*))?>")
_ROOT = re.compile(r"\s*(?:<@[A-Z0-9]+(?:\|[^>]*)?>\s*)?")


class Malformed(ValueError):
    """A body that Slack would not send: no JSON, no form, or the wrong shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A message that somebody wants to keep with an incident; which one is still to be asked. `link` leads to it."""

    user: str
    chat: str
    text: str
    link: str


class _Named(msgspec.Struct):
    id: str
    username: str = ""
    name: str = ""


class _Option(msgspec.Struct):
    value: str = ""


class _Action(msgspec.Struct):
    action_id: str
    type: str
    action_ts: str = ""
    value: str | None = None
    selected_option: _Option | None = None


class _BlockActions(msgspec.Struct):
    user: _Named
    actions: Annotated[list[_Action], msgspec.Meta(min_length=1)]
    channel: _Named | None = None


class _Entry(msgspec.Struct):
    value: str | None = None
    selected_option: _Option | None = None
    selected_users: list[str] = []


class _State(msgspec.Struct):
    values: dict[str, dict[str, _Entry]] = {}


class _View(msgspec.Struct):
    id: str
    callback_id: str = ""
    private_metadata: str = ""
    hash: str = ""
    state: _State = msgspec.field(default_factory=_State)


class _Submission(msgspec.Struct):
    user: _Named
    view: _View
    trigger_id: str = ""


class _Command(msgspec.Struct):
    command: str
    user_id: str
    channel_id: str
    trigger_id: str
    text: str = ""
    user_name: str = ""


class _Line(msgspec.Struct):
    channel: str
    user: str = ""
    text: str = ""
    thread_ts: str = ""
    bot_id: str = ""


class _Home(msgspec.Struct):
    user: str
    channel: str = ""


class _Team(msgspec.Struct):
    domain: str = ""


class _Message(msgspec.Struct):
    ts: str
    text: str = ""


class _Shortcut(msgspec.Struct):
    callback_id: str
    user: _Named
    channel: _Named
    message: _Message
    team: _Team | None = None


class _Callback(msgspec.Struct):
    event_id: str
    event: dict[str, Any]


def body_of(request: HttpRequest) -> Json:
    """The object that a callback carries: JSON for events, `payload=<json>` for clicks, a plain form for commands.

    Raises `Malformed`.
    """
    try:
        text = request.body.decode()
        if "json" in request.headers.get("content-type", ""):
            body = json.loads(text)
        else:
            form = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict"))
            body = json.loads(form["payload"]) if "payload" in form else form
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error
    if not isinstance(body, dict):
        raise Malformed("the body is no object")
    return body


def decode(body: Json) -> Inbound | Remark | None:
    """What the person did, or `None` where Slack wants no more than an acknowledgement. Raises `Malformed`."""
    try:
        match body.get("type"):
            case "block_actions":
                return _press(msgspec.convert(body, _BlockActions))
            case "view_submission":
                return _submitted(msgspec.convert(body, _Submission))
            case "message_action":
                return _remark(msgspec.convert(body, _Shortcut))
            case "event_callback":
                return _spoken(msgspec.convert(body, _Callback))
            case None if "command" in body:
                return _slash(msgspec.convert(body, _Command))
            case str():
                return None
            case None if "ssl_check" in body:
                return None
            case _:
                raise Malformed("the body has no type")
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error


def _press(body: _BlockActions) -> Press | None:
    action = body.actions[0]
    if action.type not in PRESSED:
        return None
    token = action.selected_option.value if action.selected_option else action.value
    if not token:
        return None  # a link button: Slack tells of the click, and there is nothing to do
    user = body.user
    return Press(
        platform=PLATFORM,
        user=user.id,
        token=token,
        key=f"{action.action_ts}:{user.id}:{action.action_id}",
        user_name=user.name or user.username,
        chat=body.channel.id if body.channel else "",
    )


def _submitted(body: _Submission) -> Form | Slash:
    """A form that we opened: its fields bear the names that the renderer gave them, and it remembers its chat."""
    values = {name: _value(entry) for entries in body.view.state.values.values() for name, entry in entries.items()}
    token, _, chat = body.view.private_metadata.partition(" ")
    key = body.trigger_id or f"{body.view.id}:{body.view.hash}"
    user, name = body.user.id, body.user.name or body.user.username
    if body.view.callback_id == KEEP:
        text = _kept(values, token)
        return Slash(platform=PLATFORM, user=user, text=text, key=key, user_name=name, chat=chat)
    return Form(platform=PLATFORM, user=user, token=token, values=values, key=key, user_name=name, chat=chat)


def _value(entry: _Entry) -> str:
    """People come as ids, and go on as what a person would type."""
    if entry.selected_users:
        return " ".join(f"@{user}" for user in entry.selected_users)
    return entry.value or (entry.selected_option.value if entry.selected_option else "")


def _kept(values: Mapping[str, str], link: str) -> str:
    """A note as somebody would type it: of which incident, the words, and where they were said.

    The words stand in quotation marks, so that a number in front of them is not taken for one more incident.
    """
    ref = values.get("ref", "").strip().removeprefix("#").split()
    return " ".join(word for word in (f"note #{ref[0] if ref else ''}", f"“{values.get('text', '')}”", link) if word)


def _remark(body: _Shortcut) -> Remark | None:
    if body.callback_id != KEEP:
        return None
    ts, domain = body.message.ts.replace(".", ""), body.team.domain if body.team else ""
    # https://docs.slack.dev/reference/methods/chat.getPermalink shows the shape; to ask for it would cost the deadline
    link = f"https://{domain}.slack.com/archives/{body.channel.id}/p{ts}" if domain else ""
    return Remark(user=body.user.id, chat=body.channel.id, text=plain(body.message.text), link=link)


def _slash(body: _Command) -> Slash:
    return Slash(
        platform=PLATFORM,
        user=body.user_id,
        text=plain(body.text),
        key=body.trigger_id,
        user_name=body.user_name,
        chat=body.channel_id,
    )


def _spoken(body: _Callback) -> Slash | None:
    """A mention of the bot, a line in its direct message with a person, or its Home tab; bots give no commands."""
    event = body.event
    if event.get("type") == "app_home_opened":
        return _at_home(body) if event.get("tab") == "home" else None
    direct = event.get("type") == "message" and event.get("channel_type") == "im" and not event.get("subtype")
    if not direct and event.get("type") != "app_mention":
        return None
    line = msgspec.convert(event, _Line)
    if line.bot_id or not line.user:
        return None
    return Slash(
        platform=PLATFORM,
        user=line.user,
        text=plain(_ROOT.sub("", line.text, count=1)),
        key=body.event_id,
        chat=line.channel,
        reply_to=f"{line.channel}:{line.thread_ts}" if line.thread_ts else "",
    )


def _at_home(body: _Callback) -> Slash:
    """The Home tab shows what `me` answers: https://docs.slack.dev/reference/events/app_home_opened."""
    home = msgspec.convert(body.event, _Home)
    return Slash(platform=PLATFORM, user=home.user, text=ME, key=body.event_id, chat=home.channel)


def plain(text: str) -> str:
    """What the person typed, without Slack's markup: `<@U1|bo>` becomes `@U1`, `<#C1|ops>` `#ops`, a link its address.

    Source: https://docs.slack.dev/messaging/formatting-message-text
    """
    text = _MENTION.sub(r"@\1", text)
    text = _PLACE.sub(lambda found: f"#{found[2] or found[1]}", text)
    return html.unescape(_LINK.sub(r"\1", text)).strip()
