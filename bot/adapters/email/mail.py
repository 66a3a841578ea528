"""One mail as bytes that every relay and every DKIM signer leaves alone: CRLF, ASCII only, no line above 998.

A relay that had to convert 8-bit text, or to fold a line, would break a signature (RFC 6376 §5.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from bot.adapters.base import Json
from bot.engine.mail_address import BOUNCE, Key, mail_id

POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=900)
"""RFC 5322 §2.1.1 allows 998. Message-IDs of others are longer than the 78 that it prefers, and a folded one is broken:
inside, as encoded words, it would lead to no conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """How mail is written: who it is from, and where what comes back goes.

    `clock` gives seconds since the epoch for the Date. `mail_domain` is where mail comes in; without one, bounces go to
    the sender's own mailbox and nobody here hears of them. `key` makes the names of mails unguessable.
    """

    sender: str
    clock: Callable[[], float]
    mail_domain: str = ""
    key: Key = b""

    @property
    def address(self) -> str:
        """The sender's address alone."""
        return parseaddr(self.sender)[1]

    def name_of(self, delivery: str) -> str:
        """What a delivery is called in mail: the same on every try."""
        return mail_id(self.key, delivery)

    def envelope(self, delivery: str) -> str:
        """The envelope's sender: an address of this one mail, so that a bounce says itself what it is about.

        Some relays replace the Message-ID (Amazon SES does), but none the envelope.
        """
        return f"{BOUNCE}+{self.name_of(delivery)}@{self.mail_domain}" if self.mail_domain else self.address

    def compose(self, address: str, message: Json, delivery: str) -> EmailMessage:
        """The mail that goes out: both parts, and the headers that the rendered message asks for.

        Raises `ValueError` for an address or a header that would break out of its line.
        """
        mail = EmailMessage(policy=POLICY)
        name = parseaddr(self.sender)[0]
        local, _, domain = self.address.rpartition("@")
        mail["From"] = Address(display_name=name or "Tocsin", username=local, domain=domain)
        mail["To"] = address
        mail["Subject"] = str(message["subject"])
        mail["Date"] = format_datetime(datetime.fromtimestamp(self.clock(), UTC))
        mail["Message-ID"] = f"<{self.name_of(delivery)}@{domain}>"
        for header, value in dict(message.get("headers") or {}).items():
            if header not in mail:
                mail[header] = str(value)
        mail.set_content(str(message["text"]))
        if message.get("html"):
            mail.add_alternative(str(message["html"]), subtype="html")
        return mail
