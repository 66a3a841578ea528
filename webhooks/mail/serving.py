"""The two ways in for mail as parts of a process: a server beside the web server, and a mailbox that is polled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from bot.app import App
from bot.clock import Ids
from bot.manifest.mail import Imap
from bot.settings import Settings
from bot.store.base import Inbound
from webhooks.mail.addresses import Book
from webhooks.mail.polling import Poller


def poller(app: App, settings: Imap) -> Callable[[], Awaitable[None]]:
    """The loop that looks into a mailbox; one process of an installation should run it."""

    async def append(rows: Sequence[Inbound]) -> None:
        await app.keep(*rows)

    async def alarm(text: str) -> None:
        await app.transact(lambda tx: app.service.alarm(tx, "mailbox", text))

    return Poller(
        settings=settings,
        book=Book(app.directory.world),
        append=append,
        mailbox=app.mailbox,
        alarm=alarm,
        clock=app.clock,
        ids=Ids(),
    ).run


class CannotListen(Exception):
    """Mail cannot be received as the settings say; the sentence tells why, and what to do."""


@asynccontextmanager
async def receiving(app: App, settings: Settings) -> AsyncIterator[None]:
    """Take mail by SMTP meanwhile, if the settings name a place to listen. Raises CannotListen."""
    if not settings.smtp_host:
        yield
        return
    # aiosmtpd is loaded by those alone who want it.
    from webhooks.mail.receiver import Receiver
    from webhooks.mail.session import tls_context

    async def append(rows: Sequence[Inbound]) -> None:
        await app.keep(*rows)

    place = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        tls = tls_context(settings.smtp_certificate, settings.smtp_key)
        receiver = Receiver(
            book=Book(app.directory.world),
            append=append,
            clock=app.clock,
            ids=Ids(),
            mailbox=app.mailbox,
            tls=tls,
        )
        await receiver.start(settings.smtp_host, settings.smtp_port)
    except OSError as error:
        raise CannotListen(
            f"Mail cannot be received at {place} (TOCSIN_SMTP_LISTEN): {error}. End what uses the port, or choose one "
            "above 1023; and check the files that TOCSIN_SMTP_CERTIFICATE and TOCSIN_SMTP_KEY name."
        ) from None
    try:
        yield
    finally:
        await receiver.stop()
