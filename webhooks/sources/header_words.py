"""A field of a mail's header as a person reads it: folded lines, encoded words, and raw bytes of any charset."""

from __future__ import annotations

import base64
import binascii
import re

from webhooks.sources.charsets import decoded

VALUE_LIMIT = 16_384
"""Bytes of a field's value that are read. RFC 5322, 2.1.1, allows lines of 998; a title has 512 characters."""

# RFC 2047, section 2, and the language of RFC 2231, section 5; spaces inside are forbidden there, and common.
_WORD = re.compile(rb"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?\r\n]*)\?=")
_FOLD = re.compile(rb"\r\n|\r|\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_ADDRESS = re.compile(r"<([^<>\s]{1,254}@[^<>\s]{1,254})>|([^<>\s\"',;:()]{1,254}@[^<>\s\"',;:()]{1,254})")


def header_text(raw: bytes) -> str:
    """The value without folds and encodings. Words that are broken stay as they are; never raises."""
    value = _FOLD.sub(b"", raw[:VALUE_LIMIT])
    said: list[str] = []
    charset, pending, end = "", b"", 0
    for word in _WORD.finditer(value):
        name, between = word[1].decode("ascii", "replace").lower(), value[end : word.start()]
        apart = bool(between.strip()) or end == 0
        if pending and (apart or name != charset):
            said.append(decoded(pending, charset))
            pending = b""
        if apart:  # white space between two encoded words does not count (RFC 2047, section 6.2)
            said.append(decoded(between, ""))
        # Words of one charset are joined before they are decoded: many senders cut inside a character.
        charset, pending, end = name, pending + _unpacked(word[2], word[3]), word.end()
    if pending:
        said.append(decoded(pending, charset))
    said.append(decoded(value[end:], ""))
    return " ".join("".join(said).split())


def address_of(text: str) -> str:
    """The mail address in a From or To, in lower case; "" when there is none."""
    found = _ADDRESS.search(text)
    return (found[1] or found[2]).lower() if found else ""


def addresses_in(text: str) -> tuple[str, ...]:
    """Every mail address in a list of them, each once, in lower case."""
    return tuple(dict.fromkeys((found[1] or found[2]).lower() for found in _ADDRESS.finditer(text)))


def base64_bytes(data: bytes) -> bytes:
    """What base64 stands for, however torn: foreign characters are skipped, and a missing end is left out."""
    clean = _NOT_BASE64.sub(b"", data)
    return base64.b64decode(clean[: len(clean) // 4 * 4] + _tail(clean))


def _tail(clean: bytes) -> bytes:
    rest = clean[len(clean) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _unpacked(encoding: bytes, payload: bytes) -> bytes:
    if encoding in b"bB":
        return base64_bytes(payload)
    return binascii.a2b_qp(payload, header=True)
