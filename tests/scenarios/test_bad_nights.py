"""Stories of Tocsin's own bad nights: killed, hung, late, and with a clock that is wrong."""

from __future__ import annotations

from tests.scenarios.company import company
from tests.scenarios.story import Story, changed
from tests.sim.platforms import Weather


def test_a_worker_that_was_down_for_two_hours_catches_up_without_a_burst():
    t = Story()
    t.fire("disk full")
    t.at("1m").crash(restart="2h")
    t.between("1m6s", "2h").quiet()
    woken = t.between("2h", "2h2m")
    assert len(woken.seen()) == 1, t.timeline()


def test_alerts_that_came_in_while_the_workers_hung_are_handled_afterwards():
    t = Story()
    t.freeze("10m").fire("disk full")
    t.at("1m").fire("swap full")
    t.between("0m", "9m59s").quiet()
    t.want("10m").page("bo", num=1, times=1).page("bo", num=2, times=1)


def test_a_recovery_behind_its_alert_in_the_queue_wins():
    t = Story()
    t.freeze("10m").fire("disk full")
    t.at("1m").recover("disk full")
    t.at("11m")
    assert t.incident().progress == "Closed"
    t.never_after("12m").page()


def test_killed_right_after_the_message_was_taken_repeats_the_page_at_most_once():
    t = Story()
    t.crash_after_send().fire("disk full")
    t.at("4m")
    sent = [page for page in t.pages if page.who == "bo" and page.via == "slack"]
    assert 1 <= len(sent) <= 2, t.timeline()
    assert len({page.row for page in sent}) == 1


def test_killed_between_two_pages_loses_none():
    t = Story()
    t.fire("disk full")
    t.at("4m").crash(restart="30s")
    t.want("5m").page("bo", times=1)


def test_a_clock_that_is_set_back_delays_and_does_not_repeat():
    t = Story()
    t.fire("disk full")
    t.at("1m").clock_step("-90s")
    t.between("1m", "6m").quiet()
    t.want("6m30s").page("bo", times=1)
    at = [line.partition(" ")[0] for line in t.kinds()]
    assert at


def test_a_clock_that_is_set_forward_is_early_and_does_not_repeat():
    t = Story()
    t.fire("disk full")
    t.at("1m").clock_step("90s")
    t.want("3m30s").page("bo", times=1)
    t.between("3m36s", "8m").quiet()


def test_the_timeline_never_runs_backwards():
    t = Story()
    t.fire("disk full")
    t.at("1m").clock_step("90s")
    t.at("2m").say("bo", "ack #1")
    t.clock_step("-90s").at("2m10s").say("bo", "resolve #1")
    incident = t.incident().id
    times = [entry.at for entry in t.store.read(lambda tx: tx.timeline(incident))]
    assert times == sorted(times)


def test_a_press_during_a_crash_is_answered_by_the_next_process():
    t = Story()
    t.fire("disk full")
    t.want("0m").page("bo")
    t.at("1m").crash(restart="3s")
    t.at("1m10s").press("bo", "ack")
    t.never_after("1m10s").page()


def test_thirty_alerts_in_a_minute_page_within_the_rate_and_lose_none():
    t = Story(changed(company(), "ops", digest=None))
    for number in range(30):
        t.at(f"{number}s").fire(f"service {number} is down")
    t.at("4m")
    paged = {page.incident for page in t.pages if page.who == "bo"}
    assert paged == set(range(1, 31)), t.timeline()


def test_an_edit_that_lands_after_its_lease_was_lost_does_not_leave_an_old_card():
    """The clock jumps while an edit is under way: another worker edits further, and then the old edit lands."""
    t = Story()
    t.at("0m").fire("disk full")
    t.at("1m").carriers["slack"].weather = Weather(latency=(6_000, 6_001))
    t.say("bo", "note 1 one")
    t.at("1m1s").clock_step("90s")
    t.carriers["slack"].weather = Weather(latency=(100, 101))
    t.say("bo", "note 1 two")
    t.at("1m5s")
    newest = t.incident().rev
    assert t.card_on("slack").rev == newest
    t.at("1m6.9s")
    assert t.card_on("slack").rev < newest, "the old edit has landed last"
    t.at("1m30s")
    assert t.card_on("slack").rev == newest
