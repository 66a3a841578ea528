"""Numbers and rules of incidents and channels: how many, how long, how bad, who has it, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.engine.events import AddResponders, Note, Reopen, Resolve
from bot.engine.grouping import Grouping
from bot.engine.incident import step
from bot.engine.model import HOUR, MINUTE, Progress, Severity
from bot.engine.world import CustomField, FieldKind
from tests.scenarios.company import company, member
from tests.scenarios.story import Story, changed
from tests.unit.boundaries import Limit, channel, is_refused, passes, refused, taken, world_of
from tests.unit.house import House, event, ok
from tests.unit.house import channel as engine_channel

PAY = "channels.pay"
GROUPED = Grouping(method="rules", by=("severity",))


def fields(count: int) -> dict:
    return {"fields": {f"f{n}": {"label": "x"} for n in range(count)}}


def named(name: str) -> dict:
    return {"fields": {name: {"label": "x"}}}


def options(count: int) -> dict:
    return {"fields": {"tier": {"label": "x", "kind": "select", "options": [f"o{n}" for n in range(count)]}}}


def option(length: int) -> dict:
    return {"fields": {"tier": {"label": "x", "kind": "multi", "options": ["o" * length]}}}


LIMITS = (
    Limit("a channel's name has 1-59 characters", lambda n: channel(name="x" * n), f"{PAY}.name", (1, 59), (0, 60),
          "1 to 59"),
    Limit("a channel's description has up to 500 characters", lambda n: channel(description="x" * n),
          f"{PAY}.description", (0, 500), (501,), "longer than 500"),
    Limit("a team's name has 1-59 characters", lambda n: {"teams": {"t": {"name": "x" * n, "members": ["ann"]}}},
          "teams.t.name", (1, 59), (0, 60), "1 to 59"),
    Limit("an id has 1-39 characters", lambda n: {"teams": {"t" * n: {"name": "T", "members": ["ann"]}}},
          "teams." + "t" * 40, (1, 39), (40,), "1 to 39"),
    Limit("there are up to 15 custom fields", fields, "fields", (0, 15), (16,), "longer than 15"),
    Limit("a field's name has up to 40 characters", lambda n: named("x" * n), "fields." + "x" * 41, (1, 40), (41,),
          "1 to 40"),
    Limit("a field's name may begin with a letter or _", named, "fields.9a", ("a9", "_9", "Z_9"), ("9a",),
          "no digit first"),
    Limit("a field's name is plain", named, "fields.a-b", (), ("a-b",), "A-Z, a-z, 0-9 and _"),
    Limit("a field's label has 1-40 characters", lambda n: {"fields": {"f": {"label": "x" * n}}}, "fields.f.label",
          (1, 40), (0, 41), "1 to 40"),
    Limit("a select has up to 20 options", options, "fields.tier.options", (1, 20), (21,), "longer than 20"),
    Limit("an option has up to 200 characters", option, "fields.tier.options[0]", (1, 200), (201,), "1 to 200"),
    Limit("a field is text, select, multi or checkbox", lambda k: {"fields": {"f": {"label": "x", "kind": k}}},
          "fields.f.kind", ("text", "checkbox"), ("number",), "'text', 'select', 'multi' or 'checkbox'"),
    Limit("a channel has up to 3 links", lambda n: channel(links=[{"text": "x", "href": "https://x"}] * n),
          f"{PAY}.links", (0, 3), (4,), "longer than 3"),
    Limit("a link's text has 1-40 characters", lambda n: channel(links=[{"text": "x" * n, "href": "https://x"}]),
          f"{PAY}.links[0].text", (1, 40), (0, 41), "1 to 40"),
    Limit("a link has up to 1000 characters",
          lambda n: channel(links=[{"text": "x", "href": "https://x/".ljust(n, "y")}]),
          f"{PAY}.links[0].href", (10, 1000), (1001,), "longer than 1000"),
)  # fmt: skip


@taken(LIMITS)
def test_the_limit_itself_passes(change):
    passes(change)


@refused(LIMITS)
def test_beyond_the_limit_is_refused_with_the_field_and_the_cure(change, path, said):
    is_refused(change, path, said)


def test_a_link_may_name_title_num_incident_id_severity_channel_labels_and_fields():
    names = ("title", "num", "incident_id", "severity", "channel", "labels.k", "fields.f0")
    href = "https://x/" + "/".join(f"${{{name}}}" for name in names)
    passes(fields(1) | channel(links=[{"text": "x", "href": href}]))
    wrong = channel(links=[{"text": "x", "href": "https://x/${status}"}])
    is_refused(wrong, f"{PAY}.links[0].href", "status")


# --- how many alerts


def test_an_incident_takes_5000_alerts_and_the_next_opens_another():
    house = House(engine_channel(grouping=GROUPED))
    made = house.absorb(*(event(f"k{n}") for n in range(5000)))
    assert len({each.incident for each in made}) == 1
    (full,) = house.incidents()
    assert full.alerts_total == 5000
    (next_one,) = house.absorb(event("one more"))
    assert next_one.incident != full.id
    assert "group_full" in {entry.reason for entry in house.look(lambda tx: tx.timeline(full.id, 9_999))}


@pytest.mark.parametrize(("there", "done"), [(4999, True), (5000, False)])
def test_an_incident_of_4999_alerts_takes_one_more_by_merging_and_one_of_5000_does_not(there, done):
    story = Story().fire("disk").fire("door").at("1m")
    before = story.incident(1)
    story.store.run(lambda tx: tx.put_incident(replace(before, alerts_total=there), before))
    said = story.say("bo", "merge 2 into 1")
    assert (story.incident(2).progress is Progress.CLOSED) is done
    assert ("5000" in said) is not done


# --- how long texts are


def burning(world: Any = None) -> Story:
    return (Story(world) if world else Story()).fire("disk full", svc="db").at("1m")


@pytest.mark.parametrize(("what", "limit"), [
    ("title", 512), ("description", 2048), ("impact", 1024), ("cause", 1024), ("resolution", 1024), ("ticket", 3000),
])  # fmt: skip
def test_a_text_is_set_up_to_its_limit_and_one_character_more_is_refused(what, limit):
    story = burning(replace(company(), fields={"ticket": CustomField(name="ticket", label="Ticket")}))
    before = story.incident()
    assert f"{limit} characters at most" in story.say("bo", f"set 1 {what} {'x' * (limit + 1)}")
    assert story.incident() == before
    story.say("bo", f"set 1 {what} {'x' * limit}")
    assert "x" * limit in repr(story.incident())


@pytest.mark.parametrize("verb", ["note 1", "resolve 1", "reopen 1", "merge 1 into 2"])
def test_a_comment_a_resolution_note_a_reopen_reason_and_a_merge_comment_have_up_to_1024_characters(verb):
    story = Story().fire("disk full").fire("door").at("1m")
    if verb == "reopen 1":
        story.say("bo", "resolve 1")
    before = story.incident()
    assert "1024 characters at most" in story.say("bo", f"{verb} {'x' * 1025}")
    assert story.incident() == before
    story.say("bo", f"{verb} {'x' * 1024}")
    assert story.incident() != before


@pytest.mark.parametrize("command", [Note(by="bo", text="x" * 1025), Resolve(by="bo", note="x" * 1025)])
def test_a_comment_of_1025_characters_is_refused_whatever_way_it_comes(command):
    story = burning()
    made = step(story.incident(), command, story.world, story.line.now)
    assert (made.reply.code, made.reply.facts, made.incident) == ("too_long", {"max": "1024"}, story.incident())


def test_a_reopen_reason_of_1025_characters_is_refused_whatever_way_it_comes():
    story = burning()
    story.say("bo", "resolve 1")
    made = step(story.incident(), Reopen(by="bo", reason="x" * 1025), story.world, story.line.now)
    assert (made.reply.code, made.incident) == ("too_long", story.incident())


@pytest.mark.parametrize(("length", "opened"), [(512, 1), (513, 0)])
def test_an_incident_raised_by_hand_has_a_title_of_up_to_512_characters(length, opened):
    story = Story()
    story.say("bo", f"trigger {'x' * length} in ops")
    assert story.count() == opened


@pytest.mark.parametrize(("length", "opened"), [(512, 2), (513, 1)])
def test_an_incident_made_of_moved_alerts_has_a_title_of_up_to_512_characters(length, opened):
    story = Story(changed(company(), "ops", grouping=GROUPED)).fire("disk").fire("door").at("1m")
    story.say("bo", f"move 1 door to new {'x' * length}")
    assert story.count() == opened


def test_a_select_takes_its_options_and_a_checkbox_yes_or_no():
    tier = CustomField(name="tier", label="Tier", kind=FieldKind.SELECT, options=("Gold", "Silver"))
    loss = CustomField(name="loss", label="Loss", kind=FieldKind.CHECKBOX)
    story = burning(replace(company(), fields={"tier": tier, "loss": loss}))
    for text in ("set 1 tier gold", "set 1 tier bronze", "set 1 loss yes", "set 1 loss perhaps"):
        story.say("bo", text)
    assert story.incident().fields == {"tier": "Gold", "loss": "yes"}


# --- severity and what is copied


def test_an_incident_is_as_bad_as_its_worst_alert_ever_was():
    story = Story(changed(company(), "ops", grouping=Grouping(method="rules", by=("labels.service",))))
    story.fire("a", "info", svc="x").fire("b", "critical", svc="x").fire("b", "info", key="b", svc="x").at("1m")
    assert (story.count(), story.incident().severity) == (1, Severity.CRITICAL)


def test_title_and_labels_are_those_of_the_first_alert():
    story = Story(changed(company(), "ops", grouping=GROUPED)).fire("one", svc="x").fire("two", svc="y").at("1m")
    assert (story.incident().title, story.incident().labels) == ("one", {"service": "x"})


def test_labels_follow_the_first_alert_and_no_other_and_a_recovery_only_adds():
    story = Story(changed(company(), "ops", grouping=GROUPED)).fire("one", svc="x").fire("two", svc="x").at("1m")
    story.fire("two and more", key="two", svc="z").at("2m")
    assert story.incident().labels == {"service": "x"}
    story.fire("one and more", key="one", svc="y").at("3m")
    assert (story.incident().title, story.incident().labels) == ("one", {"service": "y"})
    story.post(
        {"event_status": "Ok", "title_rule": "one", "alert_key": "one", "labels": {"service": "q", "by": "cron"}}
    )
    assert story.at("4m").incident().labels == {"service": "y", "by": "cron"}


def test_an_incident_raised_by_hand_has_no_labels():
    story = Story()
    story.say("bo", "trigger the shop is down in ops")
    assert story.incident().labels == {}


@pytest.mark.parametrize(("text", "field"), [("set 1 title mine", "title"), ("sev 1 info", "severity"),
                                             ("set 1 description mine", "description")])  # fmt: skip
def test_what_a_person_set_is_frozen(text, field):
    story = burning()
    story.say("bo", text)
    mine = getattr(story.incident(), field)
    story.fire("disk fuller", "critical", key="disk full", text="more").at("2m")
    assert getattr(story.incident(), field) == mine
    assert field in story.incident().frozen


# --- progress and recovery


def test_the_first_acknowledgement_makes_it_processing_and_the_last_one_withdrawn_triggered():
    story = burning()
    seen = []
    for who, verb in (("bo", "ack"), ("ann", "ack"), ("bo", "unack"), ("ann", "unack")):
        story.say(who, f"{verb} 1")
        seen.append(story.incident().progress.value)
    assert seen == ["Processing", "Processing", "Processing", "Triggered"]


def test_further_acknowledgements_are_kept_for_each_person_and_change_nothing_else():
    story = burning()
    story.say("bo", "ack 1")
    first = story.incident().acked_at
    story.at("2m").say("ann", "ack 1")
    assert {r.member for r in story.incident().responders if r.acked_at} == {"ann", "bo"}
    assert (story.incident().acked_at, story.incident().progress) == (first, Progress.PROCESSING)


def test_anyone_may_acknowledge_whether_asked_or_not():
    story = burning()
    story.say("cy", "ack 1", on="telegram")
    assert story.incident().progress is Progress.PROCESSING


def test_when_all_its_alerts_are_ok_it_closes_and_only_by_default():
    on = burning().recover("disk full").at("2m").incident()
    off = burning(changed(company(), "ops", close_with_alerts=False)).recover("disk full").at("2m").incident()
    assert (on.progress, on.alerts_open) == (Progress.CLOSED, 0)
    assert (off.progress, off.alerts_open) == (Progress.TRIGGERED, 0)


def test_closing_by_hand_closes_its_alerts_without_calling_them_recovered_and_a_later_event_opens_another():
    story = burning()
    (alert,) = story.store.read(lambda tx: tx.alerts_in("ops", 0, 9))
    story.say("bo", "resolve 1")
    closed = story.store.read(lambda tx: tx.alerts([alert.id]))[alert.id]
    assert (closed.closed_at is not None, closed.status) == (True, Severity.CRITICAL)
    story.fire("disk full", svc="db").at("2m")
    assert story.count() == 2
    assert story.incident(1).alerts_total == 1


# --- snooze, reopen, merge, assign


@pytest.mark.parametrize("said", ["24h", "1d", "1440m", "1440", "1m"])
def test_a_snooze_of_up_to_24_hours_is_taken(said):
    story = burning()
    story.say("bo", f"snooze 1 {said}")
    assert 0 < story.incident().snoozed_until - story.line.now <= 24 * HOUR
    assert story.incident().progress is Progress.PROCESSING


@pytest.mark.parametrize("said", ["24h1m", "1d1m", "1441", "48h", "0h", "0"])
def test_a_snooze_of_nothing_or_more_than_24_hours_is_refused(said):
    story = burning()
    assert "24" in story.say("bo", f"snooze 1 {said}")
    assert story.incident().snoozed_until is None


def test_the_menu_offers_to_snooze_for_2_4_and_12_hours():
    for hours in (2, 4, 12):
        story = burning()
        story.press("bo", "snooze", arg=f"{hours}h")
        assert story.incident().snoozed_until - story.line.now == hours * HOUR


def test_a_snooze_that_runs_out_makes_it_triggered_and_pages_again():
    story = burning()
    story.say("bo", "snooze 1 2h")
    story.between("1m", "2h1m").nobody()
    story.want("2h1m").page("bo")
    assert story.incident().progress is Progress.TRIGGERED


def test_reopening_needs_a_reason_and_is_dispatched_again_as_triggered():
    story = burning()
    story.say("bo", "resolve 1")
    story.say("bo", "reopen 1")
    assert story.incident().progress is Progress.CLOSED
    story.at("5m").say("bo", "reopen 1 it is back")
    assert story.incident().progress is Progress.TRIGGERED
    story.want("5m").page("bo")


def test_merging_moves_the_alerts_and_closes_what_is_empty_then_with_an_optional_comment():
    story = Story().fire("disk").fire("door").at("1m")
    story.say("bo", "merge 2 into 1")
    assert (story.incident(1).alerts_total, story.incident(2).alerts_total) == (2, 0)
    assert story.incident(2).progress is Progress.CLOSED


def test_reassigning_what_is_processing_makes_it_triggered_unless_the_new_one_had_acknowledged():
    story = burning()
    story.say("bo", "ack 1")
    story.say("bo", "assign 1 ann")
    assert story.incident().progress is Progress.TRIGGERED
    story.say("ann", "ack 1")
    story.say("bo", "assign 1 ann")
    assert story.incident().progress is Progress.PROCESSING


def test_somebody_may_be_added_and_pages_them_once():
    story = burning()
    made = step(story.incident(), AddResponders(by="bo", targets=(member("ann"),)), story.world, story.line.now)
    assert [r.how for r in made.incident.responders if r.member == "ann"] == ["add"]


@pytest.mark.parametrize(
    ("label", "reaches"), [("layer_person_reset_0_emails", "ann"), ("layer_person_reset_0_team_names", "di")]
)
def test_labels_replace_the_people_of_a_level_counted_from_0_and_are_gone_then(label, reaches):
    story = Story()
    value = "ann@example.com, nobody" if label.endswith("emails") else "Leads, No Such Team"
    story.post({"event_status": "Critical", "title_rule": "disk", "alert_key": "d", "labels": {label: value, "a": "b"}})
    story.want("0m").page(reaches, "slack").nobody("bo")
    assert story.incident().labels == {"a": "b"}


# --- defaults


def test_a_new_channel_closes_with_its_alerts_and_never_by_itself():
    pay = world_of({}).channels["pay"]
    assert (pay.close_with_alerts, pay.auto_close_after, pay.links, dict(pay.templates)) == (True, 0, (), {})


def test_a_direct_assignment_repeats_4_pages_5_minutes_apart():
    story = burning()
    story.say("bo", "assign 1 ann")
    story.between("1m", "30m")
    pages = [page.at for page in story.between("1m", "30m").seen("ann", "slack")]
    assert [round((at - pages[0]) / MINUTE) for at in pages] == [0, 5, 10, 15]


def test_an_event_after_the_recovery_is_a_new_alert():
    house = House()
    house.absorb(event("a"), ok("a"))
    (again,) = house.absorb(event("a"))
    assert again.reason == "new_alert"
