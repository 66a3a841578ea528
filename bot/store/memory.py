"""The store in memory: the SQL store's behaviour without a database, for the simulator and for tests.

One work at a time writes to dictionaries directly; whatever was not committed at its end, a journal undoes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

from bot.store.base import StoreUnavailable, Tx
from bot.store.memory_outbox import MemoryTx
from bot.store.memory_tables import Journal, Tables

T = TypeVar("T")


class MemoryStore:
    """Forgets everything when the process ends. Safe to call from any thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._turn = Lock()
        self._journal = Journal()
        self._tx = MemoryTx(Tables(), self._journal)

    def commit(self) -> None:
        """Make the writes of one transaction stay: `run` and `run_all` call it once each, `read` never.

        A subclass that raises before it calls this loses them all; one that raises afterwards loses none.
        """
        self._journal.keep()

    def run(self, work: Callable[[Tx], T]) -> T:
        """One transaction for one work."""
        with self._turn:
            try:
                result = work(self._tx)
                self.commit()
            finally:
                self._journal.undo()
            return result

    def run_all(self, works: Sequence[Callable[[Tx], T]]) -> list[T | Exception]:
        """One commit for all; a work that raises is undone alone."""
        with self._turn:
            try:
                results = [self._attempt(work) for work in works]
                try:
                    self.commit()
                except StoreUnavailable as error:
                    results = [error for _ in works]
            finally:
                self._journal.undo()
            return results

    def read(self, work: Callable[[Tx], T]) -> T:
        """Between two transactions. Raises RuntimeError when the work writes."""
        with self._turn:
            try:
                result = work(self._tx)
                if len(self._journal):
                    raise RuntimeError(
                        "This work ran in `read` and tried to write; nothing was saved. Give it to `run`."
                    )
            finally:
                self._journal.undo()
            return result

    def close(self) -> None:
        """Nothing to free."""

    def _attempt(self, work: Callable[[Tx], T]) -> T | Exception:
        mark = len(self._journal)
        try:
            return work(self._tx)
        except Exception as error:  # noqa: BLE001 - it is handed to whoever gave the work
            self._journal.undo(mark)
            return error
