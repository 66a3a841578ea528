"""Pushover on loopback: messages, emergencies that ring, receipts, their end, and the callback when somebody has it.

Sources: https://pushover.net/api and https://pushover.net/api/receipts
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage

KEPT_MAX: Final = 500
CALLBACK_S: Final = 5.0
_FIELDS: Final = frozenset({
    "token", "user", "message", "title", "url", "url_title", "priority", "retry", "expire", "callback", "tags",
    "device", "html", "monospace", "sound", "timestamp", "ttl",
})  # fmt: skip
_LIMITS: Final = {"message": 1024, "title": 250, "url": 512, "url_title": 100}  # api#limits, in characters
_RETRY_MIN, _EXPIRE_MAX = 30, 10_800  # api#priority
_GAP_S: Final = 5.0  # "no faster than once every 5 seconds": api/receipts
_KEY: Final = re.compile(r"[A-Za-z0-9]{30}")


class Refused(Exception):
    """A refusal: status 0, the fields that are wrong, and why."""

    def __init__(self, status: int, *errors: str, wrong: str = "") -> None:
        """Keep the vendor's answer."""
        super().__init__("; ".join(errors))
        marked = {wrong: "invalid"} if wrong else {}
        self.answer = JSONResponse({**marked, "errors": list(errors), "status": 0, "request": "r"}, status)


@dataclass(slots=True)
class PushoverEmulator:
    """One application. `people` maps user keys to names; those in `homeless` have no device."""

    hub: Hub
    token: str
    people: Mapping[str, str]
    homeless: frozenset[str] = frozenset()
    remaining: int = 10_000
    """Messages of the month that are left."""
    gap_s: float = _GAP_S
    name: str = "pushover"
    messages: list[Json] = field(default_factory=list)
    receipts: dict[str, Json] = field(default_factory=dict)
    _asked: dict[str, float] = field(default_factory=dict)
    _serial: int = 0
    _session: aiohttp.ClientSession | None = None

    def routes(self) -> Sequence[BaseRoute]:
        """Messages, receipts, limits, validation."""
        return [
            Route("/1/messages.json", self._send, methods=["POST"]),
            Route("/1/receipts/{receipt}.json", self._receipt, methods=["GET"]),
            Route("/1/receipts/{receipt}/cancel.json", self._cancel, methods=["POST"]),
            Route("/1/apps/limits.json", self._limits, methods=["GET"]),
            Route("/1/users/validate.json", self._validate, methods=["POST"]),
        ]

    async def start(self) -> None:
        """Open the session that carries callbacks."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALLBACK_S))

    async def stop(self) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()
        self._session = None

    def state(self) -> Json:
        """What the phones show, and which of it rings."""
        return {
            "messages": list(self.messages),
            "ringing": [name for name in self.receipts if self._rings(name)],
        }

    async def act(self, act: str, data: Json) -> Json:
        """A person presses `acknowledge` on `{receipt}`, as `{user}` if that is somebody else of a group."""
        receipt = str(data.get("receipt", ""))
        if act != "acknowledge" or not self._rings(receipt):
            raise ActRefused(f"Nobody can {act!r} that; possible is acknowledge, while it rings.")
        kept = self.receipts[receipt]
        kept |= {"acknowledged": 1, "acknowledged_at": int(self.hub.now()), "acknowledged_by_device": "phone",
                 "acknowledged_by": str(data.get("user") or kept["user"])}  # fmt: skip
        self.hub.publish(self.name, "acknowledged", {"receipt": receipt})
        status = await self._call_back(receipt, kept) if kept["callback"] else 0
        return {"ok": True, "callback": status}

    async def _call_back(self, receipt: str, kept: Json) -> int:
        """api/receipts: the callback's parameters."""
        if self._session is None:
            raise RuntimeError("The emulator was not started.")
        fields = {name: str(kept[name]) for name in ("acknowledged", "acknowledged_at", "acknowledged_by",
                                                     "acknowledged_by_device")}  # fmt: skip
        try:
            async with self._session.post(kept["callback"], data={"receipt": receipt, **fields}) as answer:
                kept |= {"called_back": 1, "called_back_at": int(self.hub.now())}
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def _send(self, request: Request) -> Response:
        try:
            form = await self._form(request)
            self.judge(form)
        except Refused as no:
            self.hub.publish(self.name, "refused", {"why": str(no)})
            no.answer.headers.update(self._quota())
            return no.answer
        self.remaining -= 1
        self._serial += 1
        shown: Json = {name: value for name, value in form.items() if name not in {"token", "callback"}}
        said: Json = {"status": 1, "request": f"request-{self._serial}"}
        if form.get("priority") == "2":
            receipt = f"R{self._serial:029}"
            now = int(self.hub.now())
            self.receipts[receipt] = {
                "user": form["user"], "callback": form.get("callback", ""), "expires_at": now + int(form["expire"]),
                "acknowledged": 0, "acknowledged_at": 0, "acknowledged_by": "", "acknowledged_by_device": "",
                "last_delivered_at": now, "called_back": 0, "called_back_at": 0, "cancelled": False,
            }  # fmt: skip
            shown["receipt"] = said["receipt"] = receipt
        self.messages.append(shown)
        del self.messages[:-KEPT_MAX]
        self.hub.publish(self.name, "message", shown)
        return JSONResponse(said, headers=self._quota())

    def judge(self, form: Mapping[str, str]) -> None:
        """Raise `Refused` unless this is a message that Pushover takes."""
        if unknown := set(form) - _FIELDS:
            raise Refused(400, f"unknown parameters {sorted(unknown)}")
        self._person(form.get("user", ""))
        if not form.get("message", "").strip():
            raise Refused(400, "message cannot be blank", wrong="message")
        for name, limit in _LIMITS.items():
            if len(form.get(name, "")) > limit:
                raise Refused(400, f"{name} is too long (maximum is {limit} characters)", wrong=name)
        priority = form.get("priority", "0")
        if priority not in {"-2", "-1", "0", "1", "2"}:
            raise Refused(400, "priority is invalid", wrong="priority")
        if priority == "2":
            retry, expire = form.get("retry", ""), form.get("expire", "")
            if not retry.isdigit() or int(retry) < _RETRY_MIN:
                raise Refused(400, "retry must be at least 30 seconds for emergency priority", wrong="retry")
            if not expire.isdigit() or not 0 < int(expire) <= _EXPIRE_MAX:
                raise Refused(400, "expire must be at most 10800 seconds for emergency priority", wrong="expire")
        if not self.remaining:
            raise Refused(429, "application is over its monthly limit")

    def _person(self, user: str) -> None:
        if not _KEY.fullmatch(user) or user not in self.people:
            raise Refused(400, "user identifier is not a valid user, group, or subscribed user key", wrong="user")
        if user in self.homeless or self.hub.outage(self.name) is Outage.BLOCKED:
            raise Refused(400, "user identifier is valid but has no active devices", wrong="user")

    async def _form(self, request: Request) -> dict[str, str]:
        await self._weather()
        form = {name: str(value) for name, value in (await request.form()).items()}
        self._application(form.get("token", ""))
        return form

    async def _weather(self) -> None:
        trouble = self.hub.outage(self.name)
        if trouble is Outage.SLOW:
            await asyncio.sleep(self.hub.slow_s)
        if trouble is Outage.DOWN:
            raise Refused(503, "temporarily unavailable")
        if trouble is Outage.RATE_LIMITED:
            raise Refused(429, "too many requests")

    def _application(self, token: str) -> None:
        if token != self.token or self.hub.outage(self.name) is Outage.REVOKED:
            raise Refused(400, "application token is invalid", wrong="token")

    async def _receipt(self, request: Request) -> Response:
        receipt = str(request.path_params["receipt"])
        try:
            await self._weather()
            self._application(request.query_params.get("token", ""))
            kept = self._kept(receipt)
            self._pace(receipt)
        except Refused as no:
            return no.answer
        expired = int(kept["expires_at"] <= self.hub.now())
        told: dict[str, Any] = {
            name: value for name, value in kept.items() if name not in {"user", "callback", "cancelled"}
        }
        return JSONResponse({"status": 1, **told, "expired": expired, "request": "r"})

    def _pace(self, receipt: str) -> None:
        now = self.hub.now()
        if now - self._asked.get(receipt, 0.0) < self.gap_s:
            raise Refused(429, "polled faster than once every 5 seconds")
        self._asked[receipt] = now

    async def _cancel(self, request: Request) -> Response:
        try:
            await self._form(request)
            kept = self._kept(str(request.path_params["receipt"]))
        except Refused as no:
            return no.answer
        kept["cancelled"] = True
        self.hub.publish(self.name, "cancelled", {"receipt": request.path_params["receipt"]})
        return JSONResponse({"status": 1, "request": "r"})

    async def _limits(self, request: Request) -> Response:
        try:
            await self._weather()
            self._application(request.query_params.get("token", ""))
        except Refused as no:
            return no.answer
        return JSONResponse({"limit": 10_000, "remaining": self.remaining, "reset": 0, "status": 1, "request": "r"})

    async def _validate(self, request: Request) -> Response:
        try:
            form = await self._form(request)
            self._person(form.get("user", ""))
        except Refused as no:
            return no.answer
        return JSONResponse({"status": 1, "group": 0, "devices": ["phone"], "licenses": ["Android"], "request": "r"})

    def _kept(self, receipt: str) -> Json:
        if receipt not in self.receipts:
            raise Refused(404, "receipt not found; may be invalid or expired", wrong="receipt")
        return self.receipts[receipt]

    def _rings(self, receipt: str) -> bool:
        kept = self.receipts.get(receipt)
        over = kept is None or kept["acknowledged"] or kept["cancelled"] or kept["expires_at"] <= self.hub.now()
        return not over

    def _quota(self) -> dict[str, str]:
        """api#limits."""
        left = {"Remaining": str(self.remaining), "Limit": "10000", "Reset": "0"}
        return {f"X-Limit-App-{name}": value for name, value in left.items()}
