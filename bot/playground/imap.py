"""An IMAP server on loopback with one mailbox: as much of RFC 3501 (IMAP4rev1) as a poller needs, and strict.

States, tags, quoted strings and literals are as the RFC has them; what is not written here is answered BAD.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

LINE_MAX: Final = 8192
LITERAL_MAX: Final = 4096
MAILS_MAX: Final = 1_000
SEEN: Final = "\\Seen"

_TAG: Final = re.compile(rb"[^\x00-\x20(){%*\"\\+\x7f]+")  # RFC 3501 section 9: tag
_ATOM: Final = re.compile(rb"[^\x00-\x20(){%*\"\]\x7f]+")
_SET: Final = re.compile(r"\d+(?::\d+)?(?:,\d+(?::\d+)?)*")
_LITERAL: Final = re.compile(rb"\{(\d{1,10})\}\Z")


class _BadSyntax(Exception):
    """The line is not what RFC 3501, section 9, allows."""


@dataclass(slots=True)
class _Kept:
    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ImapEmulator:
    """One account with one folder. `failing`: commands in capitals that are answered NO; `mute`: not answered at all.

    With `tls` the server offers STARTTLS, and refuses to log anybody in without it (LOGINDISABLED, section 6.2.3);
    with `implicit_tls` it speaks TLS from the first byte. `port` 0 takes a free one.
    """

    username: str = "alerts"
    password: str = "playground"
    folder: str = "INBOX"
    host: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    plain: bool = True
    """Whether AUTHENTICATE PLAIN is offered besides LOGIN."""
    failing: set[str] = field(default_factory=set)
    mute: set[str] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    """What was asked for, without arguments, in order."""
    _mails: list[_Kept] = field(default_factory=list)
    _next_uid: int = 1
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        """Listen inside the running loop."""
        tls = self.tls if self.implicit_tls else None
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=tls, limit=LINE_MAX)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._writers):
                writer.close()
            self._server = None

    def put(self, raw: bytes) -> int:
        """A mail arrives; returns its UID."""
        if len(self._mails) >= MAILS_MAX:
            raise ValueError(f"The mailbox is full with {MAILS_MAX} mails.")
        self._mails.append(_Kept(self._next_uid, raw))
        self._next_uid += 1
        return self._next_uid - 1

    def remove(self, uid: int) -> None:
        """Somebody else expunges a mail."""
        self._mails = [each for each in self._mails if each.uid != uid]

    def unseen(self) -> tuple[int, ...]:
        """UIDs of the mails without the flag."""
        return tuple(each.uid for each in self._mails if SEEN not in each.flags)

    def mails(self) -> list[_Kept]:
        """What is in the folder, oldest first."""
        return self._mails

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await _Connection(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()


class _Connection:
    """One client: not authenticated, authenticated, or with a folder selected (RFC 3501, section 3)."""

    def __init__(self, box: ImapEmulator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.box, self.reader, self.writer = box, reader, writer
        self.inside = self.selected = self.over = False
        self.secure = box.implicit_tls

    async def run(self) -> None:
        await self.say(f"* OK [CAPABILITY {self.capabilities()}] playground ready")
        while not self.over:
            line = await self.line()
            tag, _, rest = line.partition(b" ")
            if not _TAG.fullmatch(tag) or not rest:
                await self.say("* BAD a command begins with a tag and a space (RFC 3501, 2.2.1)")
                continue
            name, _, arguments = rest.partition(b" ")
            command = name.decode("ascii", "replace").upper()
            try:
                if command == "UID":
                    inner, _, arguments = arguments.partition(b" ")
                    command = "UID " + inner.decode("ascii", "replace").upper()
                self.box.commands.append(command)
                if command in self.box.mute:
                    await self.reader.read(-1)
                    return
                said = "NO it fails because it was told to" if command in self.box.failing else ""
                await self.say(f"{tag.decode()} {said or await self.answer(command, arguments)}")
                if command == "STARTTLS" and not said and self.over is False and not self.secure:
                    await self.encrypt()
            except _BadSyntax as error:
                await self.say(f"{tag.decode()} BAD {error}")

    async def answer(self, command: str, arguments: bytes) -> str:
        commands: dict[str, tuple[bool, Callable[[bytes], object]]] = {
            "CAPABILITY": (True, self.capability),
            "NOOP": (True, lambda _: "OK NOOP completed"),
            "LOGOUT": (True, self.logout),
            "STARTTLS": (not self.inside and self.box.tls is not None and not self.secure, self.starttls),
            "LOGIN": (not self.inside, self.login),
            "AUTHENTICATE": (not self.inside and self.box.plain, self.authenticate),
            "SELECT": (self.inside, self.select),
            "UID SEARCH": (self.selected, self.search),
            "UID FETCH": (self.selected, self.fetch),
            "UID STORE": (self.selected, self.store),
        }
        allowed, handle = commands.get(command, (False, self.capability))
        if not allowed:
            return f"BAD {command} is not known, or not allowed now"
        found = handle(arguments)
        return str(await found) if asyncio.iscoroutine(found) else str(found)

    def capabilities(self) -> str:
        open_door = self.secure or self.box.tls is None
        names = ["IMAP4rev1"]
        names += ["STARTTLS"] if self.box.tls is not None and not self.secure else []
        names += ["LOGINDISABLED"] if not open_door else ["AUTH=PLAIN"] if self.box.plain else []
        return " ".join(names)

    async def capability(self, _: bytes) -> str:
        await self.say(f"* CAPABILITY {self.capabilities()}")
        return "OK CAPABILITY completed"

    async def logout(self, _: bytes) -> str:
        await self.say("* BYE see you")  # section 6.1.3: BYE comes before the answer
        self.over = True
        return "OK LOGOUT completed"

    def starttls(self, _: bytes) -> str:
        return "OK begin TLS negotiation now"

    async def encrypt(self) -> None:
        if self.box.tls is None:
            return
        await self.writer.start_tls(self.box.tls)
        self.secure = True

    async def login(self, arguments: bytes) -> str:
        if not self.secure and self.box.tls is not None:
            return "NO [PRIVACYREQUIRED] LOGIN is disabled without TLS (LOGINDISABLED)"
        given = await self.strings(arguments)
        if len(given) != 2:
            raise _BadSyntax("LOGIN takes a name and a password")
        return self.admitted(*given)

    async def authenticate(self, arguments: bytes) -> str:
        if arguments.upper() != b"PLAIN":
            return "NO only PLAIN is offered"
        if not self.secure and self.box.tls is not None:
            return "NO [PRIVACYREQUIRED] not without TLS"
        await self.say("+ ")
        try:
            _, name, password = base64.b64decode(await self.line(), validate=True).split(b"\0")
        except (binascii.Error, ValueError):
            raise _BadSyntax("that is no message of SASL PLAIN (RFC 4616)") from None
        return self.admitted(name, password)

    def admitted(self, name: bytes, password: bytes) -> str:
        expected = (self.box.username.encode(), self.box.password.encode())
        if not (hmac.compare_digest(name, expected[0]) and hmac.compare_digest(password, expected[1])):
            return "NO [AUTHENTICATIONFAILED] the name or the password is wrong"
        self.inside = True
        return f"OK [CAPABILITY {self.capabilities()}] welcome"

    async def select(self, arguments: bytes) -> str:
        given = await self.strings(arguments)
        if len(given) != 1:
            raise _BadSyntax("SELECT takes the name of a mailbox")
        name = given[0].decode("utf-8", "replace")
        same = name.upper() == "INBOX" == self.box.folder.upper() or name == self.box.folder
        if not same:
            self.selected = False
            return "NO [NONEXISTENT] there is no such mailbox"
        self.selected = True
        await self.say(f"* {len(self.box.mails())} EXISTS")
        await self.say("* 0 RECENT")
        await self.say(r"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)")
        await self.say("* OK [UIDVALIDITY 1] valid")
        return "OK [READ-WRITE] SELECT completed"

    async def search(self, arguments: bytes) -> str:
        if arguments.upper() != b"UNSEEN":
            raise _BadSyntax("this server searches for UNSEEN alone")
        await self.say(" ".join(["* SEARCH", *map(str, self.box.unseen())]))
        return "OK SEARCH completed"

    async def fetch(self, arguments: bytes) -> str:
        chosen, items = self.numbered(arguments)
        if items not in ("(RFC822.SIZE)", "(BODY.PEEK[])"):
            raise _BadSyntax("this server fetches (RFC822.SIZE) or (BODY.PEEK[])")
        for number, mail in enumerate(self.box.mails(), 1):
            if mail.uid not in chosen:
                continue
            if items == "(RFC822.SIZE)":
                await self.say(f"* {number} FETCH (UID {mail.uid} RFC822.SIZE {len(mail.raw)})")
            else:  # section 6.4.8: the UID comes along without being asked for
                head = f"* {number} FETCH (UID {mail.uid} BODY[] {{{len(mail.raw)}}}\r\n"
                self.writer.write(head.encode() + mail.raw + b")\r\n")
                await self.writer.drain()
        return "OK FETCH completed"

    def store(self, arguments: bytes) -> str:
        chosen, rest = self.numbered(arguments)
        if rest not in (r"+FLAGS.SILENT (\Seen)", r"-FLAGS.SILENT (\Seen)"):
            raise _BadSyntax(r"this server stores +FLAGS.SILENT (\Seen) or -FLAGS.SILENT (\Seen)")
        for mail in self.box.mails():
            if mail.uid in chosen:
                (mail.flags.add if rest[0] == "+" else mail.flags.discard)(SEEN)
        return "OK STORE completed"

    @staticmethod
    def numbered(arguments: bytes) -> tuple[set[int], str]:
        """A set of UIDs, and what is wanted of them."""
        text, _, rest = arguments.decode("ascii", "replace").partition(" ")
        if not _SET.fullmatch(text) or not rest:
            raise _BadSyntax("a set of UIDs comes first (RFC 3501, section 9: sequence-set)")
        chosen: set[int] = set()
        for part in text.split(","):
            first, _, last = part.partition(":")
            chosen |= set(range(int(first), min(int(last or first), MAILS_MAX * 100) + 1))
        return chosen, rest

    async def strings(self, arguments: bytes) -> list[bytes]:
        """Atoms, quoted strings and literals with a space between them (section 4.3)."""
        found: list[bytes] = []
        rest = arguments
        while rest:
            literal = _LITERAL.fullmatch(rest)
            if literal:
                if int(literal[1]) > LITERAL_MAX:
                    raise _BadSyntax("the literal is too long")
                await self.say("+ go on")
                found.append(await self.reader.readexactly(int(literal[1])))
                rest = (await self.line()).removeprefix(b" ")
                continue
            match = re.match(rb"\"((?:[^\"\\\r\n]|\\[\"\\])*)\"|" + _ATOM.pattern, rest)
            if match is None:
                raise _BadSyntax("that is no string (RFC 3501, section 9: astring)")
            found.append(re.sub(rb"\\(.)", rb"\1", match[1]) if match[1] is not None else match[0])
            rest = rest[match.end() :]
            if rest and not rest.startswith(b" "):
                raise _BadSyntax("arguments have one space between them")
            rest = rest[1:]
        return found

    async def line(self) -> bytes:
        line = await self.reader.readuntil(b"\r\n")  # section 2.2: lines end with CRLF
        return line[:-2]

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()
