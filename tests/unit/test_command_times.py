"""Times and stretches as people write them: read by the clocks of their own zone, and asked back where unclear."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.grammar import Misread
from bot.commands.times import LATE, WINDOW_MAX, Window, when, window
from bot.engine.model import HOUR, MINUTE, SECOND, Instant


def at(text: str) -> Instant:
    """An instant by its UTC wall time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * SECOND)


NOW = at("2026-11-24T10:00")  # a Tuesday
BERLIN, TOKYO, UTC_ZONE = "Europe/Berlin", "Asia/Tokyo", "UTC"


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("", UTC_ZONE, "2026-11-24T10:00"),
        ("now", UTC_ZONE, "2026-11-24T10:00"),
        ("18:00", UTC_ZONE, "2026-11-24T18:00"),
        ("6pm", UTC_ZONE, "2026-11-24T18:00"),
        ("12am", UTC_ZONE, "2026-11-25T00:00"),
        ("12:30PM", UTC_ZONE, "2026-11-24T12:30"),
        ("9:00", UTC_ZONE, "2026-11-25T09:00"),
        ("18:00", BERLIN, "2026-11-24T17:00"),
        ("10:00", TOKYO, "2026-11-25T01:00"),
        ("today 9:00", UTC_ZONE, "2026-11-24T09:00"),
        ("today", TOKYO, "2026-11-23T15:00"),
        ("tomorrow 9:00", BERLIN, "2026-11-25T08:00"),
        ("明天 9:00", "Asia/Shanghai", "2026-11-25T01:00"),
        ("tue 18:00", UTC_ZONE, "2026-11-24T18:00"),
        ("Tuesday 9:00", UTC_ZONE, "2026-12-01T09:00"),
        ("fri 9:00", UTC_ZONE, "2026-11-27T09:00"),
        ("周五 9:00", UTC_ZONE, "2026-11-27T09:00"),
        ("monday", UTC_ZONE, "2026-11-30T00:00"),
        ("tuesday", UTC_ZONE, "2026-12-01T00:00"),
        ("2026-11-24T09:00", BERLIN, "2026-11-24T08:00"),
        ("2026-11-24 09:00", BERLIN, "2026-11-24T08:00"),
        ("2026-11-24T09:00+05:30", BERLIN, "2026-11-24T03:30"),
        ("2026-11-24T09:00Z", BERLIN, "2026-11-24T09:00"),
        ("2026-12-24", BERLIN, "2026-12-23T23:00"),
        ("2026-10-25T02:30+02:00", BERLIN, "2026-10-25T00:30"),
    ],
)
def test_times(text: str, zone: str, expected: str):
    assert when(text, NOW, zone) == at(expected)


@pytest.mark.parametrize(
    ("text", "zone", "code"),
    [
        ("9", UTC_ZONE, "bad_time"),
        ("25:00", UTC_ZONE, "bad_time"),
        ("9:60", UTC_ZONE, "bad_time"),
        ("13pm", UTC_ZONE, "bad_time"),
        ("soon", UTC_ZONE, "bad_time"),
        ("tomorrow morning", UTC_ZONE, "bad_time"),
        ("2h", UTC_ZONE, "bad_time"),
        ("11/12 09:00", UTC_ZONE, "bad_time"),
        ("20261124T0900", UTC_ZONE, "bad_time"),
        ("0001-01-01T00:00", "Asia/Tokyo", "bad_time"),
        ("9999-12-31T23:59", "America/New_York", "bad_time"),
        ("2026-03-29T02:30", BERLIN, "time_skipped"),
        ("2026-10-25T02:30", BERLIN, "time_twice"),
    ],
)
def test_what_is_no_time_is_asked_back(text: str, zone: str, code: str):
    read = when(text, NOW, zone)
    assert isinstance(read, Misread)
    assert read.code == code
    assert read.facts["word"] == text.casefold()


def test_a_time_that_comes_twice_shows_how_to_say_which():
    read = when("2026-10-25 02:30", NOW, BERLIN)
    assert isinstance(read, Misread)
    assert read.facts["example"] == "2026-10-25T02:30+0200"
    assert when(read.facts["example"], NOW, BERLIN) == at("2026-10-25T00:30")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2h", "2026-11-24T10:00", "2026-11-24T12:00"),
        ("until 18:00", "2026-11-24T10:00", "2026-11-24T18:00"),
        ("for 90m", "2026-11-24T10:00", "2026-11-24T11:30"),
        ("18:00 22:00", "2026-11-24T18:00", "2026-11-24T22:00"),
        ("22:00 6:00", "2026-11-24T22:00", "2026-11-25T06:00"),
        ("from 18:00 to 22:00", "2026-11-24T18:00", "2026-11-24T22:00"),
        ("18:00 - 22:00", "2026-11-24T18:00", "2026-11-24T22:00"),
        ("18:00 2h", "2026-11-24T18:00", "2026-11-24T20:00"),
        ("18:00 for 1d", "2026-11-24T18:00", "2026-11-25T18:00"),
        ("now 18:00", "2026-11-24T10:00", "2026-11-24T18:00"),
        ("today 18:00 tomorrow 9:00", "2026-11-24T18:00", "2026-11-25T09:00"),
        ("tomorrow 9:00 18:00", "2026-11-25T09:00", "2026-11-25T18:00"),
        ("tomorrow to fri", "2026-11-25T00:00", "2026-11-27T00:00"),
        ("fri 18:00 to sat 9:00", "2026-11-27T18:00", "2026-11-28T09:00"),
        ("fri 18:00 to fri 9:00", "2026-11-27T18:00", "2026-12-04T09:00"),
        ("2026-12-24 2026-12-27", "2026-12-24T00:00", "2026-12-27T00:00"),
        ("2026-12-24T09:00 12h", "2026-12-24T09:00", "2026-12-24T21:00"),
        ("从 明天 9:00 到 周五 18:00", "2026-11-25T09:00", "2026-11-27T18:00"),
    ],
)
def test_stretches(text: str, start: str, end: str):
    assert window(text.split(), NOW, UTC_ZONE) == Window(at(start), at(end))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_window"),
        ("2", "bad_window"),
        ("18:00", "bad_window"),
        ("tomorrow 9:00", "bad_window"),
        ("from 18:00 to", "bad_window"),
        ("9 17", "bad_window"),
        ("soon to later", "bad_time"),
        ("today 9:00 to 18:00", "time_past"),
        ("2026-11-25 09:00 to 2026-11-25 08:00", "window_backward"),
        ("now to now", "window_backward"),
        ("0h", "bad_window"),
        ("now 2027-03-01", "window_too_long"),
        ("91d", "window_too_long"),
    ],
)
def test_what_is_no_stretch_is_asked_back(text: str, code: str):
    read = window(text.split(), NOW, UTC_ZONE)
    assert isinstance(read, Misread)
    assert read.code == code


def test_a_stretch_that_begins_now_was_typed_a_moment_ago():
    assert window(["2026-11-24T10:00", "2h"], NOW + LATE, UTC_ZONE) == Window(NOW + LATE, NOW + 2 * HOUR)
    late = window(["2026-11-24T10:00", "2h"], NOW + LATE + 1, UTC_ZONE)
    assert isinstance(late, Misread)
    assert late.code == "time_past"


WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            ["now", "today", "tomorrow", "mon", "from", "to", "for", "2h", "18:00", "9pm", "2026-12-24", "-", "到",
             "0m", "2026-03-29T02:30", "2026-10-25T02:30"]
        ),
        st.text(max_size=8),
    ),
    max_size=6,
)  # fmt: skip
ZONES = st.sampled_from([UTC_ZONE, BERLIN, TOKYO, "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"])


@given(WORDS, ZONES, st.integers(0, 4_102_444_800_000))
def test_every_text_is_read_or_refused(words: list[str], zone: str, now: Instant):
    read = window(words, now, zone)
    if isinstance(read, Window):
        assert now <= read.start < read.end <= read.start + WINDOW_MAX
    else:
        assert read.code in {"bad_time", "bad_window", "time_past", "time_twice", "time_skipped", "window_backward",
                             "window_too_long"}  # fmt: skip
    single = when(" ".join(words), now, zone)
    assert isinstance(single, int | Misread)


@given(st.integers(0, 23), st.integers(0, 59), ZONES, st.integers(1_000_000_000_000, 2_000_000_000_000))
def test_a_time_of_day_is_the_next_one(hour: int, minute: int, zone: str, now: Instant):
    read = when(f"{hour}:{minute:02}", now, zone)
    if isinstance(read, Misread):
        assert read.code in {"time_twice", "time_skipped"}
    else:
        assert now <= read <= now + 25 * HOUR + MINUTE
