"""Prometheus itself, with Tocsin in the place of an Alertmanager: the API that it pushes every alert to, every minute.

There is no status in it. An alert fires until its `endsAt`, which each repeat moves on; when the repeats stop, it ends
by itself. https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from bot.engine.model import MINUTE, Event
from webhooks.sources.alertmanager import NO_LABELS, event_of, labels_of
from webhooks.sources.base import Ignored, Outcome, Parsed, Rejected, Reply, Request, Source, json_reply
from webhooks.sources.reading import read_json, unreadable
from webhooks.sources.times import moment

RESOLVE_TIMEOUT = 5 * MINUTE
"""How long an alert without `endsAt` fires (Alertmanager's default resolve_timeout)."""


class _Item(msgspec.Struct, gc=False):
    """The part of an alert that decides whether it is one."""

    labels: dict[str, str]


_ITEMS = msgspec.json.Decoder(list[_Item])


def check(request: Request) -> Rejected | None:
    """Whether every alert can be used. A batch that is good in part is kept, and its sender told of the rest: 400."""
    dropped = _dropped(request.config)
    try:
        items = _ITEMS.decode(request.body)
        if all(any(value and name not in dropped for name, value in item.labels.items()) for item in items):
            return None
    except (ValueError, RecursionError):
        pass  # only the typed reading failed; the forgiving one decides
    outcome = parse(request)
    if isinstance(outcome, Parsed) and outcome.partial_status is not None:
        return Rejected(status=outcome.partial_status, why=" ".join(outcome.problems), keep=True)
    return outcome if isinstance(outcome, Rejected) else None


def parse(request: Request) -> Outcome:
    """One event for each alert that has labels left after `drop_labels`, which HA pairs of Prometheus differ in."""
    items = _read(request)
    if isinstance(items, Rejected):
        return items
    if not items:
        return Ignored(why="The batch is empty.")
    dropped = _dropped(request.config)
    events: list[Event] = []
    problems: list[str] = []
    for index, item in enumerate(items):
        event = _event(item, dropped, request)
        if event is None:
            problems.append(f"Alert {index} was left out: {NO_LABELS}.")
        else:
            events.append(event)
    if not events:
        return unreadable(" ".join(problems))
    return Parsed(events=tuple(events), problems=tuple(problems), partial_status=400 if problems else None)


def answer(request: Request, rejected: Rejected | None) -> Reply:
    """What a Prometheus, or an old client of API v1, expects back from an Alertmanager."""
    if "/api/v1/" in request.path:
        if rejected is None:
            return json_reply(200, {"status": "success"})
        kind = "bad_data" if rejected.status < 500 else "server_error"
        return json_reply(rejected.status, {"status": "error", "errorType": kind, "error": rejected.why})
    return Reply(status=200) if rejected is None else json_reply(rejected.status, rejected.why)


def _read(request: Request) -> list[Any] | Rejected:
    body = read_json(request)
    if isinstance(body, Rejected):
        return body
    if isinstance(body, dict) and "alerts" in body:
        return unreadable(
            "This is a notification of Alertmanager's webhook, not a batch of Prometheus. "
            "Use an integration of the kind prometheus and the address that belongs to it."
        )
    return body if isinstance(body, list) else unreadable("A batch of alerts is a JSON list, and this is none.")


def _dropped(config: Mapping[str, Any]) -> frozenset[str]:
    names = config.get("drop_labels") or ()
    listed = names.split(",") if isinstance(names, str) else names
    return frozenset(str(name).strip() for name in listed)


def _event(item: Any, dropped: frozenset[str], request: Request) -> Event | None:
    labels = {name: value for name, value in labels_of(item).items() if name not in dropped}
    if not labels:
        return None
    now = request.received_at
    ends_at = moment(item.get("endsAt"))
    resolved = ends_at is not None and ends_at <= now
    # An alert that ends later than now began now at the latest, when it does not say since when.
    at = ends_at if resolved else moment(item.get("startsAt"))
    return event_of(item, labels, resolved=resolved, at=at or now, resolve_at=ends_at or now + RESOLVE_TIMEOUT)


SOURCE = Source(name="prometheus_v2", parse=parse, check=check, answer=answer)
