"""What people ask for in words, beside the buttons: merge, move, describe, silence, and many incidents at once."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sim.simulation import Simulation

_SPANS = ("30m", "1h", "2h", "1d")
_ACTS = ("ack", "ack", "resolve", "snooze", "sev", "note", "unack", "wake", "escalate")
_KINDS = ("merge", "merge", "move", "move", "move", "set", "set", "set", "silence", "silence", "unsilence", "batch",
          "batch", "people", "rota", "ask")  # fmt: skip
WORDS: Mapping[str, tuple[str, ...]] = {
    "title": ("Named by a person", "The shop is slow"),
    "description": ("Seen by many", "-"),
    "impact": ("Nobody can pay", "Some pages are slow", "-"),
    "cause": ("A full disk", "-"),
    "resolution": ("Freed the disk",),
    "region": ("eu", "us", "-", "the moon"),
    "customers": ("acme", "acme, bobco", "nobody we know"),
    "postmortem": ("yes", "no", "perhaps"),
    "ticket": ("OPS-1", "OPS-2", "-"),
}
"""What is written, with what no field takes among it."""


class Scene:
    """What a person can see when they type."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim

    def open_nums(self) -> list[int]:
        return list(self._sim.checks.open)

    def closed_nums(self) -> list[int]:
        return list(self._sim.checks.closed)

    def alerts(self, num: int) -> list[str]:
        """The ids that `alerts` would show."""
        incident = self._sim.checks.open.get(num, "")
        found = self._sim.store.inner.read(lambda tx: tx.alerts_of(incident, 20)) if incident else []
        return [alert.id for alert in found]

    def quiet(self) -> list[str]:
        """The names of the quick silences."""
        return [one.id for one in self._sim.store.inner.read(lambda tx: tx.silences())]

    def channels(self) -> list[str]:
        return list(self._sim.declared.channels)

    def schedules(self) -> list[str]:
        return list(self._sim.declared.schedules)

    def names(self) -> list[str]:
        """People, teams and rotas, as they are called in chat."""
        declared = self._sim.declared
        groups = [*(f"team:{one}" for one in declared.teams), *(f"schedule:{one}" for one in declared.schedules)]
        return [*(f"@{one}" for one in declared.members), *groups]


@dataclass
class Errands:
    """Draws what somebody types, about an incident or about whatever is open; with chances of its own."""

    rng: random.Random
    scene: Scene

    def text(self, num: int) -> str:
        """A command; most often about incident `num`, where it is given."""
        kind = self.rng.choice(_KINDS)
        return str(getattr(self, f"_{kind}")(num or self._open()))

    def _open(self) -> int:
        """Any open incident, sometimes one that is over."""
        nums = self.scene.closed_nums() if self.rng.random() < 0.15 else self.scene.open_nums()
        return self.rng.choice(nums) if nums else 1

    def _others(self, num: int, most: int) -> list[int]:
        found = [one for one in self.scene.open_nums() if one != num]
        return self.rng.sample(found, min(len(found), self.rng.randrange(1, most + 1)))

    def _merge(self, num: int) -> str:
        sources = " ".join(f"#{one}" for one in self._others(num, 2)) or f"#{self._open()}"
        return f"merge {sources} into #{num}{self.rng.choice(('', ' the same thing'))}"

    def _move(self, num: int) -> str:
        """From whatever has most alerts, so that something stays behind."""
        nums = [*self._others(0, 6), num]
        source = max(nums, key=lambda one: (len(self.scene.alerts(one)), one))
        alerts = self.scene.alerts(source)
        few = self.rng.sample(alerts, min(len(alerts), self.rng.randrange(1, 3))) if alerts else ["abcd"]
        there = self._others(source, 1) if self.rng.random() < 0.4 else []
        return f"move #{source} {' '.join(few)} to {f'#{there[0]}' if there else 'new Split off'}"

    def _set(self, num: int) -> str:
        if self.rng.random() < 0.2:
            num = self.rng.choice(self.scene.closed_nums() or [num])
        name = self.rng.choice(list(WORDS))
        return f"set #{num} {name} {self.rng.choice(WORDS[name])}"

    def _silence(self, num: int) -> str:
        span = self.rng.choice(_SPANS)
        if self.rng.random() < 0.6:
            return f"silence #{num} {span} known"
        channel = self.rng.choice(self.scene.channels())
        what = self.rng.choice(
            (f"service=svc0{self.rng.randrange(7)}", "severity=Info", "severity=Warning service=svc*")
        )
        return f"silence {what} in {channel} {span}"

    def _unsilence(self, num: int) -> str:
        quiet = self.scene.quiet()
        return f"unsilence {self.rng.choice(quiet)}" if quiet else f"silence #{num} 30m"

    def _batch(self, num: int) -> str:
        verb = self.rng.choice(_ACTS)
        refs = " ".join(f"#{one}" for one in [num, *self._others(num, 4)])
        rest = {"snooze": "1h", "sev": self.rng.choice(("critical", "warning")), "note": "all of these"}
        return f"{verb} {refs} {rest.get(verb, '')}".strip()

    def _people(self, num: int) -> str:
        return f"{self.rng.choice(('add', 'assign'))} #{num} {self.rng.choice(self.scene.names())}"

    def _rota(self, num: int) -> str:
        """Take over for a while; sometimes look who did."""
        name = self.rng.choice(self.scene.schedules())
        return self.rng.choice((f"take {name} 2h", f"take {name} 8h", "overrides"))

    def _ask(self, num: int) -> str:
        return self.rng.choice(("silences", f"alerts #{num}", f"similar #{num}", f"why #{num}", "list open", "next"))
