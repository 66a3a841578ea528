"""Discord by webhook: cards go to a channel and are edited where they stand; nobody can press or ask anything.

Source: https://discord.com/developers/docs/resources/webhook, https://discord.com/developers/docs/topics/rate-limits
and https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.adapters.base import (
    AuthBroken,
    Budget,
    Capabilities,
    EditTargetGone,
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
    edit=True,
    local_time=True,
    # Discord publishes no number and tells it in X-RateLimit headers: five calls in two seconds were seen, and no more
    # than 30 a minute; https://github.com/discord/discord-api-docs/issues/6753
    per_chat=Budget(per_s=0.5, burst=5),
    overall=Budget(per_s=20.0, burst=20),  # 50 a second for an address: rate-limits#global-rate-limit
    edit_gap_s=2.0,
)
WAIT_DEFAULT_S = 30.0
UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, INVALID_TOKEN = 10008, 10015, 50027
CARD_CODES = frozenset({50006, 50035, 50109})
"""Empty message, invalid form body, invalid JSON."""
_HOOK = re.compile(r"https?://[^\s/]+/(?:[^\s?]*/)?api/(?:v\d+/)?webhooks/\d+/[\w-]+(?:\?thread_id=\d+)?")
CURE = (
    "In Discord: Edit Channel > Integrations > Webhooks > New Webhook > Copy Webhook URL "
    "(https://discord.com/api/webhooks/…), and put it there."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordSettings:
    """`webhooks` maps a name of your own, which is the chat's id in the manifest, to the secret URL behind it."""

    webhooks: Mapping[str, str] = field(repr=False)
    timeout_s: float = 7.0


class DiscordAdapter(OneWay):
    """Posts to webhooks; an address is the name of one, a ref is the name and the message's id."""

    name = "discord"
    caps = CAPABILITIES

    def __init__(self, settings: DiscordSettings) -> None:
        """Open nothing yet."""
        super().__init__(settings.timeout_s)
        self.settings = settings

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Post a card. `wait` makes Discord answer with the message, whose id an edit needs."""
        del key
        base, query = _parts(self._url(address))
        said = await self._line.call("POST", base, params={**query, "wait": "true"}, json=message)
        if said.status != 200:
            raise _refused(said)
        number = said.json().get("id")
        if not isinstance(number, str) or not number.isdigit():
            raise Transient("bad_answer", "the answer was not Discord's", ambiguous=True)
        return Sent(ref=f"{address}/{number}", provider_id=number)

    async def edit(self, ref: str, message: Json) -> Sent:
        """Show a card where it stands. What the message does not name stays, so a card names all it may have."""
        address, _, number = ref.partition("/")
        base, query = _parts(self._url(address))
        shown = {name: value for name, value in message.items() if name in {"content", "embeds", "allowed_mentions"}}
        said = await self._line.call("PATCH", f"{base}/messages/{number}", params=query, json=shown)
        if said.status == 200:
            return Sent(ref=ref, provider_id=number)
        raise _refused(said)

    async def check(self) -> list[Finding]:
        """Whether each webhook exists: Discord describes it to whoever knows its URL, and nothing is posted."""
        return [await self._check(name, url) for name, url in self.settings.webhooks.items()]

    async def _check(self, name: str, url: str) -> Finding:
        check = f"webhook {name}"
        if not _HOOK.fullmatch(url):
            return Finding(check=check, ok=False, detail="it is not the URL of a webhook", cure=CURE)
        try:
            said = await self._line.call("GET", _parts(url)[0], writes=False)
            if said.status != 200:
                raise _refused(said)
        except SendError as error:
            return Finding(check=check, ok=False, detail=str(error), cure=CURE)
        if not isinstance(said.json().get("channel_id"), str):
            return Finding(check=check, ok=False, detail="whoever answers there is not Discord", cure=CURE)
        return Finding(check=check, ok=True, detail=f"it exists, and is called {str(said.json().get('name'))[:80]}")

    def _url(self, address: str) -> str:
        url = self.settings.webhooks.get(address, "")
        if not url:
            raise Permanent("chat_unreachable", f"no webhook is called {address}")
        return url


def _parts(url: str) -> tuple[str, dict[str, str]]:
    """The address, and the thread that its cards go to if it names one."""
    base, _, query = url.partition("?")
    name, _, value = query.partition("=")
    return base, {name: value} if name == "thread_id" else {}


def _refused(said: Said) -> SendError:
    told = said.json()
    code = told.get("code") if isinstance(told.get("code"), int) else 0
    detail = f"HTTP {said.status} {code} {str(told.get('message', ''))[:150]}".strip()
    if said.status == 429:
        after = told.get("retry_after")
        wait = float(after) if isinstance(after, (int, float)) and after >= 0 else WAIT_DEFAULT_S
        return RateLimited(max(wait, said.seconds("Retry-After", wait)), detail, whole=told.get("global") is not False)
    if code == UNKNOWN_MESSAGE:
        return EditTargetGone("edit_target_gone", detail)
    if code == INVALID_TOKEN or said.status == 401:
        return AuthBroken("auth_broken", detail)
    if code == UNKNOWN_WEBHOOK or said.status in {403, 404, 410}:
        return Permanent("chat_unreachable", detail)
    if code in CARD_CODES or said.status in {400, 413}:
        return Permanent("card_invalid", detail)
    if 200 <= said.status < 300:
        return Transient("bad_answer", f"HTTP {said.status} instead of the message", ambiguous=True)
    return broken(said) or Permanent("refused", detail)
