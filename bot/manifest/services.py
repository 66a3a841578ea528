"""Addresses and headers of services that Tocsin asks about alerts: outside, and without borrowed rights."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from bot.manifest.problems import refusal
from bot.manifest.values import Secret, shaped
from bot.settings import is_loopback

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
"""A header's name (RFC 9110, 5.1), at a sensible length."""
_BANNED = frozenset(
    {
        "authorization", "connection", "content-encoding", "content-length", "content-type", "cookie", "expect",
        "forwarded", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade", "via", "x-real-ip", "client-ip", "true-client-ip",
    }
)  # fmt: skip
_BANNED_BEGINNINGS = ("x-forwarded-", "x-original-", "cf-connecting-", "sec-", "proxy-")


def _header(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise refusal("header", "that is no name of a header", "Use letters, digits and -.")
    if name.lower() in _BANNED or name.lower().startswith(_BANNED_BEGINNINGS):
        cure = "Use a header of your own, such as X-Lookup-Key."
        raise refusal("header", "headers that authenticate, forward or frame a request are not sent", cure)
    return name


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - reading it raises for a port that is no number
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.fragment or "@" in parts.netloc or len(text) > 500:
        raise refusal("url", "that is no address of a service", "Write https://host/path, without a password.")
    return text


def check_place(url: str, *, allow_private: bool) -> None:
    """Refuse plain HTTP, and an address in a private network, unless that is allowed.

    What a name leads to is looked at again each time that it is asked.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        inside = not is_outside(host)
    except ValueError:
        inside = is_loopback(host)
    if inside and not allow_private:
        cure = "Write allow_private: true if the service is meant to be there."
        raise refusal("private_address", f"{host} is a private address", cure)
    if parts.scheme == "http" and not allow_private:
        raise refusal("plain_http", "plain HTTP would show alerts on the way", "Write https://.")


def is_outside(address: str) -> bool:
    """Whether an address is one of the public internet, looking through IPv4 inside IPv6. Raises ValueError."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        found = inner or found
    return found.is_global and not found.is_multicast


HeaderValue = Annotated[
    Secret,
    shaped(
        r"[\t\x20-\x7e]{1,2000}",
        "that is no value of a header",
        "Write one line of plain ASCII, up to 2000 characters.",
    ),
]
HeaderName = Annotated[str, AfterValidator(_header)]
ServiceUrl = Annotated[str, AfterValidator(_address), WithJsonSchema({"type": "string", "format": "uri"})]
