"""One SMTP connection: aiosmtpd's, with bounds on memory and patience, without AUTH, and with words that help.

Only `<CR><LF>.<CR><LF>` ends a mail: aiosmtpd reads lines of data by CRLF alone, so that a dot between bare line feeds
or carriage returns, with which mails are smuggled (CVE-2024-27305; RFC 5321, 2.3.8 and 4.1.1.4), is just text.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import AnyStr, Final

from aiosmtpd.smtp import SMTP

from bot.clock import Clock
from webhooks.mail.bounds import HELD_MAX, PATIENCE_S, Bounds, host_of
from webhooks.sources.email import MAIL_LIMIT

SLACK: Final = 1024 * 1024
"""Bytes beyond the limit that are still listened to, so that a client hears 552 rather than a closed door."""
LINE_LIMIT: Final = 256 * 1024
"""Bytes of a line. RFC 5321, 4.5.3.1.6, allows 1000, and scripts that send alerts know nothing of it."""
COMMANDS: Final = {"MAIL": 2_000, "RCPT": 20_000, "DATA": 2_000, "RSET": 2_000, "*": 25}
"""Commands of one connection: a relay sends many mails over one, and nobody needs a hundred NOOPs."""
BUSY: Final = "421 4.3.2 This server has too much to do just now; try again later."
TOO_LARGE: Final = f"552 5.3.4 The mail is larger than {MAIL_LIMIT} bytes; send the alert without attachments."
NO_AUTH: Final = "502 5.5.1 Nobody signs in here: the address itself is the secret."
IDLE: Final = "421 4.4.2 You said nothing for too long."

_WORDS: Final = {
    "552 Error: Too much mail data": TOO_LARGE,
    "552 Error: message size exceeds fixed maximum message size": TOO_LARGE,
    "500 Line too long (see RFC5321 4.5.3.1.6)": f"500 5.5.2 A line is longer than {LINE_LIMIT} bytes; break it.",
}
"""What aiosmtpd says, and what is said instead: with the codes of RFC 3463, and with a cure."""


class Session(SMTP):
    """One connection."""

    line_length_limit = LINE_LIMIT

    def __init__(
        self, handler: object, *, hostname: str, bounds: Bounds, clock: Clock, tls: ssl.SSLContext | None
    ) -> None:
        """Not connected yet."""
        super().__init__(
            handler,
            data_size_limit=MAIL_LIMIT,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Tocsin",
            tls_context=tls,
            timeout=PATIENCE_S,
            auth_require_tls=True,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            command_call_limit=dict(COMMANDS),
            loop=asyncio.get_running_loop(),
        )
        self.host = ""
        self.guesses = 0
        """Unknown recipients so far."""
        self.gone: Callable[[Session], None] = _nobody_minds
        self._bounds = bounds
        self._clock = clock
        self._counted = False
        self._heard = 0
        """Bytes since the last reply: of a command, or of a mail."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection in, or send it away; after STARTTLS this is called once more for the same session."""
        if not self._counted:
            self.host = host_of(transport.get_extra_info("peername"))
            refusal = self._bounds.enter(self.host, self._clock.now())
            if refusal:
                if isinstance(transport, asyncio.WriteTransport):
                    transport.write(refusal.encode() + b"\r\n")
                transport.close()
                return
            self._counted = True
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the connection out."""
        self.gone(self)
        if not self._counted:
            return
        self._counted = False
        self._bounds.leave(self.host)
        self._forget()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Hand on what came, unless it is more than anybody may have under way."""
        if not self._counted:
            return
        self._heard += len(data)
        self._bounds.held += len(data)
        if self._heard > MAIL_LIMIT + SLACK:
            self.hang_up(TOO_LARGE)
        elif self._bounds.held > HELD_MAX:
            self.hang_up(BUSY)
        else:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """A client that hangs up without having been counted in has nothing to say."""
        return super().eof_received() if self._counted else False

    def hang_up(self, words: str) -> None:
        """Say a last word and close, without waiting for whatever is under way."""
        transport = self.transport
        if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
            transport.write(words.encode() + b"\r\n")
            transport.close()

    async def push(self, status: AnyStr) -> None:
        """Send a reply; what was heard until then is dealt with."""
        self._forget()
        await super().push(_WORDS.get(status, status) if isinstance(status, str) else status)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by these names
        """Not here: there is nothing to sign in to, and no password that could be stolen."""
        await self.push(NO_AUTH)

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: N802
        """The same answer for every address (RFC 5321, 7.3)."""
        await self.push("252 2.1.5 Nobody is told which addresses there are; send the mail, and see.")

    def _forget(self) -> None:
        self._bounds.held -= self._heard
        self._heard = 0

    def _reset_timeout(self, duration: float | None = None) -> None:
        super()._reset_timeout(duration or self._bounds.patience_s())

    def _timeout_cb(self) -> None:
        self.hang_up(IDLE)


def _nobody_minds(_session: Session) -> None:
    """Nobody wants to know when a connection ends."""


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What STARTTLS is answered with; None without a certificate. Raises OSError for files that do not fit."""
    if certificate is None or key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
