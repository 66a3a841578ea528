"""The contact that people keep, so that phones let our calls and texts through Do Not Disturb: a vCard 3.0.

Format: RFC 2426 (https://www.rfc-editor.org/rfc/rfc2426), the version that iPhones and Androids both import.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from bot.cards.i18n import say
from bot.engine.numbers import CallerNumber
from bot.engine.world import World

MEDIA_TYPE: Final = "text/vcard"
"""RFC 6350, section 10.1: https://www.rfc-editor.org/rfc/rfc6350#section-10.1."""
LINE_OCTETS: Final = 75
"""RFC 2426, section 2.6: longer lines are folded."""
PHOTO_SIDE: Final = 96
"""Pixels of its picture: what a list of contacts shows."""
_TYPES: Final = {"voice": "VOICE", "sms": "CELL"}
"""RFC 2426, section 3.3.1. There is no type for texts; phones take a mobile number for one that texts."""


def vcard(world: World, lang: str = "en", *, photo: bytes = b"") -> str:
    """The contact with every number, ending in CRLF. `photo` is a PNG; a world without numbers makes a card without.

    The same organization keeps its UID, so that importing once more replaces the contact.
    """
    url = page_url(world)
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "PRODID:-//Tocsin//EN",
        f"UID:tocsin-{sha256(world.organization.encode()).hexdigest()[:32]}",
        f"FN:{_escaped(world.contact)}",
        f"N:{_escaped(world.contact)};;;;",
        f"ORG:{_escaped(world.organization or 'Tocsin')}",
        *(f"TEL;TYPE={_types(each)}:{each.number}" for each in world.numbers),
        f"NOTE:{_escaped(say(lang, 'vcard.note'))}",
    ]
    lines += [f"URL:{url}"] if url else []
    lines += [f"PHOTO;ENCODING=b;TYPE=PNG:{b64encode(photo).decode()}"] if photo else []
    return "".join(f"{part}\r\n" for line in (*lines, "END:VCARD") for part in _folded(line))


def page_url(world: World) -> str:
    """The page that shows the contact; empty where Tocsin has no public URL."""
    return f"{world.url.rstrip('/')}/vcard" if world.url else ""


def file_url(world: World) -> str:
    """The contact itself, for phones; empty where Tocsin has no public URL."""
    return f"{page_url(world)}/tocsin.vcf" if world.url else ""


def _types(number: CallerNumber) -> str:
    return ",".join(("WORK", *(_TYPES[use] for use in number.use)))


def _escaped(text: str) -> str:
    """RFC 2426, section 4: backslash, comma, semicolon and line breaks are escaped."""
    text = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets, each but the first behind a space; no character is cut in two."""
    piece, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > LINE_OCTETS:
            yield piece
            piece, size = " ", 1
        piece, size = piece + character, size + width
    yield piece
