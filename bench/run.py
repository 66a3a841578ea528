"""`python -m bench.run`: every measurement in one run on one machine, as a table, and as JSON in artifacts/.

What is measured, and how far to trust it, is in docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import footprint, ingest, latency, machine, presses, timers
from tests.e2e.processes import ROOT

ARTIFACTS = ROOT / "artifacts"
PARTS: dict[str, Callable[[Path], dict[str, object]]] = {
    "footprint": footprint.measure,
    "latency": latency.measure,
    "presses": presses.measure,
    "ingest": ingest.measure,
    "timers": timers.measure,
}


def main() -> int:
    """Exit 1 when something that was accepted is missing; a slow machine is no failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="leave the other measurements out")
    given = parser.parse_args()
    began = time.monotonic()
    found: dict[str, Any] = {"machine": machine.facts(), "load_before": machine.load()}
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as scratch:
        folder = Path(scratch)
        before = machine.calibrate(folder)
        for name in given.only or PARTS:
            print(f"measuring {name} …", file=sys.stderr)
            (folder / name).mkdir(exist_ok=True)
            found[name] = PARTS[name](folder / name / "run" if name == "footprint" else folder / name)
        after = machine.calibrate(folder)
    found |= {
        "before": asdict(before),
        "after": asdict(after),
        "moved": before.moved(after),
        "noisy": before.moved(after) > machine.NOISY,
        "load_after": machine.load(),
        "seconds": time.monotonic() - began,
    }
    ARTIFACTS.mkdir(exist_ok=True)
    (ARTIFACTS / "bench.json").write_text(json.dumps(found, indent=2))
    table = "\n".join(report(found))
    (ARTIFACTS / "bench.md").write_text(table + "\n")
    print(table)
    return 1 if lost(found) else 0


def lost(found: dict[str, Any]) -> bool:
    """Whether anything that was promised is missing."""
    latencies = [found.get("latency", {}).get(kind, {}) for kind in ("card", "page")]
    shapes = [found.get("timers", {}).get(shape, {}) for shape in ("spread", "at_once")]
    missing = sum(part.get("missing", 0) for part in (*latencies, *shapes, found.get("presses", {})))
    return bool(missing or found.get("ingest", {}).get("accepted_and_not_kept", 0))


def report(found: dict[str, Any]) -> list[str]:
    """The table, in Markdown."""
    facts, before, after = found["machine"], found["before"], found["after"]
    lines = [
        (
            f"{facts['cores']} cores of {facts['cpu']}, {facts['memory_gib']} GiB, {facts['system']}, "
            f"Python {facts['python']}, SQLite {facts['sqlite']}"
        ),
        "",
        "| measured | result |",
        "|---|---|",
        f"| fsync of 4 KiB, before and after | {before['fsyncs_per_s']:.0f} and {after['fsyncs_per_s']:.0f} a second |",
        f"| one core, thousand additions | {before['loops_per_s']:.0f} and {after['loops_per_s']:.0f} a second |",
        f"| load of the machine before | {found['load_before']:.1f} |",
    ]
    sections: dict[str, Callable[[dict[str, Any]], list[tuple[str, str]]]] = {
        "ingest": _ingest,
        "latency": _latency,
        "presses": _presses,
        "timers": _timers,
        "footprint": _footprint,
    }
    for name, section in sections.items():
        if name in found:
            lines += [f"| {what} | {result} |" for what, result in section(found[name])]
    if found["noisy"]:
        lines += [
            "",
            f"**Noisy**: the machine's own speed moved by {found['moved']:.0%} meanwhile; trust nothing here.",
        ]
    return lines


def _ingest(found: dict[str, Any]) -> list[tuple[str, str]]:
    lines = []
    for size in ingest.SIZES:
        part = found[f"alerts_{size}"]
        lines += [
            (
                f"accepted durably, {size} alert{'s' if size > 1 else ''} a request",
                (
                    f"{part['alerts_per_s']:.0f} alerts/s in {part['requests_per_s']:.0f} requests/s, "
                    f"p99 {part['p99_ms']:.1f} ms, {part['cpu_us_per_request']:.0f} µs of CPU a request"
                ),
            ),
            (
                "the same, against a server that keeps nothing",
                (
                    f"{part['ratio_to_bare']:.2f} × its {part['bare_requests_per_s']:.0f} requests/s "
                    f"({part['bare_cpu_us_per_request']:.0f} µs of CPU a request)"
                ),
            ),
        ]
    kept = f"{found['accepted']} requests answered 2xx, {found['accepted_and_not_kept']} of them not in the inbox"
    return [*lines, ("after the load", f"{kept}; other answers: {found['not_2xx'] or 'none'}")]


def _latency(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            f"POST to {kind}, {found['incidents_per_s']} incidents/s",
            (
                f"p50 {part['p50_ms']:.1f} ms, p99 {part['p99_ms']:.1f} ms, max {part['max_ms']:.0f} ms, "
                f"{part['missing']} of {found['incidents']} missing"
            ),
        )
        for kind in ("card", "page")
        if "p50_ms" in (part := found[kind])
    ]


def _presses(found: dict[str, Any]) -> list[tuple[str, str]]:
    whole = f"{found['missing']} of {found['presses']} without an answer"
    every = {"all platforms": found["all"], **found["by_platform"]}
    return [
        (
            f"press to answer, {found['presses_per_s']} presses/s, {name}",
            f"p50 {part['p50_ms']:.1f} ms, p99 {part['p99_ms']:.1f} ms, max {part['max_ms']:.0f} ms"
            + (f", {whole}" if part is found["all"] else ""),
        )
        for name, part in every.items()
    ]


def _timers(found: dict[str, Any]) -> list[tuple[str, str]]:
    names = {"spread": f"over {timers.SPAN_S} s", "at_once": "at one instant"}
    return [
        (
            f"lateness of {found['count']} timers due {name}",
            (
                f"p50 {part['p50_ms']:.0f} ms, p99 {part['p99_ms']:.0f} ms, max {part['max_ms']:.0f} ms, "
                f"{part['missing']} missing"
            ),
        )
        for shape, name in names.items()
        if "p50_ms" in (part := found[shape])
    ]


def _footprint(found: dict[str, Any]) -> list[tuple[str, str]]:
    imports, idle = found["imports"], found["idle"]
    return [
        ("`--help`, median of 5", f"{found['help_s']['median']:.2f} s"),
        (
            "SDKs loaded by `--help`, and by a server without platforms",
            f"{', '.join(imports['help_sdks']) or 'none'}, and {', '.join(imports['server_sdks']) or 'none'}",
        ),
        (
            "idle `serve` with Slack, Telegram and mail",
            f"{idle['rss_mib']:.0f} MiB, {idle['cpu_percent']:.1f} % of a core, ready after {idle['ready_s']:.1f} s",
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
