"""The simulator itself: a few short seeds pass, the same seed tells the same story, and planted mistakes are found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.engine.effects import Reason
from bot.engine.model import DAY
from tests.sim import mutants
from tests.sim.checks import INVARIANTS, Violation
from tests.sim.checks_delivery import Fact
from tests.sim.process import TICK
from tests.sim.run import Report, again, missing_checks, missing_marks, quiet, simulate, told_twice
from tests.sim.simulation import Plan, Simulation
from tests.sim.world import span_of, span_text

ROOT = Path(__file__).parents[2]
FALLBACKS = (Reason.FALLBACK_FAILED, Reason.FALLBACK_UNPROVEN)
"""These wait for news of platforms, which draw how long they take."""
QUICK = ("ack-keeps-timers", "budget-ignored", "inbox-finished-first")
"""Mutants that die within seconds; `python -m tests.sim.run --mutants` hunts them all."""


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """A few short seeds: one without faults, one with real cards, the others as they are drawn."""
    return [simulate(Plan(seed=seed, days=5, busy=2.0)) for seed in (2, 3, 4, 6, 7, 8)]


def test_five_days_of_a_few_seeds_go_well(reports):
    for report in reports:
        assert not report.failure, "\n".join([*report.tail, report.failure, again(report)])
    assert sum(report.tally["incidents"] for report in reports) > 50
    assert sum(report.tally["crashes"] for report in reports) > 0


def test_the_same_seed_tells_the_same_story_whatever_the_order_of_hashes():
    command = [sys.executable, "-m", "tests.sim.run", "--seed", "3", "--days", "8", "--jobs", "1"]
    runs = [
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashes}, capture_output=True, text=True, check=False
        )
        for hashes in ("0", "4242")
    ]
    traces = [run.stdout.splitlines()[-1] for run in runs]
    assert traces[0].startswith("trace "), runs[0].stdout + runs[0].stderr
    assert traces[0] == traces[1]


def test_a_seed_that_is_told_twice_is_compared():
    report = told_twice(Plan(seed=2, busy=2.0), days=0.5)
    assert not report.failure
    assert report.checked[27] == 1


def test_sqlite_decides_as_memory_does():
    memory, sqlite = (simulate(Plan(seed=2, days=1, busy=2.0, store=store)) for store in ("memory", "sqlite"))
    assert not sqlite.failure, sqlite.failure
    assert memory.trace == sqlite.trace


def decided(seed: int, *, hints: bool) -> tuple[Simulation, dict[tuple, Fact]]:
    """Every page that a calm seed decides: by incident, firing, member and way."""
    quiet()
    sim = Simulation(Plan(seed=seed, days=2, busy=1.2, calm=True, rate=0.0))
    if not hints:
        sim.hintless.add(0, sim.line.start + 1_000 * DAY)
    sim.run()
    facts = sim.checks.delivery.pages.values()
    return sim, {(sim.checks.num_of(f.incident), f.page.firing, f.page.member, f.page.way): f for f in facts}


def steps(firing: str, reason: Reason) -> int:
    """How many decisions by time lie behind a page at the most: each counts from when the one before it was made."""
    parts = firing.split(".")[1:]
    return 1 + sum(int(part) for part in parts if part.isdigit()) + (reason is Reason.OWN_LADDER)


@pytest.mark.parametrize("seed", [1, 5, 7])
def test_without_hints_the_same_is_decided_a_tick_later(seed):
    (rung, with_hints), (deaf, without) = decided(seed, hints=True), decided(seed, hints=False)
    late = {key: without[key].at - with_hints[key].at for key in with_hints.keys() & without.keys()}
    first = {key: by for key, by in late.items() if with_hints[key].page.reason not in FALLBACKS}
    assert len(first) > 20
    late_most = {key: (TICK + 100) * steps(key[1], with_hints[key].page.reason) for key in first}
    assert all(-50 <= by <= late_most[key] for key, by in first.items()), "no step is later than a tick"
    assert max(first.values()) > TICK // 2, "nothing was late at all: were any hints lost?"
    for key in with_hints.keys() ^ without.keys():  # nothing differs but what ended in that very tick
        at = (with_hints.get(key) or without[key]).at
        closings = [
            sim.checks.journal[fact.incident]
            for sim, facts in ((rung, with_hints), (deaf, without))
            for fact in facts.values()
            if sim.checks.num_of(fact.incident) == key[0]
        ]
        ends = {
            record.wall for records in closings for record in records if record.made.incident.closed_at == record.wall
        }
        assert any(abs(end - at) <= 2 * TICK for end in ends), f"{key} was decided with hints or without, and not both"


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_planted_mistake_is_found(name):
    reports = mutants.hunt(name, mutants.plans(name, days=6, seeds=4), 1)
    assert reports[-1].failure


@pytest.mark.parametrize("name", sorted(mutants.MUTANTS))
def test_a_mutant_still_fits_the_code(name):
    _, _, original, mutant = mutants.breed(name)
    assert (
        original.__code__.co_code != mutant.__code__.co_code or original.__code__.co_consts != mutant.__code__.co_consts
    )


def test_a_failure_prints_the_command_that_shows_it_again():
    report = Report(Plan(seed=8812), failed_at=span_of("3d04h"))
    assert again(report) == "make sim SEED=8812 UNTIL=3d04h01m"


def test_nothing_in_the_product_swallows_a_violation():
    """Intake goes on after any error of a body; a check that fails inside its commit must end the run all the same."""
    sim = Simulation(Plan(seed=2, days=1, calm=True))
    sim.checks.engine.step = lambda record: sim.checks.fail(1, "planted")
    with pytest.raises(Violation, match="planted"):
        sim.run()


def test_a_run_that_met_nothing_says_so():
    assert "ladder_exhausted" in missing_marks([Report(Plan(seed=1))])


def test_spans_are_read_as_they_are_written():
    assert span_text(span_of("3d04h")) == "3d04h00m00.000"
    with pytest.raises(ValueError, match="unit"):
        span_of("12")


def test_every_invariant_is_checked_by_some_seed(reports):
    without_hints = simulate(Plan(seed=2, days=5, calm=True, kinds=("hints",)))
    edited = simulate(Plan(seed=2, days=30, calm=True, kinds=("edit",)))
    assert [without_hints.failure, edited.failure] == ["", ""]
    assert missing_checks([*reports, without_hints, edited, told_twice(Plan(seed=2), days=0.5)]) == []


def test_a_run_that_checked_nothing_says_so():
    assert len(missing_checks([Report(Plan(seed=1))])) == len(INVARIANTS) == 27
