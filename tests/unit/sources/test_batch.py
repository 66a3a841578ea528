"""`tocsin parse --batch`: a line out for a line in, in the same order, whatever the line."""

from __future__ import annotations

import base64
import json

from webhooks.sources.batch import parse_batch, parse_one

GOOD = b'{"event_status": "Info", "title": "door open"}'


def line(source: str = "standard", body: bytes = GOOD, **more: object) -> str:
    return json.dumps({"source": source, "body_b64": base64.b64encode(body).decode(), **more})


def run(*lines: str) -> list[dict]:
    return [json.loads(answer) for answer in parse_batch(lines, now=1_790_000_000_000)]


def test_one_line_out_for_each_line_in():
    answers = run(
        line(case="a"),
        "",
        "not json",
        line(source="unheard_of"),
        line(body=b"{"),
        json.dumps({"source": "standard", "body_b64": "%%%"}),
        line(source="prometheus", body=b'{"alerts": []}'),
        "[" * 100_000,
    )
    assert [next(iter(answer)) for answer in answers] == [
        "events",
        "rejected",
        "rejected",
        "rejected",
        "rejected",
        "ignored",
        "rejected",
    ]
    assert answers[2]["rejected"]["status"] == 404
    assert "unheard_of" in answers[2]["rejected"]["why"]


def test_the_clock_is_the_configs_or_the_callers():
    set_, given = run(line(config={"received_at": "2026-10-03T01:30:00Z"}), line())
    assert set_["events"][0]["at"] == "2026-10-03T01:30:00.000+00:00"
    assert given["events"][0]["at"] == "2026-09-21T14:13:20.000+00:00"


def test_made_up_keys_differ_between_cases_and_repeat_within_one():
    a, b, again = (event["events"][0]["alert_key"] for event in run(line(case="a"), line(case="b"), line(case="a")))
    assert a == again != b


def test_the_path_of_a_pseudo_header_is_heard_and_is_no_header():
    headers = {":path": "/api/v2/alerts?x=1", "Content-Type": "text/plain"}
    refused = parse_one("standard", GOOD, headers=headers, config={}, now=1)
    assert refused["rejected"]["code"] == "InvalidContentType"
