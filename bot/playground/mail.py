"""A mail relay on loopback: takes or refuses mail as RFC 5321 says, and keeps what it took in a mailbox per address.

The whole conversation is real SMTP on a free port, so the product's own client is what is tested.
"""

from __future__ import annotations

import asyncio
import email.policy
import hmac
import re
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from html.parser import HTMLParser
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.routing import BaseRoute

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage

MAILS_MAX: Final = 300
REFUSED_MAX: Final = 1_000
SHOWN_CHARS_MAX: Final = 100_000
LINKS_MAX: Final = 100
SESSIONS_MAX: Final = 50
RECIPIENTS_MAX: Final = 100  # RFC 5321 section 4.5.3.1.8: a server takes at least 100 recipients
SIZE_MAX: Final = 1_000_000  # RFC 1870: announced in EHLO, and refused with 552 above it

NULL_SENDER: Final = "<>"  # the envelope sender of bounces and automatic answers: RFC 5321 section 4.5.5
ADDRESS = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,255}")  # RFC 5321 section 4.5.3.1: 64 and 255 octets
LINK = re.compile(r"https?://[^\s<>\"')\]]+")

GREYLISTED: Final = "451 4.7.1 Greylisted, please try again later"  # RFC 6647 section 2.1
NO_SERVICE: Final = "451 4.3.0 Requested action aborted: the relay is out of order"  # RFC 5321 section 4.2.3
BUSY: Final = "421 4.3.2 Too many connections, closing transmission channel"  # RFC 5321 section 4.2.3
SIGN_IN_FIRST: Final = "530 5.7.0 Authentication required"  # RFC 4954 section 6
NO_SUCH_USER: Final = "550 5.1.1 Mailbox does not exist"  # RFC 3463 section 3.2
NOT_WANTED: Final = "550 5.7.1 The recipient does not accept mail from this sender"  # RFC 3463 section 3.8
NOT_YOURS: Final = "553 5.7.1 Sender address rejected: not owned by this account"  # RFC 3463 section 3.8
TOO_MANY: Final = "452 4.5.3 Too many recipients"  # RFC 5321 section 4.5.3.1.10
NOT_A_MAIL: Final = "554 5.6.0 {why}"  # RFC 3463 section 3.7


@dataclass(slots=True)
class MailEmulator:
    """A relay for any domain, and the mailboxes behind it.

    `people` maps an address to the name of its owner; mail for other addresses is taken too, as a relay does. With
    `credentials` (user to password) a session must sign in before it may send. With `tls` the relay offers STARTTLS,
    and then takes a password only inside TLS (RFC 4954 section 4). `port` 0 takes a free one, to be read after `start`.

    What real relays do on bad days: `says` answers MAIL, RCPT or DATA with a line of its own; `senders`, if any, are
    the only domains whose envelope senders are carried; with `drops` the line breaks after a mail was taken and kept,
    before that is said.
    """

    hub: Hub
    people: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0
    size_max: int = SIZE_MAX
    tls: ssl.SSLContext | None = None
    name: str = "smtp"
    says: dict[str, str] = field(default_factory=dict)
    senders: frozenset[str] = frozenset()
    drops: bool = False
    _mails: deque[Json] = field(default_factory=lambda: deque(maxlen=MAILS_MAX))
    _refused: set[str] = field(default_factory=set)
    _serial: int = 0
    _sessions: set[_Session] = field(default_factory=set)
    _server: asyncio.Server | None = None

    def routes(self) -> Sequence[BaseRoute]:
        """None: a relay speaks SMTP on its own port."""
        return ()

    async def start(self) -> None:
        """Listen inside the running loop."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._server is None:
            return
        self._server.close()
        for session in tuple(self._sessions):
            session.hang_up()
        await self._server.wait_closed()
        self._server = None

    def _session(self) -> _Session:
        return _Session(
            _Relay(self),
            siblings=self._sessions,
            loop=asyncio.get_running_loop(),
            hostname="relay.playground.test",
            ident="Tocsin playground",
            data_size_limit=self.size_max,
            auth_require_tls=self.tls is not None,
            authenticator=self._sign_in,
            tls_context=self.tls,
            timeout=60,
            enable_SMTPUTF8=False,
            decode_data=False,
        )

    def _sign_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        """535 for a wrong password (RFC 4954 section 6), and for the right one while it is revoked."""
        if self.hub.outage(self.name) is Outage.REVOKED or not isinstance(given, LoginPassword):
            return AuthResult(success=False, handled=False)
        expected = self.credentials.get(given.login.decode("utf-8", "replace"))
        good = expected is not None and hmac.compare_digest(expected.encode(), given.password)
        return AuthResult(success=good, handled=False, auth_data=given.login if good else None)

    def refuse(self, address: str, *, refuse: bool = True) -> None:
        """From now on answer 550 for this recipient, or take its mail again.

        Raises `ActRefused` when it is no address, or the list is full.
        """
        if not ADDRESS.fullmatch(address) or (refuse and len(self._refused) >= REFUSED_MAX):
            raise ActRefused(f"'{address}' is not a mail address, or too many are refused already.")
        (self._refused.add if refuse else self._refused.discard)(address.lower())
        self.hub.publish(self.name, "refuse" if refuse else "accept", {"address": address})

    def state(self) -> Json:
        """`{host, port, mailboxes: [{address, name, refused, mails: [newest first]}]}`; see `_read` for one mail."""
        addresses = {address.lower(): name for address, name in self.people.items()}
        boxes: dict[str, list[Json]] = {address: [] for address in addresses}
        for mail in reversed(self._mails):
            boxes.setdefault(mail["to"].lower(), []).append(mail)
        return {
            "host": self.host,
            "port": self.port,
            "mailboxes": [
                {
                    "address": address,
                    "name": addresses.get(address, address),
                    "refused": address in self._refused,
                    "mails": mails,
                }
                for address, mails in boxes.items()
            ],
        }

    async def act(self, act: str, data: Json) -> Json:
        """`refuse {address, refuse}` makes the relay refuse (550) or take mail for one address."""
        if act != "refuse":
            raise ActRefused(f"A mailbox cannot do '{act}'; open a mail and follow its links, or 'refuse'.")
        self.refuse(str(data.get("address", "")), refuse=bool(data.get("refuse", True)))
        return {"refused": sorted(self._refused)}

    def keep(self, envelope_from: str, recipients: Sequence[str], content: bytes) -> str | None:
        """Put a mail into each recipient's mailbox; the reason instead, when it is no Internet message.

        RFC 5322 section 3.6 wants exactly one Date and one From; section 3.6.4 a Message-ID at most once.
        """
        mail = message_from_bytes(content, policy=email.policy.default)
        header_end = re.search(rb"\r?\n\r?\n", content)
        header = content[: header_end.start()] if header_end else content
        if not header.isascii():
            return "The header has raw 8-bit text, and SMTPUTF8 was not offered (RFC 6532)"
        for name, least in (("Date", 1), ("From", 1), ("Message-ID", 0), ("Subject", 0), ("To", 0)):
            found = len(mail.get_all(name, ()))
            if not least <= found <= 1:
                return f"The message has {found} {name} fields (RFC 5322 section 3.6)"
        for recipient in recipients:
            self._serial += 1
            shown = _read(mail, self._serial, recipient, envelope_from, len(content)) | {"at": self.hub.now()}
            self._mails.append(shown)
            notice = {key: shown[key] for key in ("id", "to", "from", "subject")}
            self.hub.publish(self.name, "mail", notice | {"name": self._who(recipient)})
        return None

    def _who(self, address: str) -> str:
        return {known.lower(): name for known, name in self.people.items()}.get(address.lower(), address)


@dataclass(slots=True)
class _Relay:
    """The answers of one connection, as aiosmtpd's handler hooks."""

    mail: MailEmulator

    # The hooks' names and arguments are aiosmtpd's: https://aiosmtpd.aio-libs.org/en/latest/handlers.html
    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """The extensions: AUTH only where there is something to sign in with."""
        session.host_name = hostname
        return [line for line in responses if self.mail.credentials or not line.startswith("250-AUTH")]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The sender: where a relay that is down, too busy or distrustful says so."""
        outage = self.mail.hub.outage(self.mail.name)
        if outage is Outage.DOWN:
            return self._no(NO_SERVICE, address)
        if outage is Outage.REVOKED or (self.mail.credentials and not session.authenticated):
            return self._no(SIGN_IN_FIRST, address)
        if address != NULL_SENDER and not ADDRESS.fullmatch(address):
            return self._no("553 5.1.7 Bad sender's mailbox address syntax", address)
        if said := self.mail.says.get("MAIL"):
            return self._no(said, address)
        if self.mail.senders and address.rpartition("@")[2].casefold() not in self.mail.senders:
            return self._no(NOT_YOURS, address)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return f"250 2.1.0 Sender ok on {server.hostname}"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A recipient: greylisted, unwelcome, unknown, or taken."""
        outage = self.mail.hub.outage(self.mail.name)
        if outage is Outage.RATE_LIMITED:
            return self._no(GREYLISTED, address)
        if outage is Outage.BLOCKED:
            return self._no(NOT_WANTED, address)
        if not ADDRESS.fullmatch(address):
            return self._no("553 5.1.3 Bad destination mailbox address syntax", address)
        if address.lower() in self.mail._refused:  # noqa: SLF001 - the relay is the emulator's own other half
            return self._no(NO_SUCH_USER, address)
        if said := self.mail.says.get("RCPT"):
            return self._no(said, address)
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return TOO_MANY
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The message: kept, then answered; late while the relay is slow, so that a caller who gave up cannot know."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        sender = (envelope.mail_from or "").replace(NULL_SENDER, "")
        if said := self.mail.says.get("DATA"):
            return self._no(said, sender)
        why = self.mail.keep(sender, envelope.rcpt_tos, content)
        if self.mail.drops and isinstance(server, _Session):
            server.hang_up()
        if self.mail.hub.outage(self.mail.name) is Outage.SLOW:
            await asyncio.sleep(self.mail.hub.slow_s)
        if why is not None:
            return self._no(NOT_A_MAIL.format(why=why), sender)
        return f"250 2.0.0 Ok: queued as {self.mail._serial:08X}"  # noqa: SLF001

    def _no(self, answer: str, address: str) -> str:
        self.mail.hub.publish(self.mail.name, "refused", {"address": address, "answer": answer})
        return answer


class _Session(SMTP):
    """aiosmtpd's session, known to the emulator so that it can hang up, or refuse (421) when there are too many."""

    def __init__(self, handler: _Relay, *, siblings: set[_Session], **options: Any) -> None:
        super().__init__(handler, **options)
        self._siblings = siblings

    def hang_up(self) -> None:
        """Close the connection from this side."""
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection in; after STARTTLS this is called once more for the same session."""
        if len(self._siblings) >= SESSIONS_MAX and isinstance(transport, asyncio.Transport):
            transport.write(BUSY.encode() + b"\r\n")
            transport.close()
            return
        self._siblings.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the connection out."""
        if self in self._siblings:
            self._siblings.remove(self)
            super().connection_lost(error)


def _read(mail: EmailMessage, serial: int, recipient: str, envelope_from: str, size: int) -> Json:
    """What a mail program shows: `{id, to, name?, from, envelope_from, subject, headers, plain, html, links, size}`."""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    plain_text = _text(plain)
    html_text = _text(html)
    return {
        "id": serial,
        "to": recipient,
        "from": str(mail.get("From", "")),
        "envelope_from": envelope_from,
        "subject": str(mail.get("Subject", "")),
        "headers": [[name, str(value)] for name, value in mail.items()],
        "plain": plain_text,
        "html": html_text or None,
        "links": _links(plain_text, html_text),
        "size": size,
    }


def _text(part: MIMEPart | None) -> str:
    if part is None:
        return ""
    return str(part.get_content()).replace("\r\n", "\n")[:SHOWN_CHARS_MAX]


def _links(plain: str, html: str) -> list[str]:
    """Every http(s) address that the mail offers, in order, once."""
    anchors = _Anchors()
    anchors.feed(html)
    found = [*LINK.findall(plain), *anchors.targets]
    return list(dict.fromkeys(link for link in found if link.startswith(("http://", "https://"))))[:LINKS_MAX]


class _Anchors(HTMLParser):
    """Collects the targets of the links in an HTML mail."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the `href` of every `<a>`."""
        if tag == "a":
            self.targets.extend(value for name, value in attrs if name == "href" and value)
