"""Checks of how fast and how much: what platforms are sent, what waits in the outbox, and what a lost hint costs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.adapters.base import RateLimited, SendError, Sent
from bot.backplane import BUCKETS_MAX
from bot.deliver import Job
from bot.engine.model import HOUR, MINUTE, SECOND, Instant, Span
from bot.service import PAGE_LIFE
from bot.store.base import DeliveryState, Lane
from tests.sim.platforms import Platform
from tests.sim.process import AT_ONCE, TICK
from tests.sim.storage import Notes, Settled

if TYPE_CHECKING:
    from tests.sim.checks import Checks

CLAIMED_WITHIN: Span = TICK + SECOND // 2
"""A loop looks again after a tick where no hint wakes it, and hands what it claimed to its platform in milliseconds."""
LOOK_EVERY: Span = 3 * HOUR
QUEUED_MAX = 4 * (PAGE_LIFE // MINUTE + 2)
"""Pages that may wait for one person of one incident: four ways, a level each minute, and each lives for 15 minutes."""


class PaceChecks:
    """Speed and size."""

    def __init__(self, checks: Checks) -> None:
        self._all = checks
        self._not_before: dict[str, tuple[Instant, Instant]] = {}
        """Row → when its platform asked for a pause, and until when."""
        self._seen: set[str] = set()
        self._full_at: Instant = -HOUR
        """When a worker had as many calls under way as it may."""

    def begin(self) -> None:
        """Look at the outbox now and then."""
        self._all.sim.line.after(LOOK_EVERY, self._look)

    # -- 18

    def hasty(self, platform: Platform, text: str) -> None:
        """A platform counted more calls than it allows, or one within a pause."""
        now = self._all.sim.line.now
        self._all.must(self._all.sim.excuses.between(now - 40_000, now), 18, f"{platform.name} got {text}")

    def starts(self, job: Job) -> None:
        """A call begins: its platform counts it, and its pause must be over."""
        row, sim, checks = job.row, self._all.sim, self._all
        now = sim.line.now
        asked, until = self._not_before.pop(row.id, (0, 0))
        troubled = sim.excuses.between(asked, now)
        checks.must(now >= until or troubled, 18, f"{row.key} is sent again {until - now} ms before it may be")
        if row.lane is Lane.PAGE and row.member.startswith("mailto:"):
            checks.marks["mailbox_paged"] += 1
        self._first_look(row.key, row.lane)

    def came_back(self, job: Job, outcome: Sent | SendError) -> None:
        """A platform asks for a pause."""
        if isinstance(outcome, RateLimited):
            now = self._all.sim.line.now
            self._not_before[job.row.id] = (now, now + round(outcome.after_s * SECOND))

    # -- 26

    def settled(self, settled: Settled) -> None:
        """A row that was not sent was looked at as well."""
        self._first_look(settled.row.key, settled.row.lane)

    def bodies(self, notes: Notes) -> None:
        """A body that was kept is handled at the next look of a worker."""
        sim = self._all.sim
        for body in notes.bodies:
            kept = sim.sources.kept_at.get(body)
            if kept is not None:
                self._in_time(kept, f"{body} is handled")

    def _first_look(self, key: str, lane: Lane) -> None:
        """A page is looked at by a worker soon after it was decided, whether anybody rang or not."""
        checks, sim = self._all, self._all.sim
        flying = max(len(worker.in_flight["pages"]) for worker in sim.process.workers) if sim.process.workers else 0
        if flying >= AT_ONCE["pages"]:
            self._full_at = sim.line.now
        fact = checks.delivery.pages.get(key)
        if lane is not Lane.PAGE or fact is None or key in self._seen:
            return
        self._seen.add(key)
        self._in_time(fact.at, f"{key} is looked at")

    def _in_time(self, since: Instant, what: str) -> None:
        checks, sim = self._all, self._all.sim
        now = sim.line.now
        lost = sim.hints_lost(now)
        late = now - since
        excused = late <= CLAIMED_WITHIN or self._full_at >= since - MINUTE
        excused = excused or sim.excuses.between(since - 15 * SECOND, now)
        if lost:
            checks.marks["hints_lost"] += 1
            checks.checked[26] += 1
        if not excused:
            checks.fail(26 if lost else 9, f"{what} after {late} ms")

    # -- 21

    def _look(self) -> None:
        """However much happens, few rows wait for each person of each incident, and little is kept in memory."""
        checks, sim = self._all, self._all.sim
        sim.line.after(LOOK_EVERY, self._look)
        waiting: Counter[tuple[str, str]] = Counter()
        for incident in checks.open.values():
            for row in sim.store.inner.read(lambda tx, one=incident: tx.deliveries_of(one)):
                if row.state is DeliveryState.QUEUED and row.lane is Lane.PAGE:
                    waiting[incident, row.member] += 1
        for (incident, member), rows in waiting.items():
            num = checks.now_of(incident).num
            checks.must(rows <= QUEUED_MAX, 21, f"{rows} pages of #{num} wait for {member}")
        buckets = sim.process.budgets._buckets
        checks.must(len(buckets) <= BUCKETS_MAX, 21, f"{len(buckets)} budgets are kept in memory")
        for worker in sim.process.workers:
            for bell, flying in worker.in_flight.items():
                most = AT_ONCE[bell]
                checks.must(len(flying) <= most, 21, f"worker {worker.name} has {len(flying)} {bell} under way")
