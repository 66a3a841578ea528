"""One running Tocsin: its memory, its workers and their loops. A crash throws it away; the store is all that is left.

The loops are the product's own sync steps. Where the product awaits, an entry of the heap goes on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.adapters.base import Capabilities, Inbound, Receipt
from bot.backplane import Budgets
from bot.clock import Ids
from bot.commands.handle import Commands
from bot.commands.said import Said
from bot.deliver import Job, Outcome
from bot.directory import Directory
from bot.engine.model import SECOND, Instant, Span
from bot.engine.world import World
from bot.intake import Intake
from bot.rendering import Rendering
from bot.store.base import Delivery, InboxState, Lane, StoreUnavailable, Tx
from bot.store.base import Inbound as Body
from bot.switchboard import Carried
from bot.ticker import Ticker
from tests.sim.storage import Crash, CrashingStore, JournalDeliver, JournalService
from tests.sim.world import Timeline, Trace

KEY = b"the simulator's own key"
LANES = {"pages": (Lane.PAGE,), "cards": (Lane.CARD, Lane.REFRESH)}
BELLS = ("intake", "ticker", *LANES)
TICK: Span = SECOND
"""How late a loop may look again when nothing rings it; the product polls at least as often."""
AT_ONCE = {"pages": 32, "cards": 16}


class Carrier(Protocol):
    """A platform as a worker sees it: `begin` takes a message and says later what became of it."""

    name: str
    caps: Capabilities

    def begin(self, job: Job, done: Callable[[Outcome], None]) -> None: ...


@dataclass
class Env:
    """What outlives a process: time, the store, the platforms, and who listens to what happens."""

    line: Timeline
    trace: Trace
    store: CrashingStore
    ids: Ids
    carriers: Mapping[str, Any]
    parsers: Mapping[str, Any]
    rng: random.Random
    rendering: type[Rendering] = Rendering
    hints_lost: Callable[[], bool] = lambda: False
    """Whether a ring reaches nobody at the moment: then each worker looks for itself once a tick."""
    on_crash: Callable[[Process], None] = lambda _: None
    on_start: Callable[[Job], None] = lambda _: None
    on_outcome: Callable[[Job, Outcome], None] = lambda *_: None
    lost: Callable[[Job], None] = lambda _: None
    """Called when an outcome will never be recorded: a crash or a database that was gone."""


class Loop:
    """Something that steps when rung; one ring at a time is kept, the earliest."""

    def __init__(self, worker: Worker, step: Callable[[], None]) -> None:
        self._worker = worker
        self._step = step
        self._due: Instant | None = None

    def ring(self, delay: Span) -> None:
        """Step in `delay` at the latest."""
        line = self._worker.process.env.line
        at = line.now + delay
        if self._due is None or at < self._due:
            self._due = at
            line.at(at, self._fire, at)

    def _fire(self, at: Instant) -> None:
        if not self._worker.process.alive or self._due != at:
            return
        self._due = None
        if self._worker.frozen_until > at:
            self.ring(self._worker.frozen_until - at)
        elif not self._worker.guard(self._step):
            self.ring(TICK)


class Worker:
    """Intake, ticker and deliver of one worker, each with a loop of its own."""

    def __init__(self, process: Process, name: str) -> None:
        self.process = process
        self.name = name
        self.frozen_until: Instant = 0
        self.stalled_until: Instant = 0
        self.behind = dict.fromkeys(LANES, True)
        """Whether more was due than could be taken at once."""
        self.in_flight: dict[str, dict[str, Job | None]] = {bell: {} for bell in LANES}
        self.build()
        self.loops = {
            "intake": Loop(self, self._intake),
            "ticker": Loop(self, self._tick),
            "pages": Loop(self, lambda: self._claim("pages")),
            "cards": Loop(self, lambda: self._claim("cards")),
        }

    def build(self) -> None:
        """The steps over the world that is in force."""
        process = self.process
        env, worlds, service = process.env, process.directory.world, process.service
        clock, ids = env.line.clock, env.ids
        self.intake = Intake(service, env.parsers, worlds, clock, ids)
        self.deliver = JournalDeliver(service, process.rendering, env.carriers, process.budgets, clock, ids)
        self.ticker = Ticker(service, self.deliver.phones, clock)
        self.deliver.notebook = env.store

    def guard(self, step: Callable[..., None], *args: Any) -> bool:
        """Run a step; a crash ends the process. False when the database was gone."""
        process = self.process
        held, process.busy = process.busy, self
        try:
            step(*args)
        except Crash:
            process.die()
        except StoreUnavailable:
            return False
        finally:
            process.busy = held
        if process.alive:
            process.rearm()
        return True

    def _intake(self) -> None:
        store = self.process.env.store
        if self.intake.step(store):
            self.loops["intake"].ring(1)

    def _tick(self) -> None:
        now = self.process.env.line.now
        if self.stalled_until > now:
            self.loops["ticker"].ring(self.stalled_until - now)
            return
        self.ticker.step(self.process.env.store)

    def _claim(self, bell: str) -> None:
        env, flying = self.process.env, self.in_flight[bell]
        free = AT_ONCE[bell] - len(flying)
        if not free:
            return
        rows = env.store.run(lambda tx: self.deliver.claim(tx, LANES[bell], free))
        self.behind[bell] = len(rows) == free
        for row in rows:
            flying[row.token + row.id] = None
            env.line.after(env.rng.randrange(4), self._unless_frozen, self._prepare, row, bell)
        if self.behind[bell]:
            self.loops[bell].ring(5)

    def _prepare(self, row: Delivery, bell: str) -> None:
        env = self.process.env
        made = env.store.read(lambda tx: self.deliver.prepare(tx, row))
        if isinstance(made, Delivery):
            try:
                env.store.run(lambda tx: self.deliver.settle(tx, row, made))
            finally:
                self._finished(row, bell)
            return
        self.in_flight[bell][row.token + row.id] = made
        env.on_start(made)
        env.carriers[row.carrier].begin(made, lambda outcome: self._unless_frozen(self._record, made, outcome, bell))

    def _record(self, job: Job, outcome: Outcome, bell: str) -> None:
        env = self.process.env
        env.on_outcome(job, outcome)
        if isinstance(outcome, Carried):
            for placed in outcome.placed:
                self.deliver.phones.board.learn(job.row, placed)
        try:
            env.store.run(lambda tx: self.deliver.record(tx, job, outcome))
        except (StoreUnavailable, Crash):
            env.lost(job)
            raise
        finally:
            self._finished(job.row, bell)

    def _finished(self, row: Delivery, bell: str) -> None:
        del self.in_flight[bell][row.token + row.id]
        if self.process.alive and self.behind[bell]:
            self.loops[bell].ring(2)

    def _unless_frozen(self, step: Callable[..., None], *args: Any) -> None:
        line = self.process.env.line
        if not self.process.alive:
            return
        if self.frozen_until > line.now:
            line.at(self.frozen_until, self._unless_frozen, step, *args)
        else:
            self.guard(step, *args)


@dataclass
class Process:
    """The memory of one start, over a store that may know more."""

    env: Env
    declared: World
    names: tuple[str, ...] = ("a", "b")
    alive: bool = True
    busy: Worker | None = None
    workers: list[Worker] = field(default_factory=list)
    _alarm: Instant | None = None
    _armed: int = -1
    _overdue: bool = False

    def __post_init__(self) -> None:
        env, clock = self.env, self.env.line.clock
        self.directory = Directory(self.declared, clock, env.ids)
        env.store.read(self.directory.load)
        self.budgets = Budgets()
        self._build()
        self.workers = [Worker(self, name) for name in self.names]
        self.ring_all()

    def _build(self) -> None:
        env, clock = self.env, self.env.line.clock
        worlds = self.directory.world
        self.service = JournalService(worlds, clock, env.ids, env.store)
        self.rendering = env.rendering(worlds, KEY)
        self.commands = Commands(self.service, self.directory, self.rendering, clock)
        for worker in self.workers:
            worker.build()

    def ring_all(self) -> None:
        """Look at everything soon."""
        for worker in self.workers:
            for loop in worker.loops.values():
                loop.ring(1 + self.env.rng.randrange(40))
        self.rearm()

    def ring(self, *names: str) -> None:
        """What a hint does: one worker, sometimes all, look at once."""
        if not self.env.hints_lost():
            self._look(*names)

    def _look(self, *names: str) -> None:
        rng = self.env.rng
        every = rng.random() < 0.25
        chosen = self.workers if every else [self.workers[rng.randrange(len(self.workers))]]
        for worker in chosen:
            for name in names:
                worker.loops[name].ring(1 + rng.randrange(20))

    def rearm(self) -> None:
        """Set the alarm to when the store knows of something due; what is overdue is looked at once a tick."""
        line, store = self.env.line, self.env.store
        if self._alarm is not None and self._armed == store.commits:
            return
        self._armed = store.commits
        due = store.read(lambda tx: tx.next_due())
        if due is None:
            return
        at = due - line.skew
        overdue = at <= line.now
        at = line.now + TICK if overdue else at + 1
        if self._alarm is None or at < self._alarm:
            self._alarm, self._overdue = at, overdue
            line.at(at, self._alarmed, at)

    def _alarmed(self, at: Instant) -> None:
        if self.alive and self._alarm == at:
            self._alarm = None
            if bells := self.env.store.read(self._whose):
                self._look(*bells)
            self.rearm()

    def _whose(self, tx: Tx) -> tuple[str, ...]:
        """Whose turn it is: timers and bodies can be asked for, and what is left may be in the outbox.

        What is still due a tick later may be held up by somebody who hangs: then all have to look.
        """
        now = self.env.line.clock.now()
        due = tx.next_due()
        if due is None or due > now:
            return ()
        if self._overdue:
            return BELLS
        timers = tx.due_incidents(now, 1) or tx.due_alerts(now, 1)
        bodies = tx.inbox_by_state(InboxState.WAITING, 1)
        return ("ticker",) * bool(timers) + ("intake",) * bool(bodies) + tuple(LANES)

    def die(self) -> None:
        """Everything in memory is gone; what is under way at a platform goes on there."""
        if self.alive:
            self.alive = False
            for worker in self.workers:
                flying = [job for jobs in worker.in_flight.values() for job in jobs.values()]
                for job in flying:
                    if job is not None:
                        self.env.lost(job)
            self.env.on_crash(self)

    def clock_moved(self) -> None:
        """The wall clock was set: what the store calls due lies elsewhere now."""
        self._alarm = None
        self.ring_all()

    def reload(self, declared: World) -> None:
        """Put another world in force, as a restart without a pause would: budgets and calls under way go on."""
        env, clock = self.env, self.env.line.clock
        self.declared = declared
        self.directory = Directory(declared, clock, env.ids)
        env.store.read(self.directory.load)
        self._build()

    def keep(self, body: Body) -> bool:
        """Make a received body durable. False when it was not, or nobody knows."""
        try:
            self.env.store.run(lambda tx: tx.append_inbox([body]))
        except Crash:
            self.die()
            return False
        except StoreUnavailable:
            return False
        return True

    def hear(self, inbound: Inbound) -> Said | None:
        """A press or a text, handled in one transaction. None when the process died or the database was gone."""
        said: Said | None = None
        try:
            said = self.env.store.run(lambda tx: self.commands.handle(tx, inbound))
        except Crash:
            self.die()
            return None
        except StoreUnavailable:
            return None
        return said

    def receive(self, receipt: Receipt) -> bool:
        """A vendor's receipt. False when it has to be sent again."""
        try:
            self.env.store.run(lambda tx: self.workers[0].deliver.receipt(tx, receipt))
        except Crash:
            self.die()
            return False
        except StoreUnavailable:
            return False
        return True
