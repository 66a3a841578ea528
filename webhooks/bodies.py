"""A request's body, read within bounds: no sender fills the memory with one that never ends or unpacks to a flood."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping

from starlette.types import Receive

BODY_LIMIT = 1_048_576
"""Bytes, packed and unpacked alike. Prometheus sends 64 alerts of about 650 bytes at a time: a twentieth of it."""

DEADLINE_S = 20.0
"""Seconds that a sender may take for its body; those that wait for an answer give up after 5 to 15."""

_GZIP = 16 + zlib.MAX_WBITS


class TooLarge(Exception):
    """The body, packed or unpacked, is longer than BODY_LIMIT."""


class NotPacked(Exception):
    """The body is not in the encoding that its header names, or the encoding is not one that we read."""


class Gone(Exception):
    """The sender hung up, or stalled, before the end of its body: there is nothing to keep."""


async def read_body(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """The whole body as it was sent. Raises TooLarge as soon as that is known, Content-Length or not; or Gone."""
    stated = headers.get("content-length", "")
    if stated.isdecimal() and (len(stated) > 12 or int(stated) > BODY_LIMIT):
        raise TooLarge
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await _gathered(receive)
    except TimeoutError:
        raise Gone from None


async def _gathered(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT:
            raise TooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding (none, identity or gzip). Raises TooLarge or NotPacked."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzipped(body)
        case _:
            raise NotPacked


def _gunzipped(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        # One byte beyond the limit tells a body that just fits from one that goes on.
        plain = unpacker.decompress(body, BODY_LIMIT + 1)
    except zlib.error:
        raise NotPacked from None
    if len(plain) > BODY_LIMIT:
        raise TooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise NotPacked
    return plain
