"""Mattermost by incoming webhook: cards go to a channel, one way. Nothing can be pressed, edited or asked.

Source: https://developers.mattermost.com/integrate/webhooks/incoming/ and, for the words of its refusals,
https://github.com/mattermost/mattermost/blob/master/server/channels/app/webhook.go
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from bot.adapters.base import (
    AuthBroken,
    Budget,
    Capabilities,
    Finding,
    Json,
    Permanent,
    RateLimited,
    SendError,
    Sent,
    Transient,
)
from bot.adapters.hooks.line import Said, broken
from bot.adapters.hooks.one_way import OneWay

CAPABILITIES = Capabilities(
    groups=True,
    # A server that limits at all takes 10 calls a second and 100 at once from one address, of all that it is asked:
    # https://docs.mattermost.com/administration-guide/configure/rate-limiting-configuration-settings.html
    per_chat=Budget(per_s=2.0, burst=5),
    overall=Budget(per_s=5.0, burst=20),
)
WAIT_DEFAULT_S = 5.0
WAIT_MAX_S = 3600.0
_HOOK = re.compile(r"https?://[^\s/]+/(?:[^\s?]*/)?hooks/[a-z0-9]{1,64}")
_GONE = frozenset({"web.incoming_webhook.invalid.app_error", "web.incoming_webhook.disabled.app_error"})
_CHAT = frozenset({
    "web.incoming_webhook.channel.app_error", "web.incoming_webhook.channel_locked.app_error",
    "web.incoming_webhook.permissions.app_error", "web.incoming_webhook.user.app_error",
    "app.channel.get.existing.app_error", "api.post.create_post.can_not_post_to_deleted.error",
})  # fmt: skip
CURE = (
    "In Mattermost: Integrations > Incoming Webhooks > Add Incoming Webhook, and put its URL "
    "(https://chat.example.com/hooks/…) there; incoming webhooks must be enabled in the System Console."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MattermostSettings:
    """`webhooks` maps a name of your own, which is the chat's id in the manifest, to the secret URL behind it."""

    webhooks: Mapping[str, str] = field(repr=False)
    timeout_s: float = 7.0


class MattermostAdapter(OneWay):
    """Posts to incoming webhooks; an address is the name of one."""

    name = "mattermost"
    caps = CAPABILITIES

    def __init__(self, settings: MattermostSettings) -> None:
        """Open nothing yet."""
        super().__init__(settings.timeout_s)
        self.settings = settings

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Post a card. The answer names no message, so `ref` is empty and it is never edited."""
        del key
        url = self.settings.webhooks.get(address, "")
        if not url:
            raise Permanent("chat_unreachable", f"no webhook is called {address}")
        said = await self._line.call("POST", url, json=message)
        if said.status == 200 and said.words() == "ok":
            return Sent(ref="")
        raise _refused(said)

    async def check(self) -> list[Finding]:
        """Whether each webhook exists: one that does refuses a channel that cannot be, and nobody sees anything."""
        return [await self._check(name, url) for name, url in self.settings.webhooks.items()]

    async def _check(self, name: str, url: str) -> Finding:
        check = f"webhook {name}"
        if not _HOOK.fullmatch(url):
            return Finding(check=check, ok=False, detail="it is not the URL of an incoming webhook", cure=CURE)
        unlikely = sha256(f"tocsin doctor {url}".encode()).hexdigest()[:32]
        nowhere = {"text": "Tocsin looks whether this webhook exists.", "channel": f"tocsin-{unlikely}"}
        try:
            said = await self._line.call("POST", url, json=nowhere)
        except SendError as error:
            return Finding(check=check, ok=False, detail=str(error), cure=CURE)
        word = said.json().get("id")
        if word in {"web.incoming_webhook.channel.app_error", "web.incoming_webhook.channel_locked.app_error"}:
            return Finding(check=check, ok=True, detail="it exists, and would take a message")
        if isinstance(word, str):
            return Finding(check=check, ok=False, detail=str(_refused(said)), cure=CURE)
        return Finding(check=check, ok=False, detail="whoever answers there is not Mattermost", cure=CURE)


def _refused(said: Said) -> SendError:
    told = said.json()
    word = str(told.get("id", ""))
    detail = f"HTTP {said.status} {word} {str(told.get('message', ''))[:150]}".strip()
    if said.status == 429:
        reset = said.seconds("X-Ratelimit-Reset", WAIT_DEFAULT_S)  # seconds that are left
        wait = said.seconds("Retry-After", reset)
        return RateLimited(wait if wait <= WAIT_MAX_S else WAIT_DEFAULT_S, detail, whole=True)
    if word in _GONE or said.status == 401:
        return AuthBroken("auth_broken", detail)
    if word in _CHAT or said.status in {403, 404}:
        return Permanent("chat_unreachable", detail)
    if said.status in {400, 413}:
        return Permanent("card_invalid", detail)
    if said.status == 200:
        return Transient("bad_answer", "the answer was not Mattermost's", ambiguous=True)
    return broken(said) or Permanent("refused", detail)
