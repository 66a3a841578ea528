"""Google Chat by webhook: cards go to a space, into the thread of their incident, one way. Nothing is ever edited.

Source: https://developers.google.com/workspace/chat/quickstart/webhooks, and for rates and refusals
https://developers.google.com/workspace/chat/limits, https://cloud.google.com/apis/design/errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

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
    # One call a second for a space, shared with every other webhook of it: quickstart/webhooks#limitations
    per_chat=Budget(per_s=0.9, burst=1),
    overall=Budget(per_s=10.0, burst=20),
)
WAIT_DEFAULT_S = 5.0
REPLY_OPTION = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
_HOOK = re.compile(r"https?://[^\s/]+/(?:[^\s?]*/)?v1/spaces/[\w-]+/messages\?(?=\S*\bkey=)(?=\S*\btoken=)\S+")
CURE = (
    "In Google Chat: the space's menu > Apps & integrations > Webhooks > Add webhook > copy the link "
    "(https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…), and put it there."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleChatSettings:
    """`webhooks` maps a name of your own, which is the chat's id in the manifest, to the secret URL behind it."""

    webhooks: Mapping[str, str] = field(repr=False)
    timeout_s: float = 7.0


class GoogleChatAdapter(OneWay):
    """Posts to webhooks; an address is the name of one."""

    name = "google_chat"
    caps = CAPABILITIES

    def __init__(self, settings: GoogleChatSettings) -> None:
        """Open nothing yet."""
        super().__init__(settings.timeout_s)
        self.settings = settings

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Post a card. A webhook may not edit what it posted, so `ref` is empty although the answer has a name."""
        del key
        url = self.settings.webhooks.get(address, "")
        if not url:
            raise Permanent("chat_unreachable", f"no webhook is called {address}")
        base, _, query = url.partition("?")
        secrets = dict(parse_qsl(query))
        threaded = {"messageReplyOption": REPLY_OPTION} if "thread" in message else {}
        said = await self._line.call("POST", base, params={**secrets, **threaded}, json=message)
        name = said.json().get("name")
        if said.status == 200 and isinstance(name, str):
            return Sent(ref="", provider_id=name[-128:])
        raise _refused(said)

    async def check(self) -> list[Finding]:
        """The shape of each URL: Google answers nothing about a webhook except by posting to it."""
        return [_look(name, url) for name, url in self.settings.webhooks.items()]


def _look(name: str, url: str) -> Finding:
    check = f"webhook {name}"
    if not _HOOK.fullmatch(url):
        return Finding(check=check, ok=False, detail="it is not the URL of a webhook", cure=CURE)
    return Finding(check=check, ok=True, detail="its URL is complete; only a message could tell whether it exists")


def _refused(said: Said) -> SendError:
    inner = said.json().get("error")
    told = inner if isinstance(inner, dict) else {}
    word = str(told.get("status", ""))
    detail = f"HTTP {said.status} {word} {str(told.get('message', ''))[:150]}".strip()
    if said.status == 429:
        return RateLimited(said.seconds("Retry-After", WAIT_DEFAULT_S), detail)
    if said.status == 401 or (said.status == 400 and "API key" in str(told.get("message", ""))):
        return AuthBroken("auth_broken", detail)
    if said.status in {403, 404}:
        return Permanent("chat_unreachable", detail)
    if said.status in {400, 413}:
        return Permanent("card_invalid", detail)
    if said.status == 200:
        return Transient("bad_answer", "the answer was not Google's", ambiguous=True)
    return broken(said) or Permanent("refused", detail)
