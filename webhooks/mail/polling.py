"""Mail from a mailbox that is polled: taken as if it had come by SMTP, and marked as seen when it is durable.

A crash between the two takes a mail twice; its Message-ID, or the key that its rules give it, makes it one alert.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from bot.clock import Clock, Ids
from bot.engine.model import SECOND
from bot.manifest.mail import Imap
from bot.observe import ACCEPTED, log
from bot.store.base import StoreUnavailable
from webhooks.mail.addresses import ANSWERS, Book, Box, split
from webhooks.mail.handing import Append, Mailbox
from webhooks.mail.imap import Fetched, ImapBox, ImapTrouble
from webhooks.sources.email import MAIL_LIMIT
from webhooks.sources.header_words import addresses_in, header_text
from webhooks.sources.mime import split_header

BATCH: Final = 50
"""Mails of one look; the next look takes the next."""
STEP_S: Final = 90.0
"""Seconds for one call, however the server drips; then it is hung up."""
ALARM_AFTER: Final = 3
"""Looks that fail in a row before somebody is told: a mail server that restarts wakes nobody."""
_DELIVERED: Final = ("delivered-to", "x-delivered-to", "x-original-to", "envelope-to", "to", "cc")
"""Fields that name the recipient, the ones that mail servers write first."""

T = TypeVar("T")
Alarm = Callable[[str], Awaitable[None]]


class Poller:
    """Looks into one mailbox, again and again."""

    def __init__(
        self,
        *,
        settings: Imap,
        book: Book,
        append: Append,
        mailbox: Mailbox | None,
        alarm: Alarm,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Nothing is opened yet. `alarm` tells people that the mailbox cannot be read."""
        self._settings = settings
        self._book = book
        self._append = append
        self._mailbox = mailbox
        self._alarm = alarm
        self._clock = clock
        self._ids = ids
        self._failed = 0
        self._kept: set[int] = set()
        """UIDs of mails that are durable, and could not be marked yet."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(self._settings.every / SECOND)

    async def look(self) -> int:
        """Take what is there, at most BATCH mails. Returns how many; trouble is told, and not raised."""
        box = ImapBox(self._settings)
        try:
            taken = await self._take(box)
        except (ImapTrouble, StoreUnavailable, TimeoutError) as error:
            await self._trouble(error)
            return 0
        finally:
            box.close()
        self._failed = 0
        return taken

    async def _take(self, box: ImapBox) -> int:
        await _timed(box, box.__enter__)
        uids = await _timed(box, lambda: box.unseen(BATCH))
        taken = 0
        for uid in uids:
            mail = await _timed(box, lambda uid=uid: box.fetch(uid, MAIL_LIMIT))  # type: ignore[misc]
            if mail is not None:
                if uid not in self._kept:
                    await self._keep(mail)
                    self._kept.add(uid)
                await _timed(box, lambda uid=uid: box.mark_seen([uid]))  # type: ignore[misc]
                self._kept.discard(uid)
                taken += 1
        await _timed(box, box.log_out)
        return taken

    async def _keep(self, mail: Fetched) -> None:
        if mail.raw is None:
            log.warning("imap_mail_too_large", uid=mail.uid, size=mail.size)
            await self._alarm(
                f"A mail of {mail.size} bytes in the polled mailbox is too large. It was left there, marked as seen."
            )
            return
        fields, _ = split_header(mail.raw)
        recipients = [
            one for name in _DELIVERED for raw in fields.get(name, ()) for one in addresses_in(header_text(raw))
        ]
        sender = header_text(fields["return-path"][0]) if "return-path" in fields else ""
        known: dict[tuple[str, str], Box] = {}
        for address in dict.fromkeys(recipients):
            local, domain = split(address)
            if domain != self._book.domain():
                continue
            found = self._book.find(local)
            if found is not None:
                known.setdefault((found.integration.id, found.detail), found)
            elif self._mailbox is not None and ANSWERS.fullmatch(local):
                came_from = sender.strip("<> ") if "return-path" in fields else None  # not every mailbox keeps it
                await self._mailbox.take(came_from, address, mail.raw)
                return
        if not known:
            log.warning("imap_mail_for_nobody", uid=mail.uid)
            return
        await self._append_all(list(known.values()), sender or "unknown", mail.raw)

    async def _append_all(self, boxes: Sequence[Box], sender: str, raw: bytes) -> None:
        now = self._clock.now()
        await self._append([box.inbound(self._ids.short(), now, sender, raw) for box in boxes])
        for box in boxes:
            ACCEPTED.labels(box.integration.source, 250).inc()

    async def _trouble(self, error: Exception) -> None:
        self._failed += 1
        why = str(error) or "it took too long"
        log.error("imap_failed", host=self._settings.host, why=why, times=self._failed)
        if self._failed == ALARM_AFTER and not isinstance(error, StoreUnavailable):
            await self._alarm(
                f"The mailbox at {self._settings.host} could not be read {self._failed} times in a row: {why}. Alerts "
                "by mail wait in it; check mail.imap in the manifest, and the account."
            )


async def _timed(box: ImapBox, call: Callable[[], T]) -> T:
    """A blocking call in a thread, which is hung up when it takes too long."""
    waiting = asyncio.ensure_future(asyncio.to_thread(call))
    done, _ = await asyncio.wait((waiting,), timeout=STEP_S)
    if not done:
        box.close()
        await asyncio.wait((waiting,), timeout=1.0)
        raise TimeoutError(f"the server took more than {STEP_S:.0f} s")
    return waiting.result()
