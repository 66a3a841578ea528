"""The network side of a vendor: one session, every call timed, every failure one of the named errors.

There is no retry here: trying the next vendor is the retry.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.adapters.base import AuthBroken, Finding, Permanent, RateLimited, Receipt, SendError, Sent, Transient
from bot.adapters.vendors.contract import Outgoing, Vendor, Words
from bot.engine.vendors import Verdict

if TYPE_CHECKING:
    import aiohttp

CALL_S = 5.0
CONNECT_S = 1.5
ANSWER_BYTES_MAX = 256_000
"""No vendor answers with more than a few kilobytes; a proxy's error page may."""


_NOBODY_DOES_BETTER = frozenset({"recipient_unreachable", "recipient_blocked"})


def verdict_of(outcome: Sent | SendError) -> Verdict:
    """What an outcome means for the choice of the next vendor."""
    match outcome:
        case Sent():
            return Verdict.TAKEN
        case RateLimited():
            return Verdict.THROTTLED
        case AuthBroken():
            return Verdict.ACCOUNT
        case Transient(ambiguous=ambiguous):
            return Verdict.UNKNOWN if ambiguous else Verdict.DOWN
        case Permanent(reason=reason) if reason in _NOBODY_DOES_BETTER:
            return Verdict.NUMBER
        case _:
            return Verdict.REFUSED


def _nonce() -> str:
    return secrets.token_hex(16)


@dataclass(slots=True, kw_only=True)
class Line:
    """Sends through one vendor. `now` returns seconds since the epoch."""

    vendor: Vendor
    now: Callable[[], int]
    nonce: Callable[[], str] = _nonce
    call_s: float = CALL_S
    _http: aiohttp.ClientSession | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Open the session; nothing is called yet."""
        import aiohttp

        limit = aiohttp.ClientTimeout(total=self.call_s, sock_connect=CONNECT_S)
        self._http = aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar())

    async def stop(self) -> None:
        """Close the session."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def send(self, to: str, words: Words, *, key: str, callback_url: str = "") -> Sent:
        """Send one text, or place one call. Raises `SendError`; a timeout is ambiguous, a closed door is not."""
        asked = self.vendor.request(to, words, key=key, callback_url=callback_url, at=self.now(), nonce=self.nonce())
        status, body, headers = await self._call(asked)
        outcome = self.vendor.outcome(status, body, headers)
        if isinstance(outcome, SendError):
            raise outcome
        return outcome

    async def ask(self, provider_id: str) -> Receipt | None:
        """Ask what became of a message; None where the vendor has no answer, or no news. Raises `SendError`."""
        asked = self.vendor.poll(provider_id, at=self.now(), nonce=self.nonce())
        told = self.vendor.polled(*await self._call(asked)) if asked else None
        return replace(told, provider_id=provider_id) if told else None

    async def fetch(self, url: str) -> bytes:
        """The body at a vendor's own address (a certificate, a confirmation). Raises `SendError`."""
        status, body, _ = await self._call(Outgoing(method="GET", url=url, headers={}, body=b""))
        if status != 200:
            raise Transient("unavailable", f"{status} from a vendor's certificate address")
        return body

    def can_ask(self) -> bool:
        """Whether the vendor tells what became of a message when it is asked."""
        return self.vendor.poll("any", at=self.now(), nonce=self.nonce()) is not None

    async def check(self) -> Finding:
        """Ask the vendor something that proves the credentials and sends nothing."""
        name = self.vendor.name
        asked = self.vendor.balance(at=self.now(), nonce=self.nonce())
        if asked is None:
            return Finding(check=name, ok=True, detail="this vendor has nothing to ask that costs nothing")
        try:
            return self.vendor.checked(*await self._call(asked))
        except SendError as error:
            cure = "Check that this machine may reach the vendor's address."
            return Finding(check=name, ok=False, detail=str(error), cure=cure)

    def learn(self, url: str, certificate: bytes) -> None:
        """Keep a certificate that the vendor's callbacks are judged with."""
        known: dict[str, bytes] | None = getattr(self.vendor, "certificates", None)
        if known is not None:
            known[url] = certificate

    async def _call(self, asked: Outgoing) -> tuple[int, bytes, dict[str, str]]:
        import aiohttp
        from yarl import URL

        if self._http is None:
            raise Transient("not_started")
        sent = asked.method != "GET"
        try:
            async with self._http.request(
                asked.method,
                URL(asked.url, encoded=True),
                data=asked.body,
                headers=asked.headers,
                allow_redirects=False,
                skip_auto_headers=("Content-Type", "User-Agent", "Accept-Encoding"),
            ) as response:
                body = await response.content.read(ANSWER_BYTES_MAX)
                return response.status, body, {name.lower(): value for name, value in response.headers.items()}
        except aiohttp.ClientConnectorError as error:
            raise Transient("unavailable", str(error)) from error
        except aiohttp.ServerTimeoutError as error:  # a connection that took too long, or an answer that did
            opening = isinstance(error, aiohttp.ConnectionTimeoutError)
            raise Transient("timeout", repr(error), ambiguous=sent and not opening) from error
        except TimeoutError as error:
            raise Transient("timeout", ambiguous=sent) from error
        except aiohttp.ClientError as error:
            raise Transient("unavailable", repr(error), ambiguous=sent) from error
