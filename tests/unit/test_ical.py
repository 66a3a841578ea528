"""Calendar files, out and in: what a schedule becomes, what a file gives, and what is refused with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import icalendar
import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.model import DAY, HOUR
from bot.engine.schedule import shifts
from bot.engine.world import Group, Layer, Member, Schedule, Shift, World
from bot.manifest import load
from bot.manifest.ical import as_ical
from bot.manifest.imported import Person, read_roster
from bot.manifest.lint import lint
from bot.manifest.problems import ManifestError
from bot.manifest.recurrence import Budget, Unreadable, recurrence
from tests.unit.manifests import small
from tests.unit.rota_model import utc

NOW = utc(2026, 3, 15)
PEOPLE = (
    Person(id="ann", name="Ann Ames", email="ann@example.com"),
    Person(id="bo", name="Bo Berg", email=""),
    Person(id="chen", name="陈伟", email="chen@example.com"),
)


def file(*events: str) -> bytes:
    """A calendar of events, each a list of lines."""
    body = "".join(f"BEGIN:VEVENT\nUID:{number}\n{event.strip()}\nEND:VEVENT\n" for number, event in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def roster(*events: str, zone: str = "Europe/Berlin"):
    return read_roster(file(*events), PEOPLE, zone=zone, layer="import-1", role="primary", now=NOW)


def starts(*events: str, zone: str = "Europe/Berlin") -> list[tuple[str, int, float]]:
    """Member, start and length in hours."""
    return [(s.member, s.start, (s.end - s.start) / HOUR) for s in roster(*events, zone=zone).shifts]


def test_a_single_event_in_each_kind_of_time():
    assert starts("DTSTART:20260316T090000Z\nDTEND:20260316T170000Z\nSUMMARY:Ann Ames") == [
        ("ann", utc(2026, 3, 16, 9), 8)
    ]
    assert starts("DTSTART:20260316T090000\nDTEND:20260316T170000\nSUMMARY:Ann Ames") == [
        ("ann", utc(2026, 3, 16, 8), 8)
    ]
    assert starts("DTSTART;TZID=America/New_York:20260316T090000\nDURATION:PT90M\nSUMMARY:ann") == [
        ("ann", utc(2026, 3, 16, 13), 1.5)
    ]
    assert starts("DTSTART;TZID=W. Europe Standard Time:20260316T090000\nDURATION:PT1H\nSUMMARY:ANN") == [
        ("ann", utc(2026, 3, 16, 8), 1)
    ]
    assert starts("DTSTART;VALUE=DATE:20260329\nSUMMARY:Ann Ames") == [("ann", utc(2026, 3, 28, 23), 23)]
    assert starts("DTSTART;VALUE=DATE:20260316\nDTEND;VALUE=DATE:20260318\nSUMMARY:Ann Ames")[0][2] == 48


WEEKLY = "DTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260105T170000\nSUMMARY:Ann Ames\n"


def test_a_repeated_event_follows_the_wall_clock_and_leaves_out_what_it_is_told_to():
    found = starts(WEEKLY + "RRULE:FREQ=WEEKLY;UNTIL=20260413T070000Z\nEXDATE;TZID=Europe/Berlin:20260316T090000")
    assert [start for _, start, _ in found] == [
        *(utc(2026, 2, 9, 8) + week * 7 * DAY for week in range(5)),
        utc(2026, 3, 23, 8),
        *(utc(2026, 3, 30, 7) + week * 7 * DAY for week in range(3)),  # an hour earlier in UTC, UNTIL included
    ]


def test_one_instance_can_be_moved_handed_over_or_cancelled():
    moved = (
        "RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000\nDTSTART;TZID=Europe/Berlin:20260317T100000\nDURATION:PT1H"
    )
    gone = "RECURRENCE-ID:20260323T080000Z\nDTSTART:20260323T080000Z\nDURATION:PT1H\nSTATUS:CANCELLED\nSUMMARY:Ann"
    text = file(
        WEEKLY + "RRULE:FREQ=WEEKLY;COUNT=13\nRDATE;TZID=Europe/Berlin:20260320T090000",
        moved + "\nSUMMARY:Bo Berg",
        gone,
    )
    text = text.replace(b"UID:1", b"UID:0").replace(b"UID:2", b"UID:0")
    found = read_roster(text, PEOPLE, zone="UTC", layer="l", role="primary", now=NOW).shifts
    assert [(s.member, s.start) for s in found if s.start > utc(2026, 3, 10)] == [
        ("bo", utc(2026, 3, 17, 9)),
        ("ann", utc(2026, 3, 20, 8)),
        ("ann", utc(2026, 3, 30, 7)),
    ]


@pytest.mark.parametrize(
    ("lines", "members", "unknown"),
    [
        ("ATTENDEE:mailto:Ann@Example.com\nSUMMARY:Bo Berg", {"ann"}, set()),
        ("ATTENDEE;CN=Bo Berg:mailto:bo@elsewhere.com", {"bo"}, set()),
        ("ATTENDEE:mailto:ann@example.com\nATTENDEE:MAILTO:chen@example.com", {"ann", "chen"}, set()),
        ("ATTENDEE:mailto:room@example.com\nSUMMARY:bo berg", {"bo"}, set()),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:ann@example.com\nSUMMARY:Bo Berg", {"bo"}, set()),
        ("ATTENDEE:mailto:ann@example.com\nATTENDEE:mailto:zed@example.com", {"ann"}, {"zed@example.com"}),
        ("SUMMARY:Ann Ames\\, 陈伟 & zed", {"ann", "chen"}, {"zed"}),
        ("SUMMARY:Zed", set(), {"Zed"}),
        ("DESCRIPTION:nobody", set(), {"event 0"}),
        ("STATUS:CANCELLED\nSUMMARY:Zed", set(), set()),
    ],
)
def test_who_has_the_shift(lines: str, members: set[str], unknown: set[str]):
    found = roster(f"DTSTART:20260316T090000Z\nDTEND:20260316T170000Z\n{lines}")
    assert {shift.member for shift in found.shifts} == members
    assert set(found.unknown) == unknown


def test_a_name_that_two_people_share_is_nobodys():
    twins = (*PEOPLE, Person(id="ann2", name="Ann Ames", email="other@example.com"))
    event = file("DTSTART:20260316T090000Z\nDTEND:20260316T170000Z\nSUMMARY:Ann Ames")
    found = read_roster(event, twins, zone="UTC", layer="l", role="r", now=NOW)
    assert (found.shifts, set(found.unknown)) == ((), {"Ann Ames"})


def test_overlapping_shifts_of_one_person_count_once():
    one, two = "DTSTART:20260316T090000Z\nDTEND:20260316T170000Z\nSUMMARY:Ann Ames", "DTSTART:20260316T120000Z\n"
    assert starts(one, two + "DTEND:20260316T200000Z\nSUMMARY:ann", two + "DURATION:PT1H\nSUMMARY:ann") == [
        ("ann", utc(2026, 3, 16, 9), 8),
        ("ann", utc(2026, 3, 16, 17), 3),
    ]


REFUSED = [
    (WEEKLY + "RRULE:FREQ=SECONDLY", "FREQ=SECONDLY"),
    (WEEKLY + "RRULE:FREQ=HOURLY", "FREQ=HOURLY"),
    (WEEKLY + "RRULE:FREQ=DAILY;BYHOUR=1,2,3", "BYHOUR"),
    (WEEKLY + "RRULE:FREQ=YEARLY;BYWEEKNO=3", "BYWEEKNO"),
    (WEEKLY + "RRULE:FREQ=DAILY;COUNT=9999", "COUNT"),
    (WEEKLY + "RRULE:FREQ=DAILY;INTERVAL=0", "INTERVAL"),
    (WEEKLY + "RRULE:FREQ=WEEKLY;BYDAY=2MO", "numbered day"),
    (WEEKLY + "RRULE:FREQ=WEEKLY;BYSETPOS=2", "BYSETPOS"),
    (WEEKLY + "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "two RRULEs"),
    (WEEKLY + "RDATE;VALUE=PERIOD:20260316T090000Z/PT1H", "periods"),
    ("DTSTART;TZID=Mars/Here:20260316T090000\nSUMMARY:Ann", "Mars/Here"),
    ("DTSTART:00010101T000000\nRRULE:FREQ=DAILY", "year 1"),
    ("DTSTART:20260316T090000Z\nDTEND:20260316T080000Z", "lasts"),
    ("DTSTART:20260316T090000Z\nDURATION:P99999D", "lasts"),
    ("DTSTART:yesterday", "DTSTART"),
    ("SUMMARY:Ann", "no DTSTART"),
]


@pytest.mark.parametrize(("event", "said"), REFUSED)
def test_what_is_not_understood_is_refused(event: str, said: str):
    with pytest.raises(Unreadable, match=said):
        roster(event)


def test_what_is_too_much_is_refused_or_costs_nothing():
    with pytest.raises(Unreadable, match="1 MB"):
        read_roster(b"x" * 1_000_001, PEOPLE, zone="UTC", layer="l", role="r", now=NOW)
    with pytest.raises(Unreadable, match="2000 shifts"):
        roster(*[WEEKLY + "RRULE:FREQ=DAILY"] * 6)
    with pytest.raises(Unreadable, match="too often"):
        roster(*["DTSTART:19700101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2000;BYMONTH=2;BYMONTHDAY=30"] * 20)
    never = "DTSTART:20200101T000000Z\nDURATION:PT1H\nSUMMARY:ann\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    assert roster(*[never] * 300).shifts == ()


JUNK = (b"", b"\x00", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "Grüße".encode("latin-1"), b"BEGIN:VCALENDAR\r\n" * 900)


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_what_is_no_calendar_is_refused_rather_than_read_as_nobody(junk: bytes):
    with pytest.raises(Unreadable, match="not a calendar file"):
        read_roster(junk, PEOPLE, zone="UTC", layer="l", role="r", now=NOW)


WHOLE = file(WEEKLY + "RRULE:FREQ=WEEKLY;UNTIL=20260413T070000Z\nEXDATE;TZID=Europe/Berlin:20260316T090000")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, 30), st.one_of(st.binary(max_size=8), st.text(max_size=8)))
def test_whatever_a_file_holds_it_is_read_or_refused(start: int, length: int, paste: bytes | str):
    data = WHOLE[:start] + (paste.encode() if isinstance(paste, str) else paste) + WHOLE[start + length :]
    found: tuple[Shift, ...] = ()
    with suppress(Unreadable):
        found = read_roster(data, PEOPLE, zone="UTC", layer="l", role="r", now=NOW).shifts
    assert all(shift.start < shift.end for shift in found)


NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def rules(draw) -> dict:
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    rule: dict = {"FREQ": [freq], "INTERVAL": [draw(st.integers(1, 5))]}
    days = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
    month_days = st.lists(st.sampled_from([1, 2, 13, 28, 29, 31, -1, -2, -31]), max_size=3, unique=True)
    if draw(st.booleans()):
        rule["BYMONTH"] = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True))
    if freq != "WEEKLY":
        rule["BYMONTHDAY"] = draw(month_days)
    rule["BYDAY"] = draw(days)
    if freq in ("MONTHLY", "YEARLY") and not rule["BYMONTHDAY"]:
        # Numbered and plain days together are a union in the format; dateutil takes what is in both.
        numbers = draw(st.sampled_from([st.just(""), st.sampled_from(["1", "2", "-1", "5", "-5"])]))
        rule["BYDAY"] = [draw(numbers) + day for day in rule["BYDAY"]]
        if rule["BYDAY"] and draw(st.booleans()):
            rule["BYSETPOS"] = draw(st.lists(st.sampled_from([1, 2, -1, -2]), min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        rule["COUNT"] = [draw(st.integers(1, 40))]
    rule["WKST"] = [draw(st.sampled_from(NAMES))]
    return {key: value for key, value in rule.items() if value}


@pytest.fixture(scope="module")
def dateutil_in_this_century() -> Iterator[None]:
    """dateutil looks for a match until the year 9999; here until 2040, or a rule that never matches takes minutes."""
    near = SimpleNamespace(**{**vars(rrule.datetime), "MAXYEAR": 2040})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rrule, "datetime", near)
        yield


def oracle(rule: dict, start: datetime, until: datetime | None, end: datetime) -> list[datetime]:
    text = ";".join(f"{key}={','.join(map(str, value))}" for key, value in rule.items())
    known = rrule.rrulestr(f"RRULE:{text}", dtstart=start)
    return list(takewhile(lambda when: when < end and (until is None or when <= until), known))


@settings(max_examples=150, deadline=None)
@given(
    rule=rules(),
    start=st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2027-12-31")),
    last=st.one_of(st.none(), st.integers(0, 2000)),
    skipped=st.integers(0, 3000),
)
def test_repetition_is_what_dateutil_makes_of_it(
    dateutil_in_this_century, rule: dict, start: datetime, last: int | None, skipped: int
):
    start = start.replace(second=0, microsecond=0)
    until = None if last is None else start + timedelta(days=last)
    since, end = start + timedelta(days=skipped), start + timedelta(days=skipped + 400)
    own = list(recurrence(rule, start, until).between(since, end, Budget()))
    assert own == [when for when in oracle(rule, start, until, end) if when >= since]


def test_numbered_and_plain_days_of_the_week_add_up():
    rule = recurrence({"FREQ": ["MONTHLY"], "BYDAY": ["MO", "1TU"]}, datetime.fromisoformat("2026-03-01"), None)
    end = datetime.fromisoformat("2026-04-01")
    assert [when.day for when in rule.between(rule.start, end, Budget())] == [2, 3, 9, 16, 23, 30]


def world() -> tuple[World, Schedule]:
    groups = tuple(Group(members={"primary": (who,)}) for who in ("ann", "bo"))
    schedule = Schedule(
        id="s", name="Web", zone="Europe/Berlin", layers=(Layer(id="l", groups=groups, start="2026-01-05T09:00"),)
    )
    members = {each.id: Member(id=each.id, name=each.name, email=each.email) for each in PEOPLE}
    return World(
        members=members, teams={}, schedules={"s": schedule}, channels={}, integrations={}, catch_all=()
    ), schedule


def test_names_cannot_write_lines_of_the_calendar():
    place, schedule = world()
    hostile = "Bo\r\nBEGIN:VALARM\nX:1;,\\"
    members = {name: replace(member, name=hostile) for name, member in place.members.items()}
    schedule = replace(schedule, name=f"db, {hostile}")
    text = as_ical(replace(place, members=members), schedule, utc(2026, 3, 20), utc(2026, 4, 2), NOW)
    assert "\r\nNAME:db\\, Bo\\nBEGIN:VALARM\\nX:1\\;\\,\\\\\r\n" in text
    assert "\nBEGIN:VALARM" not in text.replace("\r\n ", "").replace("\\nBEGIN", "")
    assert text.count("\n") == text.count("\r\n")


def test_a_schedule_goes_out_as_events_in_utc_with_ids_that_stay():
    place, schedule = world()
    text = as_ical(place, schedule, utc(2026, 3, 20), utc(2026, 4, 2), NOW)
    assert "DTSTART:20260316T080000Z\r\nDTEND:20260323T080000Z" in text
    assert "DTSTART:20260323T080000Z\r\nDTEND:20260330T070000Z" in text
    assert "METHOD:PUBLISH\r\n" in text
    assert "SUMMARY:Ann Ames\r\n" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n")), "lines are folded"
    (first, *_), later = (
        list(
            icalendar.Calendar.from_ical(as_ical(place, schedule, utc(2026, 3, 20), utc(2026, 4, 2), at)).walk("VEVENT")
        )
        for at in (NOW, NOW + HOUR)
    )
    assert first["UID"] == later[0]["UID"]
    assert later[0]["SEQUENCE"] - first["SEQUENCE"] == 3600
    assert len({event["UID"] for event in later}) == len(later) == 3


def test_what_goes_out_comes_in_again():
    place, schedule = world()
    window = (NOW - 30 * DAY, NOW + 300 * DAY)
    text = as_ical(place, schedule, *window, NOW)
    found = read_roster(text.encode(), PEOPLE, zone="UTC", layer="l", role="primary", now=NOW)
    assert list(found.shifts) == list(shifts(schedule, *window))


def test_a_manifest_takes_shifts_from_a_file_beside_it(tmp_path: Path):
    (tmp_path / "roster.ics").write_bytes(file(WEEKLY + "RRULE:FREQ=WEEKLY", "DTSTART:20260316T090000Z\nSUMMARY:Zed"))
    wanted = {"ical": "roster.ics", "role": "backup", "weight": 3}
    text = small({"members": {"ann": {"name": "Ann Ames"}}, "schedules": {"s": {"imports": [wanted]}}})
    text = text.replace("member:ann", "schedule:s/backup", 1)
    (tmp_path / "tocsin.yaml").write_text(text)
    loaded = load.load(tmp_path / "tocsin.yaml", {}, now=NOW)
    layer = loaded.world.schedules["s"].layers[-1]
    assert (layer.id, layer.weight, {(s.member, s.role) for s in layer.fixed}) == ("import-1", 3, {("ann", "backup")})
    assert len(layer.fixed) == 57, "35 days back, 365 ahead"
    assert loaded.files == (tmp_path / "roster.ics",)
    (tmp_path / "roster.ics").write_bytes(file(WEEKLY))
    assert load.load(tmp_path / "tocsin.yaml", {}, now=NOW).world.version != loaded.world.version


def test_a_name_in_a_file_that_is_nobodys_is_a_warning_of_check(tmp_path: Path):
    zed = "DTSTART:20260316T090000Z\nDURATION:PT1H\nSUMMARY:Zed"
    (tmp_path / "roster.ics").write_bytes(file(zed))
    text = small({"schedules": {"s": {"imports": [{"ical": "roster.ics"}]}}})
    loaded = load.read(text, file="t", env={}, folder=tmp_path, now=NOW)
    (warning,) = [each for each in lint(loaded, NOW) if each.code == "ical_unknown_person"]
    assert warning.path == "schedules.s.imports[0].ical"
    assert "'Zed'" in warning.message
    assert "2026-03-16" in warning.message


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, "ical_missing", "cannot be read"),
        (b"no calendar", "ical", "not a calendar file"),
        (file(WEEKLY + "RRULE:FREQ=MINUTELY"), "ical", "FREQ=MINUTELY"),
    ],
)
def test_a_file_that_is_refused_refuses_the_manifest(tmp_path: Path, content: bytes | None, code: str, said: str):
    if content is not None:
        (tmp_path / "roster.ics").write_bytes(content)
    text = small({"schedules": {"s": {"imports": [{"ical": "roster.ics"}]}}})
    with pytest.raises(ManifestError) as refused:
        load.read(text, file="t", env={}, folder=tmp_path, now=NOW)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == (code, "schedules.s.imports[0].ical")
    assert said in problem.message
    assert problem.line > 1
