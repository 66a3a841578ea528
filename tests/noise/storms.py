"""A labelled set of alert storms: what several monitoring systems say in one bad hour, and what belongs together.

A kind is one thing that somebody would take into one pair of hands: one failure of one service, however many hosts,
numbers and monitoring systems tell of it. Kinds of one storm share words, services or hosts on purpose. The texts were
written for this set, in the manner of the systems that `docs/sources` names.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from bot.engine.model import Alert, Severity
from tests.noise import storms_east, storms_unseen, storms_west
from tests.noise.kinds import Kind

SEEN: dict[str, tuple[Kind, ...]] = storms_west.STORMS | storms_east.STORMS
"""What was looked at while the measure was made: written before it, but it has been chosen on these."""
UNSEEN: dict[str, tuple[Kind, ...]] = storms_unseen.STORMS
STORMS: dict[str, tuple[Kind, ...]] = SEEN | UNSEEN


@dataclass(frozen=True)
class Labelled:
    """An alert, and the name of what it belongs to."""

    kind: str
    alert: Alert


def storm(name: str, seed: int = 0) -> list[Labelled]:
    """The alerts of one storm, in the order in which they arrive."""
    rng = random.Random(f"{name}{seed}")
    serial = count(1)
    told = [
        Labelled(kind.name, _alert(f"{name}{next(serial)}", kind, place, rng))
        for kind in STORMS[name]
        for place in range(kind.alerts)
    ]
    rng.shuffle(told)
    return told


def every(storms: Iterable[str] = tuple(STORMS), seed: int = 0) -> Iterator[list[Labelled]]:
    """The alerts of each storm."""
    for name in storms:
        yield storm(name, seed)


def _alert(one: str, kind: Kind, place: int, rng: random.Random) -> Alert:
    said = kind.says[place % len(kind.says)]
    words = {
        "n": rng.randrange(1, 40),
        "m": rng.randrange(1, 9),
        "pct": f"{rng.uniform(81, 99.9):.1f}",
        "big": rng.randrange(1_000, 90_000),
        "secs": rng.randrange(3, 900),
        "ip": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}",
        "hex": f"{rng.getrandbits(40):010x}",
        "pod": f"{rng.getrandbits(36):09x}-{''.join(rng.choices('bcdfghjklmnpqrstvwxz2456789', k=5))}",
        "uuid": f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}"
        f"-a{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}",
        "time": f"2026-03-03 {rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}",
        "az": rng.choice("abc"),
    }
    return Alert(
        id=one,
        integration="storm",
        channel="ops",
        alert_key=one,
        severity=Severity.CRITICAL,
        status=Severity.CRITICAL,
        title=said.title.format(**words),
        description=said.text.format(**words),
        labels={name: value.format(**words) for name, value in said.labels.items()},
        links=(),
        images=(),
        first_at=0,
        last_at=0,
        events=1,
    )
