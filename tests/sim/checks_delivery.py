"""Checks of what leaves the house: pages and cards, at every call and some time after every decision."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.adapters.base import RateLimited, Receipt, Transient
from bot.deliver import Job, Outcome
from bot.engine.effects import Page, Reason
from bot.engine.escalation import current_level
from bot.engine.events import Acknowledge
from bot.engine.model import MINUTE, SECOND, Instant, Progress, Severity, Span, medium_of
from bot.engine.vendors import SILENT_MAX, Verdict, Why
from bot.engine.world import World
from bot.store.base import DeliveryState, Lane
from bot.switchboard import Carried
from tests.sim.phones import FAILED_OVER_WITHIN, Network
from tests.sim.platforms import CALL_MAX, Platform, Shown
from tests.sim.process import TICK
from tests.sim.storage import Record, Settled

if TYPE_CHECKING:
    from tests.sim.checks import Checks

PROOF: dict[str, Span] = {"im": 30 * SECOND, "sms": 2 * MINUTE, "voice": MINUTE, "email": MINUTE}
"""How long a page may go without a proof, as docs/escalation.md promises it."""
SLACK: Span = 3 * TICK + SECOND
REACHED_WITHIN: Span = 6 * MINUTE
"""Two minutes for a text, one for a mail, half a minute for each chat, and the tries in between."""
_FALLBACKS = (Reason.FALLBACK_FAILED, Reason.FALLBACK_UNPROVEN)
_ONCE_MORE = frozenset({Why.NO_PROOF, Why.RING_AGAIN})
"""Why a page that some vendor took goes out once more."""
_MAY_HAVE_CARRIED = frozenset({Verdict.TAKEN, Verdict.UNPROVEN, Verdict.NO_ANSWER})
_RANK = (DeliveryState.SENT, DeliveryState.DELIVERED)


@dataclass(slots=True)
class Fact:
    """A page that was decided."""

    page: Page
    incident: str
    key: str
    seq: int
    at: Instant
    landed: bool = False
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a message was rendered, so that it can be rendered again."""

    wall: Instant
    world: World
    lane: Lane


class DeliveryChecks:
    """What platforms and people get to see."""

    def __init__(self, checks: Checks) -> None:
        self._all = checks
        self.pages: dict[str, Fact] = {}
        self._firings: dict[tuple[str, str, str], list[Fact]] = {}
        self._of: dict[tuple[str, str], list[Fact]] = {}
        """Every page of an incident to a member."""
        self._by_provider: dict[tuple[str, str], list[Fact]] = {}
        """What a vendor calls a message → the pages that it carries."""
        self._climbing: dict[tuple[str, str], tuple[int, Instant]] = {}
        """Incident and member → the cycle of their own ladder, and when it ends by the wall clock."""
        self._stopped: dict[str, int] = {}
        self._acked: dict[tuple[str, str], int] = {}
        self.landings: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        self._recorded: set[str] = set()
        self._highest: dict[str, int] = {}
        self.drawn: dict[tuple[str, str], Drawn] = {}
        self.deleted: set[str] = set()
        self._tokens: dict[str, str] = {}
        self._under_way: dict[tuple[str, str], Drawn] = {}
        self._carried: dict[tuple[str, str], list[str]] = {}
        """Row and lease → the pages that its text carries, where it carries more than its own."""

    # -- decisions

    def decided(self, record: Record) -> None:
        """Note what a step decided about pages, and look again when the time for their proof is over."""
        checks, before, after = self._all, record.before, record.made.incident
        if before is not None:
            stops = before.cycle != after.cycle or (
                before.progress is Progress.TRIGGERED and after.progress is not Progress.TRIGGERED
            )
            if stops:
                self._stopped[after.id] = checks.seq
            had = {r.member for r in before.responders if r.acked_at is not None}
            for responder in after.responders:
                if responder.acked_at is not None and responder.member not in had:
                    self._acked[after.id, responder.member] = checks.seq
        if isinstance(record.event, Acknowledge) and record.made.reply and record.made.reply.done:
            ways = {fact.page.way for fact in self._of.get((after.id, record.event.by), ())}
            checks.marks["acked_elsewhere"] += bool(ways) and record.event.via not in ways
        line = checks.sim.line
        if any(entry.reason is Reason.FLAPPED for entry in record.made.entries):
            for watch in (one for one in after.watches if one.later):  # an alert that is back lets ladders go on
                until = max(rung.due_at for rung in watch.later)
                self._climbing[after.id, watch.member] = after.cycle, until
        for page in (effect for effect in record.made.effects if isinstance(effect, Page)):
            key = f"page:{after.id}:{page.firing}:{page.member}:{page.way}"
            checks.must(key not in self.pages, 7, f"{key} was decided twice")
            fact = Fact(page, after.id, key, checks.seq, line.now)
            self.pages[key] = fact
            self._of.setdefault((after.id, page.member), []).append(fact)
            self._firings.setdefault((after.id, page.firing, page.member), []).append(fact)
            line.after(PROOF[medium_of(page.way)] + SLACK, self._proof_due, fact, line.skew)
            if page.reason not in _FALLBACKS:
                line.after(REACHED_WITHIN, self._reach_due, fact)
                self._own_ladder(record, fact)

    def _own_ladder(self, record: Record, fact: Fact) -> None:
        """The rungs of the person's own ladder are to come, unless the level names its media or one is under way."""
        page, after, line = fact.page, record.made.incident, self._all.sim.line
        member = record.world.member(page.member)
        unified = None if page.reason in (Reason.ADDED, Reason.OWN_LADDER) else current_level(after).ways
        rungs = member.ladder.get(after.severity, ()) if member else ()
        if not rungs or page.reason is Reason.OWN_LADDER or (unified or {}).get(after.severity):
            return
        cycle, until = self._climbing.get((fact.incident, page.member), (page.cycle, 0))
        now = after.last_at  # by the incident's own clock, as rungs are due
        climbs = cycle == page.cycle and until > now + SLACK
        if climbs:
            return
        self._climbing[fact.incident, page.member] = page.cycle, now + max(rung.after for rung in rungs)
        if cycle == page.cycle and until > now - SLACK:
            return  # one ends as the other begins: either is right
        for rung in rungs:
            for way in rung.ways:
                line.after(rung.after + SLACK, self._rung_due, fact, way, line.skew)

    def _rung_due(self, fact: Fact, way: str, skew: Span) -> None:
        """A rung has come: its way was asked, then or before, unless the person has it."""
        sim = self._all.sim
        if self._moved_on(fact) or skew != sim.line.skew or not sim.process.alive:
            return
        member = sim.declared.members.get(fact.page.member)
        if member is None or way not in member.reachable() or sim.excuses.between(fact.at, sim.line.now):
            return
        siblings = self._firings[fact.incident, fact.page.firing, fact.page.member]
        asked = any(one.page.way == way for one in siblings)
        self._all.must(asked, 8, f"{fact.key}: {way} is a rung of their own ladder, and was left out")

    def _reached(self, fact: Fact) -> bool:
        """Whether a page of another firing has come through since: then the person is no longer named."""
        mine = (facts for (incident, _, member), facts in self._firings.items() if incident == fact.incident
                and member == fact.page.member)  # fmt: skip
        return any(one.proven for facts in mine for one in facts)

    def _moved_on(self, fact: Fact) -> bool:
        now = self._all.now_of(fact.incident)
        if now.progress is Progress.CLOSED or now.cycle != fact.page.cycle:
            return True
        return any(r.member == fact.page.member and r.acked_at is not None for r in now.responders)

    def _proof_due(self, fact: Fact, skew: Span) -> None:
        """Without a proof in time, the next medium is asked, until there is none."""
        checks = self._all
        line = checks.sim.line
        if fact.proven or self._moved_on(fact) or skew != line.skew:
            return
        if not checks.sim.process.alive or checks.sim.excuses.between(fact.at, line.now):
            return
        siblings = self._firings[fact.incident, fact.page.firing, fact.page.member]
        member = checks.sim.declared.members.get(fact.page.member)
        tried = {one.page.way for one in siblings}
        later = any(one.seq > fact.seq for one in siblings)
        waiting = any(
            not one.proven and one is not fact and one.at + PROOF[medium_of(one.page.way)] + SLACK > line.now
            for one in siblings
        )
        all_tried = member is None or tried >= set(member.reachable())
        if all_tried and not any(one.proven for one in siblings) and not waiting:
            named = fact.page.member in checks.now_of(fact.incident).unreachable or self._reached(fact)
            checks.must(named, 8, f"nothing reached {fact.page.member} for {fact.key}, and the card does not say so")
        checks.must(later or all_tried, 8, f"{fact.key} was not proven, and nothing else was tried")

    def _reach_due(self, fact: Fact) -> None:
        """Where any medium of the person was fine all the time, something arrived."""
        checks = self._all
        sim = checks.sim
        if self._moved_on(fact) or sim.excuses.between(fact.at, sim.line.now) or not sim.process.alive:
            return
        member = sim.declared.members.get(fact.page.member)
        if member is None:
            return
        fine = [way for way in member.reachable() if self._was_fine(way, member, fact.at)]
        arrived = any(one.landed for one in self._firings[fact.incident, fact.page.firing, fact.page.member])
        checks.must(arrived or not fine, 9, f"{fact.key}: {fine} worked all the time, and nothing arrived")

    def _was_fine(self, way: str, member: object, since: Instant) -> bool:
        sim = self._all.sim
        carrier = sim.carriers[way]
        address = {"sms": member.phone, "voice": member.phone, "email": member.email}.get(way)
        address = address or member.identities[way]
        if address in carrier.refused or address in carrier.mute:
            return False
        return not sim.sick[way].between(since - 2 * MINUTE, sim.line.now)

    # -- calls

    def starts(self, job: Job) -> None:
        """A worker begins to send."""
        row, sim = job.row, self._all.sim
        world = sim.process.directory.world()
        if job.bundle:
            self._carried[row.id, row.token] = self._keys(job)
        self._under_way[row.id, row.token] = Drawn(sim.line.clock.now(), world, row.lane)
        stored = sim.store.inner.read(lambda tx: tx.delivery(row.id))
        holds = stored is not None and stored.token == row.token
        self._all.must(holds, 20, f"{row.key} is sent by somebody who does not hold it any more")
        left = row.due_at - sim.line.clock.now()
        self._all.must(
            left >= CALL_MAX, 20, f"{row.key} is sent with {left} ms of its lease left, and may take {CALL_MAX}"
        )
        fact = self.pages.get(row.key)
        if row.lane is Lane.PAGE and fact is not None:
            late = self._stopped.get(fact.incident, 0) > fact.seq
            late = late or self._acked.get((fact.incident, fact.page.member), 0) > fact.seq
            self._all.must(not late, 4, f"{row.key} starts although it was not wanted any more")
        earlier = self._tokens.get(row.id)
        if earlier is not None and earlier != row.token and row.attempts > 1 and row.error == "":
            self._all.marks["lease_rescue"] += 1
        self._tokens[row.id] = row.token
        if row.error == "rate_limited":
            self._all.marks["retry_after_obeyed"] += 1
        if row.error == "budget":
            self._all.marks["budget_waited"] += 1
        self._excuse(job, bool(job.choice and self._may_go_again(job)) + bool(job.choice and job.choice.hedge))

    def _keys(self, job: Job) -> list[str]:
        """The pages that a message carries: its own first."""
        if not job.bundle:
            return [job.row.key]
        read = self._all.sim.store.inner.read
        rows = read(lambda tx: [tx.delivery(one) for one in job.bundle])
        return [row.key for row in rows if row is not None]

    def _excuse(self, job: Job, times: int) -> None:
        """Each page of a message may arrive so many times more."""
        for key in self._keys(job) if times else ():
            self.excused[key] += times

    def _may_go_again(self, job: Job) -> bool:
        """Whether an earlier try may have carried this page, and had its time: then it may arrive once more."""
        sim = self._all.sim
        tries = sim.store.inner.read(lambda tx: tx.tries(job.row.id))
        now = sim.line.clock.now()
        waited = [one for one in tries if one.verdict != Verdict.TAKEN or now - one.ended_at >= SILENT_MAX]
        return any(one.verdict in _MAY_HAVE_CARRIED for one in waited)

    def came_back(self, job: Job, outcome: Outcome) -> None:
        """An answer, or none."""
        outcomes = [each.outcome for each in outcome.placed] if isinstance(outcome, Carried) else [outcome]
        for each in outcomes:
            self._excuse(job, isinstance(each, Transient) and each.ambiguous)
        if job.choice and job.choice.why in _ONCE_MORE:
            self._all.marks[job.choice.why.value] += 1
        if isinstance(outcome, RateLimited):
            self._all.checked[18] += 1

    def vendor_is_bad(self, network: Network, job: Job, vendor: str) -> None:
        """A Critical page has met a vendor that is dead, slow or lying: another one has it within 15 seconds."""
        now = self._all.now_of(job.row.incident) if job.row.incident else None
        if now is not None and now.severity is Severity.CRITICAL:
            due = FAILED_OVER_WITHIN + SLACK
            self._all.sim.line.after(due, self._failover_due, network, job, vendor, self._all.sim.line.now)

    def _failover_due(self, network: Network, job: Job, vendor: str, since: Instant) -> None:
        checks, row = self._all, job.row
        sim = checks.sim
        troubled = sim.excuses.between(since - CALL_MAX, sim.line.now) or sim.sick[row.carrier].between(
            since, sim.line.now
        )
        fact = self.pages.get(row.key)
        now = checks.now_of(row.incident)
        if troubled or fact is None or fact.proven or self._moved_on(fact) or now.severity is not Severity.CRITICAL:
            return
        others = [each for each in network.tries[row.key].vendors if each != vendor]
        checks.marks["vendor_failed_over"] += bool(others)
        checks.must(bool(others), 9, f"{row.key} went by {vendor}, which is bad, and by no other within 15 s")

    def lost(self, job: Job) -> None:
        """Nobody will write down what became of this call."""
        self._excuse(job, 1)

    def landed(self, platform: Platform, job: Job, shown: Shown | None, new: bool) -> None:
        """A message arrived at its platform."""
        row, checks = job.row, self._all
        sim = checks.sim
        if not new and shown is not None:
            checks.must(job.rev >= shown.rev, 13, f"{row.key} shows rev {job.rev} after {shown.rev}")
        keys = self._keys(job)
        for key in keys if new else ():
            self.landings[key] += 1
            allowed = 1 + self.excused[key]
            troubled = sim.excuses.between(sim.line.now - MINUTE, sim.line.now)
            fine = self.landings[key] <= allowed or troubled
            checks.must(fine, 7, f"{key} arrived {self.landings[key]} times, and {allowed} can be explained")
            if self.landings[key] > 1:
                checks.marks["crash_after_send"] += 1
        checks.marks["bundled"] += len(keys) > 1
        facts = [fact for key in keys if (fact := self.pages.get(key)) is not None]
        for fact in facts:
            fact.landed = True
            fact.proven = fact.proven or platform.caps.proof == "accepted"
        self._by_provider[platform.name, f"{platform.name}:{platform.count}"] = facts
        if job.choice:
            self._by_provider[platform.name, f"m:{job.choice.key}"] = facts
        if shown is not None:
            self.drawn[platform.name, shown.ref] = self._under_way[row.id, row.token]

    def settled(self, settled: Settled) -> None:
        """A row was given back by its holder."""
        row, given, checks = settled.row, settled.given, self._all
        now = checks.sim.line.now
        if not settled.kept:
            checks.marks["lease_lost"] += 1
            for key in self._carried.get((row.id, row.token), [row.key]):
                self.excused[key] += 1
            excused = checks.sim.excuses.between(now - 30 * SECOND, now)
            checks.must(excused, 20, f"the lease of {row.key} was lost without any trouble")
            return
        if given.error == "not_wanted":
            checks.marks["page_not_wanted"] += 1
        if given.error == "expired":
            checks.marks["page_expired"] += 1
        if given.error in {"chat_moved", "message_gone"}:
            checks.marks["chat_moved" if given.error == "chat_moved" else "card_gone"] += 1
            self._recorded.discard(row.key)
            self.landings.pop(row.key, None)
        elif not row.ref and not row.provider_id and (given.ref or given.state in _RANK):
            checks.must(row.key not in self._recorded, 7, f"{row.key} was sent and written down twice")
            self._recorded.add(row.key)

    def receipt(self, receipt: Receipt) -> None:
        """A vendor's proof was taken."""
        for fact in self._by_provider.get((receipt.carrier, receipt.provider_id or receipt.mark), ()):
            self._all.marks["overtaken_receipt"] += fact.key not in self._recorded
            fact.proven = fact.proven or receipt.state == "delivered"
