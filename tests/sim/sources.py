"""The monitoring systems of a seed: they send, resend, retry what was not accepted, and sometimes send rubbish."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.engine.model import HOUR, MINUTE, SECOND, Instant, Span
from bot.engine.world import Integration
from bot.store.base import Inbound
from tests.sim.world import Timeline

SEVERITIES = ("Critical", "Critical", "Warning", "Warning", "Info")
RESEND: Span = 12 * MINUTE
GOOD_FOR: Span = 30 * MINUTE
LULL_SHARE = 0.2
LULL = 60
"""How many times as long as others a fifth of the pauses is: there is one alert where there would be thirteen."""
NAMED = {
    ("0", "check5"): {"layer_person_reset_0_emails": "ann@example.com,stranger@example.com"},
    ("1", "check6"): {"layer_person_reset_0_team_names": "Leads"},
}
"""Alerts that name people themselves, by the last letter of their channel and their key."""


@dataclass
class Sources:
    """All integrations of one world. `keep` makes a body durable, or says that it did not."""

    line: Timeline
    rng: random.Random
    integrations: list[Integration]
    keep: Callable[[Inbound], bool]
    mean: Span
    retries: bool
    """Whether a sender sometimes sends again what was accepted already."""
    lulls: bool = False
    """Whether days without any alert lie between the bursts."""
    open: dict[tuple[str, str], Instant] = field(default_factory=dict)
    kept_at: dict[str, Instant] = field(default_factory=dict)
    accepted: dict[str, bool] = field(default_factory=dict)
    """Body id → whether it is rubbish."""
    on: bool = True
    _bodies: int = 0

    def begin(self) -> None:
        """The first alert of many."""
        self.line.after(self._pause(), self._next)

    def storm(self, size: int) -> None:
        """Very many alerts within a minute, most of which are over soon."""
        integration = self.rng.choice([one for one in self.integrations if one.source == "standard"])
        for number in range(size):
            key = f"storm-{self._bodies}-{number}"
            begin = self.rng.randrange(MINUTE)
            self.line.after(begin, self._standard, integration, key, "Critical", f"service {number} is down")
            self.line.after(begin + self.rng.randrange(MINUTE, 20 * MINUTE), self._over, integration, key)

    def fresh(self, key: str) -> None:
        """One grave alert at every standard integration."""
        for integration in self.integrations:
            if integration.source == "standard":
                self._standard(integration, f"{key}-{integration.id}", "Critical", "the last one")

    def rubbish(self) -> None:
        """Something that nobody can read."""
        self._post(self.rng.choice(self.integrations), b'{"half of a', broken=True)

    def _pause(self) -> Span:
        """Troubles rarely come alone: a few hours lie between them, and then, where there are lulls, some days."""
        long = self.lulls and self.rng.random() < LULL_SHARE
        return max(SECOND, round(self.rng.expovariate(1 / (LULL * self.mean if long else self.mean))))

    def _next(self) -> None:
        if not self.on:
            return
        rng = self.rng
        integration = rng.choice(self.integrations)
        key = f"check{rng.randrange(7)}"
        severity = rng.choice(SEVERITIES)
        lasts = round(min(rng.lognormvariate(13.8, 1.6), 12 * HOUR))
        if integration.source == "standard":
            self._standard(integration, key, severity, f"{key} fails")
            if (integration.id, key) not in self.open:
                self.open[integration.id, key] = self.line.now
                self._later(integration, key, lasts)
        elif (integration.id, key) not in self.open:
            self.open[integration.id, key] = self.line.now
            self._prometheus(integration, key, severity, self.line.now + min(lasts, 2 * HOUR), rng.random() < 0.5)
        self.line.after(self._pause(), self._next)

    def _later(self, integration: Integration, key: str, lasts: Span) -> None:
        rng = self.rng
        if rng.random() < 0.3:
            self.line.after(lasts // 2, self._standard, integration, key, rng.choice(SEVERITIES), f"{key} still fails")
        if rng.random() < 0.3:
            for _ in range(rng.randrange(1, 4)):
                self.line.after(rng.randrange(lasts), self._standard, integration, key, "Warning", f"{key} fails")
        if rng.random() < 0.85:
            self.line.after(lasts, self._over, integration, key)
            self._flap(integration, key, lasts)
        else:
            self.line.after(12 * HOUR, self.open.pop, (integration.id, key), None)
            self.line.after(36 * HOUR, self._over, integration, key)

    def _flap(self, integration: Integration, key: str, lasts: Span) -> None:
        """Some come back a few times, soon after they had been over; by a chance that shifts nobody else's."""
        rng = random.Random(f"{key}{lasts}")
        at = lasts
        for _ in range(rng.choice((0, 0, 0, 0, 0, 1, 2, 6))):
            at += rng.randrange(10 * SECOND, 6 * MINUTE)
            self.line.after(at, self._standard, integration, key, "Critical", f"{key} fails")
            at += rng.randrange(10 * SECOND, 3 * MINUTE)
            self.line.after(at, self._over, integration, key)

    def _standard(self, integration: Integration, key: str, severity: str, title: str) -> None:
        service = f"svc{len(key) % 2}{key[-1]}"
        labels = {"service": service, "key": key, **NAMED.get((integration.channel[-1], key), {})}
        body = {
            "event_status": severity, "title_rule": title, "alert_key": key, "labels": labels,
            "description": f"Seen on {service}",
        }  # fmt: skip
        self._post(integration, json.dumps(body).encode())

    def _over(self, integration: Integration, key: str) -> None:
        self.open.pop((integration.id, key), None)
        self._post(integration, json.dumps({"event_status": "Ok", "title_rule": "over", "alert_key": key}).encode())

    def _prometheus(self, integration: Integration, key: str, severity: str, until: Instant, silent: bool) -> None:
        """Prometheus sends its alerts again and again; some it resolves, others it just stops sending."""
        now = self.line.now
        over = now >= until
        if over:
            self.open.pop((integration.id, key), None)
            if silent:
                return
        labels = {"alertname": key, "severity": severity.lower(), "service": f"svc{key[-1]}"}
        ends = now - SECOND if over else now + GOOD_FOR
        one = {"labels": labels, "annotations": {"summary": f"{key} of Prometheus"}, "endsAt": _rfc3339(ends)}
        self._post(integration, json.dumps([one]).encode())
        if not over:
            self.line.after(RESEND, self._prometheus, integration, key, severity, until, silent)

    def _post(self, integration: Integration, body: bytes, *, broken: bool = False, tries: int = 0) -> None:
        self._bodies += 1
        row = Inbound(
            id=f"body{self._bodies}", integration=integration.id, source=integration.source, headers={},
            received_at=self.line.clock.now(), path=f"/in/{integration.source}/{integration.key}", body=body,
        )  # fmt: skip
        if self.keep(row):
            self.accepted[row.id] = broken
            self.kept_at[row.id] = self.line.now
            if self.retries and self.rng.random() < 0.03 and tries == 0:
                self.line.after(self.rng.randrange(20 * SECOND), self._again, integration, body, broken, 1)
        elif tries < 200:
            self.line.after(self.rng.randrange(2, 20) * SECOND, self._again, integration, body, broken, tries + 1)

    def _again(self, integration: Integration, body: bytes, broken: bool, tries: int) -> None:
        self._post(integration, body, broken=broken, tries=tries)


def _rfc3339(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()
