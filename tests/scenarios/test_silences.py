"""Silences: what they hide, what they let through, and that whatever still fires at their end reaches somebody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.grouping import Grouping
from bot.engine.model import HOUR, Condition, TimeWindow
from bot.engine.silence import Silence
from tests.scenarios.company import company
from tests.scenarios.story import Story, changed
from tests.sim.world import instant

DISKS = ((Condition(key="title", oper="IN", vals=("disk*",)),),)
NIGHT = instant("2026-03-03T02:00")


def quiet(**changes):
    return Silence(**{"id": "ops/disks", "channel": "ops", "filter": DISKS, "end": NIGHT + HOUR, **changes})


def silenced(*silences):
    return replace(company(), silences={"ops": silences})


def muted(t):
    return [alert.muted for alert in t.store.read(lambda tx: tx.alerts_in("ops", 0, 99))]


def test_whatever_still_fires_when_a_silence_ends_pages_somebody():
    t = Story(silenced(quiet()))
    t.at("1m").fire("disk full")
    t.want("1m").nobody()
    assert t.count() == 0
    assert muted(t) == ["silence:ops/disks"]
    t.between("1m", "60m").nobody()
    t.want("60m").page("bo", via="slack", times=1)
    assert t.kinds()[0] == "i_new:silence_ended"
    assert "a silence ended" in t.dm("bo").message["text"] or "a silence ended" in str(t.dm("bo").message)
    assert muted(t) == [""]
    t.at("61m").recover("disk full")
    assert t.at("62m").incident().closed_at is not None


def test_a_silenced_alert_that_recovers_in_time_is_never_heard_of():
    t = Story(silenced(quiet()))
    t.at("1m").fire("disk full")
    t.at("30m").recover("disk full")
    t.never_after("0m").page()
    assert t.count() == 0


def test_a_silence_hides_only_what_it_names():
    t = Story(silenced(quiet()))
    t.at("1m").fire("network down")
    t.want("1m").page("bo", via="slack")


def test_an_alert_that_no_longer_fits_its_silence_is_heard_at_once():
    warnings = ((Condition(key="severity", oper="IN", vals=("Warning",)),),)
    t = Story(silenced(quiet(filter=warnings)))
    t.at("1m").fire("disk full", "warning", key="d")
    t.want("1m").nobody()
    t.at("5m").fire("disk full", "critical", key="d")
    t.want("5m").page("bo", via="slack", times=1)


def test_a_silence_that_drops_leaves_no_alert():
    t = Story(silenced(quiet(mode="drop")))
    t.at("1m").fire("disk full")
    t.at("59m").recover("disk full")
    t.never_after("0m").page()
    assert muted(t) == []


def test_a_dropping_silence_goes_before_one_that_marks():
    t = Story(silenced(quiet(), quiet(id="ops/drop", mode="drop")))
    t.at("1m").fire("disk full")
    t.at("2m")
    assert muted(t) == []


def test_weekly_hours():
    """The story begins on a Tuesday at two; the window is 01:00 to 03:00 on Tuesdays, in London."""
    hours = (TimeWindow(start="01:00", end="03:00", days=(2,)),)
    t = Story(silenced(quiet(end=None, when=hours, zone="Europe/London")))
    t.at("1m").fire("disk full")
    t.between("0m", "60m").nobody()
    t.want("60m").page("bo", via="slack", times=1)
    t.at("61m").recover("disk full")
    t.at("90m").fire("disk full again")
    t.want("90m").page("bo", via="slack")


def test_a_silence_taken_out_of_the_manifest_lets_go_within_minutes():
    t = Story(silenced(quiet(end=NIGHT + 90 * 24 * HOUR)))
    t.at("1m").fire("disk full")
    t.at("10m").edit(company())
    t.between("10m", "12m30s").page("bo", via="slack", times=1)


def test_many_alerts_of_one_silence_wake_and_each_is_placed():
    t = Story(silenced(quiet()))
    for number in range(60):
        t.fire(f"disk {number} full", "info")
    t.at("59m")
    assert t.count() == 0
    t.at("62m")
    assert sum(t.incident(num).alerts_total for num in range(1, t.count() + 1)) == 60
    assert [t.incident(num).digest for num in range(1, t.count() + 1)] == [False] * 20 + [True]


# --- quick silences ---------------------------------------------------------------------------------------------------


def test_a_quick_silence_from_an_incident_hides_its_like_and_deletes_itself():
    t = Story()
    t.at("0m").fire("disk full", svc="db", key="one")
    t.at("1m").say("bo", "ack 1")
    said = t.say("bo", "silence #1 2h disks are being replaced")
    assert "Quiet until 04:01" in said
    assert "severity=Critical labels.service=db" in said
    assert "0 are hidden" in said
    t.at("5m").fire("disk full", svc="db", key="two")
    t.at("5m").fire("disk full", svc="web", key="three")
    t.want("5m").page("bo", via="slack", num=2)
    assert t.count() == 2
    assert "hides 1" in t.say("bo", "silences")
    assert "disks are being replaced" in t.answers[-1]
    assert t.incident(1).closed_at is None, "the incident itself goes on"
    t.at("121m").want("121m").page("bo", via="slack", num=3)
    assert t.kinds(3)[0] == "i_new:silence_ended"
    t.at("123m")
    assert t.store.read(lambda tx: tx.silences()) == []
    assert t.say("bo", "silences") == "Nothing is silenced."


def test_asking_again_edits_the_same_silence():
    t = Story()
    t.at("0m").fire("disk full", svc="db", key="one")
    t.at("1m").say("bo", "silence #1 2h")
    t.at("2m").fire("disk full", svc="db", key="two")
    said = t.at("3m").say("bo", "silence #1 30m")
    assert "The same silence ends at 02:33" in said
    assert "1 alerts are hidden" in said
    (known,) = t.store.read(lambda tx: tx.silences())
    assert known.end == NIGHT + 33 * 60_000
    t.between("4m", "33m").page(num=2, times=0)
    t.want("33m").page("bo", num=2)


def test_lifting_a_silence_wakes_what_it_hid_at_once():
    t = Story()
    t.at("0m").say("bo", 'silence title="disk *" severity!=Info 1w in ops')
    assert "Nothing was silenced" not in t.answers[-1]
    t.at("1m").fire("disk full")
    t.want("1m").nobody()
    (known,) = t.store.read(lambda tx: tx.silences())
    said = t.at("5m30s").say("bo", f"unsilence {known.id}")  # it had been asked about at five, and would be at seven
    assert "1 alerts were hidden" in said
    t.want("5m30s").page("bo", via="slack", times=1)
    assert "no silence" in t.say("bo", f"unsilence {known.id}")


def test_a_silence_that_is_cut_short_ends_on_time():
    t = Story()
    t.at("0m").fire("disk full", svc="db", key="one")
    t.at("1m").say("bo", "silence #1 2h")
    t.at("2m").fire("disk full", svc="db", key="two")
    t.at("4m5s").say("bo", "silence #1 1m")
    t.want("5m5s").page("bo", num=2)


def test_an_alert_that_a_silence_lets_go_wakes_a_ladder_that_had_come_to_its_end():
    world = changed(company(), "ops", grouping=Grouping(method="rules", by=("labels.service",)))
    t = Story(replace(world, silences={"ops": (quiet(end=NIGHT + 10 * HOUR),)}))
    t.at("0m").fire("net down", svc="db")
    t.at("1m").fire("disk full", svc="db")
    t.at("9h")
    assert t.incident().exhausted
    t.never_after("9h", until="9h59m").page()
    t.want("10h").page("bo", num=1)
    assert t.incident().alerts_total == 2


def test_a_declared_silence_is_lifted_where_it_is_declared():
    t = Story(silenced(quiet()))
    assert "the manifest declares" in t.say("bo", "unsilence ops/disks")
    assert "declared" in t.say("bo", "silences")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("silence", "say which alerts"),
        ("silence disks 1d", "say which alerts"),
        ("silence service=db 200d", "at most 90 days"),
        ("silence service=/(/ 1d", "cannot be read"),
        ("silence service=db in nowhere 1d", "say in which channel"),
        ("silence #99 1d", "There is no incident"),
    ],
)
def test_what_is_no_silence(text, answer):
    t = Story()
    assert answer in t.say("bo", text)
    assert t.store.read(lambda tx: tx.silences()) == []


def test_a_member_without_a_seat_silences_nothing():
    t = Story()
    t.say("ed", "silence service=db 1d")
    assert t.store.read(lambda tx: tx.silences()) == []


def test_a_quick_silence_survives_a_crash():
    t = Story()
    t.at("0m").say("bo", "silence service=db 2h")
    t.at("1m").crash()
    t.at("2m").fire("disk full", svc="db")
    t.want("2m").nobody()
    t.want("120m").page("bo", via="slack")
