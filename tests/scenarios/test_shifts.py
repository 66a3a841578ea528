"""Stories of shifts that people give, take and swap in chat: it counts at once, it lasts, and it can be undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.model import HOUR
from bot.engine.world import Group, Layer, Member, Override, Schedule
from tests.scenarios.company import WEEKLY
from tests.scenarios.story import Story

# The story begins on Tuesday 2026-03-03 at 02:00. Bo is primary and Ann backup until Monday the 9th at 09:00 in London.


def duty(t: Story, role: str = "primary", at: str = "") -> str:
    """Who is on call, as the chat says it."""
    said = t.say("di", f"oncall primary{at and f' at {at}'}")
    rows = said.removeprefix("On call: Primary ").removesuffix(".").split(" and ")
    return next((row for row in rows if f"({role}" in row), "")


def told(t: Story, who: str) -> list[str]:
    """The news that reached a person by direct message, oldest first."""
    t.at(f"{(t.line.now - t.line.start) // 1000 + 10}s")
    return [page.text for page in t.pages if page.who == who and not page.incident]


def test_taking_over_counts_at_once_and_ends_by_itself():
    t = Story()
    assert "Di Diaz" not in duty(t)
    said = t.say("di", "take primary 2h")
    assert said == "You are on call for Primary (primary) from 02:00 to 04:00 (UTC). To end it: unoverride " + said[-6:]
    assert duty(t) == "Di Diaz (primary, override) until 04:00"
    assert duty(t, "backup").startswith("Ann Ames"), "the other role goes on"
    t.fire("disk full")
    t.want("0m").page("di", times=1).nobody("bo")
    t.at("2h1m").fire("disk slow")
    t.want("2h1m").page("bo", num=2)


def test_an_override_outlives_a_crash_and_a_new_manifest():
    t = Story()
    t.say("bo", "override primary @di now 04:00")
    t.crash().at("1m")
    assert duty(t).startswith("Di Diaz")
    t.edit(replace(t.world, version="2"))
    assert duty(t).startswith("Di Diaz")


def test_who_is_put_on_call_by_somebody_else_is_told():
    t = Story()
    said = t.say("bo", "override primary @di today 18:00 to tomorrow 9:00")
    assert said.startswith("Di Diaz is on call for Primary (primary) from 18:00 to 4 Mar 09:00 (UTC), and is told.")
    assert duty(t).startswith("Bo Berg")
    assert duty(t, at="today 20:00").startswith("Di Diaz")
    assert any("Bo Berg has put you on call for Primary" in text for text in told(t, "di"))


@pytest.mark.parametrize(
    "text",
    [
        "oncall me 2h for primary",
        "oncall @di 2h for Primary",
        "whoisoncall me 2h",
        "take 2h",
        "take primary/primary 02:00 04:00",
        "override primary me now 2h",
        "override schedule:primary @di for 2h",
        "override primary @Di Diaz 02:00 04:00",
        "override @di 2h",
        "override me now 04:00",
    ],
)
def test_the_same_in_other_words(text: str):
    t = Story()
    t.say("di", text)
    assert duty(t) == "Di Diaz (primary, override) until 04:00"


def test_a_role_can_be_named():
    t = Story()
    t.say("cy", "take primary/backup 1h", on="telegram")
    assert duty(t).startswith("Bo Berg")
    assert duty(t, "backup").startswith("Cy Cole")
    assert "primary, backup" in t.say("bo", "take primary/boss 1h")


def test_the_chat_wins_over_the_manifest_and_the_later_word_over_the_earlier():
    t = Story()
    start = t.line.start
    declared = Override(id="declared", start=start - HOUR, end=start + 6 * HOUR, member="ann")
    plans = {"primary": replace(WEEKLY, overrides=(declared,))}
    t.edit(replace(t.world, schedules=plans))
    assert duty(t).startswith("Ann Ames")
    t.say("bo", "take primary 4h")
    assert duty(t).startswith("Bo Berg")
    t.at("1m").say("di", "take primary 1h")
    assert duty(t).startswith("Di Diaz")
    assert t.say("bo", "unoverride declared").startswith("Nothing was changed: the manifest")


def test_ending_an_override_keeps_what_was():
    t = Story()
    name = t.say("bo", "override primary @di 4h")[-6:]
    assert t.say("ann", "overrides").startswith(f"{name}: Primary (primary): Di Diaz from 02:00 to 06:00 (UTC), by Bo")
    t.at("1h").say("ann", f"unoverride {name}")
    assert duty(t).startswith("Bo Berg")
    assert duty(t, at="2026-03-03 02:30").startswith("Di Diaz")
    assert any("ended the override" in text for text in told(t, "di"))
    assert t.say("ann", f"unoverride {name}").startswith("There is no override")
    assert t.say("ann", "overrides").startswith("There is no override")


def test_somebody_takes_the_shift_that_is_given_away():
    t = Story()
    said = t.say("bo", "cover 18:00 22:00")
    assert said.startswith("Asked Ann Ames to take Primary (primary) from 18:00 to 22:00 (UTC).")
    ask = next(text for text in told(t, "ann") if "asks for cover" in text)
    assert "18:00 to 22:00" in ask
    assert duty(t, at="today 20:00").startswith("Bo Berg")
    assert t.press("ann", "take", seen=t.dm("ann")).startswith("You are on call for Primary (primary) from 18:00")
    assert duty(t, at="today 20:00").startswith("Ann Ames")
    assert duty(t, at="today 23:00").startswith("Bo Berg")
    assert any("instead of you" in text for text in told(t, "bo"))
    assert t.press("di", "take", seen=t.dm("ann")) == "Nothing was changed: Ann Ames has taken it already."


def test_a_shift_can_be_taken_by_its_id():
    t = Story()
    t.say("bo", "cover 18:00 22:00")
    name = t.say("di", "overrides").split(":")[0]
    assert t.say("bo", f"take {name}") == "It is yours unless somebody else takes it."
    t.say("di", f"take {name}")
    assert duty(t, at="today 20:00").startswith("Di Diaz")


def asked(t: Story) -> list[str]:
    return [one for one in t.world.members if any("asks for cover" in text for text in told(t, one))]


def test_a_shift_is_asked_for_once_until_somebody_takes_it_or_the_request_is_ended():
    t = Story()
    t.say("bo", "cover 18:00 22:00")
    again = t.say("bo", "cover 20:00 23:00")
    assert again.startswith(
        "Nobody was asked again: you wait already for somebody to take Primary (primary) from 18:00"
    )
    assert t.say("bo", "swap 1").startswith("Nobody was asked again")
    t.at("1m")
    assert len([text for text in told(t, "ann") if "asks for cover" in text]) == 1
    assert t.say("bo", "cover 22:00 23:00").startswith("Asked Ann Ames")
    t.say("bo", f"unoverride {again[-6:]}")
    assert t.say("bo", "cover 18:00 20:00").startswith("Asked Ann Ames")


def crowd(size: int) -> Story:
    """So many people with numbers for names take turns, each a week; the first has it."""
    t = Story()
    names = [f"m{number:02}" for number in range(size)]
    people = {one: Member(id=one, name=one.upper(), identities={"slack": f"U0{one.upper()}"}) for one in names}
    layer = Layer(id="w", start="2026-03-02T09:00", groups=tuple(Group(members={"primary": (one,)}) for one in names))
    plan = Schedule(id="primary", name="Primary", zone="UTC", layers=(layer,))
    t.edit(replace(t.world, members={**t.world.members, **people}, schedules={"primary": plan}))
    return t


def test_twenty_people_are_asked_and_everybody_may_take_it():
    t = crowd(30)
    t.say("m00", "cover 18:00 22:00")
    t.at("5m")
    assert asked(t) == [f"m{number:02}" for number in range(1, 21)]
    name = t.say("m29", "overrides").split(":")[0]
    assert t.say("m29", f"take {name}").startswith("You are on call for Primary (primary) from 18:00")


def test_where_there_is_no_schedule_next_says_so():
    t = Story()
    assert t.say("bo", "next nights") == "There is no schedule nights."
    t.edit(replace(t.world, schedules={}))
    assert t.say("bo", "next") == "There is no schedule."


def test_who_is_not_on_call_needs_no_cover():
    t = Story()
    assert t.say("di", "cover 18:00 22:00").startswith("Nothing was changed: you are not on call")


def test_two_people_swap():
    t = Story()
    assert "1. Primary: Bo Berg" in t.say("bo", "me")
    said = t.say("bo", "swap 1 with @ann")
    assert said.startswith("Asked Ann Ames to swap: they take Primary (primary) from 02:00 to 9 Mar 09:00 (UTC)")
    ask = next(text for text in told(t, "ann") if "offers to swap" in text)
    assert "02:00 to 9 Mar 09:00" in ask
    assert "from 9 Mar 09:00 to 16 Mar 09:00" in ask
    assert t.press("di", "take", seen=t.dm("ann")).startswith("Nothing was changed: somebody else")
    answer = t.press("ann", "take", seen=t.dm("ann"))
    assert answer.endswith("and Bo Berg, who is told, from 9 Mar 09:00 to 16 Mar 09:00 (UTC).")
    assert duty(t).startswith("Ann Ames (primary, override) until 9 Mar 09:00")
    assert duty(t, at="2026-03-10 12:00").startswith("Bo Berg (primary, override) until 16 Mar 09:00")
    assert duty(t, at="2026-03-17 12:00").startswith("Bo Berg (primary) until")
    assert any("swaps with you" in text for text in told(t, "bo"))


def test_a_swap_with_nothing_to_give_is_refused():
    t = Story()
    assert "no other shift" in t.say("bo", "swap 1 with @di")
    assert "number 9" in t.say("bo", "swap 9")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("override primary @di", "Write it like this: /toc override"),
        ("override primary @zoe 2h", "nobody called @zoe"),
        ("override nowhere @di 2h", "there is no schedule nowhere. There are: primary"),
        ("override primary @di soon", "soon has no clear beginning and end"),
        ("override primary @di tomorrow 9:00", "no clear beginning and end"),
        ("override primary @di 2026-03-02 09:00 2h", "begins in the past"),
        ("override primary @di 2026-03-04 18:00 to 2026-03-04 17:00", "ends before it begins"),
        ("override primary @di now 2026-12-24 18:00", "at most 90 days"),
        ("take nowhere 2h", "there is no schedule nowhere"),
        ("unoverride", "Write it like this"),
        ("swap", "Write it like this"),
        (f"swap {'9' * 5_000}", "Write it like this"),
        ("cover", "Write it like this"),
    ],
)
def test_what_cannot_be_meant_is_told_and_changes_nothing(text: str, says: str):
    t = Story()
    assert says in t.say("bo", text)
    assert t.store.read(lambda tx: tx.chat_overrides()) == []


def test_who_may():
    t = Story()
    assert "seat" in t.say("ed", "take primary 2h")
    assert t.say("ed", "prefs").startswith("Critical: Slack"), "what concerns only themselves"
    assert "link" in t.say("U0NOBODY", "take primary 2h")
    t.say("di", "override primary @ann 2h")
    assert duty(t).startswith("Ann Ames"), "any member with a seat may, also one who is not in the schedule"


def test_each_hears_it_in_their_own_language_and_by_their_own_clock():
    t = Story()
    people = {**t.world.members, "di": replace(t.world.members["di"], lang="zh", zone="Asia/Shanghai")}
    t.edit(replace(t.world, members=people))
    t.say("bo", "override primary @di 18:00 22:00")
    assert any("Bo Berg 安排你为 Primary（主班）值班，4日" in text or "02:00" in text for text in told(t, "di"))
    assert t.say("di", "take 12:00 13:00").startswith("你将为 Primary")
    override = t.store.read(lambda tx: tx.chat_overrides())[-1]
    assert override.start == t.line.start + 2 * HOUR, "noon in Shanghai"


def test_nobody_is_put_on_call_who_cannot_be_reached():
    t = Story()
    mute = replace(t.world.members["di"], identities={}, phone="", email="")
    t.edit(replace(t.world, members={**t.world.members, "di": mute}))
    assert t.say("bo", "override primary @di 2h").startswith("Nothing was changed: Di Diaz cannot be reached")
    assert duty(Story()).startswith("Bo Berg")


def test_a_swap_gives_no_shift_at_the_same_time():
    """Bo and Ann are primary together: swapping the same hours would leave one of them alone."""
    t = Story()
    both = replace(WEEKLY.layers[0], groups=(Group(members={"primary": ("bo", "ann")}),))
    t.edit(replace(t.world, schedules={"primary": replace(WEEKLY, layers=(both,))}))
    t.say("bo", "swap 2 with @ann")
    ask = next(text for text in told(t, "ann") if "offers to swap" in text)
    assert "you take Primary (primary) from 9 Mar 09:00 to 16 Mar 09:00" in ask
    assert "takes yours from 16 Mar 09:00 to 23 Mar 09:00" in ask
