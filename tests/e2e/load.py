"""A storm of distinct alerts, posted as Alertmanager posts them: by group, and again until they are answered 2xx."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import aiohttp

from tests.e2e.stage import Place

BURST = re.compile(r"Burst\d{5}")
"""Every alert of an incident has the incident's word in its title, so that a message tells what it is about."""
GROUP = 20
RECOVERING = 0.1
"""The share of groups that recover as soon as all their alerts were accepted: their incidents must end closed."""
SINGLES = 0.03
"""The share of alerts that come alone: one alert, one request, one incident."""
PAUSE_MIN_S, PAUSE_MAX_S = 0.05, 0.5
"""Between tries. Alertmanager's backoff begins at 0.5 s; a shorter one asks more of a process that has just begun."""
POST_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One notification of Alertmanager: alerts of one group."""

    place: Place
    burst: str
    alerts: tuple[str, ...]
    """Their fingerprints, which are their alert keys."""
    resolved: bool = False

    @property
    def status(self) -> str:
        return "resolved" if self.resolved else "firing"

    def body(self) -> dict[str, object]:
        """Version 4 of Alertmanager's webhook."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "version": "4",
            "groupKey": f'{{}}:{{burst="{self.burst}"}}',
            "truncatedAlerts": 0,
            "status": self.status,
            "receiver": "tocsin",
            "groupLabels": {"burst": self.burst},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.storm.example:9093",
            "alerts": [self._alert(fingerprint, at) for fingerprint in self.alerts],
        }

    def _alert(self, fingerprint: str, at: str) -> dict[str, object]:
        return {
            "status": self.status,
            "labels": {
                "alertname": f"{self.burst} errors above 5%",
                "burst": self.burst,
                "instance": f"{fingerprint}:9100",
                "severity": "critical",
                "region": "eu-west-1",
                "job": "node",
            },
            "annotations": {
                "summary": f"Error rate 7.3 % on {fingerprint}",
                "description": "p99 is 4.1 s and rising since deploy 8123; the queue behind it fills at 40 a second.",
                "runbook_url": "https://runbooks.storm.example/errors",
            },
            "startsAt": at,
            "endsAt": at if self.resolved else "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.storm.example:9090/graph",
            "fingerprint": fingerprint,
        }


Chain = tuple[Post, ...]
"""Notifications of one group, each sent when the one before it was accepted: an Alertmanager keeps that order."""


def storm(places: Sequence[Place], alerts: int, seed: int) -> list[Chain]:
    """That many distinct alerts, in groups of up to 20 and alone, in requests of 1 to 20, shuffled."""
    chance = random.Random(seed)
    chains: list[Chain] = []
    made = number = 0
    while made < alerts:
        size = 1 if chance.random() < SINGLES * GROUP / (1 + SINGLES * GROUP) else GROUP
        names = tuple(f"{made + i:016x}" for i in range(min(size, alerts - made)))
        place, burst = places[number % len(places)], f"Burst{number:05d}"
        cut = chance.randint(len(names) // 2, len(names)) or 1
        firing = tuple(Post(place=place, burst=burst, alerts=part) for part in (names[:cut], names[cut:]) if part)
        if chance.random() < RECOVERING:
            chains.append((*firing, *(replace(post, resolved=True) for post in firing)))
        else:
            chains += [(post,) for post in firing]
        made, number = made + len(names), number + 1
    chance.shuffle(chains)
    return chains


@dataclass(slots=True)
class Sender:
    """Posts at a given concurrency and remembers what was promised."""

    http: aiohttp.ClientSession
    url: str
    at_once: int = 8
    accepted: list[Post] = field(default_factory=list)
    """Answered 2xx: none of their alerts may be lost from here on."""
    answers: Counter[str] = field(default_factory=Counter)
    """Every status, and `no answer` for connections that were refused or died under the request."""

    async def send(self, chains: Sequence[Chain]) -> None:
        """Return when each notification was answered 2xx."""
        waiting = list(reversed(chains))

        async def work() -> None:
            while waiting:
                for post in waiting.pop():
                    await self._insist(post)

        await asyncio.gather(*(work() for _ in range(self.at_once)))

    async def _insist(self, post: Post) -> None:
        pause = PAUSE_MIN_S
        while not await self._try(post):
            await asyncio.sleep(pause)
            pause = min(pause * 2, PAUSE_MAX_S)

    async def _try(self, post: Post) -> bool:
        target = f"{self.url}/in/prometheus/{post.place.key}"
        try:
            timeout = aiohttp.ClientTimeout(total=POST_S)
            async with self.http.post(target, json=post.body(), timeout=timeout) as answer:
                status = answer.status
                await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.answers["no answer"] += 1
            return False
        self.answers[str(status)] += 1
        if 400 <= status < 500 and status != 429:
            raise AssertionError(f"A good notification was answered {status}; Alertmanager would drop it.")
        if 200 <= status < 300:
            self.accepted.append(post)
            return True
        return False
