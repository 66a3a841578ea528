"""One HTTPS call to a vendor: bounded in time and size, and every failure of the network is a `SendError`.

What a vendor's own refusals mean is each vendor's own; what HTTP itself says is read here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.adapters.base import Json, SendError, Transient

if TYPE_CHECKING:
    import aiohttp

ANSWER_BYTES_MAX = 64_000
DETAIL_MAX = 200
"""Characters of a vendor's words that go into the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A vendor's answer."""

    status: int
    headers: Mapping[str, str]
    """As they came; look them up in any case."""
    body: bytes

    def json(self) -> Json:
        """The body as an object; empty where it is none."""
        try:
            found = json.loads(self.body or b"null")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def words(self) -> str:
        """The body as one short line for the log."""
        return " ".join(self.body.decode("utf-8", "replace").split())[:DETAIL_MAX]

    def seconds(self, header: str, default: float) -> float:
        """A header that holds seconds; at least one, and `default` where it holds none."""
        try:
            return max(float(self.headers.get(header, "")), 1.0)
        except ValueError:
            return default


class Line:
    """A session that makes calls; nothing is opened before `open`."""

    def __init__(self, timeout_s: float) -> None:
        """Each call takes at most `timeout_s` seconds."""
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Open the session, inside the running loop."""
        import aiohttp

        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout_s))

    async def close(self) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def call(self, method: str, url: str, *, writes: bool = True, **given: Any) -> Said:
        """Make one call; `given` as aiohttp takes it. A timeout of a call that `writes` leaves a doubt.

        No redirect is followed: a secret address answers for itself. Raises Transient.
        """
        import aiohttp

        if self._session is None:
            raise RuntimeError("The adapter was not started.")
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._session.request(method, url, allow_redirects=False, **given) as answer,
            ):
                body = await answer.content.read(ANSWER_BYTES_MAX)
                while len(body) < ANSWER_BYTES_MAX and (more := await answer.content.read(ANSWER_BYTES_MAX)):
                    body += more
                return Said(status=answer.status, headers=answer.headers.copy(), body=body[:ANSWER_BYTES_MAX])
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise Transient("unreachable", type(error).__name__) from error  # no connection, so nothing was sent
        except TimeoutError as error:
            raise Transient("timeout", f"no answer within {self._timeout_s:g} s", ambiguous=writes) from error
        except aiohttp.ClientError as error:
            raise Transient("connection_lost", type(error).__name__, ambiguous=writes) from error


def broken(said: Said, *, writes: bool = True) -> SendError | None:
    """The failure that says nothing about the message: the vendor, or what stands before it, is in trouble."""
    if said.status in {408, 425} or said.status >= 500:
        # Only 503 promises that nothing was done.
        return Transient("platform_down", f"HTTP {said.status} {said.words()}", ambiguous=writes and said.status != 503)
    return None
