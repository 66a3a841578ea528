"""The incident card tells the truth about the state that the engine left, and offers only what is legal there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.cards.build import View, incident_card, page_card
from bot.cards.build.forms import FORMS
from bot.cards.build.view import plain
from bot.cards.card import Card, Facts, Paragraph, Quote, Tone
from bot.cards.sample import KEY, STATES, sample_view
from bot.cards.token import read, read_link
from bot.engine.effects import Entry, Kind, Page, Reason
from bot.engine.events import AlertChange, AlertSeen, Escalate, Happening, Reopen, Resolve, Unacknowledge, Wake
from bot.engine.incident import step
from bot.engine.model import HOUR, MINUTE, Instant, Level, Link, Severity, Target, TargetKind


def view(state: str, **fields) -> View:
    """The sample on Slack, in English, with fields of the view or of the incident changed."""
    made = sample_view(state, "en", "slack")
    own = {name: value for name, value in fields.items() if name in View.__dataclass_fields__}
    return replace(made, **own, incident=replace(made.incident, **{k: v for k, v in fields.items() if k not in own}))


def go_on(before: View, event: Happening, at: Instant) -> View:
    """The view after one more happening."""
    made = step(before.incident, event, before.world, at)
    return replace(before, incident=made.incident, entries=(*before.entries, *made.entries), now=at)


def facts(card: Card) -> Mapping[str, str]:
    return {f.label: plain(f.value) for block in card.body if isinstance(block, Facts) for f in block.facts}


def verbs(card: Card) -> list[str]:
    return [action.verb for action in card.actions]


@pytest.mark.parametrize(
    ("state", "expected", "tone"),
    [
        ("triggered", ["ack", "resolve", "escalate", "snooze", "more"], Tone.CRITICAL),
        ("processing", ["resolve", "escalate", "snooze", "unack", "more"], Tone.PROCESSING),
        ("snoozed", ["wake", "resolve", "more"], Tone.SNOOZED),
        ("closed", ["reopen", "more"], Tone.CLOSED),
    ],
)
def test_only_legal_actions(state: str, expected: list[str], tone: Tone):
    card = incident_card(view(state))
    assert verbs(card) == expected
    assert card.tone is tone
    for action in card.actions:
        for text in [option.token for option in action.options] or [action.token]:
            token = read(KEY, text)
            assert (token.incident, token.rev) == (card.incident, card.rev)
            assert action.verb in (token.verb, "more")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("triggered", ["assign", "add", "note", "sev", "sev", "merge", "silence", "room", "why"]),
        ("processing", ["assign", "add", "note", "sev", "sev", "merge", "silence", "room", "why"]),
        ("snoozed", ["assign", "add", "note", "sev", "sev", "merge", "silence", "room", "why"]),
        ("closed", ["note", "silence", "why"]),
    ],
)
def test_the_menu_of_everything_else_holds_what_is_legal(state: str, expected: list[str]):
    more = next(action for action in incident_card(view(state)).actions if action.verb == "more")
    tokens = [read(KEY, option.token) for option in more.options]
    assert [token.verb for token in tokens] == expected
    assert all(token.arg == "ask-142" for token in tokens if token.verb in FORMS)
    assert len({option.label for option in more.options}) == len(more.options)


def test_severities_are_offered_that_it_does_not_have():
    card = incident_card(view("triggered", severity=Severity.WARNING))
    labels = [option.label for option in card.actions[-1].options]
    assert [label for label in labels if label.startswith("Severity")] == ["Severity: Critical", "Severity: Info"]


def test_the_snooze_menu_offers_what_the_team_declares():
    world = replace(view("triggered").world, snooze=(45 * MINUTE, 24 * HOUR))
    snooze = next(a for a in incident_card(view("triggered", world=world)).actions if a.verb == "snooze")
    assert [option.label for option in snooze.options] == ["45 min", "1 d", "Custom…"]
    assert [read(KEY, option.token).arg for option in snooze.options] == ["45m", "1d", "ask-142"]


def test_the_longest_button_fits():
    busy = view("triggered", num=999_999_999, rev=9_999_999)
    options = [option for action in incident_card(busy).actions for option in action.options]
    assert max(len(option.token.encode()) for option in options) <= 64


def test_severity_colours_what_nobody_has():
    tones = [incident_card(view("triggered", severity=severity)).tone for severity in (Severity.WARNING, Severity.INFO)]
    assert tones == [Tone.WARNING, Tone.INFO]


def test_triggered_says_whom_it_pages_and_what_follows():
    card = incident_card(view("triggered"))
    said = facts(card)
    assert said["Who has it"] == "Nobody yet, paging Ann Lee"
    assert said["Next"] == (
        "Pages Ann Lee again at 10:02; pages level 2 (Shop backup: Cara Diaz) at 10:05 unless acknowledged"
    )
    assert said["Opened"] == "20 Nov 10:00 UTC"
    assert card.fallback == (
        "Critical #142, Checkout API 5xx above 5%: nobody has it yet, paging Ann Lee; "
        "pages level 2 (Shop backup: Cara Diaz) at 10:05 unless acknowledged."
    )
    assert [span.mention for span in card.mentions] == ["U0ANN"]
    escalate = next(action for action in card.actions if action.verb == "escalate")
    assert escalate.confirm == "Page level 2 (Shop backup: Cara Diaz) now?"


def test_level_two_pages_the_backup_and_ends_in_a_new_round():
    later = go_on(view("triggered"), Wake(), view("triggered").incident.escalate_at)
    said = facts(incident_card(later))
    assert said["Who has it"] == "Nobody yet, paging Cara Diaz"
    assert said["Next"].endswith("starts over with level 1 (Shop: Ann Lee) at 10:10 unless acknowledged (round 2 of 3)")


def test_the_last_round_ends_with_the_catch_all_and_then_nobody():
    seen: list[str] = []
    now = view("triggered")
    while now.incident.next_wake is not None and len(seen) < 99:
        now = go_on(now, Wake(), now.incident.next_wake)
        seen.append(facts(incident_card(now))["Next"])
    assert any("pages the catch-all (Cara Diaz) at" in said for said in seen)
    assert seen[-1] == "Nobody on the ladder took it; the catch-all was paged"
    assert "escalate" not in verbs(incident_card(now))


def test_an_unacknowledged_page_that_reached_nobody_says_so():
    failed = Entry(
        at=0,
        kind=Kind.DELIVERY,
        reason=Reason.FALLBACK_FAILED,
        member="ann",
        way="sms",
        facts={"why": "recipient_unreachable"},
    )
    odd = replace(failed, way="slack", facts={"why": "account_inactive"})
    said = facts(incident_card(view("triggered", unreachable=("ann",), entries=(failed, odd))))
    assert said["Who has it"] == "Nobody: Ann Lee could not be reached"
    assert said["Not reached"] == (
        "Ann Lee by SMS: that account or number cannot be reached; Ann Lee by Slack: account inactive"
    )
    assert facts(incident_card(view("triggered", unreachable=("bo",))))["Not reached"] == "Bo Novak"


def test_forced_levels_climb_unless_closed():
    made = view("processing")
    ladder = tuple(replace(level, even_if_acked=True) for level in made.incident.rule.levels)
    rule = replace(made.incident.rule, levels=ladder)
    said = facts(incident_card(view("processing", rule=rule, escalate_at=made.now + MINUTE)))
    assert said["Next"].startswith("Pages level 2 (Shop backup: Cara Diaz) at 10:05 unless closed; ")


def test_a_delayed_first_page_is_announced():
    made = view("triggered", loop=-1, responders=(), escalate_at=None)
    said = facts(incident_card(made))
    assert said["Who has it"] == "Nobody yet"
    assert said["Next"] == "Pages level 1 (Shop: Ann Lee) at 10:02 unless it recovers before"


def test_processing_says_who_and_when():
    said = facts(incident_card(view("processing")))
    assert said["Who has it"] == "Bo Novak since 10:04"
    assert said["Next"] == "Nobody else is paged while somebody has it; closes when its alerts recover"
    auto = facts(incident_card(view("processing", close_at=view("processing").now + HOUR)))
    assert auto["Next"].endswith("closes by itself at 11:04")


def test_giving_it_back_shows_paging_again():
    back = go_on(view("processing"), Unacknowledge(by="bo"), view("processing").now + MINUTE)
    assert facts(incident_card(back))["Who has it"].startswith("Nobody yet, paging ")


def test_snoozed_says_until_when():
    card = incident_card(view("snoozed"))
    assert facts(card)["Next"] == "Quiet until 12:06, then pages again unless resolved"
    assert "snoozed by Bo Novak until 12:06 UTC" in card.fallback


def test_closed_says_by_whom_after_how_long_and_why():
    card = incident_card(view("closed"))
    said = facts(card)
    assert said["Outcome"] == "Bo Novak closed it at 10:12, after 12 min"
    assert said["Note"] == "rolled back deploy 8123"
    assert said["Acknowledged"] == "Bo Novak, after 4 min"
    assert said["Alerts"] == "1, closed with it"
    assert card.fallback == "Critical #142, Checkout API 5xx above 5%: Bo Novak closed it after 12 min."


def test_recovery_and_the_clock_are_not_people():
    triggered = view("triggered")
    at = triggered.now + 3 * MINUTE
    recovery = AlertSeen(alert=triggered.alerts[0], change=AlertChange.RECOVERED, group_key="sample")
    recovered = facts(incident_card(go_on(triggered, recovery, at)))
    assert recovered["Outcome"] == "Recovered at 10:03, after 3 min"
    assert recovered["Acknowledged"] == "Nobody had taken it"
    assert recovered["Alerts"] == "1, all recovered"
    timed = go_on(view("triggered", close_at=at), Wake(), at)
    assert facts(incident_card(timed))["Outcome"] == "Closed by itself at 10:03, after 3 min"
    assert incident_card(timed).fallback.endswith("closed by itself after 3 min.")


def test_reopened_is_triggered_again():
    again = go_on(view("closed"), Reopen(by="ann", reason="not over"), view("closed").now + MINUTE)
    assert incident_card(again).status == "Triggered"
    assert "ack" in verbs(incident_card(again))
    closed = go_on(again, Resolve(by="cara"), again.now + MINUTE)
    assert facts(incident_card(closed))["Outcome"].startswith("Cara Diaz closed it")
    assert "Note" not in facts(incident_card(closed))


def test_a_reader_sees_their_own_buttons():
    assert "unack" in verbs(incident_card(view("processing", viewer="bo")))
    mine = incident_card(view("processing", viewer="ann"))
    assert [action.label for action in mine.actions if action.verb == "ack"] == ["I have it too"]
    assert incident_card(view("triggered", viewer="ann")).mentions == ()


def test_links_act_for_one_person_only():
    card = incident_card(view("triggered", viewer="ann", act_by_link=True))
    assert verbs(card) == ["ack", "escalate"]
    link = read_link(KEY, card.actions[0].href.rpartition("/")[2])
    assert (link.verb, link.holder) == ("ack", "ann")
    assert 0 <= view("triggered").now + 24 * HOUR - link.until < MINUTE
    for missing in ({"viewer": ""}, {"viewer": "ann", "url": ""}, {"viewer": "x" * 65}, {"viewer": "a.b"}):
        assert incident_card(view("triggered", act_by_link=True, **missing)).actions == ()


def test_direct_assignments_cannot_escalate():
    rule = replace(view("triggered").incident.rule, direct=True)
    assert "escalate" not in verbs(incident_card(view("triggered", rule=rule)))


def test_hand_opened_incidents_have_no_alerts():
    assert facts(incident_card(view("triggered", alerts_total=0, alerts_open=0)))["Alerts"] == "none, opened by hand"


def test_several_alerts_are_listed_gravest_first_and_counted():
    one = view("triggered").alerts[0]
    alerts = tuple(replace(one, id=str(n), title=f"alert {n}", closed_at=None if n else 1) for n in range(5))
    card = incident_card(view("triggered", alerts=alerts, alerts_total=7, alerts_open=4))
    lines = next([plain(line) for line in block.lines] for block in card.body if isinstance(block, Paragraph))
    assert lines == ["• Recovered: alert 0", "• Critical: alert 1", "• Critical: alert 2", "and 4 more"]
    assert facts(card)["Alerts"] == "4 of 7 open"


def test_the_most_telling_labels_come_first_and_few():
    labels = {
        "zone": "z",
        "alertname": "x",
        "severity": "critical",
        "service": "api",
        "a": "1",
        "instance": "i" * 99,
        "b": "",
    }
    said = facts(incident_card(view("triggered", labels=labels)))["Labels"]
    assert said == f"service=api instance={'i' * 38}… a=1 zone=z"


def test_only_links_to_the_web_are_shown():
    links = (Link(text="x", href="javascript:alert(1)"), Link(text="", href="https://ok.example"))
    card = incident_card(view("triggered", links=links))
    spans = [span for block in card.body if isinstance(block, Paragraph) for line in block.lines for span in line]
    assert [(span.text, span.href) for span in spans] == [("https://ok.example", "https://ok.example")]


def test_empty_things_leave_no_trace():
    made = view("triggered", description=" ", links=(), labels={}, channel="gone", url="", title="\u202e")
    card = incident_card(made)
    assert card.title == "#142"
    assert card.url == ""
    assert not [block for block in card.body if isinstance(block, Quote | Paragraph)]
    assert set(facts(card)) == {"Who has it", "Next", "Opened", "Alerts"}


def test_people_who_left_are_shown_by_id():
    made = view("processing")
    world = replace(made.world, members={})
    assert facts(incident_card(replace(made, world=world)))["Who has it"] == "bo since 10:04"


# --- why you are paged ------------------------------------------------------------------------------------------------


def why(reason: Reason = Reason.LEVEL_FIRED, *, level: int = 0, loop: int = 0, member: str = "ann", **fields) -> str:
    made = view("triggered", viewer=member, **fields)
    page = Page(member=member, way="slack", firing="", cycle=0, level=level, loop=loop, reason=reason)
    first = page_card(made, page).body[0]
    assert isinstance(first, Paragraph)
    return plain(first.lines[0])


def ladder(*targets: Target, **fields):
    rule = view("triggered").incident.rule
    return replace(rule, levels=(Level(targets=targets),), **fields)


def test_page_cards_say_why_it_is_you():
    assert why() == "You are paged because you are on call for Shop (primary): level 1."
    assert (
        why(Reason.REPEATED, loop=2) == "You are paged because you are on call for Shop (primary): level 1, repeat 2."
    )
    named = ladder(Target(kind=TargetKind.MEMBER, id="ann"))
    assert why(rule=named) == "You are paged because the rule names you: level 1."
    assert why(Reason.ESCALATED_BY_HAND, member="bo", rule=named) == "You are paged at level 1."
    assert why(rule=replace(named, direct=True)) == "You are paged because it was assigned to you."
    assert "no escalation rule" in why(rule=replace(named, id="catch_all"))
    assert "last resort" in why(Reason.REPEATED, level=2)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_reason_of_a_page_is_a_sentence(reason: Reason, lang: str):
    text = why(reason, lang=lang)
    assert text.endswith("." if lang == "en" else "。")
    assert "{" not in text


def test_nobody_on_call_names_the_catch_all():
    made = view("triggered", viewer="cara")
    schedules = {**made.world.schedules, "primary": replace(made.world.schedules["primary"], layers=())}
    responders = (replace(made.incident.responders[0], member="cara", how="catch_all"),)
    page = Page(member="cara", way="slack", firing="", cycle=0, level=0, loop=0, reason=Reason.LEVEL_FIRED)
    made = replace(
        made, world=replace(made.world, schedules=schedules), incident=replace(made.incident, responders=responders)
    )
    assert (
        plain(page_card(made, page).body[0].lines[0]) == "You are paged as the last resort: nobody is on call for it."
    )


def test_escalating_by_hand_pages_the_level_that_the_question_named():
    asked = incident_card(view("triggered"))
    question = next(action.confirm for action in asked.actions if action.verb == "escalate")
    after = go_on(view("triggered"), Escalate(by="bo"), view("triggered").now + MINUTE)
    paged = facts(incident_card(after))["Who has it"].removeprefix("Nobody yet, paging ")
    assert paged in question


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_left_unfilled(state: str, lang: str):
    card = incident_card(replace(view(state), lang=lang))
    said = " ".join([card.fallback, *facts(card), *facts(card).values(), *(a.label for a in card.actions)])
    assert "{" not in said
    assert "–" not in said
