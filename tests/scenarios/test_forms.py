"""Stories of forms: what a button asks before it acts does the very same as the command that somebody could type."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.adapters.base import Press, Slash
from tests.scenarios.story import Story
from tests.scenarios.test_people import ringing
from tests.sim.platforms import buttons


def shape(t: Story, num: int = 1) -> tuple[object, ...]:
    """All that matters of an incident, and everything that was decided about it."""
    incident = t.incident(num)
    entries = t.store.read(lambda tx: tx.timeline(incident.id))
    told = tuple((e.kind, e.reason, e.actor, e.member, tuple(sorted(e.facts.items()))) for e in entries)
    return incident, told, tuple(t.store.read(lambda tx: tx.silences()))


@pytest.mark.parametrize(
    ("verb", "values", "typed"),
    [
        ("snooze", {"for_": "90m"}, "snooze #1 90m"),
        ("assign", {"who": "@cy"}, "assign #1 @cy"),
        ("assign", {"who": "Cy Cole, di"}, "assign #1 Cy Cole, di"),
        ("assign", {"who": "schedule:primary"}, "assign #1 schedule:primary"),
        ("add", {"who": "<@U0DI> <@U0ANN|ann>"}, "add #1 @U0DI @U0ANN"),
        ("add", {"who": "<at>Cy Cole</at>"}, "add #1 Cy Cole,"),
        ("note", {"text": "3 disks to go"}, "note #1 3 disks to go"),
        ("merge", {"into": "#2", "comment": "they are one"}, "merge #1 into #2 they are one"),
        ("silence", {}, "silence #1 1d"),
        ("silence", {"for_": "2w", "reason": "3 known disks"}, "silence #1 2w 3 known disks"),
    ],
)
def test_a_form_does_what_the_command_does(verb: str, values: dict[str, str], typed: str):
    told, shapes = [], []
    for by_form in (True, False):
        t = ringing()
        t.fire("disk slow")
        t.at("1m")
        if by_form:
            form = t.open_form("bo", verb, num=1)
            assert form.title
            told.append(t.fill("bo", form, **values))
        else:
            told.append(t.say("bo", typed))
        shapes.append(shape(t))
    assert told[0] == told[1]
    assert shapes[0] == shapes[1]
    assert not t.said.alert


def test_a_closed_incident_is_reopened_with_a_reason():
    t = ringing()
    t.at("1m").press("bo", "resolve")
    t.at("2m")
    form = t.open_form("bo", "reopen")
    t.fill("bo", form, reason="it is back")
    t.want("2m").page("bo")
    assert t.incident().progress == "Triggered"


def test_a_bare_trigger_opens_a_form_and_the_form_opens_the_incident():
    t = Story()
    slash = Slash(platform="slack", user="U0BO", text="trigger", key="s1")
    form = t.process.commands.form(slash)
    assert form is not None
    assert [field.name for field in form.fields] == ["title", "channel", "severity", "who"]
    t.fill("bo", form, title="shop is down in berlin for ann", severity="warning", who="@cy")
    t.want("0m").page("cy")
    assert (t.incident().title, t.incident().severity) == ("shop is down in berlin for ann", "Warning")


def test_a_form_that_the_platform_delivers_twice_counts_once():
    t = ringing()
    form = t.at("1m").open_form("bo", "note")
    t.fill("bo", form, text="disk ordered", key="same")
    t.fill("bo", form, text="disk ordered", key="same")
    assert t.kinds().count("i_comm:by_hand") == 1
    assert t.said.alert


@pytest.mark.parametrize(
    ("verb", "values", "field", "says"),
    [
        ("snooze", {"for_": "soon"}, "for", "soon"),
        ("snooze", {"for_": "25h"}, "for", "24 h"),
        ("snooze", {"for_": " "}, "for", "For how long"),
        ("assign", {"who": "@nobody"}, "who", "@nobody"),
        ("assign", {"who": ""}, "who", "Who"),
        ("note", {"text": "x" * 1025}, "text", "1024"),
        ("merge", {"into": "seven"}, "into", "seven"),
        ("merge", {"into": "#77"}, "into", "#77"),
        ("merge", {"into": "#2", "comment": "x" * 1025}, "comment", "1024"),
        ("silence", {"for_": "100d"}, "for", "100d"),
    ],
)
def test_a_bad_answer_names_its_field_and_loses_nothing(verb: str, values: dict[str, str], field: str, says: str):
    t = ringing()
    t.fire("disk slow")
    t.at("1m")
    before = shape(t)
    form = t.open_form("bo", verb, num=1)
    told = t.fill("bo", form, key="same", **values)
    assert set(t.said.errors) == {field}
    assert says in t.said.errors[field]
    assert told == f"{next(f.label for f in form.fields if f.name == field)}: {t.said.errors[field]}"
    assert t.said.alert
    assert shape(t) == before
    good = {"for_": "1d" if verb == "silence" else "1h", "who": "@cy", "text": "ok", "into": "2", "comment": ""}
    names = {f.name for f in form.fields}
    t.fill("bo", form, key="same", **{k: v for k, v in good.items() if k.rstrip("_") in names})
    assert not t.said.alert, "the mended form counts, although it is the same form"


@pytest.mark.parametrize(
    ("verb", "text", "typed"),
    [
        ("silence", "1w known disks", "silence #1 1w known disks"),
        ("merge", "#2 they are one", "merge #1 into #2 they are one"),
        ("snooze", "2h", "snooze #1 2h"),
        ("add", "@cy @di", "add #1 @cy @di"),
    ],
)
def test_one_reply_answers_a_form_of_several_questions(verb: str, text: str, typed: str):
    shapes = []
    for replied in (True, False):
        t = ringing()
        t.fire("disk slow")
        t.at("1m")
        if replied:
            t.reply("bo", t.open_form("bo", verb, on="telegram", num=1), text)
        else:
            t.say("bo", typed, on="telegram")
        shapes.append(shape(t))
    assert shapes[0] == shapes[1]


def test_a_form_opens_whatever_the_database_does_and_only_for_those_who_may():
    t = ringing()
    form = t.at("1m").open_form("bo", "note")
    token = form.token
    opens = t.process.commands.form
    t.store.fate = lambda: "before"
    assert opens(Press(platform="slack", user="U0BO", token=token, key="a")) is not None
    t.store.fate = lambda: ""
    for user in ("U0NOBODY", "U0ED"):
        assert opens(Press(platform="slack", user=user, token=token, key="b")) is None
    assert opens(Press(platform="slack", user="U0BO", token=token[:-1] + "!", key="c")) is None
    t.press_token("U0NOBODY", token)
    assert "link" in t.answers[-1]
    t.press_token("ed", token)
    assert "seat" in t.answers[-1]
    t.press_token("bo", token)
    assert "note" in t.answers[-1], "a form that was not opened says how to type it"
    assert "i_comm:by_hand" not in t.kinds()


def test_the_token_of_a_plain_button_is_no_form():
    t = ringing()
    form = t.at("1m").open_form("bo", "note")
    ack = next(text for text in buttons(t.card_on("slack").message) if text.startswith("ack."))
    t.fill("bo", replace(form, token=ack), text="x")
    assert t.said.alert
    assert t.incident().progress == "Triggered"


def test_forms_speak_the_language_of_the_person():
    t = ringing()
    members = dict(t.world.members)
    members["bo"] = replace(members["bo"], lang="zh")
    t.edit(replace(t.world, members=members))
    form = t.at("1m").open_form("bo", "snooze")
    assert (form.title, form.lang) == ("暂缓 #1", "zh")
    assert t.fill("bo", form, for_="soon").startswith("多长时间：")
