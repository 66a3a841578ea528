"""An ntfy server on loopback: JSON publishing with its limits and codes, its health, and who may write to which topic.

Sources: https://docs.ntfy.sh/publish/ and https://github.com/binwiederhier/ntfy/blob/main/server/errors.go
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage
from bot.playground.quota import Meter, Rate

KEPT_MAX: Final = 500
_FIELDS: Final = frozenset({
    "topic", "message", "title", "tags", "priority", "actions", "click", "attach", "markdown", "icon", "filename",
    "delay", "email", "call",
})  # fmt: skip
# publish/#publish-as-json; a server passes over other names
_MESSAGE: Final = 4_096  # bytes: publish/#limitations; longer ones become files, which nobody reads at night
_JSON: Final = 2 * _MESSAGE  # server.go: readJSONWithLimit(…, MessageSizeLimit*2)
_TOPIC: Final = re.compile(r"[-_A-Za-z0-9]{1,64}")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]+", re.IGNORECASE)
_ACTIONS: Final = 3
_VISITOR: Final = Rate(60, 300.0)  # 60 at once, then one every 5 s
_ERRORS: Final = {
    40007: "invalid priority parameter",
    40009: "invalid request: topic invalid",
    40018: "invalid request: actions invalid",
    40024: "invalid request: request body must be valid JSON",
    40101: "unauthorized",
    40301: "forbidden",
    41303: "JSON body too large",
    42901: "limit reached: too many requests",
    42908: "limit reached: daily message quota reached",
    50001: "internal server error",
}


class Refused(Exception):
    """A refusal: the first three digits of a code are its HTTP status."""

    def __init__(self, code: int) -> None:
        """Keep the vendor's answer."""
        super().__init__(_ERRORS[code])
        self.answer = JSONResponse({"code": code, "http": code // 100, "error": _ERRORS[code]}, code // 100)


@dataclass(slots=True)
class NtfyEmulator:
    """`tokens` and `users` (name to password) may write to every topic; without any, everybody may."""

    hub: Hub
    tokens: frozenset[str] = frozenset()
    users: dict[str, str] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    """Topics that nobody here may write to."""
    daily: int = 0
    """Messages a day; 0 for no limit."""
    rate_limits: bool = True
    name: str = "ntfy"
    topics: dict[str, list[Json]] = field(default_factory=dict)
    """What the phones that follow a topic show, oldest first."""
    _serial: int = 0
    _meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        """Count on the product's clock."""
        self._meter = Meter(self.hub.now)

    def routes(self) -> Sequence[BaseRoute]:
        """Publish, health, account."""
        return [
            Route("/", self._publish, methods=["POST", "PUT"]),
            Route("/v1/health", self._health),
            Route("/v1/account", self._account),
        ]

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def state(self) -> Json:
        """Every topic and its notifications."""
        return {"topics": [{"name": name, "messages": kept} for name, kept in self.topics.items()]}

    async def act(self, act: str, data: Json) -> Json:
        """The owner of the server may `forbid` a `{topic}`."""
        if act != "forbid":
            raise ActRefused(f"Nobody can {act!r} here; possible is forbid.")
        self.forbidden.add(str(data.get("topic", "")))
        return {"ok": True}

    async def _health(self, request: Request) -> Response:
        del request
        down = self.hub.outage(self.name) is Outage.DOWN
        return JSONResponse({"healthy": not down}, 503 if down else 200)

    async def _account(self, request: Request) -> Response:
        try:
            who = self._login(request)
        except Refused as no:
            return no.answer
        return JSONResponse({"username": who or "*", "role": "user" if who else "anonymous"})

    async def _publish(self, request: Request) -> Response:
        trouble = self.hub.outage(self.name)
        if trouble is Outage.SLOW:
            await asyncio.sleep(self.hub.slow_s)
        try:
            body = self._let_in(request, trouble, await request.body())
        except Refused as no:
            self.hub.publish(self.name, "refused", {"why": str(no)})
            return no.answer
        self._serial += 1
        shown: Json = {"id": f"m{self._serial:011}", "time": int(self.hub.now()), "event": "message", **body}
        self.topics.setdefault(body["topic"], []).append(shown)
        del self.topics[body["topic"]][:-KEPT_MAX]
        self.hub.publish(self.name, "message", shown)
        return JSONResponse(shown)

    def _let_in(self, request: Request, trouble: Outage, raw: bytes) -> Json:
        """The body, if whoever sent it may write there now."""
        if trouble is Outage.DOWN:
            raise Refused(50001)
        if trouble is Outage.RATE_LIMITED or (self.rate_limits and self._meter.take(("visitor", _VISITOR))):
            raise Refused(42901)
        body = judge(raw)
        closed = not self._login(request) and (self.tokens or self.users)  # anonymous, where topics are not open
        if closed or body["topic"] in self.forbidden:
            raise Refused(40301)
        if self.daily and self._serial >= self.daily:
            raise Refused(42908)
        return body

    def _login(self, request: Request) -> str:
        """Who publishes; empty for nobody. Raises 401 for a login that is wrong."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if not kind:
            return ""
        if self.hub.outage(self.name) is not Outage.REVOKED:
            if kind == "Bearer" and given in self.tokens:
                return "tocsin"
            name, _, password = b64decode(given).decode().partition(":") if kind == "Basic" else ("", "", "")
            if name and self.users.get(name) == password:
                return name
        raise Refused(40101)


def judge(raw: bytes) -> Json:
    """The publication, if a server takes it; raises `Refused` for anything else."""
    if len(raw) > _JSON:
        raise Refused(41303)
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refused(40024) from None
    if not isinstance(body, dict) or set(body) - _FIELDS:
        raise Refused(40024)
    if not isinstance(body.get("topic"), str) or not _TOPIC.fullmatch(body["topic"]):
        raise Refused(40009)
    if body.get("priority", 3) not in (1, 2, 3, 4, 5) or isinstance(body.get("priority"), bool):
        raise Refused(40007)
    texts = [body.get(name, "") for name in ("message", "title", "click")]
    tags = body.get("tags", [])
    if not all(isinstance(each, str) for each in [*texts, *tags]):
        raise Refused(40024)
    if len(texts[0].encode()) > _MESSAGE:
        raise Refused(41303)
    actions = body.get("actions", [])
    if not isinstance(actions, list) or len(actions) > _ACTIONS or not all(map(_is_action, actions)):
        raise Refused(40018)
    return body


def _is_action(each: Any) -> bool:
    """publish/#action-buttons: only `view` is known here, because nothing else is ever to be sent."""
    return (
        isinstance(each, dict)
        and set(each) <= {"action", "label", "url", "clear"}
        and each.get("action") == "view"
        and all(isinstance(each.get(name), str) and each[name] for name in ("label", "url"))
        and _URL.match(each["url"]) is not None
    )
