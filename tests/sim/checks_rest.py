"""Checks at the end, when all faults are over and time was given to heal."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.cards.token import read as read_token
from bot.engine import schedule
from bot.engine.incident import step
from bot.engine.model import DAY, Incident, Instant
from bot.engine.silence import active
from bot.engine.world import Schedule
from bot.store.base import Delivery, DeliveryState, InboxState
from tests.sim.platforms import Shown, buttons
from tests.sim.process import KEY
from tests.sim.rota import offset, on_duty, rostered
from tests.sim.storage import Notes

if TYPE_CHECKING:
    from tests.sim.checks import Checks

_MORE = {"assign", "add", "note", "sev", "merge", "silence", "room", "why"}
LEGAL = {
    "triggered": {"ack", "resolve", "escalate", "snooze", *_MORE},
    "processing": {"resolve", "escalate", "snooze", "unack", "ack", *_MORE},
    "snoozed": {"wake", "resolve", *_MORE},
    "closed": {"reopen", "note", "silence", "why"},
}
_DONE_WITH = (DeliveryState.FAILED, DeliveryState.SUPERSEDED)
REASONS = {
    "new_alert", "updated", "duplicate", "recovered", "recovery_without_alert", "silenced", "inhibited",
    "flapping_muted",
}  # fmt: skip


class RestChecks:
    """What must be true in the end."""

    def __init__(self, checks: Checks) -> None:
        self._all = checks
        self._handled: Counter[str] = Counter()

    def bodies(self, notes: Notes) -> None:
        """Each body is read to the end in exactly one commit, and each event in it has an outcome."""
        for body in notes.bodies:
            self._handled[body] += 1
            self._all.must(self._handled[body] == 1, 1, f"{body} was handled twice")
        for _, absorbed in notes.absorbed:
            fine = bool(absorbed.incident) or absorbed.reason in REASONS
            self._all.must(fine, 1, f"{absorbed} has neither an incident nor a reason")

    def everything(self) -> None:
        """All of it, once."""
        self._nothing_lost()
        self._folds()
        self._outbox()
        self._muted()
        self._shown()
        self._said()
        self._schedules()
        self._sent_as_often_as_explained()
        self._all.regroup.at_rest()
        self._all.quiet.at_rest()

    def edited(self) -> None:
        """The manifest was edited: overrides hold at once, and no longer than they should; and so does the rest."""
        line = self._all.sim.line
        rng = random.Random(f"{line.now} rotas")
        for plan in self._all.sim.declared.schedules.values():
            self._overrides(plan)
            for at in (rng.randrange(line.now - 10 * DAY, line.now + 30 * DAY) for _ in range(8)):
                self._agree(plan, at)

    def _agree(self, plan: Schedule, at: Instant) -> None:
        """Who is on call, by the product and by hand."""
        duty, own = {(one.member, one.role) for one in schedule.on_call(plan, at)}, on_duty(plan, at)
        self._all.must(duty == own, 16, f"{plan.id} at {at}: on_call {duty}, by hand {own}: {plan}")

    def reached_at_last(self) -> None:
        """After healing, a fresh alert reaches somebody, if anybody can be reached at all."""
        checks = self._all
        sim = checks.sim
        for incident, records in checks.journal.items():
            if not records[0].made.incident.title.startswith("the last one"):
                continue
            if sim.line.now - checks.fresh_since < 9 * 60_000 or records[0].wall - sim.line.skew < checks.fresh_since:
                continue
            if records[-1].made.incident.rule.delay > 5 * 60_000:
                continue
            facts = [f for f in checks.delivery.pages.values() if f.incident == incident]
            reachable = any(self._can_reach(f.page.member) for f in facts)
            arrived = any(f.landed for f in facts)
            checks.must(bool(facts), 9, f"#{records[0].made.incident.num} paged nobody after all faults had ended")
            checks.must(arrived or not reachable, 9, f"#{records[0].made.incident.num} reached nobody after healing")

    def _can_reach(self, name: str) -> bool:
        sim = self._all.sim
        member = sim.declared.member(name)
        if member is None:
            return False
        addresses = {"sms": member.phone, "email": member.email, **member.identities}
        return any(addresses[way] not in sim.carriers[way].refused for way in member.reachable())

    def _nothing_lost(self) -> None:
        checks, sim = self._all, self._all.sim
        waiting = sim.store.read(lambda tx: tx.inbox_by_state(InboxState.WAITING, 10))
        checks.must(not waiting, 1, f"{len(waiting)} bodies still wait")
        for body in sim.sources.accepted:
            checks.must(self._handled[body] == 1, 1, f"{body} was accepted and handled {self._handled[body]} times")
        rubbish = [body for body, broken in sim.sources.accepted.items() if broken]
        dead = {row.id for row in sim.store.read(lambda tx: tx.inbox_by_state(InboxState.DEAD, 100_000))}
        checks.must(set(rubbish) <= dead, 1, "a broken body is no dead letter")
        checks.must(
            dead <= set(rubbish) | self._unknown(dead), 1, f"sound bodies are dead letters: {dead - set(rubbish)}"
        )
        if rubbish:
            checks.marks["dead_letter"] += 1
            checks.must(
                any(a.code == "dead_letter" for a in sim.store.read(lambda tx: tx.alarms(100_000))), 1, "no alarm"
            )

    def _unknown(self, dead: set[str]) -> set[str]:
        """Bodies that are kept although the sender was told nothing: it sent them again."""
        return {body for body in dead if body not in self._all.sim.sources.accepted}

    def _folds(self) -> None:
        """The log of events makes the stored incident, bit for bit."""
        checks = self._all
        stored = checks.sim.store.read(lambda tx: tx.incidents(list(checks.journal)))
        for one, records in checks.journal.items():
            incident: Incident | None = None
            for record in records:
                checks.must(incident == record.before, 3, f"{one} was loaded as something that was never saved")
                made = step(incident, record.event, record.world, record.wall)
                checks.must(made == record.made, 3, f"{one}: {type(record.event).__name__} gives another step")
                incident = made.incident
            checks.must(incident == stored.get(one), 3, f"{one} is not what its log says")
            checks.regroup.counted(stored[one])

    def _muted(self) -> None:
        """Every open alert is in an incident, or something that still holds keeps it quiet for the moment."""
        sim, must = self._all.sim, self._all.must
        now = sim.line.clock.now()
        for channel, declared in sim.declared.channels.items():
            quick = [one for one in sim.store.read(lambda tx: tx.silences()) if one.channel == channel]
            silences = {f"silence:{one.id}": one for one in (*sim.declared.silences[channel], *quick)}
            for alert in sim.store.read(lambda tx, channel=channel: tx.alerts_in(channel, 0, 100_000)):
                self._all.marks["muted"] += bool(alert.muted)
                must(bool(alert.incident) != bool(alert.muted), 23, f"{alert.alert_key} is nowhere: {alert}")
                late = now - (alert.muted_until or 0)
                known = not alert.muted.startswith("silence:") or alert.muted in silences
                must(known or now < (alert.muted_until or 0), 23, f"{alert.alert_key} is hidden by nothing: {alert}")
                must(not alert.muted or late < 5_000, 23, f"{alert.alert_key} should have been heard {late} ms ago")
                if alert.muted in silences:
                    quiet = silences[alert.muted]
                    holds = active(quiet, {}, now) or active(quiet, {}, now - 5_000)
                    must(holds, 23, f"{alert.alert_key} is muted by {quiet.id}, which is over")
                if alert.muted == "flapping":
                    must(
                        bool(declared.flapping and declared.flapping.mute),
                        22,
                        f"{alert.alert_key} is muted for nothing",
                    )

    def _sent_as_often_as_explained(self) -> None:
        delivery = self._all.delivery
        for key, times in delivery.landings.items():
            allowed = 1 + delivery.excused[key]
            self._all.must(times <= allowed, 7, f"{key} arrived {times} times, and {allowed} can be explained")

    def _outbox(self) -> None:
        checks = self._all
        for row in checks.rows():
            checks.must(row.state is not DeliveryState.QUEUED, 20, f"{row.key} still waits: {row.error}")
            checks.must(not row.token, 20, f"{row.key} is still leased")

    def _shown(self) -> None:
        """Every message shows what the incident is now."""
        checks, sim = self._all, self._all.sim
        owned: set[tuple[str, str]] = set()
        for row in checks.rows():
            if not row.ref or row.op:
                continue
            owned.add((row.carrier, row.ref))
            shown = sim.carriers[row.carrier].shown.get(row.ref)
            if shown is None:
                checks.must(row.ref in checks.delivery.deleted, 12, f"{row.key} is shown nowhere")
            elif row.state not in _DONE_WITH:
                self._same(row, shown)
        for name, carrier in sim.carriers.items():
            for ref, shown in carrier.shown.items():
                if (name, ref) not in owned and shown.incident:
                    row = sim.store.read(lambda tx, s=shown: tx.delivery(s.row))
                    excused = row is not None and (checks.delivery.excused[row.key] > 0 or row.state in _DONE_WITH)
                    checks.must(excused, 12, f"{ref} of {row.key if row else shown.row} is an orphan")

    def _said(self) -> None:
        """The lines below a card stand in the order in which they were decided; what is said twice was said before."""
        latest: dict[str, int] = {}
        for carrier in self._all.sim.carriers.values():
            for key in dict.fromkeys(line.key for line in carrier.said):
                _, card, number = key.split(":")
                self._all.must(int(number) > latest.get(card, 0), 13, f"{key} is said below a later line")
                latest[card] = int(number)

    def _same(self, row: Delivery, shown: Shown) -> None:
        checks, sim = self._all, self._all.sim
        incident = checks.now_of(row.incident)
        drawn = checks.delivery.drawn[row.carrier, row.ref]
        rendering = sim.env.rendering(lambda: drawn.world, KEY)
        as_sent = replace(row, lane=drawn.lane)
        card, plain, _ = sim.store.read(lambda tx: rendering.delivery(tx, incident, as_sent, drawn.wall))
        same = shown.message in (card, plain)
        checks.must(
            same, 12, f"{row.key} shows rev {shown.rev} of {incident.rev}:\n{shown.message}\ninstead of\n{card}"
        )
        verbs = {token.verb for token in (read_token(KEY, text) for text in buttons(shown.message)) if token}
        stands = "snoozed" if incident.snoozed_until is not None else incident.progress.value.lower()
        checks.must(verbs <= LEGAL[stands], 12, f"{row.key} offers {verbs} on a {stands} incident")

    def _schedules(self) -> None:
        """At any instant `on_call` is what `shifts` says, and what the simulator counts on its fingers."""
        checks, sim = self._all, self._all.sim
        rng = sim.rngs["town"]
        for plan in sim.declared.schedules.values():
            begin = sim.line.start - 10 * DAY
            checks.marks["clocks_changed"] += offset(sim.line.start, plan.zone) != offset(sim.line.now, plan.zone)
            found = list(schedule.shifts(plan, begin, sim.line.now))
            instants = [rng.randrange(begin, sim.line.now) for _ in range(12)]
            instants += [at for shift in rng.sample(found, min(6, len(found))) for at in (shift.start, shift.start - 1)]
            self._overrides(plan)
            for at in instants:
                duty = {(one.member, one.role) for one in schedule.on_call(plan, at)}
                around = [(s.member, s.role) for s in found if s.start <= at < s.end] if at >= begin else list(duty)
                checks.must(len(around) == len(set(around)), 15, f"somebody is on call twice in {plan.id} at {at}")
                checks.must(duty == set(around), 16, f"{plan.id} at {at}: on_call {duty}, shifts {around}")
                self._agree(plan, at)
                checks.must(bool(duty) or not on_duty(plan, at), 15, f"nobody owns {at} in {plan.id}")

    def _overrides(self, plan: Schedule) -> None:
        """Inside its window an override is all there is; before and after it, what it covered is there."""
        for one in plan.overrides:
            if one.start >= one.end:
                continue
            beside = [two for two in plan.overrides if two is not one]
            for at in (one.start - 1, one.start, (one.start + one.end) // 2, one.end - 1, one.end):
                if any(two.start <= at < two.end for two in beside):
                    continue
                duty = {(who.member, who.role) for who in schedule.on_call(plan, at)}
                inside = one.start <= at < one.end
                wanted = rostered(plan, at)
                if inside:
                    others = {(member, role) for member, role in wanted if one.role_only and role != one.role}
                    wanted = others | {(one.member, one.role)}
                self._all.must(duty == wanted, 17, f"{plan.id} at {at}: {duty} on call, and {wanted} by {one}")
