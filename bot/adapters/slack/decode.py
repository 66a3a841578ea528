"""From Slack's payloads to `Press`, `Slash` and `Form`: the shape is checked once, here, and nothing is looked up.

Payloads: https://docs.slack.dev/reference/interaction-payloads and
https://docs.slack.dev/interactivity/implementing-slash-commands
"""

from __future__ import annotations

import html
import json
import re
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec

from bot.adapters.base import Form, HttpRequest, Inbound, Json, Press, Slash

PLATFORM = "slack"
PRESSED = frozenset({"button", "static_select", "overflow"})

_MENTION = re.compile(r"<[@!]((?:subteam\^)?[A-Z0-9]+)(?:\|[^>]*)?>")
_LINK = re.compile(r"<([a-z][^|>\s]*)(?:\|[^>]*)?>")
_PLACE = re.compile(r"<#([A-Z0-9]+)(?:\|([^>]*))?>")
_ROOT = re.compile(r"\s*(?:<@[A-Z0-9]+(?:\|[^>]*)?>\s*)?")


class Malformed(ValueError):
    """A body that Slack would not send: no JSON, no form, or the wrong shape."""


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
    selected_user: str | None = None


class _State(msgspec.Struct):
    values: dict[str, dict[str, _Entry]] = {}


class _View(msgspec.Struct):
    id: str
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


def decode(body: Json) -> Inbound | None:
    """What the person did, or `None` where Slack wants no more than an acknowledgement. Raises `Malformed`."""
    try:
        match body.get("type"):
            case "block_actions":
                return _press(msgspec.convert(body, _BlockActions))
            case "view_submission":
                return _form(msgspec.convert(body, _Submission))
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


def _form(body: _Submission) -> Form:
    values = {
        action_id: entry.value or (entry.selected_option.value if entry.selected_option else entry.selected_user or "")
        for entries in body.view.state.values.values()
        for action_id, entry in entries.items()
    }
    return Form(
        platform=PLATFORM,
        user=body.user.id,
        token=body.view.private_metadata,
        values=values,
        key=body.trigger_id or f"{body.view.id}:{body.view.hash}",
        user_name=body.user.name or body.user.username,
    )


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
    """A mention of the bot, or a line in its direct message with a person; what bots write is no command."""
    event = body.event
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


def plain(text: str) -> str:
    """What the person typed, without Slack's markup: `<@U1|bo>` becomes `@U1`, `<#C1|ops>` `#ops`, a link its address.

    Source: https://docs.slack.dev/messaging/formatting-message-text
    """
    text = _MENTION.sub(r"@\1", text)
    text = _PLACE.sub(lambda found: f"#{found[2] or found[1]}", text)
    return html.unescape(_LINK.sub(r"\1", text)).strip()
