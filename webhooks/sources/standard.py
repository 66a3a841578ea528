"""The custom event standard: one event in plain JSON, for everything that has no integration of its own.

Its sender waits for the verdict, so every mistake is answered at once, by the standard's own codes. Fields, limits and
codes are those that Flashduty publishes for its custom events, so that what was written for one works with the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.engine.model import Event, EventStatus, Image, Severity
from bot.engine.templates import MARK
from webhooks.sources.base import Code, Json, Outcome, Parsed, Rejected, Reply, Request, Source, json_reply
from webhooks.sources.keys import alert_key
from webhooks.sources.labels import native, shown
from webhooks.sources.links import is_web
from webhooks.sources.reading import read_json
from webhooks.sources.texts import TITLE_LIMIT, description, plain
from webhooks.sources.times import moment
from webhooks.sources.title_rules import render_title

IMAGES_LIMIT = 10
"""Our own: a body of 1 MB could name thousands, and no card shows more."""
ALT_LIMIT = 128
ADDRESS_LIMIT = 256
"""Characters of an image's alt, and of its src and href (custom event standard)."""

_STATUS = {severity.value: severity for severity in Severity}

_HTTP_STATUS: Mapping[str, int] = {Code.INVALID_CONTENT_TYPE: 400, Code.METHOD_NOT_ALLOWED: 400}
"""Where the standard's status differs from HTTP's own."""


def check(request: Request) -> Rejected | None:
    """Whether the event can be accepted as it is: everything that the standard asks for."""
    stated = request.headers.get("content-type", "")
    if stated and "json" not in stated.lower():
        return Rejected(
            status=400,
            code=Code.INVALID_CONTENT_TYPE,
            why=f"The body must be JSON, and its Content-Type says {plain(stated)[:100]}; "
            "send Content-Type: application/json.",
        )
    body = _read(request)
    return body if isinstance(body, Rejected) else None


def parse(request: Request) -> Outcome:
    """The one event of the body."""
    body = _read(request)
    return body if isinstance(body, Rejected) else Parsed(events=(_event(body, request),))


def answer(request: Request, rejected: Rejected | None) -> Reply:
    """`{request_id, data: {alert_key}}`, where the key is the sender's own or the one made up for it; or the error."""
    body = _read(request) if rejected is None else rejected
    if not isinstance(body, Rejected):
        return json_reply(200, {"request_id": request.id, "data": {"alert_key": _key(body, request)}})
    error = {"code": body.code, "message": body.why}
    status = _HTTP_STATUS.get(body.code, body.status)
    return json_reply(status, {"request_id": request.id, "error": error})


def _read(request: Request) -> Json | Rejected:
    """The body, if it holds one event as the standard wants it."""
    body = read_json(request)
    if isinstance(body, Rejected):
        return body
    if not isinstance(body, dict):
        return _invalid("The body must be a JSON object: one event. Send several events one by one.")
    wrong = _mistake(body)
    return _invalid(wrong) if wrong else body


def _invalid(why: str) -> Rejected:
    return Rejected(status=400, why=why)


def _rule(body: Json) -> str:
    # ElastAlert 2, Keep and Uptime Kuma call the field `title`.
    return plain(body.get("title_rule")).strip() or plain(body.get("title")).strip()


def _mistake(body: Json) -> str:
    """What is wrong with the event, as a sentence; "" when nothing is."""
    status = body.get("event_status")
    if not isinstance(status, str) or status not in _STATUS:
        return "event_status is required and must be one of Critical, Warning, Info, Ok, written exactly so."
    if isinstance(body.get("alert_key"), list | dict | bool):
        return "alert_key must be a string."
    if not plain(body.get("alert_key")).strip() and status == Severity.OK:
        return "alert_key is required when event_status is Ok: without it nobody knows which alert recovered."
    if not _rule(body):
        return "title_rule is required: the title of the alert, or a template that starts with [TPL]."
    if not isinstance(body.get("labels"), dict | None):
        return 'labels must be an object of strings, for example {"service": "checkout"}.'
    if not isinstance(body.get("images"), list | None):
        return "images must be a list of objects with src, alt and href."
    return ""


def _key(body: Json, request: Request) -> str:
    # A key that has to be made up is the id of the received body: the sender is told the same one at once that the
    # alert gets later, however often the body is parsed again.
    stated = plain(body.get("alert_key")).strip()
    return alert_key(stated) if stated else request.id


def _event(body: Json, request: Request) -> Event:
    severity = _STATUS[body["event_status"]]
    labels = shown(native(body.get("labels")))
    key = _key(body, request)
    text = description((body.get("description"),))
    return Event(
        alert_key=key,
        status=EventStatus.OK if severity is Severity.OK else EventStatus.TRIGGER,
        severity=severity,
        title=_title(_rule(body), labels, severity, key, text, request.config),
        description=text,
        at=moment(body.get("event_time")) or request.received_at,
        labels=labels,
        images=_images(body.get("images") or ()),
    )


def _title(
    rule: str, labels: Mapping[str, str], severity: Severity, key: str, text: str, config: Mapping[str, Any]
) -> str:
    rule = rule[:TITLE_LIMIT]
    fields = {
        "TitleRule": rule.removeprefix(MARK),
        "Description": text,
        "EventSeverity": severity.value,
        "EventStatus": severity.value,
        "AlertKey": key,
        "IntegrationType": "standard",
        "IntegrationName": plain(config.get("name")),
    }
    return render_title(rule, labels, fields)


def _images(listed: Any) -> tuple[Image, ...]:
    """The pictures that can be shown: one for each alt, the last one sent, and each unnamed address once."""
    kept: dict[tuple[str, str], Image] = {}
    for item in listed:
        image = _image(item)
        if image is not None:
            kept[("alt", image.alt) if image.alt else ("src", image.src)] = image
    return tuple(kept.values())[:IMAGES_LIMIT]


def _image(item: Any) -> Image | None:
    # An image key of Flashduty's own upload names a file that is not here, so it is dropped like any other non-address.
    source = item.get("src") if isinstance(item, dict) else None
    if not isinstance(source, str) or not is_web(source.strip(), ADDRESS_LIMIT):
        return None
    href = plain(item.get("href")).strip()
    return Image(
        src=source.strip(),
        alt=" ".join(plain(item.get("alt")).split())[:ALT_LIMIT],
        href=href if is_web(href, ADDRESS_LIMIT) else "",
    )


SOURCE = Source(name="standard", parse=parse, check=check, answer=answer)
