"""Rosters, lists, timelines and help: short answers that name everybody and hide nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cards.build import alerts_card, entry_text, help_card, list_card, oncall_card, why_card
from bot.cards.build.view import page_address, plain
from bot.cards.card import Facts, Paragraph
from bot.cards.i18n import TABLES
from bot.cards.sample import sample_view
from bot.engine.effects import Entry, Kind, Reason
from bot.engine.model import HOUR
from bot.engine.schedule import on_call

VIEW = sample_view("processing", "en", "slack")
NOW = VIEW.now


def lines(card) -> list[str]:
    return [plain(line) for block in card.body if isinstance(block, Paragraph) for line in block.lines]


def test_oncall_names_everybody_and_the_empty_schedule():
    rows = [(plan.name, on_call(plan, NOW)) for plan in VIEW.world.schedules.values()]
    card = oncall_card([*rows, ("Empty", ())], VIEW.world, "en", zone="UTC", now=NOW)
    said = {f.label: plain(f.value) for block in card.body if isinstance(block, Facts) for f in block.facts}
    assert said == {
        "Shop": "Ann Lee (primary) until 23 Nov 09:00",
        "Shop backup": "Cara Diaz (primary) until 23 Nov 09:00",
        "Empty": "nobody",
    }
    assert "Shop Ann Lee (primary) until 23 Nov 09:00" in card.fallback
    assert oncall_card([], VIEW.world, "zh", zone="UTC", now=NOW).fallback == "没有值班表。"
    assert oncall_card(rows, VIEW.world, "en", zone="UTC", now=NOW, at=NOW + HOUR).title == "On call at 11:04 UTC"


def test_lists_say_how_each_incident_stands():
    card = list_card([VIEW.incident], VIEW.world, "en", zone="UTC", now=NOW, url="https://t.example/", key=VIEW.key)
    assert lines(card) == ["#142 Checkout API 5xx above 5%", "Critical, Processing, opened 10:00, with Bo Novak"]
    assert card.body[0].lines[0][0].href == page_address(VIEW.key, "https://t.example", VIEW.incident.id, 142)
    assert list_card([], VIEW.world, "en", zone="UTC", now=NOW).fallback == "No incident is open."
    mine = list_card([], VIEW.world, "en", zone="UTC", now=NOW, above=["1. Shop primary"])
    assert (card.title, mine.title) == ("Incidents", "My shifts and incidents")
    many = list_card([VIEW.incident] * 25, VIEW.world, "en", zone="UTC", now=NOW)
    assert lines(many)[-1] == "and 5 more"


def test_an_incident_that_was_merged_does_not_say_that_somebody_opened_it_by_hand():
    merged = replace(VIEW.incident, alerts_total=0, alerts_open=0, merged_into=7)
    assert alerts_card(merged, (), "en", zone="UTC", now=NOW).fallback == "none here, they are in #7"
    made = replace(merged, merged_into=0)
    assert alerts_card(made, (), "en", zone="UTC", now=NOW).fallback == "none, opened by hand"


def test_why_tells_the_timeline():
    card = why_card(VIEW)
    said = lines(card)
    assert said[0] == "10:00  an alert opened the incident"
    assert "10:00  the rule “Shop” applies" in said
    assert "10:00  Ann Lee paged by Slack at level 1" in said
    assert said[-1] == "10:04  Bo Novak acknowledged"
    assert lines(why_card(replace(VIEW, entries=()))) == ["Nothing has been decided yet."]
    assert lines(why_card(replace(VIEW, entries=VIEW.entries * 9)))[-1].startswith("and ")


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_reason_has_words_for_the_timeline(reason: Reason, lang: str):
    own = f"entry.{reason.value}"
    assert any(key == own or key.startswith(f"{own}.") for key in TABLES["en"])
    facts = {
        "rule": "Shop",
        "members": "ann,bo",
        "why": "timeout",
        "text": "hm",
        "severity": "Warning",
        "proof": "accepted",
        "field": "region",
        "into": "7",
        "refs": "#3",
        "count": "2",
        "medium": "sms",
        "vendor": "twilio",
        "fault": "too long",
        "alert_key": "disk",
        "score": "0.87",
        "fields": "title",
        "platforms": "slack",
        "platform": "Slack",
        "room": "#1 disk full",
        "chat": "#ops",
        "do": "open",
        "user": "U1",
    }
    for kind in Kind:
        entry = Entry(at=NOW, kind=kind, reason=reason, actor="bo", member="ann", way="sms", level=0, facts=facts)
        text = entry_text(replace(VIEW, lang=lang), entry)
        assert "{" not in text
        assert "–" not in text


def test_the_timeline_names_what_it_is_about():
    def said(kind: Kind, reason: Reason, **facts: str) -> str:
        return entry_text(
            VIEW, Entry(at=NOW, kind=kind, reason=reason, actor="bo", member="ann", way="sms", level=1, facts=facts)
        )

    assert said(Kind.COMMENT, Reason.BY_HAND, text="looking") == "Bo Novak noted: looking"
    assert said(Kind.ASSIGN, Reason.ASSIGNED, members="ann,cara") == "Bo Novak assigned it to Ann Lee and Cara Diaz"
    assert (
        said(Kind.DELIVERY, Reason.FALLBACK_FAILED, why="timeout")
        == "Ann Lee by SMS: not delivered (no answer in time)"
    )
    assert said(Kind.ASSIGN, Reason.ESCALATED_BY_HAND) == "Bo Novak escalated to level 2"
    for reason in (Reason.ESCALATED_BY_HAND, Reason.NOT_ACKED_IN_TIME, Reason.NEXT_ROUND):
        assert said(Kind.NOTIFY, reason).startswith("Ann Lee paged by SMS at level 2: "), "who was paged, by which way"
    for reason in (Reason.ACK_WITHDRAWN, Reason.SNOOZE_OVER, Reason.SNOOZE_ENDED, Reason.REOPENED, Reason.DELAY_OVER):
        assert said(Kind.NOTIFY, reason).startswith("Ann Lee paged by SMS"), "who was paged, by which way"
    assert said(Kind.SEVERITY, Reason.SET_BY_HAND, severity="Info") == "Bo Novak made it Info"
    assert said(Kind.SEVERITY, Reason.ALERT, severity="Critical") == "an alert made it Critical"


def test_help_lists_every_verb():
    card = help_card({"ack <ref>": "I have it", "list": "open incidents"}, "en")
    assert lines(card) == ["ack <ref>  I have it", "list  open incidents"]
    assert card.fallback == "Commands: ack <ref>, list."
