"""Group commit for asyncio: many coroutines hand in works, one thread makes them durable together.

While one commit waits for the disk the next works gather, so groups grow with the load and nobody waits for a timer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, Final, TypeVar

from bot.store.base import Store, StoreUnavailable, Tx

T = TypeVar("T")

QUEUE_MAX: Final = 10_000
"""Works that may wait: some seconds of the fastest load, and a bound on memory."""

GROUP_MAX: Final = 256
"""Works under one commit: beyond it a commit's cost is spread thin already, and the first work waits for the last."""

READERS: Final = 4
"""Threads that read; SQLite's readers do not wait for the writer."""


@dataclass(frozen=True, slots=True)
class _Asked:
    work: Callable[[Tx], Any]
    future: asyncio.Future[Any]


class Committer:
    """The door from asyncio to a store. Belongs to the event loop that started it."""

    def __init__(self, store: Store, *, queue_max: int = QUEUE_MAX, group_max: int = GROUP_MAX) -> None:
        """Stand before `store`, which is not closed by `stop`."""
        self._store = store
        self._queue_max = queue_max
        self._group_max = group_max
        self._asked: deque[_Asked] = deque()
        self._changed = Condition()
        self._open = False
        self._writer: Thread | None = None
        self._readers: ThreadPoolExecutor | None = None

    async def start(self) -> None:
        """Begin to take works. Raises RuntimeError when it has begun already."""
        if self._writer is not None:
            raise RuntimeError("This committer is running already.")
        loop = asyncio.get_running_loop()
        self._open = True
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="tocsin-reader")
        self._writer = Thread(target=self._write, args=(loop,), name="tocsin-writer", daemon=True)
        self._writer.start()

    async def stop(self) -> None:
        """Take no more works, commit those that wait, and return when all are answered. Nothing happens twice."""
        with self._changed:
            self._open = False
            self._changed.notify()
        writer, readers = self._writer, self._readers
        if writer is None or readers is None:
            return
        await asyncio.to_thread(writer.join)
        await asyncio.to_thread(readers.shutdown)
        self._writer = self._readers = None

    async def run(self, work: Callable[[Tx], T]) -> T:
        """`work`'s result, once it is durable. Its exception is passed on, and then it left nothing behind.

        Raises StoreUnavailable at once when too many works wait or the committer is stopped, and later when the
        commit fails. A caller that is cancelled meanwhile does not know what became of its work.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._changed:
            if not self._open:
                raise StoreUnavailable("Tocsin is stopping and saves nothing more. Send it again in a moment.")
            if len(self._asked) >= self._queue_max:
                raise StoreUnavailable(
                    f"{self._queue_max} changes wait for the database already. Nothing was saved; send it again later."
                )
            self._asked.append(_Asked(work, future))
            self._changed.notify()
        return await future

    async def read(self, work: Callable[[Tx], T]) -> T:
        """`work`'s result, from a snapshot. Raises StoreUnavailable also when the committer is stopped."""
        if self._readers is None or not self._open:
            raise StoreUnavailable("Tocsin is stopping and reads nothing more. Ask again in a moment.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._store.read, work)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """The writer thread: a group after the other, until it is stopped and nothing waits."""
        while group := self._next_group():
            try:
                results: Sequence[Any] = self._store.run_all([asked.work for asked in group])
            except Exception as error:  # noqa: BLE001 - every caller of the group gets it
                results = [error for _ in group]
            loop.call_soon_threadsafe(_answer, group, results)

    def _next_group(self) -> list[_Asked]:
        """What waits, up to a full group; empty at the end."""
        with self._changed:
            while self._open and not self._asked:
                self._changed.wait()
            return [self._asked.popleft() for _ in range(min(len(self._asked), self._group_max))]


def _answer(group: Sequence[_Asked], results: Sequence[Any]) -> None:
    """Give each caller its result; those that went away are past hearing it."""
    for asked, result in zip(group, results, strict=True):
        if asked.future.cancelled():
            continue
        if isinstance(result, Exception):
            asked.future.set_exception(result)
        else:
            asked.future.set_result(result)
