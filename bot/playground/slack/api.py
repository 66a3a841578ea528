"""The Web API at the door: reads any body the SDKs send, checks the token, the scope and the quota, then the method.

Sources: https://docs.slack.dev/apis/web-api and https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.playground.hub import Json, Outage
from bot.playground.quota import Meter, Rate
from bot.playground.slack import chat_methods as chat
from bot.playground.slack import group_methods as groups
from bot.playground.slack import place_methods as places
from bot.playground.slack import room_methods as rooms
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.workspace import Workspace

TIER_1 = Rate(5, 300.0)  # 1+ a minute, "a small amount of burst behaviour": five at once, one a minute on average
TIER_2 = Rate(20, 60.0)
TIER_3 = Rate(50, 60.0)
TIER_4 = Rate(100, 60.0)
POST_PER_CHANNEL = Rate(5, 5.0)  # 1 message a second in a channel; "short bursts" are played as five at once
POST_PER_TEAM = Rate(300, 60.0)  # "several hundred messages per minute" in a workspace
AUTH_TEST = Rate(300, 60.0)  # "hundreds of requests per minute": https://docs.slack.dev/reference/methods/auth.test

BOT, APP = "bot", "app"


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what runs it, the arguments it must have, the scope and token it needs, and its tier."""

    run: Callable[[Workspace, Json], Json]
    required: tuple[str, ...]
    scopes: tuple[str, ...]  # the one it needs; several: of a public, a private, a direct conversation
    rate: Rate
    token: str = BOT


def _connections_open(_space: Workspace, _args: Json) -> Json:
    return {}  # the door adds the address of the socket, which depends on the request


_MANAGE = ("channels:manage", "groups:write", "im:write")
_READ = ("channels:read", "groups:read", "im:read")
_HISTORY = ("channels:history", "groups:history", "im:history")
METHODS: dict[str, Method] = {
    "auth.test": Method(places.auth_test, (), (), AUTH_TEST),
    "chat.postMessage": Method(chat.post_message, ("channel",), ("chat:write",), POST_PER_TEAM),
    "chat.update": Method(chat.update, ("channel", "ts"), ("chat:write",), TIER_3),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("channel", "user"), ("chat:write",), TIER_4),
    "chat.delete": Method(chat.delete, ("channel", "ts"), ("chat:write",), TIER_3),
    "views.open": Method(places.open_view, ("view",), (), TIER_4),
    "views.update": Method(places.update_view, ("view",), (), TIER_4),
    "views.publish": Method(places.publish_home, ("user_id", "view"), (), TIER_4),
    "conversations.open": Method(places.open_conversation, (), ("im:write",), TIER_3),
    "conversations.create": Method(rooms.create_conversation, (), _MANAGE, TIER_2),
    "conversations.invite": Method(rooms.invite, ("channel", "users"), _MANAGE, TIER_3),
    "conversations.setTopic": Method(rooms.set_topic, ("channel", "topic"), _MANAGE, TIER_2),
    "conversations.setPurpose": Method(rooms.set_purpose, ("channel", "purpose"), _MANAGE, TIER_2),
    "conversations.archive": Method(rooms.archive, ("channel",), _MANAGE, TIER_2),
    "conversations.info": Method(places.conversation_info, ("channel",), _READ, TIER_3),
    "conversations.history": Method(rooms.history, ("channel",), _HISTORY, TIER_3),
    "conversations.replies": Method(rooms.replies, ("channel", "ts"), _HISTORY, TIER_3),
    "users.conversations": Method(rooms.users_conversations, (), (), TIER_3),  # its scopes depend on `types`
    "users.lookupByEmail": Method(places.lookup_by_email, ("email",), ("users:read.email",), TIER_3),
    "users.info": Method(places.user_info, ("user",), ("users:read",), TIER_4),
    "usergroups.list": Method(groups.list_groups, (), ("usergroups:read",), TIER_2),
    "usergroups.users.update": Method(groups.update_members, ("usergroup",), ("usergroups:write",), TIER_2),
    "pins.add": Method(chat.add_pin, ("channel",), ("pins:write",), TIER_2),
    "bookmarks.add": Method(chat.add_bookmark, ("channel_id", "title", "type"), ("bookmarks:write",), TIER_2),
    "apps.connections.open": Method(_connections_open, (), (), TIER_1, APP),
}


@dataclass(slots=True)
class WebApi:
    """Answers `/api/<method>`; `socket_address` makes the one-time address of a Socket Mode connection."""

    space: Workspace
    meter: Meter
    socket_address: Callable[[Request], str]

    async def __call__(self, request: Request) -> Response:
        """One API call from the app."""
        method = str(request.path_params["method"])
        trouble = await outage_answer(self.space)
        if trouble is not None:
            return trouble
        try:
            args = await _arguments(request)
            body = self._answer(method, request, args)
        except SlackRefusal as refusal:
            self.space.publish("refused", {"method": method, "error": refusal.code, "detail": refusal.messages})
            return JSONResponse(refusal.body(), headers=self._headers(method))
        except _TooManyCalls as limit:
            self.space.publish("refused", {"method": method, "error": "ratelimited", "retry_after_s": limit.wait_s})
            return too_many(limit.wait_s)
        return JSONResponse({"ok": True, **body}, headers=self._headers(method))

    def _headers(self, name: str) -> dict[str, str]:
        """What the token may, and what the method takes: https://docs.slack.dev/authentication/installing-with-oauth."""
        accepted = METHODS[name].scopes if name in METHODS else ()
        return {"x-oauth-scopes": ",".join(sorted(self.space.config.scopes)),
                "x-accepted-oauth-scopes": ",".join(accepted)}  # fmt: skip

    def _answer(self, name: str, request: Request, args: Json) -> Json:
        """Run one method, after every check; raises `SlackRefusal` or `_TooManyCalls`."""
        config = self.space.config
        kind = self._token_kind(request, args)
        method = METHODS.get(name)
        if method is None:
            raise SlackRefusal("unknown_method", req_method=name)
        if kind != method.token:
            raise SlackRefusal("not_allowed_token_type")
        self._spend(name, method, args)
        needed = self._needed(method, args)
        if needed and needed not in config.scopes:
            raise SlackRefusal("missing_scope", needed=needed, provided=",".join(sorted(config.scopes)))
        missing = [field for field in method.required if args.get(field) in (None, "")]
        if missing:
            raise SlackRefusal("invalid_arguments", *(f"missing required field: {field}" for field in missing))
        if name == "apps.connections.open":
            return {"url": self.socket_address(request)}
        return method.run(self.space, args)

    def _needed(self, method: Method, args: Json) -> str:
        """The scope of a call: methods about conversations need that of the kind of conversation."""
        if len(method.scopes) < 2:
            return method.scopes[0] if method.scopes else ""
        public, private, direct = method.scopes
        place = self.space.channels.get(str(args.get("channel") or ""))
        if place is None:
            return private if chat.truthy(args.get("is_private")) else public
        return direct if place.user is not None else private if place.is_private else public

    def _token_kind(self, request: Request, args: Json) -> str:
        # https://docs.slack.dev/apis/web-api#authentication: a bearer header, or `token` in a form body
        header = request.headers.get("authorization", "")
        token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else str(args.pop("token", ""))
        if not token:
            raise SlackRefusal("not_authed")
        if token not in {self.space.config.bot_token, self.space.config.app_token}:
            raise SlackRefusal("invalid_auth")
        if self.space.hub.outage("slack") is Outage.REVOKED:
            raise SlackRefusal("token_revoked")
        return BOT if token == self.space.config.bot_token else APP

    def _spend(self, name: str, method: Method, args: Json) -> None:
        if not self.space.config.rate_limits:
            return
        claims = [(name, method.rate)]
        if name == "chat.postMessage":
            claims.append((f"{name}:{args.get('channel')}", POST_PER_CHANNEL))
        wait_s = self.meter.take(*claims)
        if wait_s > 0:
            raise _TooManyCalls(wait_s)


class _TooManyCalls(Exception):  # an answer, not a failure
    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


def too_many(wait_s: float) -> Response:
    """429 with whole seconds in `Retry-After`: https://docs.slack.dev/apis/web-api/rate-limits#responding."""
    headers = {"Retry-After": str(max(1, math.ceil(wait_s)))}
    return JSONResponse({"ok": False, "error": "ratelimited"}, status_code=429, headers=headers)


async def outage_answer(space: Workspace) -> Response | None:
    """The answer that an outage switch forces on every call, or `None`; a slow platform is waited for here."""
    outage = space.hub.outage("slack")
    if outage is Outage.DOWN:
        return PlainTextResponse("Service Unavailable", status_code=503)
    if outage is Outage.RATE_LIMITED:
        return too_many(space.hub.retry_after_s)
    if outage is Outage.SLOW:
        await asyncio.sleep(space.hub.slow_s)
    return None


async def _arguments(request: Request) -> Json:
    """The arguments of a call from the query, a JSON body or a form: https://docs.slack.dev/apis/web-api#basics."""
    args: Json = dict(request.query_params)
    if request.method != "POST":
        return args
    raw = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            raise SlackRefusal("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackRefusal("json_not_object")
        args.update({name: value for name, value in body.items() if name != "token"})
    elif kind == "application/x-www-form-urlencoded":
        try:
            args.update(parse_qsl(raw.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            raise SlackRefusal("invalid_charset") from None
    elif kind == "multipart/form-data":
        async with request.form() as form:
            args.update({name: value for name, value in form.items() if isinstance(value, str)})
    elif raw:
        raise SlackRefusal("invalid_post_type" if kind else "missing_post_type")
    return args
