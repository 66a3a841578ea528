"""Mistakes planted in the product, one at a time: each must be found by the checks within a few seeds.

A mutant is a function of the product with a few characters changed. It is compiled anew in its own module and put in
place of the original everywhere, so that it stays in step with the code: a text that is not found any more is an error.
"""

from __future__ import annotations

import importlib
import inspect
import multiprocessing
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sim.run import Report
    from tests.sim.simulation import Plan


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `module`, the function `name` (or `Class.method`) reads `new` instead of `old`."""

    module: str
    name: str
    old: str
    new: str
    kinds: tuple[str, ...] = ()
    """Faults without which nobody could notice."""
    rate: float | None = None


_ENGINE, _STORE = "bot.engine", "bot.store"

CORE: dict[str, Mutant] = {
    "vendor-believed": Mutant(
        f"{_ENGINE}.vendors", "_believed_until", "page.severity is Severity.CRITICAL", "False", ("vendor",), rate=0.0
    ),
    "failover-later": Mutant(
        "bot.phones", "Phones._settled", "due_at=now, error", "due_at=now + 60_000, error", ("vendor",), rate=0.0
    ),
    "ack-keeps-cycle": Mutant(
        f"{_ENGINE}.people", "_settle", "cycle=draft.incident.cycle + 1", "cycle=draft.incident.cycle", rate=0.9
    ),
    "ack-keeps-timers": Mutant(f"{_ENGINE}.people", "_settle", "if forced else None", "if True else None"),
    "budget-ignored": Mutant(
        "bot.backplane", "Budgets.take", "(longest := max(waits)) > 0", "(longest := max(waits)) < 0"
    ),
    "cards-not-wanted": Mutant(
        f"{_STORE}.memory_outbox", "MemoryOutbox.want_cards", "changed = (", "changed = (None and "
    ),
    "catch-all-skipped": Mutant(
        f"{_ENGINE}.escalation", "fire", "if not called and not on_last_resort(incident):", "if False:", ("edit",)
    ),
    "clock-runs-back": Mutant(
        f"{_ENGINE}.draft", "Draft.__init__", "self.now = max(now, incident.last_at)", "self.now = now", ("clock",)
    ),
    "double-escalation": Mutant(
        f"{_ENGINE}.people", "_stale", "return command.seen_rev is not None and", "return False and", rate=0.9
    ),
    "fallback-never": Mutant(f"{_ENGINE}.fallback", "_hand_over", "    if others:", "    if False:"),
    "failure-ignored": Mutant(
        f"{_ENGINE}.fallback", "failed", "elif watch is not None and", "elif False and", ("blocked",)
    ),
    "handled-without-fence": Mutant("bot.intake", "Intake._finish", "raise LeaseLost", "return", ("freeze",)),
    "inbox-finished-first": Mutant(
        "bot.intake",
        "Intake.step",
        "put_off: dict[str, Instant] = {}",
        "put_off = {}; "
        'store.run(lambda tx: [tx.finish_inbox([r.id], r.token, InboxState.DONE, "", now) for r in rows])',
    ),
    "lease-too-short": Mutant("bot.deliver", "Deliver.claim", "LEASE", "LEASE // 60"),
    "level-off-by-one": Mutant(
        f"{_ENGINE}.escalation", "climb", "incident.level + 1, Reason.NOT", "incident.level + 2, Reason.NOT", rate=0.0
    ),
    "next-wake-forgets": Mutant(f"{_ENGINE}.draft", "next_wake", "incident.escalate_at, ", ""),
    "old-button-obeyed": Mutant(
        f"{_ENGINE}.incident", "_apply", "if rev < draft.incident.episode_rev", "if rev < 0", rate=0.9
    ),
    "on-call-off-by-one": Mutant(
        f"{_ENGINE}.schedule", "on_call", "shifts(schedule, at, at + 1)", "shifts(schedule, at - 1, at)"
    ),
    "proof-too-easy": Mutant(
        f"{_ENGINE}.preference", "proves", "return proof is", "return True or proof is", ("mute",)
    ),
    "recovery-keeps-open": Mutant(
        f"{_ENGINE}.incident", "_alert_changed", "if draft.incident.alerts_open == 0", "if False"
    ),
    "repeat-for-ever": Mutant(f"{_ENGINE}.escalation", "_set_timers", "incident.loop < level.repeat_times", "True"),
    "retry-after-ignored": Mutant("bot.deliver", "Deliver._settled", "int(after_s * SECOND) + 1", "1", ("throttle",)),
    "settle-without-fence": Mutant(
        f"{_STORE}.memory_outbox", "MemoryOutbox.settle", "and token and old.token == token", "", ("freeze", "clock")
    ),
    "shown-card-expires": Mutant("bot.deliver", "Deliver.prepare", "and not row.ref:", ":"),
    "snooze-for-ever": Mutant(f"{_ENGINE}.incident", "wake", "incident.snoozed_until <= now", "False", rate=0.9),
    "short-lease-used": Mutant(
        "bot.deliver", "Deliver.prepare", "row.due_at - now < CALL_MAX_S * SECOND", "False", ("freeze",)
    ),
    "unsent-page-forgotten": Mutant(
        "bot.deliver",
        "Deliver._settled",
        "due_at=now + backoff(row)",
        "state=DeliveryState.SENT",
        ("broken", "outage"),
    ),
    "wanted-not-asked": Mutant(
        "bot.deliver", "Deliver.prepare", "not still_wanted(incident, row.cycle, row.member)", "False", ("outage",), 0.9
    ),
}


WIDER: dict[str, Mutant] = {
    "ack-never-runs-out": Mutant(f"{_ENGINE}.people", "_ack_until", "if timeout else", "if False else", rate=0.9),
    "ack-timeout-forgets": Mutant(
        f"{_ENGINE}.people",
        "ack_over",
        "_ask_again(draft, Reason.ACK_TIMEOUT, had)",
        "_ask_again(draft, Reason.ACK_TIMEOUT)",
        rate=0.9,
    ),
    "climbs-early": Mutant(
        f"{_ENGINE}.escalation",
        "_set_timers",
        "max(level.escalate_after, SECOND)",
        "max(level.escalate_after // 2, SECOND)",
        rate=0.0,
    ),
    "closed-takes-severity": Mutant(f"{_ENGINE}.incident", "_obey", "people.gone(draft) or ", "", rate=0.9),
    "disabled-rule-taken": Mutant(f"{_ENGINE}.routing", "choose_rule", "if each.enabled", "if True"),
    "edit-changes-policy": Mutant(
        f"{_ENGINE}.incident",
        "wake",
        "incident, now = draft.incident, draft.now",
        "rules = draft.world.channels[draft.incident.channel].rules; "
        "draft.change(rule=next((r for r in rules if r.id == draft.incident.rule.id), draft.incident.rule)); "
        "incident, now = draft.incident, draft.now",
        ("edit",),
        0.0,
    ),
    "flap-opens-anew": Mutant(f"{_ENGINE}.flapping", "goes_on", "incident.loop >= 0", "incident.loop >= 99"),
    "hours-ignored": Mutant(f"{_ENGINE}.calendars", "within", "return not every or", "return True or"),
    "merge-loses-alert": Mutant(
        "bot.regrouping", "Regrouping._join", "for alert in alerts])", "for alert in alerts[1:]])", rate=0.9
    ),
    "merge-pages-anew": Mutant(
        f"{_ENGINE}.regrouping",
        "alerts_joined",
        "    incident = draft.incident\n",
        "    from bot.engine import escalation\n    escalation.fire(draft, Reason.JOINED)\n"
        "    incident = draft.incident\n",
        rate=0.9,
    ),
    "move-counts-twice": Mutant(
        f"{_ENGINE}.regrouping",
        "alerts_left",
        "incident.alerts_total - command.total",
        "incident.alerts_total",
        rate=0.9,
    ),
    "mute-for-ever": Mutant("bot.noise", "Noise.ask_again", "if alert.muted and", "if False and", rate=0.9),
    "named-people-ignored": Mutant(
        f"{_ENGINE}.dynamic", "retarget", "return replace(rule, levels=levels)", "return rule"
    ),
    "override-ignored": Mutant(f"{_ENGINE}.schedule", "shifts", "if override.start >= end", "if True", ("edit",)),
    "override-outlives": Mutant(
        f"{_ENGINE}.schedule",
        "shifts",
        "((one.start, one.end) for one in schedule.overrides if not one.role_only",
        "((one.start, one.end + 3_600_000) for one in schedule.overrides if not one.role_only",
        ("edit",),
    ),
    "pinned-closes": Mutant(
        f"{_ENGINE}.incident", "_alert_changed", "alerts_open == 0 and incident.close_with_alerts", "alerts_open == 0"
    ),
    "queued-not-due": Mutant(f"{_STORE}.memory_outbox", "MemoryTx.next_due", "tables.queued, ", "", ("hints",)),
    "recovers-too-early": Mutant(
        f"{_ENGINE}.incident",
        "_alert_changed",
        "if draft.incident.alerts_open == 0",
        "if draft.incident.alerts_open <= 1",
    ),
    "round-robin-asks-all": Mutant(f"{_ENGINE}.escalation", "fire", "if level.round_robin:", "if False:"),
    "round-robin-stays": Mutant(
        f"{_ENGINE}.turns", "next_place", "(people.index(last.member) + 1)", "people.index(last.member)"
    ),
    "rota-hours-ignored": Mutant(f"{_ENGINE}.restriction", "hours_of", "if layer.restriction:", "if ():", ("edit",)),
    "rung-skipped": Mutant(f"{_ENGINE}.fallback", "rungs", "if way in has and", 'if way in has and way != "sms" and'),
    "rung-without-timer": Mutant(f"{_ENGINE}.draft", "next_wake", "(*watch.pending, *watch.later)", "watch.pending"),
    "split-keeps-alerts": Mutant("bot.regrouping", "Regrouping.split", "    tx.put_alerts(gone)\n", "", rate=0.9),
    "unsilenced-unheard": Mutant(
        "bot.silences", "_ask_again", "muted_until=now)", "muted_until=alert.muted_until)", rate=0.9
    ),
}
"""What is newer ground: whom rules name, alerts that people move, ladders of one's own, hours, silences."""

MUTANTS = CORE | WIDER


def breed(name: str) -> tuple[Any, str, Any, Any]:
    """A mutant beside its original: (where it is defined, its name there, the original, the mutant)."""
    mutant = MUTANTS[name]
    module = importlib.import_module(mutant.module)
    owner_name, _, function_name = mutant.name.rpartition(".")
    owner: Any = getattr(module, owner_name) if owner_name else module
    original = getattr(owner, function_name)
    source = textwrap.dedent(inspect.getsource(original))
    if mutant.old not in source:
        raise LookupError(f"The mutant {name} does not find {mutant.old!r} in {mutant.module}.{mutant.name} any more.")
    scope: dict[str, Any] = {}
    code = compile(
        "from __future__ import annotations\n" + source.replace(mutant.old, mutant.new), mutant.module, "exec"
    )
    exec(code, module.__dict__, scope)
    return owner, function_name, original, scope[function_name]


def plant(name: str) -> None:
    """Put a mutant in place, for the life of this process."""
    owner, function_name, original, changed = breed(name)
    setattr(owner, function_name, changed)
    for each in list(sys.modules.values()):
        if getattr(each, "__name__", "").startswith("bot."):
            for key, value in list(vars(each).items()):
                if value is original:
                    setattr(each, key, changed)


def plans(name: str, days: float, seeds: int) -> list[Plan]:
    """Busy weeks in which a mutant should be noticed; every other one has only the faults that this takes."""
    from tests.sim.simulation import Plan

    needs, numbers = MUTANTS[name], range(1, seeds + 1)
    return [Plan(seed=n, days=days, busy=3.0, kinds=needs.kinds, rate=needs.rate, calm=n % 2 == 1) for n in numbers]


def hunt(name: str, plans: list[Plan], jobs: int) -> list[Report]:
    """Run plans with a mutant planted, each in a process of its own, until one fails. Raises LookupError.

    No pool: one that is ended while it hands out work waits for ever now and then.
    """
    breed(name)
    context = multiprocessing.get_context("spawn")
    waiting, reports = list(plans), []
    running: dict[Any, Any] = {}
    while (waiting or running) and not any(report.failure for report in reports):
        while waiting and len(running) < jobs:
            ours, theirs = context.Pipe(duplex=False)
            running[ours] = context.Process(target=_alone, args=(name, waiting.pop(0), theirs))
            running[ours].start()
            theirs.close()
        for pipe in wait(list(running)):
            reports.append(pipe.recv())  # EOFError: the process died without a word
            running.pop(pipe).join()
    for process in running.values():
        process.terminate()
        process.join()
    return reports


def _alone(name: str, plan: Plan, pipe: Connection) -> None:
    importlib.import_module("tests.sim.simulation")
    plant(name)
    run: Callable[[Plan], Report] = importlib.import_module("tests.sim.run").simulate
    pipe.send(run(plan))
