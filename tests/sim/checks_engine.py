"""Checks of single steps: an incident alone, after each commit. Numbers are those of docs/simulation.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.engine.effects import Kind, Page, Reason
from bot.engine.events import (
    Acknowledge,
    AddResponders,
    AlertChange,
    AlertSeen,
    Assign,
    Command,
    Escalate,
    Note,
    PageFailed,
    Reopen,
    SetField,
    SetText,
    Wake,
)
from bot.engine.model import SECOND, Incident, Instant, Level, Progress, Severity, TargetKind
from tests.sim.process import TICK
from tests.sim.rota import behind, rule_for
from tests.sim.storage import Record

if TYPE_CHECKING:
    from tests.sim.checks import Checks

LATE_MAX = 3 * TICK
"""A tick, and the steps of others in between."""
_FALLBACKS = (Reason.FALLBACK_FAILED, Reason.FALLBACK_UNPROVEN, Reason.OWN_LADDER)
_WRITTEN = (
    "title",
    "description",
    "impact",
    "root_cause",
    "resolution",
    "fields",
    "frozen",
    "rev",
    "last_at",
    "next_wake",
)
NAMED = "layer_person_reset_"
_GIVEN_BACK = (Reason.SNOOZE_OVER, Reason.ACK_TIMEOUT, Reason.ACK_WITHDRAWN)
"""Whoever had it is asked again beside the level."""


class EngineChecks:
    """What a step may make of an incident."""

    def __init__(self, checks: Checks) -> None:
        self._all = checks
        self._groups: dict[tuple[str, str], str] = {}
        self._spoken: dict[str, Instant] = {}
        self._level_since: dict[str, Instant] = {}
        self._escalated: set[tuple[str, int]] = set()
        self._turns: dict[tuple[str, str, int], tuple[object, list[str]]] = {}
        """Of each level in round robin: among whom turns are taken, and who took one, the latest last."""
        self._extras: Counter[str] = Counter()
        """Storms, and alerts that come back before their pages are proven, ask a level once more."""

    def step(self, record: Record) -> None:
        """One step, right after its commit."""
        before, after = record.before, record.made.incident
        self._one_for_each_group(before, after)
        self._timers(record)
        self._monotone(record)
        self._policy_kept(record)
        self._ladder(record)
        self._people_only(record)
        self._everybody_asked(record)
        self._ack_runs_out(record)
        if before is None:
            self._right_rule(record)
        if isinstance(record.event, Command):
            self._command(record, record.event)
        if isinstance(record.event, AlertSeen):
            self._counted(record.event, after)
            self._goes_on(record, record.event)
        if isinstance(record.event, AlertSeen) and record.event.digest:
            self._told_for(record, record.event)
        if isinstance(record.event, PageFailed) and before is not None:
            self._handed_over(after, record.event)
        for entry in record.made.entries:
            self._all.marks[entry.reason.value] += 1

    def _goes_on(self, record: Record, event: AlertSeen) -> None:
        """An alert that is soon back pages nobody anew, and the ladder stands where it stood."""
        before, after = record.before, record.made.incident
        swelled = any(entry.kind is Kind.STORM for entry in record.made.entries)
        if event.change is AlertChange.BACK and before is not None:
            pages = [effect for effect in record.made.effects if isinstance(effect, Page)]
            stood = (before.cycle, before.round, before.level) == (after.cycle, after.round, after.level)
            self._all.must(swelled or (stood and not pages), 22, f"#{after.num} pages anew for an alert that is back")
        if before is not None and event.change is AlertChange.NEW:
            paged = any(isinstance(effect, Page) for effect in record.made.effects)
            reason = swelled or (event.unmuted and before.exhausted)
            self._all.must(not paged or bool(reason), 21, f"#{after.num} pages for an alert that merely joined")
        if event.unmuted and before is None and after.loop >= 0:
            asked = any(entry.kind is Kind.NOTIFY for entry in record.made.entries) or bool(after.unreachable)
            self._all.must(asked, 23, f"#{after.num} opened after a silence, and nobody was asked")

    def _told_for(self, record: Record, event: AlertSeen) -> None:
        """A digest counts an alert that opens nothing, and goes to whoever the alert would have gone to."""
        before, after, alert = record.before, record.made.incident, event.alert
        must = self._all.must
        counted = 1 if before is None else before.alerts_total + 1
        must(after.digest and after.alerts_total == counted, 21, f"#{after.num} does not count {alert.alert_key}")
        named = any(entry.facts.get("alert_key") == alert.alert_key for entry in record.made.entries)
        must(named, 21, f"#{after.num} does not name {alert.alert_key}, which it counts")
        if not after.rule.direct:
            rule = rule_for(record.world, alert.channel, alert.severity, record.wall)
            wanted = rule.id if rule else "catch_all"
            must(after.rule.id == wanted, 21, f"#{after.num} is told by {after.rule.id}, not {wanted}")

    def _one_for_each_group(self, before: Incident | None, after: Incident) -> None:
        if before is not None and self._groups.get((before.channel, before.group_key)) == before.id:
            del self._groups[before.channel, before.group_key]
        if after.progress is not Progress.CLOSED:
            holder = self._groups.setdefault((after.channel, after.group_key), after.id)
            self._all.must(holder == after.id, 2, f"{after.id} and {holder} are open for {after.group_key}")

    def _counted(self, event: AlertSeen, after: Incident) -> None:
        self._all.regroup.seen(event, after)
        if after.alerts_total > 1:
            self._all.marks["grouped"] += 1
        if event.change is AlertChange.RECOVERED and event.alert.status is not Severity.OK:
            self._all.marks["expired_alert"] += 1

    def holder(self, channel: str, group_key: str, *, but: str) -> bool:
        """Whether another incident is open for a group."""
        return self._groups.get((channel, group_key), but) != but

    def _handed_over(self, after: Incident, event: PageFailed) -> None:
        """A page that is known to have failed is not waited for."""
        waits = [
            pending.way
            for watch in after.watches
            if (watch.member, watch.firing) == (event.member, event.firing)
            for pending in watch.pending
        ]
        self._all.must(
            event.way not in waits, 8, f"#{after.num} still waits for {event.way}, which failed: {event.reason}"
        )

    def _timers(self, record: Record) -> None:
        after, must = record.made.incident, self._all.must
        times = [after.notify_at, after.escalate_at, after.close_at, after.snoozed_until, after.ack_until]
        times += [pending.due_at for watch in after.watches for pending in (*watch.pending, *watch.later)]
        soonest = min((at for at in times if at is not None), default=None)
        must(after.next_wake == soonest, 6, f"#{after.num} wakes at {after.next_wake}, and its timers say {soonest}")
        if after.progress is Progress.CLOSED:
            must(after.next_wake is None and not after.watches, 5, f"#{after.num} is closed, and has a timer")
        elif after.progress is Progress.TRIGGERED:
            must(after.next_wake is not None or after.exhausted, 5, f"#{after.num} is open, and nothing will happen")
        if isinstance(record.event, Wake):
            now = max(record.wall, record.before.last_at if record.before else 0)
            must(
                after.next_wake is None or after.next_wake > now,
                19,
                f"#{after.num} was woken at {now} and is due again",
            )

    def _monotone(self, record: Record) -> None:
        after = record.made.incident
        for entry in record.made.entries:
            last = self._spoken.get(after.id, entry.at)
            self._all.must(entry.at >= last, 24, f"#{after.num} says {entry.reason} at {entry.at}, before {last}")
            self._spoken[after.id] = entry.at
        if record.before is not None and record.wall < record.before.last_at:
            self._all.marks["clock_back"] += 1

    def _policy_kept(self, record: Record) -> None:
        before, after = record.before, record.made.incident
        if before is None or isinstance(record.event, Assign):
            return
        kept = before.rule == after.rule and before.last_resort == after.last_resort
        self._all.must(kept, 25, f"#{after.num} has another policy after {type(record.event).__name__}")

    def _ladder(self, record: Record) -> None:
        """Levels are climbed when their time has come, neither earlier nor much later."""
        before, after, checks = record.before, record.made.incident, self._all
        now = after.last_at
        if isinstance(record.event, Wake) and before is not None:
            due = (before.next_wake or now) - checks.sim.line.skew
            late = checks.sim.line.now - due
            excused = late <= LATE_MAX or checks.sim.excuses.between(due - SECOND, checks.sim.line.now)
            checks.must(excused, 6, f"#{after.num} was woken {late} ms late")
            moved = (before.round, before.level) != (after.round, after.level) and before.cycle == after.cycle
            if moved or (after.exhausted and not before.exhausted):
                self._climbed(before, after, now)
        extra = [e for e in record.made.entries if e.kind is Kind.STORM or e.reason is Reason.FLAPPED]
        self._extras[after.id] += len(extra)
        repeats = self._extras[after.id] + (_level(after).repeat_times if _level(after).repeat_every else 0)
        checks.must(after.loop <= repeats, 6, f"#{after.num} repeats a level {after.loop} times, and not {repeats}")
        asked = any(entry.kind is Kind.NOTIFY or entry.kind is Kind.ASSIGN for entry in record.made.entries)
        if after.loop == 0 and asked and (before is None or _place(before) != _place(after)):
            self._level_since[after.id] = now

    def _climbed(self, before: Incident, after: Incident, now: Instant) -> None:
        level = _level(before)
        waited = now - self._level_since[after.id]
        must = self._all.must
        must(waited >= level.escalate_after, 6, f"#{after.num} climbed after {waited} of {level.escalate_after} ms")
        held = before.progress is not Progress.TRIGGERED
        must(not held or level.even_if_acked, 6, f"#{after.num} climbed although somebody has it")
        if held:
            self._all.marks["climbed_though_acked"] += 1
        last = len(before.rule.levels) - 1
        higher = (before.round, before.level + 1)
        if before.level == last and before.round + 1 < before.rule.rounds:
            higher = (before.round + 1, 0)
        right = after.exhausted if before.level > last else (after.round, after.level) == higher
        must(right, 6, f"#{after.num} climbed from level {before.level} to level {after.level} of round {after.round}")

    def _people_only(self, record: Record) -> None:
        """Only people on call at that instant, or named, are paged."""
        after, event = record.made.incident, record.event
        pages = [effect for effect in record.made.effects if isinstance(effect, Page)]
        if not pages:
            return
        if isinstance(event, AddResponders):
            allowed = behind(record.world, event.targets, after.last_at)
        else:
            allowed = behind(record.world, _level(after).targets, after.last_at)
            if not allowed:
                allowed = behind(record.world, after.last_resort.targets, after.last_at)
        had = {r.member for r in record.before.responders if r.acked_at is not None} if record.before else set()
        watched = {(w.member, w.firing) for w in record.before.watches} if record.before else set()
        for page in pages:
            fine = page.member in allowed
            if page.reason in _GIVEN_BACK:
                fine = fine or page.member in had
            if page.reason in _FALLBACKS:
                fine = (page.member, page.firing) in watched
            self._all.must(fine, 14, f"#{after.num} pages {page.member} for {page.reason}, who is not on call")

    def _everybody_asked(self, record: Record) -> None:
        """A level that begins or repeats asks all who stand behind it; where there is nobody, the last resort."""
        before, after = record.before, record.made.incident
        if after.progress is not Progress.TRIGGERED or after.loop < 0:
            self._turns.pop((after.channel, after.rule.id, after.level), None)  # it may have climbed although acked
            return
        if before is not None and _turn_of(before) == _turn_of(after):
            return
        level, world = _level(after), record.world
        wanted = behind(world, level.targets, after.last_at)
        in_turn = level.round_robin and bool(wanted)
        wanted = wanted or behind(world, after.last_resort.targets, after.last_at)
        firing = f"{after.cycle}.{after.round}.{after.level}.{after.loop}"
        pages = [effect for effect in record.made.effects if isinstance(effect, Page)]
        asked = {page.member for page in pages if page.firing == firing and page.reason not in _FALLBACKS}
        asked |= _unreachable_now(record, after.level)
        timed_out = any(entry.reason is Reason.ACK_TIMEOUT for entry in record.made.entries)
        had = {r.member for r in before.responders if r.acked_at is not None} if before else set()
        if timed_out:
            gone = {member for member in had if world.member(member) is None}
            self._all.must(had <= asked | gone, 9, f"#{after.num} does not ask {sorted(had - asked)} who had it")
        if in_turn:
            self._one_in_turn(record, wanted, asked, asked - had)
            return
        self._all.must(wanted <= asked, 9, f"#{after.num} does not ask {sorted(wanted - asked)}")

    def _one_in_turn(self, record: Record, wanted: set[str], asked: set[str], new: set[str]) -> None:
        """Of those who can be reached one is asked, each in turn; a mailbox gets its copy anyway."""
        after, world, must = record.made.incident, record.world, self._all.must
        boxes = {member for member in wanted if member.startswith("mailto:")}
        people = wanted - boxes
        reached = {member for member in people if (one := world.member(member)) and one.reachable()} or people
        must(boxes <= asked, 9, f"#{after.num} leaves out {sorted(boxes - asked)}")
        must(bool(asked & reached) or not reached, 9, f"#{after.num} asks nobody of {sorted(reached)}")
        must(len(new & people) <= 1, 14, f"#{after.num} asks {sorted(new)} although one in turn is wanted")
        self._all.marks["round_robin"] += len(reached) > 1
        place, slot = f"{after.round}.{after.level}", (after.channel, after.rule.id, after.level)
        targets = _level(after).targets
        if any(target.kind is TargetKind.SCHEDULE for target in targets):
            self._turns.pop(slot, None)  # the order of a rota changes with its shifts
            return
        had = record.before.turns.get(place, "") if record.before else ""
        if len(new & reached) != 1:  # whose turn it is has it already
            self._turns.pop(slot, None)
            return
        one = next(iter(new & reached))
        if had in reached:
            must(one == had, 14, f"#{after.num} asks {one}, and it was the turn of {had}")
            return
        among, recent = self._turns.get(slot, (None, []))
        same = among == (targets, reached)
        recent = recent[-(len(reached) - 1) :] if same and len(reached) > 1 else []
        must(one not in recent, 14, f"#{after.num} asks {one}, and after {recent} it is the turn of somebody else")
        self._turns[slot] = ((targets, reached), [*recent, one])

    def _right_rule(self, record: Record) -> None:
        """The first enabled rule that fits and is within its hours; the people whom the alert names itself."""
        after, event, must = record.made.incident, record.event, self._all.must
        if not isinstance(event, AlertSeen):
            return
        wanted = rule_for(record.world, after.channel, event.alert.severity, after.opened_at)
        must(after.rule.id == (wanted.id if wanted else "catch_all"), 14, f"#{after.num} got {after.rule.id}: {wanted}")
        self._all.marks["in_hours"] += bool(wanted and wanted.when)
        named = {label: value for label, value in event.alert.labels.items() if label.startswith(NAMED)}
        must(not any(label in after.labels for label in named), 14, f"#{after.num} keeps the labels that named people")
        for label, value in named.items():
            number = int(label.removeprefix(NAMED)[0])
            if number < len(after.rule.levels):
                self._all.marks["named_by_alert"] += 1
                ids = {target.id for target in after.rule.levels[number].targets}
                fits = ids == (
                    {"leads"} if label.endswith("team_names") else {_holder(record, each) for each in value.split(",")}
                )
                must(fits, 14, f"#{after.num} asks {ids} at level {number}, and the alert named {value}")

    def _ack_runs_out(self, record: Record) -> None:
        """Whoever has it is asked again in the end, where the rule wants that."""
        after = record.made.incident
        timeout = after.rule.ack_timeout
        if after.progress is not Progress.PROCESSING or not timeout or after.snoozed_until is not None:
            return
        until = after.ack_until
        fine = until is not None and until <= after.last_at + timeout
        self._all.must(fine, 6, f"#{after.num} is held until {until}, and {timeout} ms is all that anybody gets")

    def _command(self, record: Record, event: Command) -> None:
        before, after, reply = record.before, record.made.incident, record.made.reply
        must = self._all.must
        must(reply is not None, 10, f"#{after.num} got {event} and said nothing")
        if before is None or reply is None:
            return
        unchanged = after is before or after == before
        must(reply.done or unchanged, 10, f"#{after.num} says {reply.code}, and was changed by {event}")
        if event.seen_rev is not None and event.seen_rev < before.episode_rev:
            must(unchanged, 11, f"#{after.num} obeyed a button of a story that is over: {event}")
        if before.progress is Progress.CLOSED and isinstance(event, (SetText, SetField)) and reply.done:
            # What people write may be written when it is over: these fields and no others, and nobody is paged for it.
            self._all.marks["written_after_the_end"] += 1
            written = {name: getattr(after, name) for name in _WRITTEN}
            pages = any(isinstance(effect, Page) for effect in record.made.effects)
            only_words = replace(before, **written) == after and not pages
            must(only_words, 11, f"#{after.num} is closed, and {event} changed more than words")
        elif before.progress is Progress.CLOSED and not isinstance(event, (Reopen, Note)):
            must(unchanged, 11, f"#{after.num} is closed, and was changed by {event}")
            if reply.code == "already_closed":
                must(reply.facts.get("by", "") == before.closed_by, 11, f"#{after.num}: {reply} names the wrong person")
        if isinstance(event, Escalate) and event.seen_rev is not None and reply.done:
            must((after.id, event.seen_rev) not in self._escalated, 10, f"#{after.num} was escalated twice by one card")
            self._escalated.add((after.id, event.seen_rev))
        if isinstance(event, Acknowledge) and reply.done:
            had = any(r.member == event.by and r.acked_at is not None for r in before.responders)
            must(not had, 10, f"#{after.num} was acknowledged twice by {event.by}")


def _level(incident: Incident) -> Level:
    levels = incident.rule.levels
    return levels[incident.level] if incident.level < len(levels) else incident.last_resort


def _unreachable_now(record: Record, level: int) -> set[str]:
    """Who was asked in vain by this firing; what became of an earlier one is told before the level is named."""
    entries = record.made.entries
    named = max((place for place, entry in enumerate(entries) if entry.kind is Kind.ASSIGN), default=0)
    told = (entry for entry in entries[named:] if entry.reason is Reason.UNREACHABLE and entry.level == level)
    return {entry.member for entry in told}


def _turn_of(incident: Incident) -> tuple[int, int, int, int]:
    return incident.cycle, incident.round, incident.level, incident.loop


def _place(incident: Incident) -> tuple[int, int, int, int]:
    return incident.cycle, incident.round, incident.level, min(incident.loop, 0)


def _holder(record: Record, address: str) -> str:
    """Whose address it is: a member's, or its own."""
    found = (one.id for one in record.world.members.values() if one.email == address)
    return next(found, address)
