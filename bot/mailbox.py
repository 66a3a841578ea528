"""Mail that comes back: answers become commands, bounces become receipts, and machines are not answered.

Every effect is committed before anybody hears of it; what is written back is a row of the outbox like any message.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final, Protocol, TypeVar

from bot.adapters.base import Receipt
from bot.adapters.mail_replies import Answered, AutoReply, Bounced, Heard, Unknown, understand
from bot.cards.i18n import say
from bot.cards.token import Key
from bot.clock import Clock
from bot.commands.handle import Commands
from bot.commands.said import Said
from bot.deliver import Deliver
from bot.directory import Directory, hash_of
from bot.engine.model import Incident
from bot.engine.world import Member
from bot.observe import COMMANDS, log
from bot.rendering import answer_key
from bot.service import Service
from bot.store.base import Tx

T = TypeVar("T")

CARRIER: Final = "email"
IN_THREAD: Final = 50_000
"""Bytes of a mail above which it is read in a thread of its own, so that nothing else waits for it."""

_MESSAGE_ID: Final = re.compile(r"<[^<>\s:]{1,200}@[^<>\s:]{1,200}>")
"""What is quoted back in a header: anything stranger is not."""


class Transact(Protocol):
    """Runs a work in one commit and wakes the loops. Raises StoreUnavailable."""

    def __call__(self, work: Callable[[Tx], T], /) -> Awaitable[T]:
        """What the work returned, once it is committed."""
        ...


class Mailbox:
    """Takes every mail to `reply+…` and `bounce+…` addresses."""

    def __init__(
        self,
        transact: Transact,
        commands: Commands,
        deliver: Deliver,
        service: Service,
        directory: Directory,
        key: Key,
        clock: Clock,
    ) -> None:
        """Keep the parts; `key` sealed the addresses."""
        self._transact = transact
        self._commands = commands
        self._deliver = deliver
        self._service = service
        self._directory = directory
        self._key = key
        self._clock = clock

    async def take(self, envelope_from: str | None, rcpt: str, raw: bytes) -> None:
        """Do what a mail asks for, or record what it reports. A mail that is given again changes nothing.

        `envelope_from` is empty for the null sender, and None where nobody kept it. Raises StoreUnavailable: then the
        mail is to be given again later.
        """
        if len(raw) > IN_THREAD:
            heard, message_id = await asyncio.to_thread(self._read, envelope_from, rcpt, raw)
        else:
            heard, message_id = self._read(envelope_from, rcpt, raw)
        seen = hash_of(message_id) if message_id else hash_of(raw.decode("latin-1"))
        outcome = await self._outcome(heard, message_id, seen)
        if not isinstance(heard, Answered):  # each command of an answer is counted by itself
            COMMANDS.labels("mail", outcome).inc()
        log.info("mail_heard", kind=type(heard).__name__, outcome=outcome, **_facts(heard))

    async def _outcome(self, heard: Heard, message_id: str, seen: str) -> str:
        match heard:
            case Answered():
                return await self._transact(lambda tx: self._answered(tx, heard, message_id, seen))
            case Bounced():
                return await self._bounced(heard)
            case AutoReply():
                return "automatic"
            case Unknown(reason=reason):
                if reason == "token_expired":
                    await self._transact(lambda tx: self._too_old(tx, heard, message_id, seen))
                return reason

    def _read(self, envelope_from: str | None, rcpt: str, raw: bytes) -> tuple[Heard, str]:
        message: EmailMessage = message_from_bytes(raw, policy=default)
        people = {member.id: member.email for member in self._directory.world().members.values() if member.email}
        heard = understand(
            message, envelope_from=envelope_from, rcpt=rcpt, people=people, key=self._key, now=self._clock.now()
        )
        raw_id = next((str(value) for name, value in message.raw_items() if name.casefold() == "message-id"), "")
        found = _MESSAGE_ID.search(raw_id)
        return heard, found[0] if found and found[0].isascii() else ""

    def _answered(self, tx: Tx, heard: Answered, message_id: str, seen: str) -> str:
        member = self._directory.world().members[heard.member]
        incident = tx.incidents([heard.incident]).get(heard.incident)
        if incident is None:
            return "no_such_incident"  # it is not kept any more: there is nothing to write back about
        said = self._commands.answered(tx, member, incident, heard.text, seen)
        if said is None:
            return "already_handled"
        self._write_back(tx, member, incident, _spoken(said, member.lang), message_id, seen)
        return "+".join(each.outcome for each in said) or "empty"

    def _too_old(self, tx: Tx, heard: Unknown, message_id: str, seen: str) -> None:
        """Whoever proved to be the member learns why nothing happened: once for each mail."""
        member = self._directory.world().members[heard.member]
        incident = tx.incidents([heard.incident]).get(heard.incident)
        if incident is not None and tx.first_sight(CARRIER, seen, self._clock.now()):
            self._write_back(tx, member, incident, say(member.lang, "mail.too_old"), message_id, seen)

    def _write_back(self, tx: Tx, member: Member, incident: Incident, text: str, message_id: str, seen: str) -> None:
        title = " ".join(incident.title.split())
        self._service.confide(tx, member, CARRIER, f"{title}\n{text}", answer_key(incident, seen, message_id))

    async def _bounced(self, heard: Bounced) -> str:
        if heard.state != "failed":
            return "delayed"  # the server still tries
        receipt = Receipt(carrier=CARRIER, provider_id=heard.mail_id, state="failed", reason=heard.reason)
        changed = await self._transact(lambda tx: self._deliver.receipt(tx, receipt))
        return "bounced" if changed else "bounce_of_nothing_open"


def _spoken(said: list[Said], lang: str) -> str:
    """What is written back: each reply on a line, and how to act where nothing was done but remembering."""
    lines = [each.text or each.card.fallback for each in said] or [say(lang, "mail.empty")]
    if all(each.outcome == "noted" for each in said):
        lines.append(say(lang, "mail.answer_hint"))
    return "\n".join(lines)


def _facts(heard: Heard) -> dict[str, Any]:
    """What the log keeps of it: names of ours and reasons, never what somebody wrote."""
    match heard:
        case Answered(incident=incident, member=member):
            return {"incident": incident, "member": member}
        case Bounced(reason=reason, detail=detail, mail_id=mail_id):
            return {"reason": reason, "detail": detail, "mail": mail_id}
        case AutoReply(reason=reason):
            return {"reason": reason}
        case Unknown(member=member, incident=incident):
            return {"incident": incident, "member": member}
