"""The store as the simulator sees it: every commit is noted, and may be the moment at which the process dies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.clock import Clock
from bot.deliver import Deliver
from bot.engine.effects import Step
from bot.engine.events import Happening
from bot.engine.model import Incident, Instant
from bot.engine.world import World
from bot.noise import Absorbed
from bot.service import Service
from bot.store.base import Delivery, Store, StoreUnavailable, Tx


class Crash(BaseException):
    """The process is gone, in the middle of whatever it did. Nothing may catch this but the simulator."""


@dataclass(frozen=True, slots=True)
class Record:
    """One step of the engine, as it was saved."""

    event: Happening
    before: Incident | None
    made: Step
    world: World
    wall: Instant


@dataclass(frozen=True, slots=True)
class Settled:
    """A delivery row that its holder gave back; `kept` tells whether the fence let it through."""

    row: Delivery
    given: Delivery
    kept: bool


@dataclass(slots=True)
class Notes:
    """What one work did, until its commit."""

    records: list[Record] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    absorbed: list[tuple[str, Absorbed]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    def any(self) -> bool:
        return bool(self.records or self.settled or self.absorbed or self.bodies)


class JournalService(Service):
    """The service, noting each step that it saves and each event that it absorbs."""

    def __init__(self, worlds: Callable[[], World], clock: Clock, ids: Any, store: CrashingStore) -> None:
        super().__init__(worlds, clock, ids)
        self._store = store

    def world_for(self, tx: Tx, before: Incident | None, event: Happening) -> World:
        self._world = super().world_for(tx, before, event)
        return self._world

    def save(self, tx: Tx, before: Incident | None, event: Happening, made: Step) -> None:
        super().save(tx, before, event, made)
        self._store.notes.records.append(Record(event, before, made, self._world, self._clock.now()))

    def absorb(self, tx: Tx, integration: Any, events: Any, *answers: Any) -> list[Absorbed]:
        absorbed = super().absorb(tx, integration, events, *answers)
        self._store.notes.absorbed += [(integration.id, one) for one in absorbed]
        return absorbed


class JournalDeliver(Deliver):
    """The outbox worker, noting each row that it settles."""

    notebook: CrashingStore

    def settle(self, tx: Tx, row: Delivery, settled: Delivery) -> bool:
        kept = super().settle(tx, row, settled)
        self.notebook.notes.settled.append(Settled(row, settled, kept))
        return kept


def calm() -> str:
    """The fate of a commit in a world without faults."""
    return ""


class CrashingStore:
    """A store whose commits have a fate: "" (fine), "before", "after" (a crash), "unavailable", "freeze"."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.notes = Notes()
        self.fate: Callable[[], str] = calm
        self.on_commit: Callable[[Notes], None] = lambda _: None
        self.on_error: Callable[[Exception], None] = lambda _: None
        self.on_freeze: Callable[[], None] = lambda: None
        self.commits = 0

    def run(self, work: Callable[[Tx], Any]) -> Any:
        """One work in one commit."""
        fate = self.fate()

        def watched(tx: Tx) -> Any:
            result = work(tx)
            if fate == "before":
                raise Crash
            if fate == "unavailable":
                raise StoreUnavailable("The disk is full, says the simulator.")
            return result

        outer, self.notes = self.notes, Notes()
        try:
            result = self.inner.run(watched)
            self._committed(self.notes)
        except Exception as error:
            self.on_error(error)
            raise
        finally:
            self.notes = outer
        self._afterwards(fate)
        return result

    def run_all(self, works: Sequence[Callable[[Tx], Any]]) -> list[Any]:
        """Several works under one commit; the notes of those that fail are lost with them."""
        fate = self.fate()
        if fate == "unavailable":
            return [StoreUnavailable("The disk is full, says the simulator.") for _ in works]
        taken: list[Notes] = []

        def watched(index: int) -> Callable[[Tx], Any]:
            def work(tx: Tx) -> Any:
                self.notes = taken[index]
                result = works[index](tx)
                if fate == "before" and index == len(works) - 1:
                    raise Crash
                return result

            return work

        taken += [Notes() for _ in works]
        outer = self.notes
        try:
            results = self.inner.run_all([watched(index) for index in range(len(works))])
            for notes, result in zip(taken, results, strict=True):
                if not isinstance(result, Exception):
                    self._committed(notes)
        finally:
            self.notes = outer
        self._afterwards(fate)
        return results

    def read(self, work: Callable[[Tx], Any]) -> Any:
        """Reads have no fate."""
        return self.inner.read(work)

    def close(self) -> None:
        self.inner.close()

    def _committed(self, notes: Notes) -> None:
        self.commits += 1
        if notes.any():
            self.on_commit(notes)

    def _afterwards(self, fate: str) -> None:
        if fate == "after":
            raise Crash
        if fate == "freeze":
            self.on_freeze()
