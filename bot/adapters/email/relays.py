"""Several relays, one mail: in their order, the next one at once, and never the same broken one for every mail.

Which failure means what is decided here; how long a broken relay rests is the breaker's, as with SMS and voice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.adapters.base import AuthBroken, Finding, Permanent, SendError, Transient
from bot.engine.model import SECOND, Instant
from bot.engine.vendors import FAILURES_TO_OPEN, Breaker, Gate, Verdict

if TYPE_CHECKING:
    import aiosmtplib

log = logging.getLogger(__name__)

TOTAL_S: Final = 7.2
"""Below the 8 s that one call of an adapter may take, whatever the number of relays."""
RELAY_S: Final = 3.0
"""What a relay gets while there is another one; the last one gets what is left."""
WORTH_S: Final = 0.5
"""With less than this left, no relay is begun: a TLS session alone takes about that much across the world."""
QUIT_S: Final = 0.3
TLS_PORT: Final = 465
"""TLS from the first byte: RFC 8314 §3.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One relay and its login."""

    host: str
    port: int = 587
    username: str = ""
    password: str = ""
    starttls: bool = True

    @property
    def name(self) -> str:
        """`host:port`, for logs and doctor."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A mail and its envelope. `plain_sender` is used where a relay refuses `sender`: a bounce address of ours."""

    sender: str
    plain_sender: str
    recipient: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a relay said or did instead of taking the mail: for its breaker, and for whoever asked for the mail.

    `final` means that no other relay would do better.
    """

    verdict: Verdict
    error: SendError
    final: bool = False
    slow: bool = False


class Relays:
    """Carries mail over the first relay that is well."""

    def __init__(self, relays: Sequence[Relay], clock: Callable[[], float]) -> None:
        """`relays` in the order in which they are preferred, at least one; `clock` gives seconds since the epoch."""
        self._relays = tuple(relays)
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    async def carry(self, post: Post, within_s: float = TOTAL_S) -> str:
        """The name of the relay that took it. Raises SendError within `within_s` seconds where none did.

        The outcome is ambiguous where a relay went silent after it had got the mail and no other one took it.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        failures: list[Failure] = []
        order = self._order()
        for place, relay in enumerate(order):
            left = deadline - loop.time()
            if left < WORTH_S:
                break
            last = place + 1 == len(order)
            failure = await self._try(relay, post, left if last else min(RELAY_S, left))
            if failure is None:
                return relay.name
            failures.append(failure)
            if failure.final:
                break
        raise _told(failures)

    async def check(self) -> list[Finding]:
        """Connect and log in at each relay without sending; all at once."""
        return list(await asyncio.gather(*(_look(relay) for relay in self._relays)))

    def _now(self) -> Instant:
        return int(self._clock() * SECOND)

    def _order(self) -> list[Relay]:
        """Those that are well in their own order, then, rather than silence, those that rest."""
        now = self._now()
        shut = [relay for relay in self._relays if self._breaker(relay).gate(now) is Gate.SHUT]
        return [*(relay for relay in self._relays if relay not in shut), *shut]

    def _breaker(self, relay: Relay) -> Breaker:
        return self._breakers.get(relay.name, Breaker())

    async def _try(self, relay: Relay, post: Post, within_s: float) -> Failure | None:
        self._breakers[relay.name] = self._breaker(relay).begun(self._now())
        failure = await _hand_over(relay, post, within_s)
        breaker = self._breaker(relay)
        if failure is None:
            self._breakers[relay.name] = breaker.after(Verdict.TAKEN, self._now())
            return None
        if failure.slow:  # a second mail would wait for it as long: one is enough
            breaker = replace(breaker, failures=FAILURES_TO_OPEN - 1)
        self._breakers[relay.name] = breaker.after(failure.verdict, self._now())
        log.warning("The mail relay %s did not take a mail (%s).", relay.name, failure.error)
        return failure


def _told(failures: Sequence[Failure]) -> SendError:
    """What all failures together mean: a final word; a doubt; what may pass; what will not."""
    errors = [failure.error for failure in failures]
    final = [failure.error for failure in failures if failure.final]
    doubtful = [error for error in errors if isinstance(error, Transient) and error.ambiguous]
    passing = [error for error in errors if isinstance(error, Transient)]
    refused = [error for error in errors if isinstance(error, Permanent)]
    return next(iter((*final, *doubtful, *passing, *refused, *errors)), Transient("timeout"))


async def _hand_over(relay: Relay, post: Post, within_s: float) -> Failure | None:
    """Give the mail to one relay. None: it took it."""
    import aiosmtplib

    client, handed = _client(relay, within_s), False
    try:
        async with asyncio.timeout(within_s):
            await client.connect()
            if relay.username:
                await client.login(relay.username, relay.password)
            await _begin(client, post)
            await client.rcpt(post.recipient)
            handed = True
            await client.data(post.raw)
    except TimeoutError as error:
        return Failure(
            verdict=Verdict.UNKNOWN if handed else Verdict.DOWN,
            error=Transient("timeout", str(error) or f"no answer in {within_s:.1f} s", ambiguous=handed),
            slow=True,
        )
    except aiosmtplib.SMTPException as error:
        return _meaning(error, handed=handed)
    except OSError as error:
        verdict = Verdict.UNKNOWN if handed else Verdict.DOWN
        return Failure(verdict=verdict, error=Transient("unavailable", repr(error), ambiguous=handed))
    finally:
        await _hang_up(client)
    return None


async def _hang_up(client: aiosmtplib.SMTP) -> None:
    """Say goodbye where it costs little; the mail is the relay's already, or never will be."""
    import aiosmtplib

    if client.is_connected:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(QUIT_S):
                await client.quit()
    client.close()


async def _begin(client: aiosmtplib.SMTP, post: Post) -> None:
    """Name the sender. A relay that carries its customer's own addresses only gets the plain one."""
    import aiosmtplib

    try:
        await client.mail(post.sender)
    except aiosmtplib.SMTPSenderRefused as error:
        if error.code < 500 or post.sender == post.plain_sender:
            raise
        await client.rset()
        await client.mail(post.plain_sender)


def _client(relay: Relay, within_s: float) -> aiosmtplib.SMTP:
    import aiosmtplib

    return aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.port == TLS_PORT,
        start_tls=relay.starttls if relay.port != TLS_PORT else False,
        timeout=within_s,
    )


def _meaning(error: aiosmtplib.SMTPException, *, handed: bool) -> Failure:
    """RFC 5321 §4.2.1: 4yz is for now, 5yz for good; RFC 3463 §3.8: X.7 is policy, which the next relay may not share.

    A relay that answers is well, whatever it answers; 421 and a line that breaks are its own trouble.
    """
    import aiosmtplib

    told = str(error)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Failure(verdict=Verdict.ACCOUNT, error=AuthBroken("auth_broken", told))
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        verdict = Verdict.UNKNOWN if handed else Verdict.DOWN
        return Failure(verdict=verdict, error=Transient("timeout", told, ambiguous=handed), slow=True)
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 400:
        if error.code == 421:
            return Failure(verdict=Verdict.DOWN, error=Transient("unavailable", told))
        if error.code < 500:
            return Failure(verdict=Verdict.REFUSED, error=Transient("unavailable", told))
        if error.code == 530:  # RFC 4954 §6: it wants a login, or TLS, that it does not get
            return Failure(verdict=Verdict.ACCOUNT, error=AuthBroken("auth_broken", told))
        if isinstance(error, aiosmtplib.SMTPRecipientRefused) and not _is_policy(error.message):
            return Failure(verdict=Verdict.NUMBER, error=Permanent("recipient_unreachable", told), final=True)
        return Failure(verdict=Verdict.REFUSED, error=Permanent("refused", told))
    verdict = Verdict.UNKNOWN if handed else Verdict.DOWN
    return Failure(verdict=verdict, error=Transient("unavailable", told, ambiguous=handed))


def _is_policy(answer: str) -> bool:
    """5.7.1 on a recipient: "relaying denied", a block list, a rule. Another relay may be allowed."""
    return answer.lstrip().startswith("5.7.") or "relay" in answer.casefold()


async def _look(relay: Relay) -> Finding:
    """What doctor says of one relay: how far it got, and what to mend."""
    import aiosmtplib

    place = f"email: {relay.name}"
    reached = "connect"
    try:
        async with asyncio.timeout(TOTAL_S):
            client = _client(relay, TOTAL_S)
            await client.connect()
            reached = "login"
            if relay.username:
                await client.login(relay.username, relay.password)
            await client.quit()
    except (aiosmtplib.SMTPException, OSError) as error:  # asyncio's TimeoutError is an OSError
        failure = _meaning(error, handed=False) if isinstance(error, aiosmtplib.SMTPException) else None
        detail = str(failure.error if failure else repr(error))
        return Finding(check=place, ok=False, detail=detail, cure=_cure(relay, reached, detail))
    return Finding(check=place, ok=True, detail=_privacy(relay) + (", logged in" if relay.username else ""))


def _privacy(relay: Relay) -> str:
    if relay.port == TLS_PORT:
        return "connected with TLS"
    return "connected, encrypted by STARTTLS" if relay.starttls else "connected, not encrypted"


def _cure(relay: Relay, reached: str, detail: str) -> str:
    if reached == "login":
        return "Check username and password; many providers want an app password, or an API key as the password."
    if "certificate" in detail.casefold() or "ssl" in detail.casefold():
        return "Its certificate does not fit: use the host name that is in it, and check this machine's clock."
    if "starttls" in detail.casefold():
        return f"Port {relay.port} does not offer STARTTLS: try port 465, or ask who runs the relay."
    return "Check host and port, and that this machine may reach it: many networks block 25; 587 and 465 mostly work."
