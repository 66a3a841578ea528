"""Mattermost's incoming webhooks on loopback: the order of its checks, its words, and the mentions that it would read.

Sources: https://developers.mattermost.com/integrate/webhooks/incoming/ and, for what the pages do not say,
https://github.com/mattermost/mattermost/blob/master/server/channels/app/webhook.go
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage
from bot.playground.quota import Meter, Rate

KEPT_MAX: Final = 500
# webhooks/incoming/#parameters
_BODY: Final = frozenset({
    "text", "channel", "icon_url", "icon_emoji", "attachments", "type", "props", "priority", "username",
})  # fmt: skip
# reference/message-attachments/#attachment-options
_ATTACHMENT: Final = frozenset({
    "fallback", "color", "pretext", "text", "author_name", "author_link", "author_icon", "title", "title_link",
    "fields", "image_url", "thumb_url", "footer", "footer_icon", "actions",
})  # fmt: skip
_POST: Final = 16_383  # characters of one post; what is longer becomes several
_RATE: Final = Rate(100, 10.0)  # PerSec 10, MaxBurst 100: the defaults of a server that limits
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_SLACK_LINK: Final = re.compile(r"<([^\n<|>]+)\|([^|\n>]+)>")
_SLACK_WORD: Final = re.compile(r"<!(channel|here|all)(?:\|[^>]*)?>|<@([a-z0-9]+)>")
_NAME: Final = re.compile(r"@([a-z0-9._-]*[a-z0-9])", re.IGNORECASE)


class Refused(Exception):
    """A refusal, with the status and the id of an AppError."""

    def __init__(self, status: int, word: str) -> None:
        """Keep the vendor's answer."""
        super().__init__(word)
        said = {"id": word, "message": word, "detailed_error": "", "request_id": "r", "status_code": status}
        self.answer = JSONResponse(said, status)


@dataclass(slots=True)
class MattermostEmulator:
    """Webhooks and their channels; `locked` ones post nowhere else. URLs: `…/mattermost/hooks/ID`."""

    hub: Hub
    hooks: dict[str, str]
    locked: frozenset[str] = frozenset()
    rate_limits: bool = True
    name: str = "mattermost"
    posts: dict[str, list[Json]] = field(default_factory=dict)
    """By channel: `{text, attachments, mentions}`, oldest first."""
    _meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        """Count on the product's clock."""
        self._meter = Meter(self.hub.now)

    def routes(self) -> Sequence[BaseRoute]:
        """The one address of a webhook."""
        return [Route("/hooks/{hook}", self._post, methods=["POST"])]

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def state(self) -> Json:
        """What the channels show."""
        channels = dict.fromkeys((*self.hooks.values(), *self.posts))
        return {"channels": [{"name": name, "posts": self.posts.get(name, [])} for name in channels]}

    async def act(self, act: str, data: Json) -> Json:
        """An administrator `delete_webhook`s `{hook}`."""
        if act != "delete_webhook" or data.get("hook") not in self.hooks:
            raise ActRefused(f"Nobody can {act!r} here; possible is delete_webhook.")
        del self.hooks[data["hook"]]
        return {"ok": True}

    async def _post(self, request: Request) -> Response:
        trouble = self.hub.outage(self.name)
        if trouble is Outage.SLOW:
            await asyncio.sleep(self.hub.slow_s)
        if trouble is Outage.DOWN:
            return PlainTextResponse("upstream connect error", 503)
        wait = self._meter.take(("all", _RATE)) if self.rate_limits else 0.0
        if trouble is Outage.RATE_LIMITED:
            wait = float(self.hub.retry_after_s)
        if wait:
            left = str(int(wait) + 1)
            return PlainTextResponse("limit exceeded", 429, {"X-Ratelimit-Reset": left, "Retry-After": left})
        try:
            channel, body = self._checked(str(request.path_params["hook"]), await _read(request))
        except Refused as no:
            self.hub.publish(self.name, "refused", {"why": str(no)})
            return no.answer
        for shown in as_shown(body):
            self.posts.setdefault(channel, []).append(shown)
            del self.posts[channel][:-KEPT_MAX]
            self.hub.publish(self.name, "post", {"channel": channel, **shown})
        return PlainTextResponse("ok")

    def _checked(self, hook: str, body: Json) -> tuple[str, Json]:
        """The channel it goes to, and the body, in the server's own order of looking."""
        if self.hub.outage(self.name) is Outage.REVOKED:
            raise Refused(501, "web.incoming_webhook.disabled.app_error")
        if not body.get("text") and not body.get("attachments"):
            raise Refused(400, "web.incoming_webhook.text.app_error")
        if hook not in self.hooks:
            raise Refused(400, "web.incoming_webhook.invalid.app_error")
        own = self.hooks[hook]
        channel = str(body.get("channel") or own).removeprefix("#")
        if channel not in self.hooks.values():
            raise Refused(404, "web.incoming_webhook.channel.app_error")
        if hook in self.locked and channel != own:
            raise Refused(403, "web.incoming_webhook.channel_locked.app_error")
        return channel, body


async def _read(request: Request) -> Json:
    """A body of documented names; the server itself passes over others."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refused(400, "web.incoming_webhook.parse.app_error") from None
    return judge(body)


def judge(body: Any) -> Json:
    """The body, if it is one; raises `Refused` for anything else."""
    if not isinstance(body, dict) or set(body) - _BODY or not isinstance(body.get("text", ""), str):
        raise Refused(400, "web.incoming_webhook.parse.app_error")
    attachments = body.get("attachments", [])
    if not isinstance(attachments, list) or not all(map(_is_attachment, attachments)):
        raise Refused(400, "web.incoming_webhook.parse.app_error")
    return body


def _is_attachment(each: Any) -> bool:
    if not isinstance(each, dict) or set(each) - _ATTACHMENT or not each.get("fallback"):
        return False
    texts = all(isinstance(value, str) for name, value in each.items() if name not in {"fields", "actions"})
    fields = each.get("fields", [])
    return (
        texts
        and _COLOUR.fullmatch(each.get("color", "#000000")) is not None
        and isinstance(fields, list)
        and all(isinstance(one, dict) and set(one) <= {"title", "value", "short"} for one in fields)
        and all(isinstance(one["title"], str) and isinstance(one.get("short", False), bool) for one in fields)
    )


def as_shown(body: Json) -> list[Json]:
    """What becomes of it: Slack's tags are translated first, then names are looked for, then it is cut into posts."""
    text = _translated(body.get("text", ""))
    attachments = [
        {**each, **{name: _translated(each[name]) for name in ("text", "pretext") if name in each},
         "fields": [{**one, "value": _translated(str(one["value"]))} for one in each.get("fields", [])]}
        for each in body.get("attachments", [])
    ]  # fmt: skip
    read = [text]
    for each in attachments:
        read += [each.get(name, "") for name in ("pretext", "text", "title", "fallback")]
        read += [part for one in each["fields"] for part in (one["title"], one["value"])]
    mentions = sorted({found.lower() for part in read for found in _NAME.findall(part)})
    pieces = [text[at : at + _POST] for at in range(0, len(text), _POST)] or [""]
    last = {"text": pieces[-1], "attachments": attachments, "mentions": mentions}
    return [*({"text": piece, "attachments": [], "mentions": []} for piece in pieces[:-1]), last]


def _translated(text: str) -> str:
    text = _SLACK_WORD.sub(lambda found: f"@{found[1] or found[2]}", text)
    return _SLACK_LINK.sub(r"[\2](\1)", text)
