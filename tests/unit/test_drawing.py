"""The picture of a simulated night: well-formed, one lane a person, one mark a page, the same every time."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bot.cli.drawing import COLUMNS_MAX, draw

NAMES = {"ann": "Ann Ames", "bo": "Bo Berg"}
SVG = "{http://www.w3.org/2000/svg}"


def row(after_s: float, kind: str = "i_notify", **more: Any) -> dict[str, Any]:
    return {
        "after_s": after_s, "kind": kind, "level": 0, "loop": 0, "member": "", "actor": "", "medium": "", "to": "",
        "rule": "", "reason": "level_fired",
    } | more  # fmt: skip


def page(after_s: float, member: str = "ann", medium: str = "slack", **more: Any) -> dict[str, Any]:
    return row(after_s, member=member, medium=medium, **more)


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ET.fromstring(svg).iter(f"{SVG}text")]


def chips(svg: str) -> list[str]:
    """What every mark says when one points at it."""
    groups = ET.fromstring(svg).findall(f"{SVG}g[@class='chip']")
    return [group.findtext(f"{SVG}title") or "" for group in groups]


def bands(svg: str) -> list[str]:
    return [text for text in texts(svg) if text.startswith(("Level", "Catch-all", "Round"))]


def test_people_are_lanes_and_media_are_marks():
    svg = draw([row(0, "i_new"), page(0), page(120, medium="sms"), page(300, "bo", "email")], NAMES, "disk", "today")
    assert chips(svg) == [
        "+0:00 Ann Ames: Slack, level fired",
        "+0:02 Ann Ames: SMS, level fired",
        "+0:05 Bo Berg: Mail, level fired",
    ]
    assert {"disk", "today", "Ann Ames", "Bo Berg", "2 min →", "3 min →"} <= set(texts(svg))


def test_a_page_that_fails_is_crossed_out_beside_what_stands_in():
    failed = row(2, "i_delivery", member="ann", medium="slack", reason="fallback_failed")
    svg = draw([row(0, "i_new"), page(0), failed, page(2, medium="sms", reason="fallback_failed")], NAMES, "t", "s")
    first, second = chips(svg)
    assert first == "+0:00 Ann Ames: Slack, level fired, and it failed"
    assert second == "+0:00:02 Ann Ames: SMS, fallback failed"
    assert "2 s →" not in texts(svg), "what follows at once shares the column"
    assert "✕ Slack" in texts(svg)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([page(0), page(60, level=1)], ["Level 1", "Level 2"]),
        ([page(0), page(60, reason="next_round")], ["Level 1", "Level 1", "Round 2"]),
        (
            [page(0), page(60, level=1), page(90, reason="next_round"), page(90, "bo", reason="next_round")],
            ["Level 1", "Level 2", "Level 1", "Round 2"],
        ),
        ([page(0), page(60, level=1, reason="last_resort"), page(90, level=1)], ["Level 1", "Catch-all"]),
        ([row(0, "i_assign", reason="no_rule_matched"), page(0)], ["Catch-all"]),
        ([row(0, "i_new"), page(0), page(60, level=1)], []),
    ],
)
def test_levels_are_bands(rows, expected):
    """Two stories side by side have none; the number of a round stands above its first level."""
    assert bands(draw([row(0, "i_new"), *rows], NAMES, "t", "s")) == expected


def test_what_turns_the_story_is_told():
    svg = draw([page(0), row(60, "i_ack", actor="bo", reason="acked"), row(900, "i_exhausted")], NAMES, "t", "s")
    assert {"Bo Berg acknowledged", "nobody is left"} <= set(texts(svg))


def test_nobody_is_paged():
    assert "Nobody is paged." in texts(draw([], NAMES, "t", "s"))


def test_a_long_night_says_how_much_is_left_out():
    svg = draw([page(60 * n) for n in range(COLUMNS_MAX + 3)], NAMES, "t", "s")
    assert len(chips(svg)) == COLUMNS_MAX
    assert "and 3 more instants" in texts(svg)


def test_hostile_words_are_words():
    title = "</title><script>alert(1)</script> & \x00\ud83d\n" + "长" * 400
    svg = draw([page(0, "mailto:<b>@x.example", "email")], {}, title, "<s>")
    assert "<script" not in svg
    assert ET.fromstring(svg.encode("utf-8", "strict").decode()).find(f"{SVG}title") is not None
    assert re.search(r"<b>@x", svg) is None


def test_both_schemes_of_colours_are_there():
    assert "prefers-color-scheme:dark" in draw([], {}, "t", "s")
