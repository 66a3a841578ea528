"""The custom event standard: every mistake has its code, and a key that was made up stays the same."""

from __future__ import annotations

import json

import msgspec
import pytest

from webhooks.sources import SOURCES
from webhooks.sources.base import Code, Parsed, Rejected, Request

SOURCE = SOURCES["standard"]
GOOD = {"event_status": "Warning", "title_rule": "door open"}


def posted(body: object, request_id: str = "00000000000000aa", content_type: str = "application/json") -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request.of(
        id=request_id,
        source="standard",
        headers={"content-type": content_type},
        target="/event/push/alert/standard",
        body=raw,
        config={},
        received_at=1_790_000_000_000,
    )


def replied(request: Request, rejected: Rejected | None) -> tuple[int, dict]:
    reply = SOURCE.answer(request, rejected)
    return reply.status, msgspec.json.decode(reply.body)


@pytest.mark.parametrize(
    "mistake",
    [
        {"event_status": None},
        {"event_status": "warning"},
        {"event_status": ["Warning"]},
        {"title_rule": "  "},
        {"event_status": "Ok"},
        {"event_status": "Ok", "alert_key": " "},
        {"alert_key": {"a": 1}},
        {"labels": ["a"]},
        {"images": {"src": "https://a.example.org"}},
    ],
    ids=str,
)
def test_a_mistake_is_answered_at_once_and_nothing_is_kept(mistake):
    request = posted({**GOOD, **mistake})
    verdict = SOURCE.check(request)
    assert verdict is not None
    assert not verdict.keep
    assert SOURCE.parse(request) == verdict
    status, body = replied(request, verdict)
    assert status == 400
    assert body == {"request_id": request.id, "error": {"code": "InvalidParameter", "message": verdict.why}}


@pytest.mark.parametrize("body", [[GOOD], "text", 5, None])
def test_a_body_that_is_no_object_is_a_mistake(body):
    verdict = SOURCE.check(posted(body))
    assert verdict is not None
    assert not verdict.keep


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/json", ""])
def test_json_by_any_name_is_accepted(kind):
    assert SOURCE.check(posted(GOOD, content_type=kind)) is None


def test_another_content_type_is_answered_in_the_standards_own_way():
    verdict = SOURCE.check(posted(GOOD, content_type="text/plain"))
    assert verdict is not None
    assert verdict.code == Code.INVALID_CONTENT_TYPE
    assert replied(posted(GOOD), verdict)[0] == 400
    assert replied(posted(GOOD), Rejected(status=405, why="no", code=Code.METHOD_NOT_ALLOWED))[0] == 400
    assert replied(posted(GOOD), Rejected(status=429, why="slow", code=Code.TOO_FREQUENT))[0] == 429


def test_a_made_up_key_is_told_and_stays_and_is_never_shared():
    first, again, other = posted(GOOD), posted(GOOD), posted(GOOD, request_id="00000000000000bb")
    told = replied(first, None)[1]["data"]["alert_key"]
    parsed = [SOURCE.parse(request) for request in (first, again, other)]
    keys = [outcome.events[0].alert_key for outcome in parsed if isinstance(outcome, Parsed)]
    assert keys[0] == keys[1] == told
    assert keys[2] != told


def test_a_key_of_any_length_finds_its_alert_again():
    long = "k" * 300
    trigger, recovery = (
        SOURCE.parse(posted({**GOOD, "event_status": status, "alert_key": long})) for status in ("Critical", "Ok")
    )
    assert isinstance(trigger, Parsed)
    assert isinstance(recovery, Parsed)
    assert trigger.events[0].alert_key == recovery.events[0].alert_key
    assert replied(posted({**GOOD, "alert_key": long}), None)[1]["data"]["alert_key"] == trigger.events[0].alert_key


def test_images_are_few_short_and_one_for_each_alt():
    pictures = [{"src": f"https://a.example.org/{n}.png", "alt": "same"} for n in range(3)]
    many = [{"src": f"https://b.example.org/{n}.png"} for n in range(30)]
    bad = [{"src": "https://c.example.org/" + "x" * 256}, {"src": "data:image/png;base64,AAAA"}, {"alt": "none"}, 7]
    outcome = SOURCE.parse(posted({**GOOD, "images": [*bad, *pictures, *many]}))
    assert isinstance(outcome, Parsed)
    images = outcome.events[0].images
    assert len(images) == 10
    assert images[0].src == "https://a.example.org/2.png"
    assert images[1].src == "https://b.example.org/0.png"
