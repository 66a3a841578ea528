"""Prometheus Alertmanager's webhook, version 4: one notification about a group becomes one event for each alert in it.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from bot.engine.model import Event, Instant
from webhooks.sources.alertmanager import NO_LABELS, event_of, labels_of
from webhooks.sources.base import Ignored, Outcome, Parsed, Rejected, Request, Source
from webhooks.sources.links import web_link
from webhooks.sources.reading import read_json, unreadable
from webhooks.sources.texts import plain
from webhooks.sources.times import moment


class _Envelope(msgspec.Struct, gc=False):
    """The least that makes a body a notification; whatever else newer versions send along is welcome."""

    alerts: list[msgspec.Raw]


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def check(request: Request) -> Rejected | None:
    """Whether the body is a notification. Alertmanager does not send again what was answered 4xx: it is kept."""
    try:
        _ENVELOPE.decode(request.body)
    except (ValueError, RecursionError):
        found = _read(request)
        return found if isinstance(found, Rejected) else None
    return None


def parse(request: Request) -> Outcome:
    """One event for each alert, by the alert's own status; the group's only counts where an alert has none."""
    body = _read(request)
    if isinstance(body, Rejected):
        return body
    items = body["alerts"]
    if not items:
        return Ignored(why="The notification carries no alerts.")
    events: list[Event] = []
    problems: list[str] = []
    for index, item in enumerate(items):
        event = _event(item, body, request.received_at)
        if event is None:
            problems.append(f"Alert {index} was left out: {NO_LABELS}.")
        else:
            events.append(event)
    if not events:
        return unreadable(f"None of the {len(items)} alerts could be used: {NO_LABELS}.")
    return Parsed(events=tuple(events), problems=(*problems, *_truncated(body)))


def _read(request: Request) -> Mapping[str, Any] | Rejected:
    body = read_json(request)
    if isinstance(body, Rejected):
        return body
    if isinstance(body, list):
        return unreadable(
            "This is a list of alerts, as Prometheus itself sends it. "
            "Use an integration of the kind prometheus_v2, or put an Alertmanager in between."
        )
    if not isinstance(body, dict) or not isinstance(body.get("alerts"), list):
        return unreadable("This is no notification of Alertmanager: the list `alerts` is missing.")
    return body


def _event(item: Any, group: Mapping[str, Any], received_at: Instant) -> Event | None:
    labels = labels_of(item)
    if not labels:
        return None
    resolved = (plain(item.get("status")) or plain(group.get("status"))).strip().lower() == "resolved"
    return event_of(
        item,
        labels,
        resolved=resolved,
        at=(moment(item.get("endsAt")) if resolved else _started(item)) or received_at,
        key=plain(item.get("fingerprint")).strip(),
        links=web_link("Alertmanager", group.get("externalURL")),
    )


def _started(item: Mapping[str, Any]) -> Instant | None:
    # A rule may know better than Prometheus when the trouble began: the annotation `timestamp` holds epoch seconds.
    annotations = item.get("annotations")
    stated = moment(annotations.get("timestamp")) if isinstance(annotations, dict) else None
    return stated or moment(item.get("startsAt"))


def _truncated(group: Mapping[str, Any]) -> tuple[str, ...]:
    left_out = group.get("truncatedAlerts")
    if not isinstance(left_out, int) or left_out <= 0:
        return ()
    return (f"Alertmanager left {left_out} alerts out (its max_alerts); set max_alerts: 0 to receive all of them.",)


SOURCE = Source(name="prometheus", parse=parse, check=check)
