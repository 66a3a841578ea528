"""What must hold, whatever goes wrong. Each check bears the number of its invariant in docs/simulation.md.

After every commit: `checks_engine`. At every call of a platform, and some time after each page: `checks_delivery`.
When all faults have ended: `checks_rest`. Where alerts are, and when they are heard: `checks_regroup`, `checks_quiet`.
How fast and how much: `checks_pace`. Two runs of one seed (27): `run` and `test_sim`. Redis (26) carries nothing but
hints here: what it loses costs a tick.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, NoReturn

from bot.adapters.base import Receipt
from bot.deliver import Job, Outcome
from bot.engine.model import Incident, Progress
from bot.store.base import DeliveryState
from tests.sim.checks_delivery import DeliveryChecks
from tests.sim.checks_engine import EngineChecks
from tests.sim.checks_pace import PaceChecks
from tests.sim.checks_quiet import QuietChecks
from tests.sim.checks_regroup import RegroupChecks
from tests.sim.checks_rest import RestChecks
from tests.sim.people import Heard
from tests.sim.phones import Network
from tests.sim.platforms import Platform, Shown
from tests.sim.storage import Notes, Record

if TYPE_CHECKING:
    from tests.sim.simulation import Simulation

MARKS = (
    "fallback_failed", "fallback_unproven", "unreachable", "ladder_exhausted", "last_resort", "next_round",
    "no_rule_matched", "nobody_on_call", "delay_over", "repeated", "not_acked_in_time", "escalated_by_hand",
    "snooze_over", "ack_withdrawn", "reopened", "recovered", "auto_closed", "assigned", "added",
    "crash_before_commit", "crash_after_commit", "crash_after_send", "lease_rescue", "lease_lost",
    "page_not_wanted", "page_expired", "retry_after_obeyed", "budget_waited", "stale_press", "forged_press",
    "second_press", "redelivered_press", "late_ack", "card_gone", "chat_moved", "dead_letter", "expired_alert",
    "grouped", "storm", "edited", "climbed_though_acked", "clock_back", "handled_twice_refused", "silence_ended",
    "flapped", "flapping", "inhibition_over", "window_over", "alike", "digest",
    "merged", "joined", "moved", "set_by_hand", "written_after_the_end", "quick_silence", "unsilenced", "batch",
    "own_ladder", "ack_timeout", "round_robin", "in_hours", "named_by_alert", "mailbox_paged", "overtaken_press",
    "overtaken_receipt", "acked_elsewhere", "taken_over", "clocks_changed", "hints_lost", "hints_lost_throughout",
    "vendor_failed_over", "vendor_unproven", "rung_again", "bundled",
)  # fmt: skip
"""What a run of many seeds must have met, or its success means little."""

INVARIANTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27)


class Violation(BaseException):
    """Something that must hold does not. Nothing in the product may catch it: some of it goes on after any error."""

    def __init__(self, invariant: int, text: str) -> None:
        super().__init__(f"invariant {invariant}: {text}")
        self.invariant = invariant


class Checks:
    """All checks of one run, and what they have seen."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.seq = 0
        """Counts commits: before and after are told apart by it."""
        self.journal: dict[str, list[Record]] = {}
        self.marks: Counter[str] = Counter()
        self.checked: Counter[int] = Counter()
        self.fresh_since = 0
        self._nums: dict[str, int] = {}
        self._answered: set[str] = set()
        self._latest: dict[str, int] = {}
        self.open: dict[int, str] = {}
        """Number → incident, of those that are open."""
        self.closed: deque[int] = deque(maxlen=30)
        """The numbers of those that closed lately."""
        self.regroup = RegroupChecks(self)
        self.quiet = QuietChecks(self)
        self.pace = PaceChecks(self)
        self.engine = EngineChecks(self)
        self.delivery = DeliveryChecks(self)
        self.rest = RestChecks(self)

    def fail(self, invariant: int, text: str) -> NoReturn:
        """Stop the run."""
        raise Violation(invariant, text)

    def must(self, holds: bool, invariant: int, text: str) -> None:
        """Check one thing."""
        self.checked[invariant] += 1
        if not holds:
            self.fail(invariant, text)

    # -- what happens

    def committed(self, notes: Notes) -> None:
        """A transaction is durable."""
        self.seq += 1
        self.rest.bodies(notes)
        self.pace.bodies(notes)
        for record in notes.records:
            incident = record.made.incident
            self._nums[incident.id] = incident.num
            self.journal.setdefault(incident.id, []).append(record)
            self.sim.trace(_told(record))
            self._keep_lists(incident)
            self.engine.step(record)
            self.delivery.decided(record)
        for record in notes.records:
            self.quiet.step(record)
        self.regroup.committed(notes)
        for settled in notes.settled:
            self.delivery.settled(settled)
            self.pace.settled(settled)

    def _keep_lists(self, incident: Incident) -> None:
        if incident.progress is not Progress.CLOSED:
            self.open.setdefault(incident.num, incident.id)
        elif self.open.pop(incident.num, None):
            self.closed.append(incident.num)

    def starts(self, job: Job) -> None:
        self.pace.starts(job)
        self.delivery.starts(job)

    def came_back(self, job: Job, outcome: Outcome) -> None:
        self.pace.came_back(job, outcome)
        self.delivery.came_back(job, outcome)

    def landed(self, platform: Platform, job: Job, shown: Shown | None, new: bool) -> None:
        self.delivery.landed(platform, job, shown, new)

    def vendor_is_bad(self, network: Network, job: Job, vendor: str) -> None:
        """A page begins with a vendor that is not well."""
        self.delivery.vendor_is_bad(network, job, vendor)

    def lost(self, job: Job) -> None:
        self.delivery.lost(job)

    def receipt(self, receipt: Receipt) -> None:
        self.delivery.receipt(receipt)

    def deleted(self, ref: str) -> None:
        self.delivery.deleted.add(ref)

    def hasty(self, platform: Platform, text: str) -> None:
        """A platform was called faster than it allows."""
        self.pace.hasty(platform, text)

    def answered(self, heard: Heard) -> None:
        """Somebody pressed or typed."""
        said = heard.said
        if said is None:
            return
        self.must(bool(said.card.fallback.strip()), 10, f"{heard.inbound} got an empty answer")
        if heard.forged:
            self.marks["forged_press"] += 1
            self.must(said.outcome in {"forged", "already_handled"}, 11, f"a forged press got {said.outcome}")
        elif heard.again:
            self.marks["redelivered_press"] += 1
            fine = said.outcome == "already_handled" or heard.inbound.key not in self._answered
            self.must(fine, 10, f"a redelivery got {said.outcome}")
        self._answered.add(heard.inbound.key)
        self._overtaken(heard)
        self.quiet.answered(heard)
        if said.outcome == "override_mine":
            self.marks["taken_over"] += 1
        if said.outcome == "batch":
            self.marks["batch"] += 1
        if said.outcome == "already_closed":
            self.marks["late_ack"] += 1
        if said.outcome in {"reopened_meanwhile", "escalated_meanwhile"}:
            self.marks["stale_press"] += 1
        if said.outcome == "already_acked":
            self.marks["second_press"] += 1

    def _overtaken(self, heard: Heard) -> None:
        """What somebody did later came first."""
        user, number = heard.inbound.user, int(heard.inbound.key[1:])
        self.marks["overtaken_press"] += not heard.again and number < self._latest.get(user, 0)
        self._latest[user] = max(number, self._latest.get(user, 0))

    # -- at the end

    def reached_at_last(self) -> None:
        self.rest.reached_at_last()

    def anything_queued(self) -> list[str]:
        """The keys of deliveries that wait or are under way."""
        return [row.key for row in self.rows() if row.state is DeliveryState.QUEUED]

    def rows(self) -> list:
        """Every delivery that is about an incident."""
        store = self.sim.store.inner
        return store.read(lambda tx: [row for one in self.journal for row in tx.deliveries_of(one)])

    def at_rest(self) -> None:
        self.rest.everything()

    def incident_count(self) -> int:
        return len(self.journal)

    def num_of(self, incident: str) -> int:
        """The number that people call an incident by."""
        return self._nums.get(incident, 0)

    def now_of(self, incident: str) -> Incident:
        """An incident as the latest commit left it."""
        return self.journal[incident][-1].made.incident


def _told(record: Record) -> str:
    """One line of the trace for a step."""
    after, event = record.made.incident, record.event
    by = getattr(event, "by", "") or getattr(event, "member", "")
    reply = f" -> {record.made.reply.code}" if record.made.reply else ""
    return (
        f"#{after.num} {type(event).__name__} {by} {after.progress} level {after.level} loop {after.loop} "
        f"round {after.round} cycle {after.cycle} rev {after.rev}{reply}"
    )
