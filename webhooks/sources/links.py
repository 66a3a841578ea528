"""Addresses of strangers: only what a person can open, and a platform will accept, becomes a link."""

from __future__ import annotations

from typing import Any

from bot.engine.model import Link

HREF_LIMIT = 2048
"""Characters. A longer address is dropped, because half an address leads nowhere."""


def is_web(address: str, limit: int = HREF_LIMIT) -> bool:
    """Whether this is an http(s) address within the limit, without spaces or control characters."""
    return (
        len(address) <= limit
        and address[:8].lower().startswith(("http://", "https://"))
        and address.isprintable()
        and " " not in address
        and len(address.partition("://")[2]) > 0
    )


def web_link(text: str, address: Any) -> tuple[Link, ...]:
    """The link, or nothing when the address cannot be opened."""
    href = address.strip() if isinstance(address, str) else ""
    return (Link(text=text, href=href),) if is_web(href) else ()
