"""What `tocsin parse` prints: what Tocsin makes of a payload, without an integration, a database or a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from bot.engine.model import Event, Instant
from webhooks.sources import SOURCES
from webhooks.sources.base import Handshake, Ignored, Json, Outcome, Parsed, Rejected, Request
from webhooks.sources.times import moment, written


class Line(msgspec.Struct, kw_only=True, gc=False):
    """One line of a batch."""

    source: str
    body_b64: str
    case: str = ""
    headers: dict[str, str] = {}
    config: dict[str, Any] = {}


_LINE = msgspec.json.Decoder(Line)


def parse_one(
    source: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    config: Mapping[str, Any],
    now: Instant,
    case: str = "",
) -> Json:
    """`{"events"}`, `{"ignored"}`, `{"rejected"}` or `{"handshake"}`: what becomes of one body of a source.

    `headers` may hold the pseudo header `:path`; `config` is the integration's settings, and its `received_at` stands
    for the clock, else `now`. The id of the body, and with it every key made up, depends on `case` and the body.
    """
    kind = SOURCES.get(source)
    if kind is None:
        return {"rejected": {"status": 404, "why": f"There is no source {source!r}; there are {', '.join(SOURCES)}."}}
    lower = {name.lower(): value for name, value in headers.items()}
    request = Request.of(
        id=hashlib.sha256(b"\0".join((case.encode(errors="replace"), source.encode(), body))).hexdigest()[:16],
        source=source,
        headers={name: value for name, value in lower.items() if not name.startswith(":")},
        target=lower.get(":path", f"/in/{source}"),
        body=body,
        config=config,
        received_at=moment(config.get("received_at")) or now,
    )
    refused = kind.check(request)
    if refused is not None and not refused.keep:
        return outcome_json(refused)
    return outcome_json(kind.parse(request))


def parse_batch(lines: Iterable[str], *, now: Instant) -> Iterator[str]:
    """One JSON line for each line that is not blank, in the same order; a line that cannot be read is a rejection."""
    for text in lines:
        if text.strip():
            yield msgspec.json.encode(_parse_line(text, now)).decode()


def _parse_line(text: str, now: Instant) -> Json:
    try:
        line = _LINE.decode(text)
        body = base64.b64decode(line.body_b64, validate=True)
    except (ValueError, RecursionError) as unreadable:
        return {"rejected": {"status": 400, "why": f"The line of the batch cannot be read: {unreadable}."}}
    return parse_one(line.source, body, headers=line.headers, config=line.config, now=now, case=line.case)


def outcome_json(outcome: Outcome) -> Json:
    """An outcome as `tocsin parse` prints it."""
    match outcome:
        case Parsed():
            return _parsed_json(outcome)
        case Ignored():
            return {"ignored": outcome.why}
        case Rejected():
            return {"rejected": {"status": outcome.status, "code": str(outcome.code), "why": outcome.why}}
        case Handshake():
            return {"handshake": {"why": outcome.why, "answer": dict(outcome.answer), "fetch": outcome.fetch}}


def _parsed_json(outcome: Parsed) -> Json:
    found: Json = {"events": [event_json(event) for event in outcome.events]}
    if outcome.problems:
        found["problems"] = list(outcome.problems)
    if outcome.partial_status is not None:
        found["status"] = outcome.partial_status
    return found


def event_json(event: Event) -> Json:
    """An event; times are RFC 3339 in UTC, and what an event does not have is left out."""
    found: Json = {
        "alert_key": event.alert_key,
        "status": event.status.value,
        "severity": event.severity.value,
        "title": event.title,
        "description": event.description,
        "labels": dict(event.labels),
        "at": written(event.at),
        "links": [{"text": link.text, "href": link.href} for link in event.links],
    }
    if event.images:
        found["images"] = [{"src": image.src, "alt": image.alt, "href": image.href} for image in event.images]
    if event.resolve_at is not None:
        found["resolve_at"] = written(event.resolve_at)
    return found
