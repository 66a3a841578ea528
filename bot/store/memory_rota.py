"""Overrides that were made in chat, in memory; the SQL store's behaviour in a dictionary."""

from __future__ import annotations

from bot.engine.model import Instant
from bot.store.base_rota import ChatOverride
from bot.store.memory_noise import MemoryNoise


class MemoryRota(MemoryNoise):
    """The part of a transaction about shifts; `RotaTx` says what each method promises."""

    def chat_overrides(self) -> list[ChatOverride]:
        """By time and id."""
        return sorted(self._tables.chat_overrides.values(), key=lambda each: (each.at, each.id))

    def put_chat_override(self, override: ChatOverride) -> None:
        """Insert."""
        if override.id not in self._tables.chat_overrides:
            self._journal.put(self._tables.chat_overrides, override.id, override)

    def take_chat_override(self, override: ChatOverride) -> bool:
        """Only while nobody has it."""
        known = self._tables.chat_overrides.get(override.id)
        if known is None or known.member:
            return False
        self._journal.put(self._tables.chat_overrides, override.id, override)
        return True

    def drop_chat_override(self, override_id: str) -> bool:
        """Delete."""
        known = override_id in self._tables.chat_overrides
        self._journal.drop(self._tables.chat_overrides, override_id)
        return known

    def _forget(self, before: Instant, limit: int) -> int:
        """The part of `prune` that concerns noise and shifts."""
        gone = super()._forget(before, limit)
        over = sorted((each.end, each.id) for each in self._tables.chat_overrides.values() if each.end < before)
        ids = [one for _, one in over[: limit - gone]]
        for one in ids:
            self._journal.drop(self._tables.chat_overrides, one)
        return gone + len(ids)
