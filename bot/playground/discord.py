"""Discord's webhooks on loopback: describe, execute, edit; every limit of an embed is checked, and who would be pinged.

Sources: https://discord.com/developers/docs/resources/webhook, https://discord.com/developers/docs/resources/message
and https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage
from bot.playground.quota import Meter, Rate

KEPT_MAX: Final = 500
# resources/webhook#execute-webhook-jsonform-params
_BODY: Final = frozenset({
    "content", "username", "avatar_url", "tts", "embeds", "allowed_mentions", "components", "flags", "thread_name",
    "applied_tags", "poll", "attachments",
})  # fmt: skip
_EDIT: Final = frozenset({"content", "embeds", "flags", "allowed_mentions", "components", "attachments", "poll"})
# resources/message#embed-object; type, provider and video are not settable by webhooks
_EMBED: Final = frozenset({
    "title", "description", "url", "timestamp", "color", "footer", "image", "thumbnail", "author", "fields",
})  # fmt: skip
# resources/message#embed-object-embed-limits
_TITLE, _DESCRIPTION, _FIELDS, _NAME, _VALUE, _TOTAL, _EMBEDS, _CONTENT = 256, 4096, 25, 256, 1024, 6000, 10, 2000
# Not documented and seen by all: https://github.com/discord/discord-api-docs/issues/6753
_BURST, _MINUTE = Rate(5, 2.0), Rate(30, 60.0)
_URL: Final = re.compile(r"https?://[^\s/]+")
_SETTABLE_FLAGS: Final = (1 << 2) | (1 << 12) | (1 << 15)  # SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2
_EVERYBODY: Final = re.compile(r"@everyone|@here")
_TAGGED: Final = re.compile(r"<@[!&]?\d+>")


class Refused(Exception):
    """A refusal, with Discord's status, JSON code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        """Keep the vendor's answer."""
        super().__init__(message)
        self.answer = JSONResponse({"message": message, "code": code}, status)


@dataclass(slots=True)
class DiscordEmulator:
    """Webhooks by id: `{id: token}`. The product's URL is `…/discord/api/webhooks/ID/TOKEN`."""

    hub: Hub
    hooks: dict[str, str]
    rate_limits: bool = True
    name: str = "discord"
    messages: dict[str, list[Json]] = field(default_factory=dict)
    """By webhook: `{id, content, embeds, edits, pings}`, oldest first."""
    _serial: int = 1_200_000_000_000_000_000
    _meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        """Count on the product's clock."""
        self._meter = Meter(self.hub.now)

    def routes(self) -> Sequence[BaseRoute]:
        """Describe and execute a webhook, edit one of its messages."""
        return [
            Route("/api/webhooks/{hook}/{token}", self._describe, methods=["GET"]),
            Route("/api/webhooks/{hook}/{token}", self._execute, methods=["POST"]),
            Route("/api/webhooks/{hook}/{token}/messages/{message}", self._edit, methods=["PATCH"]),
        ]

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def state(self) -> Json:
        """What the channels show."""
        return {"webhooks": [{"id": hook, "messages": self.messages.get(hook, [])} for hook in self.hooks]}

    async def act(self, act: str, data: Json) -> Json:
        """A moderator `delete_webhook`s `{hook}` or `delete_message`s `{hook, message}`."""
        hook = str(data.get("hook", ""))
        if act == "delete_webhook" and hook in self.hooks:
            del self.hooks[hook]
        elif act == "delete_message":
            kept = self.messages.get(hook, [])
            self.messages[hook] = [each for each in kept if each["id"] != data.get("message")]
        else:
            raise ActRefused(f"Nobody can {act!r} here; possible are delete_webhook and delete_message.")
        return {"ok": True}

    async def _describe(self, request: Request) -> Response:
        try:
            hook = await self._known(request)
        except Refused as no:
            return no.answer
        return JSONResponse({"id": hook, "type": 1, "name": "Tocsin", "channel_id": "1", "guild_id": "2",
                             "token": self.hooks[hook], "avatar": None, "application_id": None})  # fmt: skip

    async def _execute(self, request: Request) -> Response:
        try:
            hook = await self._known(request)
            if slow := self._too_many(hook):
                return slow
            body = judge(await _read(request))
        except Refused as no:
            self.hub.publish(self.name, "refused", {"why": str(no)})
            return no.answer
        self._serial += 1
        said = {"content": body.get("content") or "", "embeds": body.get("embeds") or []}
        shown: Json = {"id": str(self._serial), **said, "edits": 0, "pings": pinged(body)}
        self.messages.setdefault(hook, []).append(shown)
        del self.messages[hook][:-KEPT_MAX]
        self.hub.publish(self.name, "message", shown)
        if request.query_params.get("wait") != "true":
            return Response(status_code=204)
        return JSONResponse({"id": shown["id"], "type": 0, "channel_id": "1", "webhook_id": hook, **_content(shown)})

    async def _edit(self, request: Request) -> Response:
        try:
            hook = await self._known(request)
            if slow := self._too_many(hook):
                return slow
            shown = self._shown(hook, str(request.path_params["message"]))
            body = await _read(request)
            judge({**_content(shown), **body}, _EDIT)
        except Refused as no:
            return no.answer
        shown |= {name: body[name] for name in ("content", "embeds") if name in body}
        shown["edits"] += 1
        self.hub.publish(self.name, "edit", shown)
        return JSONResponse({"id": shown["id"], "type": 0, "channel_id": "1", "webhook_id": hook, **_content(shown)})

    async def _known(self, request: Request) -> str:
        trouble = self.hub.outage(self.name)
        if trouble is Outage.SLOW:
            await asyncio.sleep(self.hub.slow_s)
        if trouble is Outage.DOWN:
            raise Refused(503, 0, "upstream connect error")
        hook = str(request.path_params["hook"])
        if hook not in self.hooks:
            raise Refused(404, 10015, "Unknown Webhook")
        if self.hooks[hook] != request.path_params["token"] or trouble is Outage.REVOKED:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return hook

    def _shown(self, hook: str, number: str) -> Json:
        for each in self.messages.get(hook, []):
            if each["id"] == number:
                return each
        raise Refused(404, 10008, "Unknown Message")

    def _too_many(self, hook: str) -> Response | None:
        """topics/rate-limits#exceeding-a-rate-limit-rate-limit-response-structure."""
        wait = self._meter.take((f"{hook}/burst", _BURST), (f"{hook}/minute", _MINUTE)) if self.rate_limits else 0.0
        if self.hub.outage(self.name) is Outage.RATE_LIMITED:
            wait = float(self.hub.retry_after_s)
        if not wait:
            return None
        said = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": False}
        headers = {"Retry-After": str(int(wait) + 1), "X-RateLimit-Scope": "shared"}
        return JSONResponse(said, 429, headers)


async def _read(request: Request) -> Json:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refused(400, 50109, "The request body contains invalid JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, 50035, "Invalid Form Body")
    return body


def _content(shown: Json) -> Json:
    return {"content": shown["content"], "embeds": shown["embeds"]}


def judge(body: Json, known: frozenset[str] = _BODY) -> Json:
    """The body, or a refusal; a name that is not documented is refused as well, which Discord itself does not."""
    if unknown := set(body) - known:
        raise _bad(f"unknown: {sorted(unknown)}")
    content, embeds = body.get("content") or "", body.get("embeds") or []
    if not isinstance(content, str) or _length(content) > _CONTENT:
        raise _bad("content: Must be 2000 or fewer in length.")
    if not isinstance(embeds, list) or len(embeds) > _EMBEDS:
        raise _bad("embeds: Must be 10 or fewer in length.")
    if not content.strip() and not embeds:
        raise Refused(400, 50006, "Cannot send an empty message")
    if sum(map(_embed, embeds)) > _TOTAL:
        raise _bad("embeds: Embed size exceeds maximum size of 6000")
    flags = body.get("flags", 0)
    if not isinstance(flags, int) or flags & ~_SETTABLE_FLAGS:
        raise _bad("flags: cannot be set")
    mentions = body.get("allowed_mentions", {})
    if not isinstance(mentions, dict) or not set(mentions.get("parse", ())) <= {"roles", "users", "everyone"}:
        raise _bad("allowed_mentions: invalid")
    return body


def _embed(embed: Any) -> int:
    """The characters that count for the total, of an embed that is in order."""
    if not isinstance(embed, dict) or set(embed) - _EMBED:
        raise _bad(f"embeds: {embed!r:.80}")
    total = _text(embed, "title", _TITLE) + _text(embed, "description", _DESCRIPTION)
    if not total and not embed.get("fields"):
        raise _bad("embeds: This field is required")
    color = embed.get("color", 0)
    if not isinstance(color, int) or isinstance(color, bool) or not 0 <= color <= 0xFFFFFF:
        raise _bad("color: int value should be less than or equal to 16777215.")
    if "url" in embed and not _is_url(embed["url"]):
        raise _bad("url: Not a well formed URL.")
    fields = embed.get("fields", [])
    if not isinstance(fields, list) or len(fields) > _FIELDS:
        raise _bad("fields: Must be 25 or fewer in length.")
    for each in fields:
        if not isinstance(each, dict) or set(each) - {"name", "value", "inline"}:
            raise _bad("fields: invalid")
        if not isinstance(each.get("inline", False), bool):
            raise _bad("inline: not a boolean")
        name, value = _text(each, "name", _NAME), _text(each, "value", _VALUE)
        if not name or not value:
            raise _bad("fields: This field is required")
        total += name + value
    return total


def _is_url(value: Any) -> bool:
    try:
        return isinstance(value, str) and _URL.match(value) is not None and bool(urlsplit(value).hostname)
    except ValueError:
        return False


def _text(part: Mapping[str, Any], name: str, limit: int) -> int:
    """The length of a text once Discord has trimmed it."""
    text = part.get(name, "")
    if not isinstance(text, str) or _length(text.strip()) > limit:
        raise _bad(f"{name}: Must be {limit} or fewer in length.")
    return _length(text.strip())


def _length(text: str) -> int:
    """In UTF-16, the strictest way to count: which one Discord uses is not documented."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def pinged(body: Json) -> list[str]:
    """Who would be notified: only the content pings, and only what `allowed_mentions` lets through."""
    content, allowed = str(body.get("content") or ""), body.get("allowed_mentions")
    parse = allowed.get("parse", []) if isinstance(allowed, dict) else ["everyone", "users", "roles"]
    found = _EVERYBODY.findall(content) if "everyone" in parse else []
    return found + (_TAGGED.findall(content) if {"users", "roles"} & set(parse) else [])


def _bad(why: str) -> Refused:
    return Refused(400, 50035, f"Invalid Form Body: {why}")
