"""Slack without an app to talk to: cards go to incoming webhooks, one way. Nothing can be pressed, edited or asked.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.adapters.base import (
    AuthBroken,
    Budget,
    Capabilities,
    Emit,
    Finding,
    HttpAnswer,
    HttpRequest,
    Json,
    Notice,
    Permanent,
    RateLimited,
    SendError,
    Sent,
    Transient,
)
from bot.adapters.slack.answers import content
from bot.adapters.slack.outcome import outcome, wait_s

if TYPE_CHECKING:
    import aiohttp

CAPABILITIES = Capabilities(
    groups=True,
    local_time=True,
    per_chat=Budget(per_s=0.9, burst=3),  # https://docs.slack.dev/apis/web-api/rate-limits: incoming webhooks, 1/s
    overall=Budget(per_s=10.0, burst=20),
)
_HOOK = re.compile(r"https?://[^\s/]+/(?:[^\s]*/)?services/[^\s]+\Z")
_AUTH_WORDS = frozenset({"no_service", "no_service_id", "no_team", "no_active_hooks", "invalid_token", "team_disabled"})
_CHAT_WORDS = frozenset({
    "channel_not_found", "channel_is_archived", "action_prohibited", "posting_to_general_channel_denied",
    "user_not_found",
})  # fmt: skip
"""Words: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors"""
CURE = "Make a new one on the app's page Incoming Webhooks, and put its URL (https://hooks.slack.com/services/…) there."


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackBotSettings:
    """`webhooks` maps a name of your own, which is the chat's id in the manifest, to the secret URL behind it."""

    webhooks: Mapping[str, str] = field(repr=False)
    timeout_s: float = 7.0


class SlackBotAdapter:
    """Posts to incoming webhooks; an address is the name of one."""

    name = "slack_bot"
    caps = CAPABILITIES

    def __init__(self, settings: SlackBotSettings) -> None:
        """Open nothing yet."""
        self.settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open the session; nobody ever speaks back, so `emit` and `notice` are not used."""
        import aiohttp

        del emit, notice
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.settings.timeout_s))

    async def listen(self) -> None:
        """A webhook hears nothing."""

    async def stop(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Post a card without its buttons. The answer names no message, so `ref` is empty and it is never edited."""
        del key
        url = self.settings.webhooks.get(address, "")
        if not url:
            raise Permanent("chat_unreachable", f"no webhook is called {address}")
        if self._session is None:
            raise RuntimeError("The Slack webhooks were not started.")
        async with outcome(self.settings.timeout_s), self._session.post(url, json=one_way(message)) as answer:
            said = (await answer.content.read(200)).decode(errors="replace").strip()
            if answer.status == 200 and said == "ok":
                return Sent(ref="")
            raise _refused(answer.status, said, answer.headers.get("Retry-After", ""))

    async def edit(self, ref: str, message: Json) -> Sent:
        """Never: nothing that was posted can be found again."""
        del message
        raise Permanent("refused", f"a webhook edits nothing ({ref})")

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Nobody has a reason to call."""
        del request
        return HttpAnswer(status=404, body=b"a webhook has no callbacks")

    async def check(self) -> list[Finding]:
        """Whether each webhook exists: an empty message is refused by one that does, and is seen by nobody."""
        return [await self._check(name, url) for name, url in self.settings.webhooks.items()]

    async def _check(self, name: str, url: str) -> Finding:
        check = f"webhook {name}"
        if not _HOOK.match(url):
            return Finding(check=check, ok=False, detail="it is not the URL of an incoming webhook", cure=CURE)
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                await self.send(name, {}, key="")
        except SendError as error:
            if error.reason == "card_invalid":
                return Finding(check=check, ok=True, detail="it exists, and would take a message")
            return Finding(check=check, ok=False, detail=str(error), cure=CURE)
        return Finding(check=check, ok=False, detail="whoever answers there is not Slack", cure=CURE)


def one_way(message: Json) -> Json:
    """A rendered message without what wants an answer: buttons of a webhook would lead to nobody."""
    kept = content(message)
    if "blocks" in kept:
        kept["blocks"] = [block for block in kept["blocks"] if block.get("type") != "actions"]
    if "attachments" in kept:
        kept["attachments"] = [{**each, **_still(each)} for each in kept["attachments"]]
    return kept


def _still(attachment: Json) -> Json:
    if "blocks" not in attachment:
        return {}
    return {"blocks": [block for block in attachment["blocks"] if block.get("type") != "actions"]}


def _refused(status: int, said: str, retry_after: str) -> SendError:
    if status == 429:
        return RateLimited(wait_s(retry_after), said)
    if said in _AUTH_WORDS:
        return AuthBroken("auth_broken", said)
    if said in _CHAT_WORDS:
        return Permanent("chat_unreachable", said)
    if status == 400:
        return Permanent("card_invalid", said)
    if status >= 500:
        return Transient("platform_down", f"HTTP {status} {said}", ambiguous=status != 503)
    if status == 200:
        return Transient("bad_answer", "the answer was not Slack's", ambiguous=True)
    return Permanent("refused", f"HTTP {status} {said}")
