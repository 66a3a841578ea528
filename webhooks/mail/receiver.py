"""Mail comes in by SMTP: the address decides whose alert it is, and 250 is said when the mail is durable, not before.

Nothing is relayed, nobody signs in, and a recipient is known or refused before a byte of the mail is sent.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Final

from aiosmtpd.smtp import Envelope

from bot.clock import Clock, Ids
from bot.observe import ACCEPTED, log
from bot.store.base import StoreUnavailable
from webhooks.mail.addresses import ANSWERS, Book, Box, split
from webhooks.mail.bounds import GUESSES_OF_SESSION, Bounds
from webhooks.mail.handing import Append, Mailbox
from webhooks.mail.session import Session
from webhooks.pace import Pace

RECIPIENTS_MAX: Final = 100
"""RFC 5321, 4.5.3.1.8: a server takes at least so many."""
COPIES_MAX: Final = 32 * 1024 * 1024
"""Bytes that one mail may take in the inbox, where each of its integrations gets one of its own."""
NULL_SENDER: Final = "<>"

OK_SENDER: Final = "250 2.1.0 Ok"
OK_RECIPIENT: Final = "250 2.1.5 Ok"
KEPT: Final = "250 2.0.0 Ok, the mail is kept"
NOT_KEPT: Final = "451 4.3.0 The database cannot be written just now, so nothing of this mail was kept; send it again."
NO_RELAY: Final = "550 5.7.1 This server takes mail for its own domain alone, and relays nothing."
NO_SUCH: Final = "550 5.1.1 No integration has this address; `tocsin doctor` shows the addresses that there are."
NO_MORE: Final = "421 4.7.0 Too many unknown recipients; goodbye."
SLOWER: Final = "450 4.7.1 Your host sends too many mails; send this one again in a minute."
TOO_OFTEN: Final = "450 4.2.1 This address gets more mail than an integration may; send it again in a minute."
TOO_MANY: Final = f"452 4.5.3 More than {RECIPIENTS_MAX} recipients; send the rest in another mail."
TOO_WIDE: Final = "452 4.3.1 The mail is too large for so many recipients; send it to fewer at a time."
BAD_SENDER: Final = "553 5.1.7 The sender is no mail address."
STUMBLED: Final = "451 4.3.0 Tocsin stumbled over this, and kept nothing; send it again."


class Receiver:
    """The mail server of a process, on the event loop of the application."""

    def __init__(
        self,
        *,
        book: Book,
        append: Append,
        clock: Clock,
        ids: Ids,
        mailbox: Mailbox | None = None,
        tls: ssl.SSLContext | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Listen nowhere yet. Without a `mailbox`, answers to Tocsin's own mails are refused."""
        self.bounds = Bounds()
        self.port = 0
        self._book = book
        self._append = append
        self._clock = clock
        self._ids = ids
        self._mailbox = mailbox
        self._tls = tls
        self._pace = pace or Pace()
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()

    async def start(self, host: str, port: int) -> None:
        """Listen; `port` 0 takes a free one, which `port` then names. Raises OSError when it is taken."""
        self._server = await asyncio.get_running_loop().create_server(self._session, host, port)
        self.port = self._server.sockets[0].getsockname()[1]
        log.info("smtp_listening", host=host, port=self.port, domain=self._book.domain())

    async def stop(self) -> None:
        """Stop listening and hang up; a mail that is just being kept is answered to nobody, and sent again."""
        if self._server is None:
            return
        self._server.close()
        for session in tuple(self._sessions):
            session.hang_up("421 4.3.2 Tocsin is stopping; try again.")
        self._server = None

    def _session(self) -> Session:
        name = self._book.domain() or "tocsin.invalid"
        session = Session(self, hostname=name, bounds=self.bounds, clock=self._clock, tls=self._tls)
        session.gone = self._sessions.discard
        self._sessions.add(session)
        return session

    # The hooks' names and arguments are aiosmtpd's: https://aiosmtpd.aio-libs.org/en/latest/handlers.html

    async def handle_EHLO(  # noqa: N802
        self, _session: Session, state: object, _envelope: Envelope, hostname: str, offers: list[str]
    ) -> list[str]:
        """The extensions, without AUTH, which aiosmtpd would offer inside TLS."""
        state.host_name = hostname  # type: ignore[attr-defined]
        return [line for line in offers if not line.startswith("250-AUTH")]

    async def handle_MAIL(  # noqa: N802
        self, session: Session, _state: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The sender: anybody, not too often; `<>` for bounces."""
        if address != NULL_SENDER and "@" not in address:
            return BAD_SENDER
        if not self._bounds_let(session):
            return SLOWER
        envelope.mail_from = _clean(address)
        envelope.mail_options.extend(options)
        return OK_SENDER

    async def handle_RCPT(  # noqa: N802
        self, session: Session, _state: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A recipient: an integration, or one to whom Tocsin's own mails are answered; nobody else."""
        local, domain = split(address)
        if not domain or domain != self._book.domain():
            return NO_RELAY
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return TOO_MANY
        box = self._book.find(local)
        if box is None and not (self._mailbox is not None and ANSWERS.fullmatch(local)):
            return self._unknown(session)
        if box is not None and self._pace.wait(box.integration.id, self._clock.now()):
            return TOO_OFTEN
        envelope.rcpt_tos.append(_clean(address))
        envelope.rcpt_options.extend(options)
        return OK_RECIPIENT

    async def handle_DATA(self, _session: Session, _state: object, envelope: Envelope) -> str:  # noqa: N802
        """The mail: kept for each of its integrations in one commit, and only then said to be kept."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        sender = envelope.mail_from or NULL_SENDER
        found = [(rcpt, self._book.find(split(rcpt)[0])) for rcpt in dict.fromkeys(envelope.rcpt_tos)]
        boxes = [box for _, box in found if box is not None]
        if len(raw) * len(boxes) > COPIES_MAX:
            return TOO_WIDE
        try:
            await self._keep(boxes, sender, raw)
            for rcpt, box in found:
                if box is None and self._mailbox is not None:
                    await self._mailbox.take(sender if sender != NULL_SENDER else "", rcpt, raw)
        except StoreUnavailable:
            return self._answer(boxes, NOT_KEPT)
        return self._answer(boxes, KEPT)

    async def handle_exception(self, error: Exception) -> str:
        """What a client hears when something is wrong that nobody foresaw: nothing is lost, it keeps the mail."""
        log.error("smtp_failed", error=repr(error))
        return STUMBLED

    async def _keep(self, boxes: Sequence[Box], sender: str, raw: bytes) -> None:
        now = self._clock.now()
        # One integration may be named twice, by its alias and its address, or with two keys behind the `+`.
        rows = {(box.integration.id, box.detail): box for box in boxes}
        if rows:
            await self._append([box.inbound(self._ids.short(), now, sender, raw) for box in rows.values()])

    def _answer(self, boxes: Sequence[Box], words: str) -> str:
        for source in {box.integration.source for box in boxes}:
            ACCEPTED.labels(source, int(words[:3])).inc()
        return words

    def _bounds_let(self, session: Session) -> bool:
        return self.bounds.mail(session.host, self._clock.now())

    def _unknown(self, session: Session) -> str:
        session.guesses += 1
        welcome = self.bounds.guess(session.host, self._clock.now())
        if welcome and session.guesses < GUESSES_OF_SESSION:
            return NO_SUCH
        session.hang_up(NO_MORE)
        return NO_MORE


def _clean(address: str) -> str:
    """An address that every store can keep: aiosmtpd leaves half characters where a client sent broken UTF-8."""
    return address.encode("utf-8", "replace").decode()
