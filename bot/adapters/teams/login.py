"""The app's token at the Bot Connector: fetched once for all who wait, kept until shortly before it ends.

Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from bot.adapters.base import AuthBroken, Transient
from bot.adapters.teams.outcome import Kind, Refused, named, outcome

if TYPE_CHECKING:
    import aiohttp

SCOPE = "https://api.botframework.com/.default"
SHARED_TENANT = "botframework.com"
EARLY_S = 300.0
"""A token is renewed so long before it ends."""


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The app at the login service. `tenant` is empty for a multi-tenant app."""

    login_url: str
    tenant: str
    app_id: str
    secret: str
    timeout_s: float


class Login:
    """Keeps one token; `drop` it when the Connector refuses it."""

    def __init__(self, session: aiohttp.ClientSession, credentials: Credentials) -> None:
        """Fetch nothing yet."""
        self._session = session
        self._credentials = credentials
        self._token = ""
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    def drop(self, token: str) -> None:
        """Forget this token, if it is still the one in use."""
        if token == self._token:
            self._token = ""

    async def token(self) -> str:
        """A token that is good for some minutes. Raises SendError; nothing was sent to Teams then."""
        if self._token and asyncio.get_running_loop().time() < self._good_until:
            return self._token
        async with self._lock:  # one fetch for all who wait
            if not self._token or asyncio.get_running_loop().time() >= self._good_until:
                fresh = await self._fetch()
                life_s = max(fresh.expires_in - EARLY_S, fresh.expires_in / 2)
                self._token, self._good_until = fresh.access_token, asyncio.get_running_loop().time() + life_s
            return self._token

    async def _fetch(self) -> _Token:
        credentials = self._credentials
        url = f"{credentials.login_url.rstrip('/')}/{credentials.tenant or SHARED_TENANT}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.app_id,
            "client_secret": credentials.secret,
            "scope": SCOPE,
        }
        async with outcome(credentials.timeout_s, Kind(ambiguous=False)), self._session.post(url, data=form) as answer:
            body, status = await answer.read(), answer.status
        if status != 200:
            refused = Refused(status, answer.headers, body)
            if status == 429 or status >= 500:
                raise named(refused, Kind(ambiguous=False))
            raise AuthBroken("auth_broken", refused.said() or f"HTTP {status} from the login service")
        try:
            return msgspec.json.decode(body, type=_Token)
        except msgspec.MsgspecError as error:
            raise Transient("bad_answer", "the answer was not the login service's") from error
