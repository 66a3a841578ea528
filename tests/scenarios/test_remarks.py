"""What is said below a card: an edit pings nobody, so whoever is asked anew is mentioned there, once, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.model import HOUR, MINUTE, Level
from bot.engine.remarks import LINES_MAX
from bot.store.base import DeliveryState
from tests.scenarios.company import LADDER, NIGHT, OPS, company, member
from tests.scenarios.story import Story, changed


@pytest.fixture
def t():
    return Story(changed(company(), "ops", chats=(OPS, replace(NIGHT, lang="zh")))).at("0m").fire("disk full").at("1m")


def said(t, platform="slack", below=""):
    """The lines below the first card in a platform's chat, each as what a push notification shows of it."""
    chat = {"slack": "C0OPS", "telegram": "-1001"}[platform]
    card = below or next(each.ref for each in t.carriers[platform].cards[t.incident().id] if each.address == chat)
    return [line.text.splitlines()[0] for line in t.carriers[platform].said if line.below == card]


def test_a_note_appears_below_the_card_in_the_language_of_its_chat(t):
    t.say("bo", "note 1 the replica lags")
    t.at("2m")
    assert said(t) == ["#1 · Bo Berg noted: the replica lags"]
    assert said(t, "telegram") == ["#1 · <b>Bo Berg</b> 备注："]
    assert "the replica lags" in t.carriers["telegram"].said[0].text


@pytest.mark.parametrize(
    "order", ["ack 1", "resolve 1", "snooze 1 2h", "sev 1 info", "title 1 another", "impact 1 all"]
)
def test_what_the_card_itself_shows_is_not_said(t, order):
    t.say("bo", order)
    t.fire("disk full").recover("disk full").at("3m")
    assert said(t) == said(t, "telegram") == []


def test_a_higher_level_mentions_the_new_people_once_and_only_them(t):
    t.at("20m")
    (line,) = said(t, "telegram")
    assert line == '#1 · 已升级到第 2 级，正在通知：<a href="tg://user?id=103">Cy Cole</a>'
    assert said(t) == ["#1 · Escalated to level 2. Paged now: Cy Cole"], "Cy has no account there: a name, no mention"


def test_repeats_of_a_level_are_not_said(t):
    t.at("14m")
    assert len([page for page in t.pages if page.who == "bo"]) >= 2
    assert said(t) == []


def test_a_chat_whose_card_is_new_at_that_level_hears_of_it_by_its_card(t):
    t.at("16m")
    assert said(t, below=t.card_on("slack", "C0BOSS").ref) == []
    assert len(said(t)) == 1


@pytest.mark.parametrize(
    ("orders", "line"),
    [
        (("escalate 1",), "#1 · Di Diaz escalated it to level 2. Paged now: Cy Cole"),
        (("assign 1 @bo @cy",), "#1 · Di Diaz reassigned it to Bo Berg and Cy Cole <@U0BO>"),
        (("assign 1 @di",), "#1 · Di Diaz reassigned it to Di Diaz"),
        (("add 1 @ann",), "#1 · Di Diaz added Ann Ames <@U0ANN>"),
        (("ack 1", "unack 1"), "#1 · Di Diaz gave it back. Paged again: Bo Berg <@U0BO>"),
        (("resolve 1", "reopen 1 it is back"), "#1 · Di Diaz reopened it. Paged now: Bo Berg it is back <@U0BO>"),
    ],
)
def test_who_is_asked_anew_is_mentioned_and_who_asked_is_not(t, orders, line):
    for order in orders:
        t.say("di", order)
        t.at("2m" if order is orders[0] else "3m")
    assert said(t) == [line]


def test_whoever_gives_it_back_is_named_among_those_paged_and_not_mentioned(t):
    t.say("bo", "ack 1")
    t.at("2m").say("bo", "unack 1")
    t.at("3m")
    assert said(t) == ["#1 · Bo Berg gave it back. Paged again: Bo Berg"]


def test_another_way_to_somebody_of_the_level_below_is_no_news_of_the_level_above():
    levels = (replace(LADDER[0], repeat_times=0, escalate_after=5 * MINUTE), LADDER[1])
    rules = (replace(company().channels["ops"].rules[0], levels=levels),)
    t = Story(changed(company(), "ops", rules=rules)).down("slack").at("0m").fire("disk full").at("5s")
    t.crash(restart="6m").at("7m")
    (line,) = said(t, "telegram")
    assert line.startswith("#1 · Escalated to level 2. Paged now: ")
    assert "Cy Cole" in line
    assert "Bo Berg" not in line, "his fallback was due at the same moment"


def test_giving_it_back_while_somebody_else_has_it_mentions_nobody(t):
    t.say("bo", "ack 1")
    t.say("di", "ack 1")
    t.at("2m").say("di", "unack 1")
    t.at("3m")
    assert said(t) == ["#1 · Di Diaz gave it back; somebody else still has it."]


def test_whoever_had_it_for_too_long_and_a_snooze_that_is_over():
    rules = tuple(replace(rule, ack_timeout=HOUR) for rule in company().channels["ops"].rules)
    t = Story(changed(company(), "ops", rules=rules)).at("0m").fire("disk full").at("1m")
    t.say("bo", "ack 1")
    t.at("62m")
    assert said(t) == ["#1 · Bo Berg had it for too long. Paged again: Bo Berg <@U0BO>"]
    t.say("bo", "snooze 1 2h")
    t.at("3h3m")
    assert said(t)[1:] == ["#1 · The snooze is over. Paged again: Bo Berg <@U0BO>"]


def test_a_merged_incident_says_where_it_went(t):
    t.fire("disk full again").at("2m")
    t.say("bo", "merge 2 into 1 same disk")
    t.at("3m")
    cards = t.carriers["slack"].cards[t.incident(2).id]
    assert said(t, below=cards[0].ref) == ["#2 · Bo Berg merged it into #1."]
    assert said(t) == ["#1 · Bo Berg noted: same disk"]


def test_the_end_of_the_ladder_and_who_could_not_be_reached_are_said(t):
    t.unreachable("bo", "slack", "sms", "email", "telegram")
    t.at("5h")
    lines = said(t)
    assert "#1 · Could not be reached in any way: Bo Berg" in lines
    assert lines.count("#1 · Could not be reached in any way: Bo Berg") == 1, "each firing tried, and it is said once"
    assert lines[-1] == "#1 · Nobody acknowledged, and there is nobody left to page."
    assert "#1 · Round 2 begins, at level 1. Paged now: Bo Berg" in [line.partition(" <@")[0] for line in lines]


def test_an_alert_that_is_soon_back_is_said_while_it_is_no_habit(t):
    t.recover("disk full").at("1m30s")
    t.fire("disk full").at("2m")
    assert said(t) == ["#1 · The alert is back, and it goes on where it stood."]


def test_more_lines_than_the_limit_end_with_one_that_says_so(t):
    for number in range(LINES_MAX + 5):
        t.say("bo", f"note 1 number {number}")
    t.at("20m")
    lines = said(t)
    assert len(lines) == LINES_MAX
    assert (
        lines[-1] == f"#1 · Nothing more is said here after {LINES_MAX} lines. The card and its timeline have the rest."
    )
    assert lines[:-1] == [f"#1 · Bo Berg noted: number {number}" for number in range(LINES_MAX - 1)], "in order"


def test_lines_keep_their_order_while_the_platform_fails(t):
    t.say("bo", "ack 1")
    t.carriers["slack"].weather.broken = 0.5
    for number in range(8):
        t.say("bo", f"note 1 number {number}")
    t.at("20m")
    assert said(t) == [f"#1 · Bo Berg noted: number {number}" for number in range(8)]


def test_a_crash_after_the_send_doubles_a_line_at_most(t):
    t.say("bo", "note 1 once")
    t.crash_after_send()
    t.at("5m")
    assert set(said(t)) == {"#1 · Bo Berg noted: once"}
    assert len(said(t)) <= 2
    assert t.card_on("slack").rev == t.incident().rev


def test_a_line_waits_for_its_card_and_is_dropped_when_it_is_of_no_help_any_more():
    t = Story().down("slack").at("0m").fire("disk full").at("1m")
    t.say("bo", "note 1 early", on="telegram")
    t.at("50m").up("slack")
    t.at("57m")
    assert said(t) == ["#1 · Bo Berg noted: early"]
    t.down("slack")
    t.say("bo", "note 1 late", on="telegram")
    t.at("2h10m").up("slack")
    t.at("2h20m")
    assert "#1 · Bo Berg noted: late" not in said(t)


def test_what_a_new_card_shows_by_itself_is_not_said_again_below_it():
    t = Story().down("slack").at("0m").fire("disk full").at("20m")
    t.up("slack").at("26m")
    assert t.card_on("slack", "C0OPS").message
    assert not [line for line in said(t) if "level 2" in line]


def test_nobody_is_called_to_what_is_over_meanwhile(t):
    t.down("slack")
    t.say("di", "add 1 @ann", on="slack")
    t.at("2m").say("bo", "resolve 1", on="telegram")
    t.at("3m").up("slack")
    t.at("10m")
    assert said(t) == ["#1 · Di Diaz added Ann Ames"]


def test_below_a_card_that_was_posted_anew(t):
    first = t.card_on("slack").ref
    t.carriers["slack"].delete(first)
    t.say("bo", "ack 1")
    t.at("2m").say("bo", "note 1 still here")
    t.at("3m")
    again = t.card_on("slack").ref
    assert again != first
    assert said(t, below=again) == ["#1 · Bo Berg noted: still here"]


def test_in_a_war_room_it_is_a_message_and_in_a_closed_one_nothing(t):
    t.carriers["slack"].caps = replace(t.carriers["slack"].caps, rooms=True)
    t.say("bo", "room 1")
    t.at("2m")
    (room,) = t.incident().rooms
    t.say("bo", "note 1 in here")
    t.at("3m")

    def there():
        return [line.text.splitlines()[0] for line in t.carriers["slack"].said if line.address == room.address]

    assert there() == ["#1 · Bo Berg noted: in here"]
    assert not [line for line in t.carriers["slack"].said if line.address == room.address and line.below]
    t.say("bo", "room 1 close")
    t.at("4m").say("bo", "note 1 too late")
    t.at("5m")
    assert len(there()) == 1
    assert said(t)[-1] == "#1 · Bo Berg noted: too late"


def test_many_notes_delay_no_page_and_no_new_card(t):
    for number in range(LINES_MAX):
        t.say("bo", f"note 1 number {number}")
    t.fire("pump down", key="pump")
    t.at("1m20s")
    assert t.card_on("slack", num=2).message
    assert [page for page in t.pages if page.incident == 2 and page.who == "bo"]


def test_a_line_is_no_card_and_never_edited(t):
    t.say("bo", "note 1 once")
    t.at("2m").say("bo", "ack 1")
    t.at("3m")
    of = t.incident().id
    rows = [row for row in t.store.inner.read(lambda tx: tx.deliveries_of(of)) if row.op == "thread"]
    assert [(row.carrier, row.state) for row in rows] == [
        ("slack", DeliveryState.SENT),
        ("telegram", DeliveryState.SENT),
    ]
    assert len(said(t)) == 1


def test_a_forced_climb_past_an_acknowledgement_is_said():
    forced = (replace(LADDER[0], even_if_acked=True), Level(targets=(member("cy"),), escalate_after=30 * MINUTE))
    rules = (replace(company().channels["ops"].rules[0], levels=forced),)
    t = Story(changed(company(), "ops", rules=rules)).at("0m").fire("disk full").at("1m")
    t.say("bo", "ack 1")
    t.at("16m")
    assert said(t) == ["#1 · Escalated to level 2. Paged now: Cy Cole"]


def test_a_war_room_that_cannot_be_opened_is_told_to_those_who_wait_for_it(t):
    t.carriers["slack"].refused.add("C0OPS")
    t.say("bo", "room 1")
    t.at("2m")
    assert "Slack" in said(t, "telegram")[-1]
    assert "作战室" in said(t, "telegram")[-1]
