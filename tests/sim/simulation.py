"""One seed from its first alert to the last proof: the town, its platforms, its people, its faults, and the checks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.adapters.base import Inbound, Receipt, SendError
from bot.clock import Ids
from bot.commands.said import Said
from bot.deliver import Job, Outcome
from bot.engine.effects import Page, Refresh, ShowCards
from bot.engine.model import DAY, MINUTE, SECOND, Instant, Span
from bot.intake import LeaseLost
from bot.rendering import Rendering
from bot.store.base import Inbound as Body
from bot.store.base import Store
from bot.store.memory import MemoryStore
from tests.sim import town
from tests.sim.checks import Checks
from tests.sim.errands import Errands, Scene
from tests.sim.faults import Excuses, Faults
from tests.sim.people import ANSWER_RATES, Heard, People
from tests.sim.phones import Network
from tests.sim.platforms import Platform, Shown, Weather, capabilities
from tests.sim.process import Env, Process
from tests.sim.sketch import Sketch
from tests.sim.sources import Sources
from tests.sim.storage import Crash, CrashingStore, Notes
from tests.sim.strikes import Strikes
from tests.sim.world import Timeline, Trace, instant
from webhooks.parsers import parsers

REAL_CARDS = 20
"""Every so many seeds draw real cards; the others sketch them."""
UNDER_WAY: Span = 30
"""So long after its decision a page has most often been claimed, and its platform has not answered yet."""
DAYS = 90.0
"""How long a seed lasts, where nobody says otherwise."""
UNANSWERED = 0.1
"""Below this rate of answers there is a fifth of the alerts: most incidents climb their whole ladder, every round."""
HEALING: Span = 20 * MINUTE
"""How long after the last fault all must be well: the longest pause of a card, twice, and the life of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be simulated. The same plan gives the same trace."""

    seed: int
    days: float = DAYS
    until: Span | None = None
    store: str = "memory"
    busy: float = 1.0
    """How many times the usual number of alerts; above 1 there are no lulls either."""
    kinds: tuple[str, ...] = ()
    """Faults that must be among those of the seed."""
    calm: bool = False
    """No other faults than these."""
    rate: float | None = None
    """How many pages people answer, where it is not left to the seed."""


@dataclass(slots=True)
class Tally:
    """What happened, in numbers."""

    crashes: int = 0
    freezes: int = 0
    edits: int = 0
    bodies: int = 0
    presses: int = 0
    sends: int = 0
    events: int = 0
    incidents: int = 0


class Simulation:
    """One run. `run` raises Violation where something that must hold does not."""

    def __init__(self, plan: Plan, store: Store | None = None) -> None:
        self.plan = plan
        root = random.Random(plan.seed)
        rngs = {name: random.Random(root.getrandbits(64)) for name in _ACTORS}
        self.rngs = rngs
        self.tally = Tally()
        self.line = Timeline(instant(root.choice(town.STARTS)) + root.randrange(DAY))
        self.trace = Trace(self.line)
        self.declared = town.build(rngs["town"])
        self.faults = Faults.draw(rngs["faults"], plan.kinds, calm=plan.calm)
        self.excuses = Excuses()
        self.hintless = Excuses()
        """When hints are lost; that excuses nothing."""
        self.store = CrashingStore(store or MemoryStore())
        self.carriers = {
            name: (Network if caps.vendors else Platform)(
                name, caps, self.line, random.Random(rngs["platforms"].getrandbits(64)), self.faults.weather()
            )
            for name, caps in capabilities().items()
        }
        self.networks = {name: each for name, each in self.carriers.items() if isinstance(each, Network)}
        self.sick = {name: Excuses() for name in self.carriers}
        self.env = Env(
            self.line,
            self.trace,
            self.store,
            Ids(seed=root.getrandbits(32)),
            self.carriers,
            self._parsers(),
            rngs["steps"],
        )
        self.env.hints_lost = lambda: self.hints_lost(self.line.now)
        self.env.rendering = Rendering if plan.seed % REAL_CARDS == 0 else Sketch
        self.after_next_step: list[Callable[[], None]] = []
        self.checks = Checks(self)
        self.strikes = Strikes(self)
        self._wire()
        self.trace(f"seed {plan.seed} faults {' '.join(sorted(self.faults.kinds))}")
        self.process = Process(self.env, self.declared)
        per_day = root.choice((2, 4, 5, 8)) * plan.busy * (0.3 if self.env.rendering is Rendering else 1)
        rate = self._rate(root)
        if plan.busy <= 1 and rate < UNANSWERED:
            per_day /= 5
        self.sources = Sources(
            self.line, rngs["sources"], list(self.declared.integrations.values()), self.keep, round(DAY / per_day),
            retries="receipts" in self.faults.kinds or "latency" in self.faults.kinds, lulls=plan.busy <= 1,
        )  # fmt: skip
        self.people = People(
            self.line, rngs["people"], lambda: self.declared, self.carriers, rate, self.hear, self.told,
            self.checks.num_of, Errands(random.Random(f"{plan.seed} errands"), Scene(self)), self.faults.lag,
        )  # fmt: skip

    def _rate(self, rng: random.Random) -> float:
        drawn = rng.choice(ANSWER_RATES)
        return drawn if self.plan.rate is None else self.plan.rate

    # -- running

    def run(self) -> Tally:
        """Days of nights, then calm, then the proof that all came well."""
        self.store.fate = self._fate
        self.sources.begin()
        self.strikes.begin()
        self.people.begin()
        self.checks.pace.begin()
        end = self.line.start + round(self.plan.days * DAY)
        if self.plan.until is not None and self.line.start + self.plan.until < end:
            self.line.run_until(self.line.start + self.plan.until)
            return self.counted()
        self.line.run_until(end)
        self._heal()
        self.line.run_until(end + HEALING)
        self.checks.fresh_since = self.line.now
        self.sources.fresh("proof")
        self.line.run_until(self.line.now + 10 * MINUTE)
        self.checks.reached_at_last()
        self._come_to_rest()
        self.checks.at_rest()
        return self.counted()

    def hints_lost(self, at: Instant) -> bool:
        """Whether no ring reaches a worker."""
        return self.hintless.between(at, at)

    def _heal(self) -> None:
        self.faults.on = self.sources.on = self.people.on = False
        self.after_next_step.clear()
        self.trace("all faults end")
        for name, carrier in self.carriers.items():
            carrier.weather = Weather()
            carrier.receipt_faults = carrier.receipts_overtake = 0.0
            carrier.mute.clear()
            self.networks[name].ailing.clear() if name in self.networks else None
            self.sick[name].add(self.line.now, self.line.now + HEALING)

    def _come_to_rest(self) -> None:
        """Look for a moment at which nothing is queued; repeats of open incidents go on all the time."""
        for _ in range(400):
            if not self.checks.anything_queued():
                return
            self.line.run_until(self.line.now + 7 * SECOND)
        self.checks.fail(12, f"the outbox never came to rest: {self.checks.anything_queued()}")

    # -- what the actors do

    def keep(self, body: Body) -> bool:
        """A monitoring system sends; whether it was told that the body is kept."""
        if not self.process.alive:
            return False
        if not self.process.keep(body):
            return False
        self.tally.bodies += 1
        self.process.ring("intake")
        self.process.rearm()
        return True

    def hear(self, inbound: Inbound) -> Said | None:
        """Somebody presses or types."""
        if not self.process.alive:
            return None
        self.tally.presses += 1
        said = self.process.hear(inbound)
        if said is not None:
            self.process.ring("pages", "cards")
            self.process.rearm()
        return said

    def told(self, heard: Heard) -> None:
        """What came back to a person."""
        what = getattr(heard.inbound, "text", "") or "press"
        self.trace(f"{heard.inbound.user} {what} -> {heard.said.outcome if heard.said else 'no answer'}")
        self.checks.answered(heard)

    def receive(self, receipt: Receipt) -> None:
        """A vendor's callback, sent again until somebody takes it."""
        if not (self.process.alive and self.process.receive(receipt)):
            self.line.after(20 * SECOND, self.receive, receipt)
            return
        self.checks.receipt(receipt)
        self.process.ring("pages", "cards")
        self.process.rearm()
        if self.faults.has("receipts") and self.rngs["faults"].random() < 0.2:
            self.line.after(self.rngs["faults"].randrange(1, 400_000), self._receive_twice, receipt)

    def _receive_twice(self, receipt: Receipt) -> None:
        if self.process.alive:
            self.process.receive(receipt)

    # -- faults

    def _fate(self) -> str:
        fate = self.faults.fate() if self.process.alive else ""
        if fate == "freeze" and (self.process.busy is None or self.line.depth > 1):
            return ""
        if fate:
            self.trace(f"the commit meets {fate}")
            self.checks.marks[_FATES.get(fate, fate)] += 1
        if fate == "unavailable":
            self.excuses.add(self.line.now, self.line.now + 5 * SECOND)
        return fate

    def _crashed(self, _: Process) -> None:
        self.tally.crashes += 1
        rng = self.rngs["faults"]
        wait = rng.choice((300, 2_000, 8_000, 30_000, 120_000))
        self.trace(f"crash; back in {wait} ms")
        self._restart_in(wait)

    def _restart_in(self, wait: Span) -> None:
        self.excuses.add(self.line.now, self.line.now + wait + 15 * SECOND)
        for carrier in self.carriers.values():
            carrier.reset_pace()
        self.line.after(wait, self._start)

    def _start(self) -> None:
        self.trace("start")
        self.process = Process(self.env, self.declared)
        for carrier in self.carriers.values():
            carrier.reset_pace()

    def _froze(self) -> None:
        """The step at hand is held up after its commit, while everybody else goes on."""
        worker = self.process.busy
        if worker is None:
            return
        self.tally.freezes += 1
        span = self.rngs["faults"].randrange(1_000, 40_000)
        self.trace(f"worker {worker.name} hangs for {span} ms")
        process = self.process
        worker.frozen_until = self.line.now + span
        self.excuses.add(self.line.now, self.line.now + span + 15 * SECOND)
        self.line.run_until(worker.frozen_until)
        process.busy = worker
        if not process.alive:
            raise Crash

    # -- wiring

    def _wire(self) -> None:
        env, checks, store = self.env, self.checks, self.store
        store.on_commit = self._committed
        store.on_freeze = self._froze
        store.on_error = self._refused
        env.on_crash = self._crashed
        env.on_start = checks.starts
        env.on_outcome = self._came_back
        env.lost = checks.lost
        for carrier in self.carriers.values():
            carrier.on_landed = self._landed
            carrier.on_receipt = self.receive
            carrier.on_hasty = checks.hasty
        for network in self.networks.values():
            network.on_bad = checks.vendor_is_bad
            network.still = self._still

    def _still(self, job: Job) -> bool:
        phones = self.process.workers[0].deliver.phones
        return self.store.inner.read(lambda tx: phones.wanted(tx, job.row))

    def _committed(self, notes: Notes) -> None:
        self.tally.events += len(notes.records)
        self.checks.committed(notes)
        bells = _bells(notes)
        if "pages" in bells and self.after_next_step:
            self.line.after(UNDER_WAY, self.after_next_step.pop())
            self.after_next_step.clear()
        if self.process.alive and bells:
            self.process.ring(*bells)

    def _refused(self, error: Exception) -> None:
        if isinstance(error, LeaseLost):
            self.checks.marks["handled_twice_refused"] += 1

    def _came_back(self, job: Job, outcome: Outcome) -> None:
        if isinstance(outcome, SendError):
            self.trace(f"{job.row.carrier} refuses {job.row.key}: {outcome.reason}")
        self.checks.came_back(job, outcome)

    def _landed(self, platform: Platform, job: Job, shown: Shown | None, new: bool) -> None:
        self.tally.sends += 1
        self.trace(f"{platform.name} {'takes' if new else 'edits'} {job.row.key} rev {job.rev}")
        self.checks.landed(platform, job, shown, new)
        if new and job.row.member and job.row.incident:
            self.people.paged(job.row.member, job.row.incident, platform.name, shown)

    def _parsers(self) -> dict[str, Any]:
        """The product's own parsers; each body that is read is noted."""

        def noted(parse: Any) -> Any:
            def read(row: Any, integration: Any) -> Any:
                self.store.notes.bodies.append(row.id)
                return parse(row, integration)

            return read

        return {name: noted(parse) for name, parse in parsers().items()}

    def counted(self) -> Tally:
        """The numbers so far."""
        self.tally.incidents = self.checks.incident_count()
        return self.tally


def _bells(notes: Notes) -> list[str]:
    """Who has more to do after a commit; what this leaves out, the alarm finds within a tick."""
    decided = {type(effect) for record in notes.records for effect in record.made.effects}
    return ["pages"] * (Page in decided) + ["cards"] * (not decided.isdisjoint((ShowCards, Refresh)))


_FATES = {"before": "crash_before_commit", "after": "crash_after_commit"}
_ACTORS = ("town", "faults", "platforms", "steps", "sources", "people")
