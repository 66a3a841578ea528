"""What a transaction knows of shifts: overrides that people made in chat, and shifts that wait for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.engine.model import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOverride:
    """An override that somebody made in chat; without a `member`, the wish for one."""

    id: str
    """16 hexadecimal digits, so that a button can carry it."""
    schedule: str
    role: str
    start: Instant
    end: Instant
    by: str
    """Who made it, or wishes for it."""
    at: Instant
    """When it was made or taken; of two for the same time and role the later wins."""
    member: str = ""
    """Who is on call; empty while nobody has taken it."""
    asked: tuple[str, ...] = ()
    """Who may take it while nobody has."""
    swap: bool = False
    """Whoever takes it gives their own next shift of the schedule and role for it."""


class RotaTx(Protocol):
    """The part of a `Tx` that shifts need."""

    def chat_overrides(self) -> list[ChatOverride]:
        """Every override made in chat and every open wish, by `at` and id; also those that are over, until `prune`."""
        ...

    def put_chat_override(self, override: ChatOverride) -> None:
        """Insert a new one; one with this id stays as it is."""
        ...

    def take_chat_override(self, override: ChatOverride) -> bool:
        """Save a wish as taken by `override.member`. False where somebody has it already, or it is gone."""
        ...

    def drop_chat_override(self, override_id: str) -> bool:
        """Delete. False when there was nothing."""
        ...
