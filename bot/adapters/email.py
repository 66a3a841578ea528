"""E-mail through an SMTP relay: one connection a message, encrypted before anything is said, every step timed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
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
    SendError,
    Sent,
    Transient,
)

if TYPE_CHECKING:
    import aiosmtplib

CALL_S = 7.0
_TLS_PORT = 465  # RFC 8314 §3.3: TLS from the first byte


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """The relay, its login, and the address that mail comes from."""

    host: str
    port: int = 587
    username: str = ""
    password: str = ""
    sender: str = ""
    starttls: bool = True
    clock: Callable[[], float]
    """Seconds since the epoch, for the Date of a mail."""


class SmtpAdapter:
    """Hands mail to the relay. Its 250 is the last that is heard of most mail, so it counts as proof."""

    name = "email"
    caps = Capabilities(
        im=False,
        direct=True,
        proof="accepted",
        per_chat=Budget(per_s=1.0, burst=10),
        overall=Budget(per_s=10.0, burst=20),
        text_max=100_000,
    )

    def __init__(self, settings: SmtpSettings) -> None:
        """Keep the settings; nothing is opened yet."""
        self._settings = settings
        self._slots = asyncio.Semaphore(8)  # connections at once: relays commonly refuse more from one client

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Nothing to open: each mail has a connection of its own."""

    async def listen(self) -> None:
        """Nothing comes in this way."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Hand one mail to the relay. The same key gives the same Message-ID, so that a mailbox can fold a repeat."""
        mail = compose(address, message, key, self._settings)
        async with self._slots:
            await self._speak(mail)
        return Sent(ref="", provider_id=str(mail["Message-ID"]))

    async def edit(self, ref: str, message: Json) -> Sent:
        """Mail cannot be taken back."""
        del ref, message
        raise Permanent("not_editable")

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """No callbacks."""
        del request
        return HttpAnswer(status=404)

    async def check(self) -> list[Finding]:
        """Connect and log in without sending."""
        place = f"email: {self._settings.host}:{self._settings.port}"
        try:
            await self._speak(None)
        except SendError as error:
            cure = "Check host, port, starttls and the login of the relay, and that this machine may reach it."
            return [Finding(check=place, ok=False, detail=str(error), cure=cure)]
        return [Finding(check=place, ok=True, detail="connected and logged in")]

    async def _speak(self, mail: EmailMessage | None) -> None:
        import aiosmtplib

        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.port == _TLS_PORT,
            start_tls=settings.starttls if settings.port != _TLS_PORT else False,
            timeout=CALL_S,
        )
        handed = False
        try:
            async with asyncio.timeout(CALL_S), client:
                if settings.username:
                    await client.login(settings.username, settings.password)
                if mail is not None:
                    handed = True
                    await client.send_message(mail)
        except TimeoutError as error:
            raise Transient("timeout", ambiguous=handed) from error
        except aiosmtplib.SMTPException as error:
            raise _error(error) from error
        except OSError as error:
            raise Transient("unavailable", repr(error)) from error


def compose(address: str, message: Json, key: str, settings: SmtpSettings) -> EmailMessage:
    """The mail that goes out: both parts, and the headers that the rendered message asks for."""
    mail = EmailMessage()
    name, sender = parseaddr(settings.sender)
    local, _, domain = sender.rpartition("@")
    mail["From"] = Address(display_name=name or "Tocsin", username=local, domain=domain)
    mail["To"] = address
    mail["Subject"] = str(message["subject"])
    mail["Date"] = format_datetime(datetime.fromtimestamp(settings.clock(), UTC))
    mail["Message-ID"] = f"<{_safe(key)}@{domain}>"
    for header, value in dict(message.get("headers") or {}).items():
        if header not in mail:
            mail[header] = str(value)
    mail.set_content(str(message["text"]))
    if message.get("html"):
        mail.add_alternative(str(message["html"]), subtype="html")
    return mail


def _safe(key: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "." for c in key).strip(".")


def _error(error: aiosmtplib.SMTPException) -> SendError:
    """RFC 5321 §4.2.1: 4yz is for now, 5yz for good; 535 is the login (RFC 4954 §6)."""
    import aiosmtplib

    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return AuthBroken("auth_broken", str(error))
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return Transient("timeout", str(error), ambiguous=True)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        codes = [refused.code for refused in error.recipients]
        if all(code >= 500 for code in codes):
            return Permanent("recipient_unreachable", str(error))
        return Transient("unavailable", str(error))
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 500:
        return Permanent("refused", str(error))
    return Transient("unavailable", str(error))
