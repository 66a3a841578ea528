"""Google Chat's webhooks on loopback: `spaces.messages.create` with a key and a token, as strict as protobuf JSON is.

Sources: https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create, its `cards` page,
https://developers.google.com/workspace/chat/format-messages and https://developers.google.com/workspace/chat/limits
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage
from bot.playground.quota import Meter, Rate

KEPT_MAX: Final = 500
_BYTES: Final = 32_000  # "The maximum message size, including text and cards"
_WIDGETS: Final = 100  # v1/cards#section
_KEY: Final = 4_000  # "threadKey … Supports up to 4000 characters": v1/spaces.messages#thread
_PER_SPACE: Final = Rate(1, 1.0)  # quickstart/webhooks#limitations: shared by all webhooks of the space
_OPTIONS: Final = frozenset({"REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD", "REPLY_MESSAGE_OR_FAIL"})
_MESSAGE: Final = frozenset({"text", "cardsV2", "fallbackText", "thread", "accessoryWidgets"})
_HEADER: Final = frozenset({"title", "subtitle", "imageType", "imageUrl", "imageAltText"})
_DECORATED: Final = frozenset({
    "icon", "startIcon", "topLabel", "text", "wrapText", "bottomLabel", "onClick", "button", "endIcon",
})  # fmt: skip
_EVERYBODY: Final = re.compile(r"<users/(?:all|\d+)>")
_TAGS: Final = {"a": {"href"}, "b": set(), "i": set(), "u": set(), "s": set(), "font": {"color"}, "br": set()}
# format-messages#card-formatting


class Refused(Exception):
    """A refusal, as google.rpc.Status."""

    def __init__(self, code: int, status: str, message: str) -> None:
        """Keep the vendor's answer."""
        super().__init__(message)
        self.answer = JSONResponse({"error": {"code": code, "message": message, "status": status}}, code)


@dataclass(slots=True)
class GoogleChatEmulator:
    """Spaces and the tokens of their webhooks. URLs: `…/google_chat/v1/spaces/SPACE/messages?key=…&token=…`."""

    hub: Hub
    spaces: dict[str, str]
    key: str = "key"
    rate_limits: bool = True
    name: str = "google_chat"
    messages: dict[str, list[Json]] = field(default_factory=dict)
    """By space: `{name, thread, body, pings}`, oldest first."""
    _serial: int = 0
    _threads: dict[tuple[str, str], str] = field(default_factory=dict)
    _meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        """Count on the product's clock."""
        self._meter = Meter(self.hub.now)

    def routes(self) -> Sequence[BaseRoute]:
        """The one call of a webhook."""
        return [Route("/v1/spaces/{space}/messages", self._create, methods=["POST"])]

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def state(self) -> Json:
        """What the spaces show."""
        return {"spaces": [{"name": name, "messages": self.messages.get(name, [])} for name in self.spaces]}

    async def act(self, act: str, data: Json) -> Json:
        """A manager of the space `delete_space`s `{space}`."""
        if act != "delete_space" or data.get("space") not in self.spaces:
            raise ActRefused(f"Nobody can {act!r} here; possible is delete_space.")
        del self.spaces[data["space"]]
        return {"ok": True}

    async def _create(self, request: Request) -> Response:
        trouble = self.hub.outage(self.name)
        if trouble is Outage.SLOW:
            await asyncio.sleep(self.hub.slow_s)
        space, query = str(request.path_params["space"]), request.query_params
        try:
            self._let_in(space, query.get("key", ""), query.get("token", ""))
            body = judge(await request.body())
        except Refused as no:
            self.hub.publish(self.name, "refused", {"why": str(no)})
            return no.answer
        self._serial += 1
        option, thread = query.get("messageReplyOption", ""), body.get("thread", {})
        if option and option not in _OPTIONS:
            return Refused(400, "INVALID_ARGUMENT", "Invalid value at 'message_reply_option'").answer
        fresh = f"spaces/{space}/threads/T{self._serial}"
        place = self._threads.setdefault((space, thread.get("threadKey", "")), fresh) if option and thread else fresh
        shown: Json = {"name": f"spaces/{space}/messages/M{self._serial}", "thread": place, "body": body,
                       "pings": _EVERYBODY.findall(body.get("text", ""))}  # fmt: skip
        self.messages.setdefault(space, []).append(shown)
        del self.messages[space][:-KEPT_MAX]
        self.hub.publish(self.name, "message", shown)
        return JSONResponse({**body, "name": shown["name"], "thread": {"name": place}, "space": {"name": space}})

    def _let_in(self, space: str, key: str, token: str) -> None:
        trouble = self.hub.outage(self.name)
        if trouble is Outage.DOWN:
            raise Refused(503, "UNAVAILABLE", "The service is currently unavailable.")
        if key != self.key or trouble is Outage.REVOKED:
            raise Refused(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
        if space not in self.spaces:
            raise Refused(404, "NOT_FOUND", "Space not found.")
        if token != self.spaces[space]:
            raise Refused(403, "PERMISSION_DENIED", "The caller does not have permission")
        wait = self._meter.take((space, _PER_SPACE)) if self.rate_limits else 0.0
        if wait or trouble is Outage.RATE_LIMITED:
            raise Refused(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")


def judge(raw: bytes) -> Json:
    """The message, if it is one that Google takes; raises `Refused` for anything else."""
    try:
        body: Json = json.loads(raw)
    except ValueError:
        raise _bad("Invalid JSON payload received.") from None
    if len(raw) > _BYTES:
        raise _bad("Message is too long.")
    _names(body, _MESSAGE, "message")
    if not body.get("text") and not body.get("cardsV2"):
        raise _bad("Message cannot be empty.")
    if not isinstance(body.get("text", ""), str) or not isinstance(body.get("fallbackText", ""), str):
        raise _bad("Invalid value at 'message.text' (TYPE_STRING)")
    if "thread" in body:
        _names(body["thread"], frozenset({"name", "threadKey"}), "thread")
        if len(body["thread"].get("threadKey", "")) > _KEY:
            raise _bad("threadKey is too long.")
    for each in body.get("cardsV2", []):
        _names(each, frozenset({"cardId", "card"}), "cards_v2")
        if not each.get("cardId"):
            raise _bad("cardId is required.")
        _card(each["card"])
    return body


def _card(card: Any) -> None:
    _names(card, frozenset({"header", "sections", "cardActions", "name", "fixedFooter"}), "card")
    if "header" in card:
        _names(card["header"], _HEADER, "header")
        _string(card["header"].get("title"), "header.title")
    if not card.get("sections"):
        raise _bad("Card must have at least one section.")
    for section in card["sections"]:
        _names(section, frozenset({"header", "widgets", "collapsible", "uncollapsibleWidgetsCount"}), "section")
        if not 0 < len(section.get("widgets", [])) <= _WIDGETS:
            raise _bad("A section needs 1 to 100 widgets.")
        for widget in section["widgets"]:
            _widget(widget)


def _widget(widget: Any) -> None:
    _names(widget, frozenset({"textParagraph", "decoratedText", "buttonList", "divider"}), "widget")
    if len(widget) != 1:
        raise _bad("A widget has exactly one kind.")
    if "textParagraph" in widget:
        _names(widget["textParagraph"], frozenset({"text", "maxLines", "textSyntax"}), "text_paragraph")
        _markup(_string(widget["textParagraph"].get("text"), "text"))
    if "decoratedText" in widget:
        _names(widget["decoratedText"], _DECORATED, "decorated_text")
        _markup(_string(widget["decoratedText"].get("text"), "text"))
    if "buttonList" in widget:
        _names(widget["buttonList"], frozenset({"buttons"}), "button_list")
        for button in widget["buttonList"].get("buttons") or [None]:
            _names(button, frozenset({"text", "icon", "color", "onClick", "disabled", "altText", "type"}), "button")
            _string(button.get("text"), "button.text")
            _names(button.get("onClick"), frozenset({"openLink"}), "on_click")
            url = button["onClick"]["openLink"].get("url", "")
            if not re.match(r"https?://[^\s/]", url):
                raise _bad("Invalid URL.")


def _names(value: Any, known: frozenset[str], where: str) -> None:
    if not isinstance(value, dict):
        raise _bad(f"Invalid value at '{where}'")
    for name in set(value) - known:
        raise _bad(f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field.")


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _bad(f"'{where}' is required.")
    return value


class _Markup(HTMLParser):
    """The few tags of a widget's text, balanced."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One of them, with its own attributes."""
        if tag not in _TAGS or {name for name, _ in attrs} - _TAGS[tag]:
            raise _bad(f"Unknown tag <{tag}>.")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """The one that was opened last."""
        if not self.open or self.open.pop() != tag:
            raise _bad(f"</{tag}> closes nothing.")


def _markup(text: str) -> None:
    reader = _Markup()
    reader.feed(text)
    reader.close()
    if reader.open:
        raise _bad(f"<{reader.open[-1]}> is not closed.")


def _bad(why: str) -> Refused:
    return Refused(400, "INVALID_ARGUMENT", why)
