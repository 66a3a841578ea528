"""Stories of phones: texts are answered with codes, STOP is honoured, and strangers learn nothing."""

from __future__ import annotations

from dataclasses import replace

from bot.adapters.base import Slash
from bot.engine.model import Severity
from tests.scenarios.company import company
from tests.scenarios.story import Story

BO, ANN, CY = "+12025550102", "+12025550101", "+12025550103"
WAYS = {Severity.CRITICAL: ("sms",)}


def by_text(*people: str, **changes: object) -> Story:
    """A night in which these people are paged by text."""
    world = company()
    members = {**world.members, **{one: replace(world.members[one], ways=WAYS, **changes) for one in people}}
    return Story(replace(world, members=members))


def texts(t: Story, who: str, about: str = "") -> list[str]:
    return [page.text for page in t.pages if page.who == who and page.via == "sms" and about in page.text]


def test_a_code_acknowledges_and_the_same_one_again_hears_the_truth():
    t = by_text("bo")
    t.fire("disk full").at("10s")
    assert "Reply 1a ack, 1r resolve, 1e escalate" in texts(t, "bo")[0]
    assert t.say(BO, "1a", on="sms") == "#1: You have it now."
    assert t.say(BO, " 1 A ", on="sms").startswith("#1: You have it already")
    assert t.incident().acked_at is not None
    assert t.kinds().count("i_ack:acked") == 1


def test_a_text_that_comes_twice_changes_nothing_twice():
    t = by_text("bo")
    t.fire("disk full").at("10s")
    twice = Slash(platform="sms", user=BO, text="1e", key="SM1")
    first, second = t._hear(twice), t._hear(twice)
    assert first.startswith("#1: Level 2 is being paged now")
    assert "nothing was changed a second time" in second
    assert t.incident().level == 1


def test_each_person_has_numbers_of_their_own_and_the_lowest_free_one_is_next():
    t = by_text("bo")
    t.fire("disk full").at("1m").fire("disk slow").at("2m").fire("disk gone").at("3m")
    assert "Reply 1a" in texts(t, "bo", "disk full")[0]
    assert "Reply 2a" in texts(t, "bo", "disk slow")[0]
    assert "Reply 3a" in texts(t, "bo", "disk gone")[0]
    assert t.say(BO, "2r", on="sms") == "#2: It is closed."
    t.at("4m").fire("too soon").at("4m30s")
    assert "Reply 4a" in texts(t, "bo", "too soon")[0]  # an answer to the closed one may still be on its way
    assert t.say(BO, "2a", on="sms").startswith("#2: Nothing was changed: you closed it")
    t.at("30m").fire("later").at("30m30s")
    assert "Reply 2a" in texts(t, "bo", "later")[0]
    t.at("31m")
    assert t.say(BO, "1a, 2a 3a", on="sms").count("You have it now.") == 1  # one line for those of which it is true


def test_a_repeated_page_keeps_its_number():
    t = by_text("bo")
    t.fire("disk full").at("1m").fire("disk slow").at("6m")
    assert ["Reply 1a" in text for text in texts(t, "bo", "disk full")] == [True, True]


def test_a_bare_word_is_enough_while_one_incident_is_open():
    t = by_text("bo")
    t.fire("disk full").at("10s")
    assert t.say(BO, "ack", on="sms") == "#1: You have it now."
    t.at("1m").fire("disk slow").at("1m10s")
    assert t.say(BO, "r", on="sms") == "Nothing was changed: several are open. Reply 1r (#1), 2r (#2)."
    assert t.say(BO, "9a", on="sms").startswith("Nothing was changed: 9a stands for no incident of yours")
    assert t.say(BO, "1r 2r", on="sms").endswith("It is closed.")
    assert t.say(BO, "a", on="sms") == "Nothing was changed: no incident of yours is open."


def test_chinese_digits_and_words():
    t = by_text("bo", lang="zh")
    t.fire("磁盘已满").at("10s")
    assert "回复 1a 认领，1r 关闭，1e 升级" in texts(t, "bo")[0]
    assert t.say(BO, "１ａ", on="sms").startswith("#1：")
    assert t.say(BO, "1关闭", on="sms").startswith("#1：")
    assert t.incident().closed_at is not None


def test_commands_work_by_text_too():
    t = by_text("bo")
    t.fire("disk full").at("10s")
    assert t.say(BO, "ack 1", on="sms") == "#1: You have it now."
    assert "STOP" in t.say(BO, "HELP", on="sms")


def test_a_strangers_number_hears_one_sentence_an_hour_and_changes_nothing():
    t = by_text("bo")
    t.fire("disk full").at("10s")
    answer = t.say("+12025559999", "1a", on="sms")
    assert answer.startswith("This is Tocsin")
    assert "disk" not in answer
    assert t.say("+12025559999", "ack 1", on="sms") == ""
    assert t.said.silent
    assert t.say("+8613800000000", "你好", on="sms").startswith("这里是值班机器人")
    t.at("1h1m")
    assert t.say("+12025559999", "hello?", on="sms").startswith("This is Tocsin")
    assert t.incident().acked_at is None


def test_a_number_that_two_people_share_is_a_strangers():
    t = by_text("bo", "cy", phone=BO)
    t.fire("disk full").at("10s")
    assert t.say(BO, "1a", on="sms").startswith("This is Tocsin")


def test_stop_counts_for_a_phone_that_two_people_share():
    t = by_text("ann", "bo", phone=BO)
    assert t.say(BO, "STOP", on="sms") == ""
    t.fire("disk full").at("1m")
    assert not texts(t, "ann", "disk full")
    assert not texts(t, "bo", "disk full")
    assert "Texts are on again" in t.say(BO, "START", on="sms")


def test_without_a_seat_there_are_no_codes():
    t = by_text("bo", seat=False)
    t.fire("disk full").at("10s")
    assert "Reply" not in texts(t, "bo")[0]
    assert "Ack" not in texts(t, "bo")[0]
    assert "seat" in t.say(BO, "1a", on="sms")


def test_two_machines_do_not_talk_for_ever():
    t = by_text("bo")
    answers = [t.say(BO, "I am driving and will answer later", on="sms") for _ in range(8)]
    assert [bool(answer) for answer in answers] == [True] * 5 + [False] * 3


def test_stop_leads_pages_elsewhere_at_once_and_everybody_concerned_hears_of_it():
    t = by_text("bo")
    t.phone_off("bo").fire("disk full").at("30s")
    assert t.say(BO, "STOP", on="sms") == ""
    assert t.said.silent
    t.between("30s", "36s").page("bo", "email", times=1).page("bo", "sms", times=0)
    told = [shown.message for shown in t.carriers["slack"].shown.values() if shown.address == "U0BO"]
    assert any("Tocsin sends no more texts" in str(message) for message in told)
    assert any(alarm.code == "sms_stopped:bo" for alarm in t.alarms())
    assert "SMS: stopped" in t.say("bo", "prefs")
    assert "SMS: stopped" in t.say("bo", "doctor")
    t.between("1m", "14m").page("bo", "sms", times=0).page("bo", "slack")


def test_a_later_stop_changes_nothing_and_start_brings_texts_back():
    t = by_text("bo")
    t.say(BO, "stop", on="sms")
    t.say(BO, " Unsubscribe.", on="sms")
    assert len([alarm for alarm in t.alarms() if alarm.code == "sms_stopped:bo"]) == 1
    t.fire("disk full").at("30s")
    assert texts(t, "bo") == []
    assert t.say(BO, "YES", on="sms").startswith("Texts are on again")
    assert "stopped" not in t.say("bo", "prefs")
    t.want("5m").page("bo", "sms", times=1)
    assert "yes" in t.say(BO, "yes", on="sms")  # only after STOP is it a word of its own


def test_stop_is_one_word_and_not_a_sentence():
    t = by_text("bo")
    assert t.say(BO, "stop paging bo please", on="sms")
    t.fire("disk full")
    t.want("0m").page("bo", "sms", times=1)


def test_whoever_has_a_phone_alone_is_named_to_the_operators():
    t = by_text("bo", identities={}, email="")
    t.say(BO, "quit", on="sms")
    [alarm] = [alarm for alarm in t.alarms() if alarm.code == "sms_stopped:bo"]
    assert "Bo Berg" in alarm.text
    assert "other ways: none" in alarm.text


def test_one_text_tells_of_several_incidents():
    t = by_text("bo")
    t.fire("disk full").at("1m").fire("disk slow").at("1m30s")
    rows = t.store.read(
        lambda tx: [row for num in (1, 2) for row in tx.deliveries_of(tx.incident_by_num(num).id) if row.way == "sms"]
    )
    made = t.store.read(lambda tx: t.process.rendering.bundle(tx, rows, t.line.clock.now()))
    assert made["text"].splitlines() == [
        "2 incidents need you:",
        "1a #1 disk full",
        "2a #2 disk slow",
        "Reply 1a 2a to acknowledge",
    ]
