"""What people write about an incident, and batches of commands, as people say it and as others see it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.model import Progress, Severity
from bot.engine.world import CustomField, FieldKind, LinkTemplate, World
from tests.scenarios.company import company
from tests.scenarios.story import Story, changed

FIELDS = {
    "ticket": CustomField(name="ticket", label="Ticket"),
    "tier": CustomField(name="tier", label="Customer tier", kind=FieldKind.SELECT, options=("Gold", "Silver")),
    "regions": CustomField(name="regions", label="Regions", kind=FieldKind.MULTI, options=("eu", "us", "ap")),
    "data_loss": CustomField(name="data_loss", label="Data loss", kind=FieldKind.CHECKBOX),
}
"""One of each kind."""


def with_fields() -> World:
    return replace(company(), fields=FIELDS)


def burning(world: World | None = None) -> Story:
    return Story(world or with_fields()).fire("disk full", svc="db", text="97 % used").at("1m")


@pytest.mark.parametrize(
    ("what", "name", "reply", "kind"),
    [
        ("title", "title", "The title is changed", "i_r_title"),
        ("description", "description", "The description is changed", "i_r_desc"),
        ("impact", "impact", "The impact is written down.", "i_r_impact"),
        ("cause", "root_cause", "The root cause is written down.", "i_r_rc"),
        ("resolution", "resolution", "The resolution is written down.", "i_r_rsltn"),
    ],
)
def test_texts_are_written_shown_and_told(what: str, name: str, reply: str, kind: str):
    story = burning()
    assert reply in story.say("bo", f"set 1 {what} nobody can pay")
    assert getattr(story.incident(), name) == "nobody can pay"
    assert name in story.incident().frozen
    assert f"{kind}:set_by_hand" in story.kinds()
    story.want("1m").card("#ops", "nobody can pay")


def test_a_title_set_by_hand_stays_whatever_alerts_say():
    story = burning()
    story.say("bo", "set 1 title The shop is down")
    story.fire("disk fuller", key="disk full", svc="db", text="99 % used").at("2m")
    assert story.incident().title == "The shop is down"
    story.want("2m").card("#ops", "The shop is down", hides="disk fuller")


def test_a_severity_set_by_hand_stays_whatever_alerts_say():
    story = Story().fire("disk full", "warning").at("1m")
    story.say("bo", "sev 1 info")
    story.fire("disk full", "critical").at("2m")
    assert story.incident().severity is Severity.INFO


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("set 1 title " + "x" * 513, "512 characters at most"),
        ("set 1 description " + "x" * 2049, "2048 characters at most"),
        ("set 1 impact " + "x" * 1025, "1024 characters at most"),
        ("set 1 ticket " + "x" * 3001, "3000 characters at most"),
        ("set 1 title -", "an incident needs a title"),
        ("set 1 tier bronze", "bronze is not one of Gold, Silver"),
        ("set 1 regions eu, mars", "mars is not one of eu, us, ap"),
        ("set 1 data_loss perhaps", "say yes or no"),
        (
            "set 1 colour red",
            "There are: title, description, impact, cause, resolution, ticket, tier, regions, data_loss.",
        ),
        ("set 1 impact", "Write it like this: /toc set"),
        ("set 1", "Write it like this: /toc set"),
        ("set impact bad", "Say which incident"),
        ("set 9 impact bad", "There is no incident #9."),
    ],
)
def test_what_does_not_fit_is_refused_with_the_truth(text: str, truth: str):
    story = burning()
    before = story.incident()
    assert truth in story.say("bo", text)
    assert story.incident() == before


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("set 1 ticket OPS-12 and more", {"ticket": "OPS-12 and more"}),
        ("set 1 tier gold", {"tier": "Gold"}),
        ("set 1 Regions us,EU", {"regions": "eu, us"}),
        ("set 1 regions us， ap", {"regions": "us, ap"}),
        ("set 1 data_loss Y", {"data_loss": "yes"}),
        ("set 1 data_loss 否", {"data_loss": "no"}),
    ],
)
def test_fields_are_kept_as_the_team_declared_them(value: str, kept: dict[str, str]):
    story = burning()
    story.say("bo", value)
    assert story.incident().fields == kept
    assert "i_r_field:set_by_hand" in story.kinds()


def test_fields_are_on_the_card_in_the_readers_words():
    story = burning()
    story.say("bo", "set 1 tier gold")
    story.say("bo", "set 1 data_loss yes")
    story.want("1m").card("#ops", "Customer tier").card("#ops", "Gold").card("#ops", "Data loss")


def test_a_field_or_text_is_emptied_by_a_dash():
    story = burning()
    story.say("bo", "set 1 ticket OPS-12")
    story.say("bo", "set 1 impact bad")
    assert story.say("bo", "set 1 ticket -") == "#1: It is empty now."
    assert story.say("bo", "set 1 impact -") == "#1: It is empty now."
    assert (story.incident().fields, story.incident().impact) == ({}, "")


def test_saying_the_same_twice_changes_nothing():
    story = burning()
    story.say("bo", "set 1 impact bad")
    before = story.incident()
    assert "it says so already" in story.say("ann", "set 1 impact bad")
    assert story.incident() == before


def test_a_closed_incident_can_still_be_explained():
    story = burning()
    story.say("bo", "resolve 1")
    story.say("bo", "set 1 cause the log was never rotated")
    assert story.incident().root_cause == "the log was never rotated"
    assert story.incident().progress is Progress.CLOSED
    story.want("1m").card("#ops", "the log was never rotated")


def test_a_channels_links_are_on_its_cards_and_only_when_they_lead_somewhere():
    links = (
        LinkTemplate(text="Runbook", href="https://wiki.example/${labels.service}?n=${num}"),
        LinkTemplate(text="Ticket", href="https://tickets.example/${fields.ticket}"),
    )
    story = burning(changed(with_fields(), "ops", links=links))
    story.want("1m").card("#ops", "https://wiki.example/db?n=1", hides="tickets.example")
    story.say("bo", "set 1 ticket OPS/12 x")
    story.want("2m").card("#ops", "https://tickets.example/OPS%2F12%20x")


# --- batches ----------------------------------------------------------------------------------------------------------


def many(count: int) -> Story:
    story = Story(changed(company(), "ops", digest=None))
    for number in range(count):
        story.fire(f"disk {number}", "warning")
    return story.at("1m")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ack 1 2 3", "#1, #2, #3: You have it now."),
        ("resolve #1 #2 3 disks replaced", "#1, #2: It is closed."),
        ("resolve 1 2", "#1, #2: It is closed."),
        ("close #1 #2", "#1, #2: It is closed."),
        ("snooze 1 2 30", "#1, #2: Quiet until 02:31. Then it pages again unless it is closed."),
        ("snooze #1 #2 1h", "#1, #2: Quiet until 03:01. Then it pages again unless it is closed."),
        ("sev 1 2 info", "#1, #2: It is Info now; alerts no longer change that."),
        ("note #1 #2 looking", "#1, #2: Your note is on the timeline."),
        ("assign #1 #2 @ann", "#1, #2: It is with Ann Ames now; they are being paged."),
        ("set 1 2 impact bad", "#1, #2: The impact is written down."),
    ],
)
def test_one_command_for_several_incidents_has_one_short_answer(text: str, said: str):
    assert many(3).say("bo", text) == said


def test_a_note_keeps_its_numbers():
    story = many(2)
    story.say("bo", "note 1 2 disks are full")
    incident = story.incident(1).id
    notes = story.store.read(lambda tx: tx.timeline(incident))
    assert notes[-1].facts["text"] == "2 disks are full"


def test_a_batch_tells_the_truth_about_each():
    story = many(3)
    story.say("ann", "resolve 2")
    assert story.say("bo", "ack 1 2 3 9") == "There is no incident #9."
    assert story.say("bo", "ack 1 2 3").splitlines() == [
        "#1, #3: You have it now.",
        "#2: Nothing was changed: Ann Ames closed it 0 s ago.",
    ]


def test_a_batch_of_a_hundred_is_short_and_one_more_is_refused():
    story = many(101)
    refs = " ".join(f"#{num}" for num in range(1, 101))
    answer = story.say("bo", f"resolve {refs} over")
    assert len(answer) < 200
    assert "and 80 more" in answer
    assert all(story.incident(num).progress is Progress.CLOSED for num in range(1, 101))
    assert "at most 100" in story.say("bo", f"ack {refs} #101")
