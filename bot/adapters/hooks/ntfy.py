"""ntfy: pages as push notifications of a topic that one person has on their phone. Links lead back; nothing is heard.

Source: https://docs.ntfy.sh/publish/ and, for the codes of its refusals,
https://github.com/binwiederhier/ntfy/blob/main/server/errors.go
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field

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
    direct=True,
    per_chat=Budget(per_s=1.0, burst=5),
    # 60 requests at once, then one every 5 s: https://docs.ntfy.sh/publish/#limitations
    overall=Budget(per_s=0.2, burst=55),
)
TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
WAIT_S = 5.0
DAILY_WAIT_S = 300.0
"""Where the messages of a day are used up: pages go another way meanwhile."""
_NO_SUCH_TOPIC = frozenset({40009, 40010})
_DAILY = frozenset({42908})
TOPIC_CURE = "Write the topic that the person subscribed to in the app: 1 to 64 of A-Z, a-z, 0-9, - and _."
AUTH_CURE = "Give the server's token (tk_…), or username and password, of a user who may write to the topics."


@dataclass(frozen=True, slots=True, kw_only=True)
class NtfySettings:
    """A server, and who publishes there: a token, or user and password, or nobody where topics are open."""

    server: str = "https://ntfy.sh"
    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    people: tuple[str, ...] = ()
    """Topics that doctor looks at."""
    timeout_s: float = 7.0


class NtfyAdapter(OneWay):
    """Publishes to topics; an address is one."""

    name = "ntfy"
    caps = CAPABILITIES

    def __init__(self, settings: NtfySettings) -> None:
        """Open nothing yet."""
        super().__init__(settings.timeout_s)
        self.settings = settings

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Publish. The server took it; whether a phone got it is never told."""
        del key
        if not TOPIC.fullmatch(address):
            raise Permanent("recipient_unreachable", f"{address[:70]!r} is no topic")
        body = {"topic": address, **message}
        said = await self._line.call("POST", f"{self.settings.server}/", json=body, headers=self._login())
        number = said.json().get("id")
        if said.status == 200 and isinstance(number, str):
            return Sent(ref="", provider_id=number[:64])
        raise _refused(said)

    async def check(self) -> list[Finding]:
        """The server's health, the login, and the names of the topics; nothing is published."""
        found = [await self._health()]
        if found[0].ok and self._login():
            found.append(await self._account())
        for topic in dict.fromkeys(self.settings.people):
            good = TOPIC.fullmatch(topic) is not None
            detail = "can be a topic; only a message could tell who reads it" if good else "that cannot be a topic"
            found.append(Finding(check=f"topic {topic[:70]}", ok=good, detail=detail, cure="" if good else TOPIC_CURE))
        return found

    async def _health(self) -> Finding:
        check, cure = "server", "Write its base URL under platforms.ntfy.server: https://ntfy.sh, or your own."
        try:
            said = await self._line.call("GET", f"{self.settings.server}/v1/health", writes=False)
        except SendError as error:
            return Finding(check=check, ok=False, detail=str(error), cure=cure)
        if said.status == 200 and said.json().get("healthy") is True:
            return Finding(check=check, ok=True, detail="it says that it is well")
        return Finding(check=check, ok=False, detail=f"it answers {said.status}, and not as ntfy does", cure=cure)

    async def _account(self) -> Finding:
        url = f"{self.settings.server}/v1/account"
        try:
            said = await self._line.call("GET", url, writes=False, headers=self._login())
            if said.status != 200:
                raise _refused(said)
        except SendError as error:
            return Finding(check="login", ok=False, detail=str(error), cure=AUTH_CURE)
        return Finding(check="login", ok=True, detail=f"known as {str(said.json().get('username', '?'))[:60]}")

    def _login(self) -> dict[str, str]:
        """https://docs.ntfy.sh/publish/#authentication."""
        settings = self.settings
        if settings.token:
            return {"Authorization": f"Bearer {settings.token}"}
        if settings.username:
            pair = b64encode(f"{settings.username}:{settings.password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}


def _refused(said: Said) -> SendError:
    told = said.json()
    code = told.get("code") if isinstance(told.get("code"), int) else 0
    detail = f"HTTP {said.status} {code} {str(told.get('error', ''))[:150]}".strip()
    if said.status == 429:
        wait = DAILY_WAIT_S if code in _DAILY else WAIT_S
        return RateLimited(said.seconds("Retry-After", wait), detail, whole=True)
    if said.status == 401:
        return AuthBroken("auth_broken", detail)
    if code in _NO_SUCH_TOPIC or said.status == 403:
        return Permanent("recipient_unreachable", detail)
    if said.status in {400, 413}:
        return Permanent("card_invalid", detail)
    if said.status == 200:
        return Transient("bad_answer", "the answer was not ntfy's", ambiguous=True)
    return broken(said) or Permanent("refused", detail)
