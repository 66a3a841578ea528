"""The Bot API at the door: reads any body the SDKs send, checks the token and the quota, then runs the method.

Sources: https://core.telegram.org/bots/api#making-requests and https://core.telegram.org/bots/faq (broadcasting limits)
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.playground.hub import Json, Outage
from bot.playground.quota import Meter, Rate
from bot.playground.telegram import methods, places, topics
from bot.playground.telegram.commands import get_commands, set_commands
from bot.playground.telegram.refusals import TelegramRefusal, bad_request, too_many
from bot.playground.telegram.updates import Updates
from bot.playground.telegram.world import World

OVERALL = Rate(30, 1.0)  # "about 30 messages per second": https://core.telegram.org/bots/faq
PER_CHAT = Rate(5, 5.0)  # one message a second in a chat; "short bursts" are played as five at once
PER_GROUP = Rate(20, 60.0)  # "not able to send more than 20 messages per minute" in a group

_COUNTED = frozenset({"sendmessage", "editmessagetext", "editmessagereplymarkup"})  # edits spend the same quota

METHODS: dict[str, Callable[[World, Json], Any]] = {
    "getme": methods.get_me,
    "sendmessage": methods.send_message,
    "editmessagetext": methods.edit_text,
    "editmessagereplymarkup": methods.edit_markup,
    "deletemessage": methods.delete_message,
    "sendchataction": methods.chat_action,
    "answercallbackquery": methods.answer_query,
    "createforumtopic": topics.create_topic,
    "editforumtopic": topics.edit_topic,
    "closeforumtopic": topics.close_topic,
    "pinchatmessage": topics.pin_message,
    "getchat": places.get_chat,
    "getchatmember": places.get_chat_member,
    "setmycommands": set_commands,
    "getmycommands": get_commands,
}


@dataclass(slots=True)
class BotApi:
    """Answers `/bot<token>/<method>`; `updates` is set by the emulator, which builds both."""

    world: World
    meter: Meter
    updates: Updates | None = None

    async def __call__(self, request: Request) -> Response:
        """One API call from the bot."""
        outage = self.world.hub.outage("telegram")
        if outage is Outage.DOWN:
            return PlainTextResponse("Service Unavailable", status_code=503)
        if outage is Outage.SLOW:
            await asyncio.sleep(self.world.hub.slow_s)
        token, method = str(request.path_params["token"]), str(request.path_params["method"])
        try:
            self._check_token(token)
            if outage is Outage.RATE_LIMITED:
                raise too_many(self.world.hub.retry_after_s)
            result = await self.call(method, await _arguments(request))
        except TelegramRefusal as refusal:
            self.world.publish("refused", {"method": method, "error": refusal.description})
            after = (refusal.parameters or {}).get("retry_after")
            headers = {"Retry-After": str(after)} if after is not None else {}
            return JSONResponse(refusal.body(), status_code=refusal.status, headers=headers)
        return JSONResponse({"ok": True, "result": result})

    async def call(self, method: str, args: Json) -> Any:
        """Run one method by its name, in any case; raises `TelegramRefusal`."""
        name = method.lower()
        asynchronous = self._update_methods().get(name)
        if asynchronous is not None:
            return await asynchronous(args)
        run = METHODS.get(name)
        if run is None:
            raise TelegramRefusal(404, "Not Found: method not found")
        if name in _COUNTED:
            self._spend(args)
        return run(self.world, args)

    def _update_methods(self) -> dict[str, Callable[[Json], Awaitable[Any]]]:
        if self.updates is None:
            return {}
        return {"getupdates": self.updates.get_updates, "setwebhook": self.updates.set_webhook,
                "deletewebhook": self.updates.delete_webhook, "getwebhookinfo": self.updates.webhook_info}  # fmt: skip

    def _check_token(self, token: str) -> None:
        if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
            raise TelegramRefusal(404, "Not Found")
        if token != self.world.config.token or self.world.hub.outage("telegram") is Outage.REVOKED:
            raise TelegramRefusal(401, "Unauthorized")

    def _spend(self, args: Json) -> None:
        if not self.world.config.rate_limits:
            return
        chat = str(args.get("chat_id"))
        claims = [("all", OVERALL), (f"chat:{chat}", PER_CHAT)]
        if chat.startswith("-"):
            claims.append((f"group:{chat}", PER_GROUP))
        wait_s = self.meter.take(*claims)
        if wait_s > 0:
            raise too_many(wait_s)


async def _arguments(request: Request) -> Json:
    """The arguments of a call from the query, a form or a JSON body."""
    args: Json = dict(request.query_params)
    raw = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form() as form:
            args.update({name: value for name, value in form.items() if isinstance(value, str)})
    elif kind == "application/json":
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise bad_request("object expected")
        args.update(body)
    elif raw:
        try:
            args.update(parse_qsl(raw.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
    return args
