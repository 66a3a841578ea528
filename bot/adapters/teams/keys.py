"""Whether a callback is from Teams: its token is checked against the published keys, without a blocking call.

The eight requirements: "Step 4: Verify the JWT token" of
https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication#connector-to-bot
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.adapters.base import Json, SendError
from bot.adapters.teams.outcome import Kind, Refused, outcome

if TYPE_CHECKING:
    import aiohttp

ISSUER = "https://api.botframework.com"
SKEW_S = 300
"""Clocks may differ by five minutes (the same page)."""
KEYS_LIFE_S = 86_400.0
"""Keys are good for a day and then fetched anew (the same page: at least once every 24 hours)."""
LOOK_AGAIN_S = 60.0
"""An unknown key id makes us look again at most so often: anybody can make up a key id."""
FETCH_S = 3.0
TOKEN_MAX = 8_000
NOT_TEAMS = b"not from Teams"
"""What whoever is not Teams is answered, by which doctor recognizes Tocsin behind an address."""

log = logging.getLogger(__name__)


class Forged(Exception):
    """A callback that is not from Teams, with the reason for the log."""


class KeysMissing(Exception):
    """Nobody can tell whether a callback is from Teams, because its keys cannot be fetched just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the token of a callback says."""

    service_url: str
    endorsements: tuple[str, ...]


class Keys:
    """The published keys, and the check; `clock` tells seconds since the epoch."""

    def __init__(
        self, session: aiohttp.ClientSession, metadata_url: str, app_id: str, clock: Callable[[], float]
    ) -> None:
        """Fetch nothing yet."""
        self._session = session
        self._metadata_url = metadata_url
        self._app_id = app_id
        self._clock = clock
        self._keys: dict[str, Json] = {}
        self._looked_at = float("-inf")
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()

    async def proof(self, header: str) -> Proof:
        """What the bearer token proves. Raises Forged, or KeysMissing."""
        import jwt

        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not token or len(token) > TOKEN_MAX:
            raise Forged("there is no bearer token")
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._key(kid if isinstance(kid, str) else "")
            claims = jwt.decode(
                token,
                jwt.PyJWK(key, algorithm="RS256").key,
                algorithms=["RS256"],
                audience=self._app_id,
                issuer=ISSUER,
                # times are checked below, by the clock that the whole product goes by
                options={
                    "require": ["exp", "aud", "iss"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Forged(f"{type(error).__name__}: {error}") from error
        self._timely(claims)
        endorsed = key.get("endorsements")
        return Proof(
            service_url=str(claims.get("serviceurl", claims.get("serviceUrl", ""))),
            endorsements=tuple(str(each) for each in endorsed) if isinstance(endorsed, list) else (),
        )

    async def refresh(self) -> int:
        """Fetch the keys now; how many there are. Raises SendError."""
        async with outcome(FETCH_S, Kind(ambiguous=False)):
            metadata = await self._object(self._metadata_url)
            published = await self._object(str(metadata.get("jwks_uri", "")))
        found = published.get("keys")
        keys = [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
        self._keys = {str(key["kid"]): key for key in keys if "kid" in key}
        self._fetched_at = asyncio.get_running_loop().time()
        return len(self._keys)

    def _timely(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        try:
            ends, begins = float(claims["exp"]), float(claims.get("nbf", 0))
        except (TypeError, ValueError) as error:
            raise Forged("its times are no numbers") from error
        if not begins - SKEW_S <= now <= ends + SKEW_S:
            raise Forged("it is not valid now")

    async def _key(self, kid: str) -> Json:
        """The key with this id. Raises Forged where Teams publishes no such key."""
        if not kid or len(kid) > 200:
            raise Forged("it names no key")
        async with self._lock:  # one fetch for all who wait
            now = asyncio.get_running_loop().time()
            stale = now - self._fetched_at > KEYS_LIFE_S
            if (stale or kid not in self._keys) and now - self._looked_at > LOOK_AGAIN_S:
                self._looked_at = now
                try:
                    await self.refresh()
                except SendError as error:
                    self._looked_at = float("-inf") if not self._keys else now
                    log.warning("The keys of Teams' callbacks could not be fetched (%s).", error)
        if kid in self._keys:
            return self._keys[kid]
        if not self._keys:
            raise KeysMissing
        raise Forged("it names a key that Teams does not publish")

    async def _object(self, url: str) -> Json:
        async with self._session.get(url) as response:
            body = await response.read()
            if response.status != 200:
                raise Refused(response.status, response.headers, body)
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refused(502, response.headers, b"")
        return found
