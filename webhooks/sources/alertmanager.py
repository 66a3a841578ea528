"""What Alertmanager, Prometheus and Grafana have in common: an alert is labels, some annotations, and two times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.engine.model import Event, EventStatus, Instant, Link, Severity
from webhooks.sources.keys import alert_key, fingerprint
from webhooks.sources.labels import native, shown, with_derived
from webhooks.sources.links import web_link
from webhooks.sources.severities import PROMETHEUS_LABELS, PROMETHEUS_WORDS, severity_in
from webhooks.sources.texts import description, title

RESOURCE_LABELS = ("instance", "pod", "node", "host")
"""Where the name of the thing that is ill is found, the most exact first."""

NO_LABELS = "it has no label with a value, and labels are what tells one alert from another"


def event_of(
    alert: Mapping[str, Any],
    labels: dict[str, str],
    *,
    resolved: bool,
    at: Instant,
    key: str = "",
    links: tuple[Link, ...] = (),
    resolve_at: Instant | None = None,
) -> Event:
    """One alert as an event. `labels` are the native ones, of which there are some; `key` is the fingerprint, if any.

    A firing alert whose severity label says `ok` is a recovery: an event is Ok exactly when its status is ok.
    """
    severity = Severity.OK if resolved else severity_in(labels, PROMETHEUS_LABELS, PROMETHEUS_WORDS)
    ended = severity is Severity.OK
    annotations = alert.get("annotations")
    notes: Mapping[str, Any] = annotations if isinstance(annotations, dict) else {}
    visible = with_derived(with_derived(shown(labels), "check", ("alertname",)), "resource", RESOURCE_LABELS)
    return Event(
        alert_key=alert_key(key or fingerprint(labels)),
        status=EventStatus.OK if ended else EventStatus.TRIGGER,
        severity=severity,
        title=_title(visible, labels),
        description=description((notes.get("summary"), notes.get("description"), notes.get("message"))),
        at=at,
        labels=visible,
        links=(
            *web_link("Graph", alert.get("generatorURL")),
            *web_link("Runbook", notes.get("runbook_url")),
            *links,
        ),
        resolve_at=None if ended else resolve_at,
    )


def labels_of(alert: Any) -> dict[str, str]:
    """The native labels of one item of a batch; none when the item is not an object."""
    return native(alert.get("labels")) if isinstance(alert, dict) else {}


def _title(visible: Mapping[str, str], labels: Mapping[str, str]) -> str:
    # The resource belongs to the identity, so it is as stable as the name, and it is what the person woken up asks.
    # A summary would be nicer for an alert without a name, but it often holds the current value.
    known = " / ".join(visible[name] for name in ("check", "resource") if name in visible) if "check" in visible else ""
    return title(known) or title(", ".join(f"{name}={value}" for name, value in sorted(labels.items())))
