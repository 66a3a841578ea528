"""What the app may say outside the Web API: in the body of its answer to a slash command, or at a `response_url`.

Source: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.playground.hub import Json
from bot.playground.slack.api import outage_answer
from bot.playground.slack.chat_methods import has_content, truthy
from bot.playground.slack.contents import cut, message_content
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.workspace import RESPONSE_URL_USES, ResponseUrl, Workspace


async def respond(space: Workspace, request: Request) -> Response:
    """One POST to a `response_url`: 200 `ok`, or 404 `used_url`/`expired_url`, or 400 with the fault of the message."""
    trouble = await outage_answer(space)
    if trouble is not None:
        return trouble
    handle = space.response_urls.get(str(request.path_params["key"]))
    if handle is None:
        return JSONResponse({"ok": False, "error": "invalid_url"}, status_code=404)
    if space.hub.now() > handle.expires:
        return JSONResponse({"ok": False, "error": "expired_url"}, status_code=404)
    if handle.uses >= RESPONSE_URL_USES:
        return JSONResponse({"ok": False, "error": "used_url"}, status_code=404)
    handle.uses += 1
    try:
        body = json.loads(await request.body())
    except ValueError:
        return PlainTextResponse("invalid_payload", status_code=400)
    if not isinstance(body, dict):
        return PlainTextResponse("invalid_payload", status_code=400)
    try:
        say(space, handle, body)
    except SlackRefusal as refusal:
        space.publish("refused", {"method": "response_url", "error": refusal.code, "detail": refusal.messages})
        return PlainTextResponse(refusal.code, status_code=400)
    return PlainTextResponse("ok")


def say(space: Workspace, handle: ResponseUrl, body: Json) -> Json:
    """Show, replace or delete a message for a click or a command; returns what is now visible.

    Without `response_type: in_channel` only the person who acted sees it. Raises `SlackRefusal`.
    """
    channel = space.conversation(handle.channel)
    if truthy(body.get("delete_original")) and handle.ts is not None:
        _forget(space, handle)
        return {"deleted": handle.ts}
    content = message_content(body)
    if not has_content(content):
        raise SlackRefusal("no_text")
    cut(content)
    if truthy(body.get("replace_original")) and handle.ts is not None:
        return _replace(space, handle, content)
    if body.get("thread_ts"):
        content["thread_ts"] = str(body["thread_ts"])
    if body.get("response_type", "ephemeral") == "in_channel":
        return {"message": space.keep(channel, space.from_bot(content))}
    return space.whisper(channel, handle.user, content)


def _replace(space: Workspace, handle: ResponseUrl, content: Json) -> Json:
    channel = space.conversation(handle.channel)
    message = channel.messages.get(handle.ts or "")
    kind = "update"
    if message is None:
        note = next((note for note in space.ephemerals if note["message"]["ts"] == handle.ts), None)
        if note is None:
            raise SlackRefusal("message_not_found")
        message, kind = note["message"], "ephemeral_update"
    for name in ("blocks", "attachments"):
        message.pop(name, None)
    message.update({"text": "", **content})
    space.publish(kind, {"channel": channel.id, "user": handle.user, "message": message})
    return {"message": message}


def _forget(space: Workspace, handle: ResponseUrl) -> None:
    channel = space.conversation(handle.channel)
    if channel.messages.pop(handle.ts or "", None) is None:
        for note in list(space.ephemerals):
            if note["message"]["ts"] == handle.ts:
                space.ephemerals.remove(note)
    space.publish("delete", {"channel": channel.id, "ts": handle.ts})
