"""What is said about coming shifts: once, to the right people, at the right time, and still after an outage."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.build import notice_text
from bot.engine.model import DAY, HOUR, MINUTE, Chat
from bot.engine.notices import Notice, due, notices
from bot.engine.world import Group, Layer, Member, Notices, Override, Schedule, World
from bot.manifest import load
from tests.unit.manifests import problems_of, small
from tests.unit.rota_model import clock, utc

CHAT = Chat(platform="slack", address="C1", name="#web", lang="zh", zone="Asia/Shanghai")
GROUPS = tuple(Group(members={"primary": (one,), "backup": (two,)}) for one, two in (("ann", "bo"), ("bo", "ann")))


def plan(wanted: Notices, *, zone: str = "UTC", unit: str = "day", every: int = 1, groups=GROUPS, overrides=()):
    layer = Layer(id="l", groups=groups, unit=unit, every=every, start="2026-01-05T09:00")
    return Schedule(id="s", name="Web", zone=zone, layers=(layer,), overrides=overrides, notices=wanted)


def world(schedule: Schedule) -> World:
    members = {
        "ann": Member(id="ann", name="Ann", zone="Europe/London"),
        "bo": Member(id="bo", name="Bo", lang="zh", zone="Asia/Shanghai"),
    }
    return World(members=members, teams={}, schedules={"s": schedule}, channels={}, integrations={}, catch_all=())


def told(found: list[Notice], zone: str = "UTC") -> list[tuple]:
    return [
        (f"{clock(n.at, zone):%a %H:%M}", n.member or n.chat.name, [f"{s.member}/{s.role}" for s in n.shifts])
        for n in found
    ]


def test_before_a_shift_the_person_and_the_chats_are_told():
    schedule = plan(Notices(before=30 * MINUTE, chats=(CHAT,)))
    assert told(list(notices(schedule, utc(2026, 2, 2, 8), utc(2026, 2, 2, 9)))) == [
        ("Mon 08:30", "ann", ["ann/primary"]),
        ("Mon 08:30", "bo", ["bo/backup"]),
        ("Mon 08:30", "#web", ["ann/primary", "bo/backup"]),
    ]
    due_at = utc(2026, 2, 2, 8, 30)
    assert len(list(notices(schedule, due_at - 1, due_at))) == 3, "the end of the stretch belongs to it"
    assert list(notices(schedule, due_at, due_at + 1)) == [], "its beginning does not"
    alone = plan(Notices(before=30 * MINUTE, members=False, chats=(CHAT,)))
    assert [n.chat for n in notices(alone, utc(2026, 2, 2, 8), utc(2026, 2, 2, 9))] == [CHAT]


def test_a_turn_that_goes_on_is_no_news_but_an_override_is():
    alone = (Group(members={"primary": ("ann",)}),)
    window = (utc(2026, 2, 2), utc(2026, 2, 6))
    assert list(notices(plan(Notices(before=30 * MINUTE), groups=alone), *window)) == []
    over = Override(id="o", start=utc(2026, 2, 3, 12), end=utc(2026, 2, 3, 18), member="bo")
    schedule = plan(Notices(before=HOUR), groups=alone, overrides=(over,))
    assert told(list(notices(schedule, *window))) == [
        ("Tue 11:00", "bo", ["bo/primary"]),
        ("Tue 17:00", "ann", ["ann/primary"]),
    ]


def test_every_day_at_a_wall_time_the_coming_day_is_told():
    schedule = plan(Notices(daily="08:30"), zone="Europe/Berlin", unit="week")
    found = list(notices(schedule, utc(2026, 3, 28), utc(2026, 3, 30)))
    assert told(found, "Europe/Berlin")[:2] == [
        ("Sat 08:30", "bo", ["bo/primary"]),
        ("Sat 08:30", "ann", ["ann/backup"]),
    ]
    assert {f"{clock(n.at, 'Europe/Berlin'):%H:%M}" for n in found} == {"08:30"}, "over a change of the clocks as well"
    nobody = Schedule(id="s", name="s", zone="UTC", notices=Notices(daily="08:30", chats=(CHAT,)))
    assert list(notices(nobody, utc(2026, 3, 28), utc(2026, 3, 30))) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5 * 1440), max_size=12), st.integers(0, 288))
def test_however_often_it_is_asked_each_notice_is_due_once(minutes: list[int], fives: int):
    schedule = plan(
        Notices(before=fives * 5 * MINUTE, daily="09:00", chats=(CHAT,)), zone="America/New_York", unit="hour", every=9
    )
    start, end = utc(2026, 3, 6), utc(2026, 3, 11)
    stops = [start, *(start + minute * MINUTE for minute in sorted(minutes)), end]
    pieces = [n for a, b in pairwise(stops) for n in notices(schedule, a, b)]
    whole = list(notices(schedule, start, end))
    assert sorted(n.key for n in pieces) == sorted(n.key for n in whole)
    assert len({n.key for n in whole}) == len(whole) >= 15
    assert [n.at for n in whole] == sorted(n.at for n in whole)
    assert all(start < n.at <= end for n in whole)


def test_after_an_outage_old_news_is_left_out():
    both = world(plan(Notices(before=15 * MINUTE, daily="08:00"), unit="hour"))
    now = utc(2026, 2, 4, 12)
    found = list(due(both, now - 10 * DAY, now))
    before = [n for n in found if n.kind == "before"]
    assert {n.shifts[0].start for n in before} == {utc(2026, 2, 4, 12)}, "the shift that is on is told late"
    daily = [n for n in found if n.kind == "daily"]
    assert {(n.member, n.at) for n in daily} == {(who, utc(2026, 2, 4, 8)) for who in ("ann", "bo")}
    assert list(due(both, now, now)) == []


def test_the_texts_are_in_the_words_and_by_the_clocks_of_the_receiver():
    schedule = plan(Notices(before=30 * MINUTE, daily="07:00", chats=(CHAT,)))
    place = world(schedule)
    ann, bo, chat = notices(schedule, utc(2026, 7, 6, 8), utc(2026, 7, 6, 9))
    assert notice_text(ann, place) == ("Web: you are on call soon\nAnn (primary): 6 Jul 10:00 to 7 Jul 10:00, UTC+1")
    assert notice_text(bo, place).splitlines()[0] == "Web：你即将值班"
    assert notice_text(chat, place).splitlines() == [
        "Web：即将换班",
        "Ann（主值班）：7月6日 17:00 至 7月7日 17:00（UTC+8）",
        "Bo（备值班）：7月6日 17:00 至 7月7日 17:00（UTC+8）",
    ]
    *own, all_of_them = notices(schedule, utc(2026, 7, 6, 6), utc(2026, 7, 6, 7))
    (to_ann,) = [notice_text(each, place) for each in own if each.member == "ann"]
    assert to_ann.splitlines() == [
        "Web: you are on call in the next 24 hours",
        "Ann (backup): 5 Jul 10:00 to 6 Jul 10:00, UTC+1",
        "Ann (primary): 6 Jul 10:00 to 7 Jul 10:00, UTC+1",
    ]
    assert len(notice_text(all_of_them, place).splitlines()) == 5


def manifest(**wanted: object) -> str:
    return small({"schedules": {"s": {"notices": wanted}}})


def test_notices_are_declared_in_the_manifest():
    chat = {"platform": "slack", "id": "C1"}
    text = manifest(before="30m", daily="09:00", members=False, chats=[chat])
    wanted = load.read(text, file="t", env={}).world.schedules["s"].notices
    assert (wanted.before, wanted.daily, wanted.members, wanted.chats[0].address) == (30 * MINUTE, "09:00", False, "C1")
    assert {p.code for p in problems_of(manifest())} == {"notices"}
    assert {p.code for p in problems_of(manifest(before="30m", members=False))} == {"notices"}
    assert {p.code for p in problems_of(manifest(before="31m"))} == {"step"}
    assert {p.code for p in problems_of(manifest(before="2d"))} == {"out_of_range"}
    telegram = {"platform": "telegram", "id": "-1"}
    assert {p.code for p in problems_of(manifest(before="30m", chats=[telegram]))} == {"unknown_platform"}
