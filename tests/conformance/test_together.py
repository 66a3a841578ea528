"""One incident on every platform at once: a press on any of them is true on all, and is answered to everybody."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

import pytest

from bot.engine.effects import Kind
from bot.engine.model import Progress
from bot.store.base import Store, Tx
from tests.conformance.everywhere import Everywhere, at_once, everywhere
from tests.conformance.platform_kit import until
from tests.conformance.sides import SIDES, STAFF, strings

T = TypeVar("T")

PRESSES = 50
COMMIT_S = 0.2


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Everywhere]:
    async with everywhere(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("on", SIDES)
async def test_a_press_on_one_platform_shows_on_all_in_one_refresh(town: Everywhere, on: str):
    await town.fire()
    await until(paged(town), lambda ways: ways == len(STAFF), "not everybody was paged")
    before = await town.settled("a card is missing")
    drawn = {name: town.history(side) for name, side in town.sides.items()}
    side = town.sides[on]
    card = town.card(side)
    assert side.answered(await side.press(card, town.button(card, "ack"), "bo"))
    after = await town.settled("a card still shows what was")
    assert after > before
    for name, other in town.sides.items():
        assert "Bo Lee" in str(list(strings(town.card(other)))), name
        (revs,), (earlier,) = town.history(other).values(), drawn[name].values()
        assert revs == [*earlier, after], name  # one edit, and it is the truth


async def test_fifty_presses_from_all_platforms_change_the_state_once_and_are_all_answered(town: Everywhere):
    await town.fire()
    await town.settled("a card is missing")
    turns = list(islice(zip(cycle(town.sides.values()), cycle(STAFF), strict=False), PRESSES))
    cards = {side.name: town.card(side) for side in town.sides.values()}
    tokens = {name: town.button(card, "ack") for name, card in cards.items()}
    answers = await at_once(*(side.press(cards[side.name], tokens[side.name], person) for side, person in turns))
    assert all(side.answered(answer) for (side, _), answer in zip(turns, answers, strict=True))

    async def heard() -> list[tuple[str, str, str]]:
        return [(name, *each) for name, side in town.sides.items() for each in side.heard()]

    said = await until(heard, lambda found: len(found) == PRESSES, "a press was left without its answer")
    wanted = Counter((side.name, side.account(person)) for side, person in turns)
    assert Counter((name, user) for name, user, _ in said) == wanted  # each person where they pressed
    first = [text for *_, text in said if text.startswith("You have it now")]
    too = [text for *_, text in said if text.startswith("You have it too")]
    already = [text for *_, text in said if text.startswith("You have it already")]
    assert (len(first), len(too), len(already)) == (1, len(STAFF) - 1, PRESSES - len(STAFF)), said
    winner = next(entry.actor for entry in town.timeline() if entry.kind is Kind.ACK)
    assert all(f"{winner.title()} Lee acknowledged" in text for text in too), too
    acks = [entry.actor for entry in town.timeline() if entry.kind is Kind.ACK]
    assert sorted(acks) == sorted(STAFF)  # each once: what was said to them is what happened
    await town.settled("a card still shows what was")
    shown = {side.name: town.card(side) for side in town.sides.values()}
    await at_once(
        *(side.press(shown[side.name], town.button(shown[side.name], "unack"), person) for side, person in turns)
    )
    await town.settled("a card still says that somebody has it")
    incident = town.incident()
    assert incident is not None
    assert incident.progress is Progress.TRIGGERED
    for side in town.sides.values():
        for where, revs in town.history(side).items():
            assert len(revs) > 2, (side.name, where)
            assert revs == sorted(revs), f"{side.name}: the card {where} went backwards: {revs}"


async def test_every_press_is_answered_in_its_platforms_own_time_while_each_commit_is_slow(tmp_path: Path):
    """Slack allows three seconds, a person looks at Telegram's button for three, Teams allows ten."""
    async with everywhere(tmp_path, wrap=SlowStore) as town:
        await town.fire()
        await town.settled("a card is missing")
        store = town.app.parts.store
        assert isinstance(store, SlowStore)
        store.slow = True
        turns = list(islice(zip(cycle(town.sides.values()), cycle(STAFF), strict=False), PRESSES))
        cards = {side.name: town.card(side) for side in town.sides.values()}
        answers = await at_once(
            *(side.press(cards[side.name], town.button(cards[side.name], "ack"), person) for side, person in turns)
        )
        late = [
            (side.name, answer) for (side, _), answer in zip(turns, answers, strict=True) if not side.answered(answer)
        ]
        assert not late
        assert 0 < store.commits < PRESSES  # those who press together share a commit

        async def heard() -> int:
            return sum(len(side.heard()) for side in town.sides.values())

        await until(heard, lambda found: found == PRESSES, "a press was left without its answer")


@dataclass
class SlowStore:
    """Its commits take their time, from `slow` on."""

    inner: Store
    slow: bool = False
    commits: int = 0
    disk: threading.Event = field(default_factory=threading.Event)
    """Never set: a commit waits for it as long as a slow disk takes."""

    def run(self, work: Callable[[Tx], T]) -> T:
        self._wait()
        return self.inner.run(work)

    def run_all(self, works: Sequence[Callable[[Tx], T]]) -> list[T | Exception]:
        self._wait()
        return self.inner.run_all(works)

    def read(self, work: Callable[[Tx], T]) -> T:
        return self.inner.read(work)

    def close(self) -> None:
        self.inner.close()

    def _wait(self) -> None:
        if self.slow:
            self.commits += 1
            self.disk.wait(COMMIT_S)


def paged(town: Everywhere):
    async def ask() -> int:
        return len([entry for entry in town.timeline() if entry.reason.value == "proven"])

    return ask
