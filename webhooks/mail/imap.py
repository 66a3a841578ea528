"""A mailbox over IMAP, as far as polling needs it: log in, look for unseen mails, fetch them, mark them as seen.

Python's own imaplib, in a thread, with a limit of time on every call. The protocol: RFC 3501, which RFC 9051 renews.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from bot.manifest.mail import Imap

CALL_S: Final = 20.0
"""Seconds that the server may take for an answer, or for the next piece of a mail."""
IMPLICIT_TLS_PORT: Final = 993
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d{1,12})")


class ImapTrouble(Exception):
    """The mailbox could not be read; the sentence tells at which step, and what the server said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One mail of the folder; `raw` is None for one that is larger than was asked for."""

    uid: int
    size: int
    raw: bytes | None


class ImapBox:
    """A session with the server. Blocking: use it in a thread. Every method raises ImapTrouble."""

    def __init__(self, settings: Imap) -> None:
        """Not connected yet."""
        self._settings = settings
        self._client: imaplib.IMAP4 | None = None

    def __enter__(self) -> Self:
        """Connect, encrypt, log in, and open the folder."""
        settings = self._settings
        try:
            client = self._connected()
            self._log_in(client)
            self._done("SELECT", client.select(_quoted(settings.folder)))
        except ImapTrouble:
            self.close()
            raise
        except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
            self.close()
            raise ImapTrouble(f"{settings.host}:{settings.port}: {error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self.close()

    def log_out(self) -> None:
        """Say goodbye, which servers like to hear before the line is cut."""
        client = self._client
        try:
            if client is not None:
                client.logout()
        except (OSError, imaplib.IMAP4.error):
            return

    def close(self) -> None:
        """Hang up; also from another thread, which ends the call that waits here."""
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(OSError):
            client.sock.shutdown(socket.SHUT_RDWR)  # first, because closing waits for whoever reads
        with suppress(OSError):
            client.shutdown()

    def unseen(self, most: int) -> tuple[int, ...]:
        """The oldest mails that are not marked as seen, by UID (RFC 3501, 6.4.4 and 6.4.8)."""
        found = self._uid("SEARCH", "UNSEEN")
        numbers = (word for line in found if isinstance(line, bytes) for word in line.split())
        return tuple(sorted(int(number) for number in numbers if number.isdigit())[:most])

    def fetch(self, uid: int, size_max: int) -> Fetched | None:
        """One mail, without marking it as seen (`BODY.PEEK`); None when somebody removed it meanwhile."""
        sizes = (_SIZE.search(_head(item)) for item in self._uid("FETCH", str(uid), "(RFC822.SIZE)"))
        size = next((int(found[1]) for found in sizes if found), None)
        if size is None:
            return None
        if size > size_max:
            return Fetched(uid=uid, size=size, raw=None)
        for item in self._uid("FETCH", str(uid), "(BODY.PEEK[])"):
            if isinstance(item, tuple) and len(item) > 1 and b"UID %d" % uid in _head(item) + b" ":
                return Fetched(uid=uid, size=size, raw=bytes(item[1]))
        return None

    def mark_seen(self, uids: Sequence[int]) -> None:
        """These are dealt with: no later look finds them."""
        if uids:
            self._uid("STORE", ",".join(map(str, uids)), "+FLAGS.SILENT", r"(\Seen)")

    def _connected(self) -> imaplib.IMAP4:
        settings = self._settings
        context = ssl.create_default_context()
        implicit = settings.tls and settings.port == IMPLICIT_TLS_PORT
        if implicit:
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=context, timeout=CALL_S)
        else:
            client = imaplib.IMAP4(settings.host, settings.port, timeout=CALL_S)
        self._client = client
        if settings.tls and not implicit:
            client.starttls(context)
        return client

    def _log_in(self, client: imaplib.IMAP4) -> None:
        name, password = self._settings.username, self._settings.password.get_secret_value()
        if "AUTH=PLAIN" in client.capabilities:  # RFC 4616: any password, where LOGIN has ASCII only
            self._done("AUTHENTICATE", client.authenticate("PLAIN", lambda _: f"\0{name}\0{password}".encode()))
        else:
            self._done("LOGIN", client.login(_quoted(name), password))

    def _uid(self, command: str, *arguments: str) -> list[Any]:
        if self._client is None:
            raise ImapTrouble(f"{command}: the connection is closed")
        try:
            return self._done(command, self._client.uid(command, *arguments))
        except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
            raise ImapTrouble(f"{command}: {error}") from error

    @staticmethod
    def _done(command: str, answer: tuple[str, Any]) -> list[Any]:
        said: str = answer[0]
        data: list[Any] = answer[1]
        if said != "OK":
            words = b" ".join(item for item in data if isinstance(item, bytes)).decode("utf-8", "replace")
            raise ImapTrouble(f"{command}: the server says {said} {words}")
        return data


def _head(item: object) -> bytes:
    """The part of an answer before its literal."""
    head = item[0] if isinstance(item, tuple) and item else item
    return head if isinstance(head, bytes) else b""


def _quoted(text: str) -> str:
    """A string as IMAP writes it, which imaplib leaves to its caller (RFC 3501, 4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
