"""Round robin: who took the latest turn at a level of a rule, and who comes next. Nobody is passed over.

The person is remembered and not a number, so that whoever joins or leaves a team makes nobody else come twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TurnSlot = tuple[str, str, int]
"""Channel, rule and level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The latest turn at a level of a rule of a channel."""

    channel: str
    rule: str
    level: int
    member: str
    place: int
    """Where the person stood among those who could take it, from 0."""

    @property
    def slot(self) -> TurnSlot:
        """What it is the latest turn of."""
        return self.channel, self.rule, self.level


def next_place(last: Turn | None, people: Sequence[str]) -> int:
    """The place of whose turn it is now: after whoever had the last one, or who moved up where that person has left.

    `people` is not empty.
    """
    if last is None:
        return 0
    if last.member in people:
        return (people.index(last.member) + 1) % len(people)
    return last.place % len(people)
