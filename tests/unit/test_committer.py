"""The committer: results after the commit, groups that grow with the load, an end that loses nothing."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from bot.store.base import StoreUnavailable
from bot.store.committer import Committer
from bot.store.memory import MemoryStore


class Recording(MemoryStore):
    """Counts commits and the works of each group; the first commit waits for `gate`."""

    def __init__(self):
        super().__init__()
        self.groups = []
        self.reached = Event()
        self.gate = Event()
        self.gate.set()
        self.broken = None

    def run_all(self, works):
        self.groups.append(len(works))
        return super().run_all(works)

    def commit(self):
        self.reached.set()
        assert self.gate.wait(10)
        if self.broken is not None:
            raise self.broken
        super().commit()


@pytest.fixture
def store():
    return Recording()


@pytest.fixture
async def committer(store):
    committer = Committer(store, queue_max=20, group_max=8)
    await committer.start()
    yield committer
    store.gate.set()
    await committer.stop()


def count(tx):
    return tx.next_num()


async def held_up(store, committer):
    """A first work whose commit waits; whatever comes now gathers behind it."""
    store.gate.clear()
    first = asyncio.create_task(committer.run(count))
    await asyncio.to_thread(store.reached.wait, 10)
    return first


async def ask(committer, times):
    tasks = [asyncio.create_task(committer.run(count)) for _ in range(times)]
    await asyncio.sleep(0)
    return tasks


async def test_a_result_comes_after_its_commit(store, committer):
    first = await held_up(store, committer)
    await asyncio.sleep(0)
    assert not first.done()
    store.gate.set()
    assert await first == 1
    assert await committer.read(lambda tx: tx.get_meta("last_num")) == "1"


async def test_what_gathers_during_a_commit_shares_the_next_one(store, committer):
    first = await held_up(store, committer)
    rest = await ask(committer, 11)
    store.gate.set()
    assert await asyncio.gather(first, *rest) == list(range(1, 13))
    assert store.groups == [1, 8, 3]


async def test_an_exception_reaches_the_one_who_asked(store, committer):
    first = await held_up(store, committer)

    def fails(tx):
        tx.put_meta("k", "v")
        raise LookupError("mine")

    failing = asyncio.create_task(committer.run(fails))
    good = await ask(committer, 1)
    store.gate.set()
    with pytest.raises(LookupError, match="mine"):
        await failing
    assert await asyncio.gather(first, *good) == [1, 2]
    assert await committer.read(lambda tx: tx.get_meta("k")) == ""


async def test_a_commit_that_fails_is_heard_by_everybody_and_the_next_one_works(store, committer):
    first = await held_up(store, committer)
    rest = await ask(committer, 3)
    store.broken = StoreUnavailable("The disk is full.")
    store.gate.set()
    answers = await asyncio.gather(first, *rest, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 4
    store.broken = None
    assert await committer.run(count) == 1


async def test_an_unforeseen_failure_of_the_store_is_heard_too(store, committer):
    store.broken = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        await committer.run(count)
    store.broken = None
    assert await committer.run(count) == 1


async def test_a_full_queue_refuses_at_once(store, committer):
    first = await held_up(store, committer)
    waiting = await ask(committer, 20)
    with pytest.raises(StoreUnavailable, match="20 changes wait"):
        await committer.run(count)
    store.gate.set()
    assert sorted(await asyncio.gather(first, *waiting)) == list(range(1, 22))


async def test_stopping_commits_what_waits_and_takes_no_more(store, committer):
    first = await held_up(store, committer)
    waiting = await ask(committer, 12)
    stopping = asyncio.create_task(committer.stop())
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="stopping"):
        await committer.run(count)
    with pytest.raises(StoreUnavailable, match="stopping"):
        await committer.read(count)
    store.gate.set()
    await stopping
    assert sorted(await asyncio.gather(first, *waiting)) == list(range(1, 14))


async def test_a_caller_that_gives_up_does_not_disturb_the_others(store, committer):
    first = await held_up(store, committer)
    gone, stays = await ask(committer, 2)
    gone.cancel()
    await asyncio.sleep(0)
    store.gate.set()
    assert await asyncio.gather(first, stays) == [1, 3]


async def test_it_starts_once_and_may_start_again(store, committer):
    with pytest.raises(RuntimeError, match="running already"):
        await committer.start()
    await committer.stop()
    await committer.stop()
    await committer.start()
    assert await committer.run(count) == 1


async def test_before_the_start_nothing_is_taken(store):
    with pytest.raises(StoreUnavailable):
        await Committer(store).run(count)
