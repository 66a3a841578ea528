"""A channel that drowns: the first incidents are told, what follows is counted in a digest that is paged like them."""

from __future__ import annotations

from bot.engine.digest import QUIET, STEPS, Digest
from bot.engine.model import MINUTE, SECOND
from tests.scenarios.company import company
from tests.scenarios.story import Story, changed


def drowning(**fields):
    """Three incidents within a minute are as many as anybody wants to read."""
    return Story(changed(company(), "ops", **{"digest": Digest(incidents=3), **fields}))


def storm(t, first, last, severity="critical"):
    for number in range(first, last + 1):
        t.fire(f"host {number} is gone", severity)
    return settle(t)


def settle(t):
    """Let two seconds pass, in which intake looks."""
    t.line.run_until(t.line.now + 2 * SECOND)
    return t


def test_it_is_on_by_default_with_20_incidents_within_a_minute_and_5_quiet_minutes():
    assert company().channels["ops"].digest == Digest(incidents=20, within=MINUTE)
    assert QUIET == 5 * MINUTE
    t = Story()
    storm(t.at("0m"), 1, 20)
    assert [t.incident(num).digest for num in (1, 20)] == [False, False]
    storm(t, 21, 25)
    assert t.count() == 21
    assert (t.incident(21).digest, t.incident(21).alerts_total) == (True, 5)


def test_what_would_be_one_more_is_counted_and_pages_once():
    t = drowning()
    storm(t.at("0m"), 1, 10)
    t.want("0m").page("bo", via="slack", times=4)
    assert t.count() == 4
    digest = t.incident(4)
    assert (digest.alerts_total, digest.alerts_open) == (7, 7)
    t.want("1m").card("#ops", "Alert storm: 7 alerts, the first: host 4 is gone", num=4)
    t.want("1m").card("#ops", "each of its alerts would have been an incident of its own", num=4)
    assert t.kinds(4)[0] == "i_new:digest"
    assert t.kinds(4).count("a_merge:digest") == 6
    t.at("2m").say("bo", "ack 4")
    t.want("5m").page("bo", num=4, times=0)


def test_nobody_has_it_and_it_goes_to_the_next_level():
    t = drowning()
    storm(t.at("0m"), 1, 9)
    t.want("15m").page("cy", num=4)


def test_each_severity_has_a_digest_of_its_own_so_the_gravest_is_never_hidden_under_what_somebody_took():
    t = drowning()
    storm(t.at("0m"), 1, 6, "warning")
    assert t.count() == 4
    t.at("5s").say("bo", "ack 4")
    storm(t.at("6s"), 7, 8)
    t.want("6s").page("bo", num=5)
    assert (t.incident(5).severity, t.incident(5).alerts_total) == ("Critical", 2)


def test_alerts_that_name_their_own_people_do_not_share_a_digest_with_others():
    t = drowning()
    storm(t.at("0m"), 1, 5)
    body = {"title_rule": "for cy", "event_status": "Critical", "alert_key": "cy"}
    settle(t.post({**body, "labels": {"layer_person_reset_0_emails": "cy@example.com"}}))
    assert (t.count(), t.incident(5).digest) == (5, True)
    t.want("2s").page("cy", num=5)


def test_it_ends_when_it_has_been_quiet_for_five_minutes():
    t = drowning()
    storm(t.at("0m"), 1, 5)
    settle(t.at("4m59s").fire("late"))
    assert t.incident(4).alerts_total == 3
    settle(t.at("11m").fire("on its own"))
    assert (t.count(), t.incident(5).digest) == (5, False)
    t.want("11m").page("bo", num=5)


def test_it_goes_on_while_the_channel_would_drown_without_it():
    """Three incidents a minute drown this channel: as many go on in the digest, two come out of it in the end."""
    t = drowning()
    storm(t.at("0m"), 1, 4)
    for number in range(90):
        settle(t.at(f"{20 * number + 10}s").fire(f"host {number} as well"))
    assert (t.count(), t.incident(4).alerts_total) == (4, 91)
    for number in range(60):
        settle(t.at(f"{1_830 + 30 * number}s").fire(f"host {number} now and then"))
    assert t.count() > 4


def test_a_storm_whose_alerts_are_over_at_once_stays_in_its_digest():
    """Thirty a minute, each gone before the next: the digest closes each time, and the storm goes on in it."""
    t = drowning()
    for number in range(299):
        settle(t.at(f"{2 * number}s").fire(f"host {number} is gone").recover(f"host {number} is gone"))
    assert t.count() == 4
    assert t.incident(4).alerts_total == 296
    t.at("11m1s").fire("on its own")
    t.want("11m1s").page("bo", num=5)


def test_what_comes_now_and_then_after_a_storm_does_not_vanish_in_what_somebody_took():
    t = drowning()
    storm(t.at("0m"), 1, 10)
    t.at("1m").say("bo", "ack 4")
    for minute in range(4, 60, 4):
        settle(t.at(f"{minute}m").fire(f"trouble at {minute}"))
    assert (t.incident(4).progress, t.incident(4).alerts_total) == ("Processing", 8)
    t.want("8m").page("bo", num=5)
    assert t.count() == 4 + 13


def test_it_closes_with_its_alerts_and_goes_on_when_the_storm_does():
    """Alerts that fire and recover one by one must not page once each."""
    t = drowning()
    for number in range(1, 13):
        settle(t.at(f"{2 * number}s").fire(f"host {number} is gone").recover(f"host {number} is gone"))
    assert t.count() == 4
    assert (t.incident(4).alerts_total, t.incident(4).progress) == (9, "Closed")
    assert sum(page.who == "bo" and page.incident == 4 for page in t.pages) <= 1


def test_it_pages_again_when_it_has_grown_to_a_hundred_unless_somebody_has_it():
    assert STEPS == (100, 1_000)
    t = drowning()
    storm(t.at("0m"), 1, 102)
    assert t.incident(4).storm == 0
    storm(t.at("10s"), 103, 103)
    t.want("10s").page("bo", num=4)
    assert t.incident(4).storm == 100


def test_a_channel_that_wants_every_incident_gets_every_incident():
    t = drowning(digest=None)
    storm(t.at("0m"), 1, 30)
    assert t.count() == 30


def test_one_alert_alone_is_no_storm_on_the_card():
    t = drowning()
    storm(t.at("0m"), 1, 4)
    t.want("0m").card("#ops", "host 4 is gone", hides="Alert storm", num=4)
