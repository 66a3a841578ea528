"""How well likeness sorts a labelled storm: pairs put together rightly, wrongly, and not at all. `python -m` prints it.

The alerts arrive one by one and join what is open, by the very function that the product uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bot.engine import grouping
from bot.engine.grouping import Grouping
from bot.engine.model import Incident, Level, Rule
from tests.noise.storms import SEEN, STORMS, UNSEEN, Labelled, every

SEEDS = range(5)
_NOBODY = Level(targets=())


@dataclass(frozen=True)
class Sorted:
    """Pairs of alerts: in one incident and of one kind, in one incident, of one kind."""

    right: int
    together: int
    alike: int

    @property
    def precision(self) -> float:
        """Of the pairs put together, those that belong together."""
        return self.right / self.together if self.together else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that belong together, those put together."""
        return self.right / self.alike


def sort(storm: Iterable[Labelled], rule: Grouping) -> list[list[Labelled]]:
    """The incidents that a storm makes, each with its alerts."""
    found: dict[str, list[Labelled]] = {}
    opened: list[Incident] = []
    for one in storm:
        near = grouping.most_alike(rule, one.alert, reversed(opened[-grouping.CANDIDATES_MAX :]), 0)
        if near is None:
            opened.append(_opened(one))
            found[opened[-1].id] = [one]
        else:
            found[near[0].id].append(one)
    return list(found.values())


def measure(storms: Iterable[str], rule: Grouping) -> Sorted:
    """All pairs within each storm, over several orders of arrival."""
    right = together = alike = 0
    for seed in SEEDS:
        for storm in every(storms, seed):
            incidents = sort(storm, rule)
            together += sum(_pairs(len(incident)) for incident in incidents)
            right += sum(_pairs(n) for incident in incidents for n in Counter(one.kind for one in incident).values())
            alike += sum(_pairs(n) for n in Counter(one.kind for one in storm).values())
    return Sorted(right, together, alike)


def table() -> str:
    """The numbers of docs/noise.md."""
    rows = ["| threshold | precision | recall | precision, unseen | recall, unseen |", "|---|---|---|---|---|"]
    for threshold in (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0):
        rule = Grouping(method="similar", threshold=threshold)
        seen, unseen = measure(SEEN, rule), measure(UNSEEN, rule)
        numbers = (seen.precision, seen.recall, unseen.precision, unseen.recall)
        rows.append(f"| {threshold:g} | " + " | ".join(f"{number:.3f}" for number in numbers) + " |")
    return "\n".join(rows)


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _opened(one: Labelled) -> Incident:
    alert = one.alert
    return Incident(
        id=alert.id,
        num=1,
        channel="ops",
        group_key=f"alike:{alert.id}",
        title=alert.title,
        description=alert.description,
        severity=alert.severity,
        labels=alert.labels,
        links=(),
        rule=Rule(id="r", name="r", levels=(_NOBODY,)),
        last_resort=_NOBODY,
        opened_at=0,
        last_at=0,
        alerts_total=1,
    )


if __name__ == "__main__":
    alerts = sum(kind.alerts for kinds in STORMS.values() for kind in kinds)
    print(f"{alerts} alerts of {sum(map(len, STORMS.values()))} kinds in {len(STORMS)} storms")
    print(table())
