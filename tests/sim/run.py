"""`python -m tests.sim.run`: simulate nights on call from seeds, and print how to see a failure again.

Exit codes: 0 all went well, 1 something that must hold does not, 2 misuse.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import structlog

from tests.sim import mutants
from tests.sim.checks import INVARIANTS, MARKS, Violation
from tests.sim.simulation import DAYS, Plan, Simulation
from tests.sim.world import span_of, span_text

MEMORY = Path("/dev/shm")
"""Where there is one, SQLite need not wait for a disk, which takes longer than all the rest."""
MARKS_NEED = 400 * 90
"""From this many days on, in all seeds together, every coverage mark must have been hit."""
CHECKS_NEED = 40 * 30
"""From this many days on, every invariant must have been checked."""


@dataclass
class Report:
    """What came of one seed."""

    plan: Plan
    trace: str = ""
    failure: str = ""
    invariant: int = 0
    failed_at: int = 0
    tail: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    checked: Counter[int] = field(default_factory=Counter)


def simulate(plan: Plan) -> Report:
    """Run one seed to its end, or to what broke."""
    quiet()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        sim = Simulation(plan, _store(plan, Path(folder)))
        report = Report(plan)
        try:
            report.tally = Counter(asdict(sim.run()))
        except Violation as violation:
            report.failure, report.invariant = str(violation), violation.invariant
        except Exception:  # noqa: BLE001 - an error of the product is a finding like any other
            report.failure = traceback.format_exc()
        sim.store.close()
        report.tally = Counter(asdict(sim.counted()))
    report.trace, report.tail = sim.trace.hash(), sim.trace.lines()
    report.marks, report.checked = sim.checks.marks, sim.checks.checked
    report.failed_at = sim.line.now - sim.line.start
    return report


def quiet() -> None:
    """The simulator's own trace says more than the product's log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _store(plan: Plan, folder: Path) -> object:
    if plan.store == "memory":
        return None
    from bot.store.migrations import migrate
    from bot.store.opening import open_store

    url = f"sqlite:///{folder / 'sim.db'}"
    migrate(url)
    return open_store(url)


def again(report: Report) -> str:
    """The command that shows a failure again."""
    plan = report.plan
    until = span_text(report.failed_at + 60_000)
    days = "" if plan.days == DAYS else f" DAYS={plan.days:g}"
    whole = report.failed_at >= plan.days * 86_400_000
    return f"make sim SEED={plan.seed}{days}" + ("" if whole else f" UNTIL={until[: until.index('m')]}m")


def sweep(plans: list[Plan], jobs: int) -> list[Report]:
    """All plans, in as many processes, until the first failure."""
    reports: list[Report] = []
    if jobs <= 1 or len(plans) == 1:
        for plan in plans:
            reports.append(simulate(plan))
            if reports[-1].failure:
                break
        return reports
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for report in pool.imap_unordered(simulate, plans):
            reports.append(report)
            if report.failure:
                pool.terminate()
                break
    return reports


def missing_marks(reports: list[Report]) -> list[str]:
    """Coverage marks that no seed has hit."""
    hit = sum((report.marks for report in reports), Counter())
    return [mark for mark in MARKS if not hit[mark]]


def missing_checks(reports: list[Report]) -> list[str]:
    """Invariants that no seed has checked."""
    checked = sum((report.checked for report in reports), Counter())
    return [f"invariant {number}" for number in INVARIANTS if not checked[number]]


def told_twice(plan: Plan, days: float = 10.0) -> Report:
    """The first days of a plan once more, and again: the same seed tells the same story (27)."""
    first, second = (simulate(replace(plan, days=days, until=None)) for _ in range(2))
    if not first.failure and first.trace != second.trace:
        first.failure, first.invariant = f"invariant 27: seed {plan.seed} told two stories of the same days", 27
    first.checked[27] += 1
    return first


def show_failure(report: Report) -> None:
    """The end of the story, what broke, and how to see it again."""
    print("\n".join(report.tail))
    print(
        f"\nseed {report.plan.seed} failed at {span_text(report.failed_at)}: {report.failure}\n\n    {again(report)}\n"
    )


def summary(reports: list[Report], took: float) -> str:
    """What was simulated, in a few lines."""
    total = sum((report.tally for report in reports), Counter())
    checked = sum((report.checked for report in reports), Counter())
    marks = sum((report.marks for report in reports), Counter())
    days = sum(report.plan.days for report in reports)
    happened = f"{total['incidents']} incidents, {total['events']} engine events, {total['sends']} messages"
    return "\n".join((
        f"{len(reports)} seeds, {days:g} days, {happened}, {total['presses']} presses in {took:.1f} s",
        f"{total['crashes']} crashes, {total['freezes']} hung workers, {total['edits']} edits of the manifest",
        "marks: " + ", ".join(f"{mark} {marks[mark]}" for mark in MARKS),
        "checks: " + ", ".join(f"{number}: {checked[number]}" for number in INVARIANTS),
    ))  # fmt: skip


def kill_mutants(names: list[str], days: float, seeds: int, jobs: int) -> int:
    """Each planted mutant must die within `seeds` seeds. Returns how many live."""
    alive = 0
    with ThreadPoolExecutor(jobs) as hunters:  # one seed of a mutant at a time: most die in the first
        hunts = hunters.map(lambda name: mutants.hunt(name, mutants.plans(name, days, seeds), 1), names)
    for name, reports in zip(names, hunts, strict=True):
        dead = next((report for report in reports if report.failure), None)
        how = f"dies: seed {dead.plan.seed}, {dead.failure.splitlines()[-1][:110]}" if dead else "LIVES"
        print(f"{name:28} {how}", flush=True)
        alive += dead is None
    return alive


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--days", type=float, default=DAYS)
    parser.add_argument("--until", type=span_of, help="stop at 3d04h, and show the last events")
    parser.add_argument("--store", choices=("memory", "sqlite"), default="memory")
    parser.add_argument("--mutant", choices=sorted(mutants.MUTANTS), help="plant one mistake in the product")
    parser.add_argument("--mutants", action="store_true", help="plant each in turn; all must die")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(arguments)
    if given.mutants:
        return 1 if kill_mutants(sorted(mutants.MUTANTS), given.days, max(given.seeds, 8), given.jobs) else 0
    seeds = range(given.seed, given.seed + given.seeds)
    plans = [Plan(seed=seed, days=given.days, until=given.until, store=given.store) for seed in seeds]
    begin = time.monotonic()
    if given.mutant:
        reports = mutants.hunt(given.mutant, mutants.plans(given.mutant, given.days, given.seeds), given.jobs)
    else:
        reports = sweep(plans, given.jobs)
    days = 0.0 if given.until is not None or given.mutant else given.seeds * given.days
    if days >= CHECKS_NEED:
        reports.append(told_twice(plans[0]))
    failed = [report for report in reports if report.failure]
    if given.until is not None and not failed:
        print("\n".join(reports[-1].tail))
    for report in failed[:1]:
        show_failure(report)
    print(summary(reports, time.monotonic() - begin))
    if len(reports) == 1:
        print(f"trace {reports[0].trace}")
    missing = missing_checks(reports) if days >= CHECKS_NEED else []
    missing += missing_marks(reports) if days >= MARKS_NEED else []
    if missing and not failed:
        print(f"No seed met {', '.join(missing)}: the run proves less than it should.")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
