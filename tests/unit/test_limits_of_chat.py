"""Numbers of what people say in chat: how long a code lives, how long an override lasts, how much one answer tells."""

from __future__ import annotations

import re

import pytest

from tests.scenarios.story import Story


def code_of(story: Story) -> str:
    """The code that Bo got in a direct message, the newest."""
    story.say("bo", "link")
    story.line.run_until(story.line.now + 4_000)
    return re.findall(r"link ([0-9A-Za-z]{27})", story.pages[-1].text)[0]


@pytest.mark.parametrize(("minutes", "linked"), [(29, True), (30, False), (31, False)])
def test_a_code_links_an_account_for_30_minutes(minutes, linked):
    story = Story()
    code = code_of(story)
    story.at(f"{minutes}m").say("U0NEW", f"link {code}")
    found = story.store.read(lambda tx: [each.member for each in tx.identities() if each.user == "U0NEW"])
    assert found == (["bo"] if linked else [])


def test_a_code_links_one_account():
    story = Story()
    code = code_of(story)
    for user in ("U0NEW", "U0OTHER"):
        story.say(user, f"link {code}")
    found = story.store.read(lambda tx: {each.user for each in tx.identities()})
    assert ("U0NEW" in found, "U0OTHER" in found) == (True, False)


@pytest.mark.parametrize(("until", "taken"), [("2026-06-02T00:00", True), ("2026-06-02T00:01", False)])
def test_an_override_made_in_chat_lasts_up_to_90_days(until, taken):
    said = Story().say("bo", f"override primary @ann 2026-03-04T00:00 {until}")
    assert ("90 days" in said) is not taken
    assert ("is on call" in said) is taken


@pytest.mark.parametrize(("count", "named", "more"), [(20, 20, False), (21, 20, True)])
def test_a_line_about_many_incidents_names_20_of_them(count, named, more):
    story = Story()
    for number in range(count):
        story.say("bo", f"trigger trouble {number} in ops")
    said = story.say("bo", "resolve " + " ".join(f"#{number + 1}" for number in range(count)))
    assert (said.count("#"), "more" in said) == (named, more)
