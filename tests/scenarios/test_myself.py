"""Stories of what people ask about themselves, about what would happen, and about the commands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.commands.vocabulary import VERBS
from bot.engine.model import MINUTE, Condition, Severity
from bot.engine.numbers import CallerNumber
from bot.engine.silence import Silence
from bot.engine.world import Rung
from tests.scenarios.company import company
from tests.scenarios.story import Story


def with_member(t: Story, who: str, **fields: object) -> None:
    t.edit(replace(t.world, members={**t.world.members, who: replace(t.world.members[who], **fields)}))


def test_prefs_say_what_comes_first_what_follows_and_what_helps_when_it_fails():
    t = Story()
    ladder = {Severity.CRITICAL: (Rung(after=2 * MINUTE, ways=("sms",)),)}
    with_member(t, "bo", ways={Severity.INFO: ("email",)}, ladder=ladder)
    lines = t.say("bo", "prefs").splitlines()
    assert lines[0] == "Critical: Slack; SMS after 2 min. If that fails: e-mail"
    assert lines[1] == "Warning: Slack. If that fails: SMS and e-mail"
    assert lines[2] == "Info: e-mail. If that fails: SMS"
    assert "members.bo" in lines[3]


def test_prefs_are_what_happens():
    t = Story()
    t.fire("disk full")
    t.want("0m").page("bo", "slack", times=1)
    assert t.say("bo", "prefs").startswith("Critical: Slack.")


def test_vcard_tells_the_numbers_or_that_there_is_none():
    t = Story()
    assert t.say("bo", "vcard").startswith("No number is published")
    numbers = (
        CallerNumber(number="+12025550199", region="US"),
        CallerNumber(number="106900001234", region="CN", use=("sms",)),
        CallerNumber(number="+12025550198", region="US", use=("voice",)),
    )
    t.edit(replace(t.world, numbers=numbers))
    assert t.say("bo", "vcard").splitlines()[1:] == [
        "US: +12025550199 (texts and calls), +12025550198 (calls)",
        "CN: 106900001234 (texts)",
        "As a contact, with the steps for your phone: https://tocsin.example.com/vcard",
    ]
    t.edit(replace(t.world, url=""))
    assert len(t.say("bo", "vcard").splitlines()) == 3


def test_doctor_tells_what_works_what_failed_and_what_is_missing():
    t = Story()
    assert t.say("bo", "doctor").splitlines()[:3] == [
        "You are Bo Berg (bo), UTC.",
        "Slack: set up, and no recent page went that way",
        "Telegram: set up, and no recent page went that way",
    ]
    t.unreachable("bo", "slack")
    t.fire("disk full")
    t.at("1m")
    told = t.say("bo", "doctor")
    assert "Slack: failed at 02:00: that account or number cannot be reached" in told
    assert "SMS: works; " in told
    assert told.endswith("To try them now: test")
    told = t.say("cy", "doctor", on="telegram")
    assert "Slack: not linked. Send `link` here, and its code there" in told
    assert "No mail address: members.di.email in the manifest" in t.say("di", "doctor")


def test_doctor_tells_what_became_of_a_test():
    t = Story()
    t.unreachable("bo", "telegram")
    t.say("bo", "test")
    t.at("1m")
    told = t.say("bo", "doctor")
    assert "Slack: works; last used at 02:00" in told
    assert "Telegram: failed at 02:00: that account or number cannot be reached" in told
    assert "SMS: works; " in told
    assert "untried" not in told
    assert "no recent page" not in told


def test_simulate_tells_the_night_that_would_come():
    t = Story()
    told = t.say("bo", "simulate critical ops service=db at sun 3:00").splitlines()
    assert told[0] == "If Critical “a simulated alert” came to Ops at 8 Mar 03:00 (UTC) and nobody answered:"
    assert any("+5 min: Bo Berg paged again by Slack at level 1" in line for line in told)
    assert any("+15 min: Cy Cole paged by Telegram at level 2" in line for line in told)
    assert t.count() == 0
    t.at("1h")
    assert t.pages == []


def test_what_was_simulated_is_what_happens():
    t = Story()
    told = [line for line in t.say("bo", "simulate critical ops").splitlines() if " paged" in line]
    t.fire("disk full")
    t.at("21m")
    names = {member.id: member.name for member in t.world.members.values()}
    seen = [names[page.who] for page in t.pages]
    assert seen
    assert [line.split(": ", 1)[1].split(" paged")[0] for line in told][: len(seen)] == seen
    assert len(seen) == 5


def test_simulate_knows_the_overrides_and_silences_of_the_chat():
    t = Story()
    t.say("di", "take primary 2h")
    assert "Di Diaz paged by Slack" in t.say("bo", "simulate critical ops")
    t.say("bo", "silence severity=critical in ops 1h")
    told = t.say("bo", "simulate critical ops").splitlines()
    assert "hides it" in told[1]
    assert any(line.startswith("+1 h: Di Diaz paged by Slack") for line in told)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("simulate", "Write it like this: /toc simulate"),
        ("simulate loud ops", "Write it like this"),
        ("simulate info", "Write it like this"),
        ("simulate info nowhere", "There is no channel nowhere"),
        ("simulate info ops at yesteryear", "yesteryear is not a time"),
    ],
)
def test_what_cannot_be_simulated_is_told(text: str, says: str):
    assert says in Story().say("bo", text)


def test_each_command_explains_itself():
    t = Story()
    for verb in VERBS.values():
        told = t.say("bo", f"help {verb.name}").splitlines()
        assert told[0] == f"/toc {verb.usage}"
        assert told[-1].startswith("For example: /toc ")
        for alias in verb.aliases:
            assert t.say("bo", f"help {alias}").splitlines() == told
    assert t.say("bo", "help akc") == "There is no command akc. Did you mean ack?"
    assert len(t.say("bo", "help").split(",")) == len(VERBS)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {"link", "unlink", "test"}])
def test_every_command_answers_in_the_persons_language(verb: str, lang: str):
    t = Story()
    with_member(t, "bo", lang=lang)
    t.fire("disk full")
    t.at("1m")
    for text in (VERBS[verb].example or verb, verb):
        told = t.say("bo", text.replace("142", "1").replace(" pay", " ops"))
        assert told
        assert "{" not in told
        chinese = any("\u4e00" <= each <= "\u9fff" for each in told)
        assert chinese == (lang == "zh"), told


EVERYTHING = Silence(id="all", channel="ops", filter=((Condition(key="title", oper="IN", vals=("*",)),),))
RESTS = [
    "",
    "1",
    "@bo",
    "me",
    "primary",
    "all 2h",
    "x" * 300,
    "1 1 1",
    "for",
    "at",
    "to",
    "=",
    "1 into",
    "🔥",
    "1 with @bo",
]


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("rest", RESTS)
def test_no_command_ever_raises(rest: str, bare: bool):
    t = Story(world=replace(company(), schedules={}, silences={"ops": (EVERYTHING,)}) if bare else company())
    t.fire("disk full")
    t.at("1m")
    for verb in VERBS:
        assert t.say("bo", f"{verb} {rest}")


def test_doctor_tells_of_nobody_else():
    t = Story()
    t.unreachable("cy", "telegram")
    t.fire("disk full")
    t.at("16m")
    assert "Telegram: set up, and no recent page went that way" in t.say("bo", "doctor")
    assert "Telegram: failed" in t.say("cy", "doctor", on="telegram")


def test_me_lists_my_shifts_and_my_incidents_with_a_button_for_each():
    t = Story()
    t.at("0m").fire("disk full").at("1m")
    assert "#1" in t.say("bo", "me")
    (button,) = t.said.card.actions
    assert (button.verb, button.label) == ("ack", "Acknowledge #1")
    assert "You have it" in t.press_token("bo", button.token)
    t.say("bo", "me")
    assert [action.label for action in t.said.card.actions] == ["Resolve #1"]
    t.say("bo", "list --here")
    assert t.said.card.actions == (), "what everybody sees offers nobody's buttons"
