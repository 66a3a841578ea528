"""To whom mail is handed, however it came: the inbox, and the mailbox of answers to Tocsin's own mails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from bot.store.base import Inbound

Append = Callable[[Sequence[Inbound]], Awaitable[None]]
"""Makes bodies durable, all or none. Raises StoreUnavailable."""


class Mailbox(Protocol):
    """Whoever takes what people answer to Tocsin's own mails, and what servers return."""

    async def take(self, envelope_from: str | None, rcpt: str, raw: bytes) -> None:
        """Handle one mail. Raises StoreUnavailable when nothing of it was kept."""
        ...
