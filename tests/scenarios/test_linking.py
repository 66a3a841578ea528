"""Stories of accounts that nobody knew: how they are linked, what becomes of what they asked for, and who may not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.accounts import opted_out
from tests.scenarios.company import company
from tests.scenarios.story import Story

NEW = "U0NEW"
"""An account that is not linked to anybody."""


def ringing() -> Story:
    """Bo has just been paged; Cy has no account on Slack."""
    t = Story()
    t.fire("disk full")
    t.want("0m").page("bo", times=1)
    return t


def code_in(t: Story, who: str, via: str) -> str:
    """The code in the newest message to a member alone, as `link CODE`."""
    text = [page.text for page in t.pages if (page.who, page.via) == (who, via)][-1]
    (code,) = set(re.findall(r"link [0-9A-Za-z]{27}", text))
    return code


def code_by_dm(t: Story, who: str = "cy", on: str = "telegram") -> str:
    """The code that a member got in a direct message, as `link CODE`."""
    t.say(who, "link", on=on)
    t.line.run_until(t.line.now + 4_000)
    return code_in(t, who, on)


def test_a_click_of_an_unknown_account_is_done_when_it_is_linked():
    t = ringing()
    answer = t.at("1m").press(NEW, "ack")
    assert t.said.outcome == "unlinked"
    assert "`link`" in answer
    assert "15 minutes" in answer
    assert t.incident().progress == "Triggered"
    answer = t.at("3m").say(NEW, code_by_dm(t))
    assert answer.splitlines() == ["This account is linked to Cy Cole now.", "#1: You have it now."]
    assert [r.member for r in t.incident().responders if r.acked_at is not None] == ["cy"]


def test_a_command_of_an_unknown_account_is_done_when_it_is_linked():
    t = ringing()
    t.at("1m").say(NEW, "resolve #1 rebooted")
    answer = t.say(NEW, code_by_dm(t))
    assert "#1: It is closed." in answer
    assert t.incident().progress == "Closed"


def test_each_wish_is_done_once_and_in_order():
    t = ringing()
    for text in ("ack #1", "ack #1", "note #1 on it", "list", "link", "unlink", "nonsense"):
        t.say(NEW, text)
    answer = t.say(NEW, code_by_dm(t))
    assert answer.splitlines()[1:] == ["#1: You have it now.", "#1: Your note is on the timeline."]
    t.say(NEW, "unlink")
    assert t.say(NEW, code_by_dm(t)) == "This account is linked to Cy Cole now."


def test_what_came_too_late_hears_the_truth():
    t = ringing()
    t.at("1m").press(NEW, "ack")
    t.at("2m").press("bo", "resolve")
    answer = t.at("4m").say(NEW, code_by_dm(t))
    assert "closed it" in answer
    assert "Bo Berg" in answer
    assert t.incident().progress == "Closed"


def test_what_was_asked_too_long_ago_is_not_done_and_said_so():
    t = ringing()
    t.at("1m").press(NEW, "ack")
    t.at("16m")
    answer = t.say(NEW, code_by_dm(t))
    assert answer.splitlines()[1:] == ["What you had asked for before is more than 15 minutes old, so it was not done."]
    assert t.incident().progress == "Triggered"


def test_it_lasts_for_all_of_the_fifteen_minutes():
    t = ringing()
    t.at("14m").press(NEW, "ack")
    t.at("28m")
    assert "You have it now." in t.say(NEW, code_by_dm(t))


def test_it_is_the_account_that_asked_whose_wish_is_done():
    t = ringing()
    t.press("U0OTHER", "resolve")
    assert t.say(NEW, code_by_dm(t)) == "This account is linked to Cy Cole now."
    assert t.incident().progress == "Triggered"


def test_no_more_is_promised_than_is_kept():
    t = ringing()
    for number in range(12):
        t.say(NEW, f"note #1 number {number}")
        assert ("15 minutes" in t.answers[-1]) == (number < 10)
    assert len(t.say(NEW, code_by_dm(t)).splitlines()) == 11


def test_a_wish_of_somebody_without_a_seat_is_refused():
    t = ringing()
    t.press(NEW, "ack")
    answer = t.say(NEW, code_by_dm(t, "ed", "slack"))
    assert "without a seat" in answer
    assert t.incident().progress == "Triggered"


def test_a_crash_forgets_no_wish():
    t = ringing()
    t.at("1m").press(NEW, "ack")
    t.crash(restart="5s").at("2m")
    assert "You have it now." in t.say(NEW, code_by_dm(t))


def test_a_code_is_good_for_one_account_and_half_an_hour():
    t = Story()
    code = code_by_dm(t)
    assert "linked to Cy Cole" in t.say(NEW, code)
    t.say("U0OTHER", code)
    assert t.said.outcome == "bad_code"
    late = code_by_dm(t)
    t.at("31m").say("U0OTHER", late)
    assert t.said.outcome == "bad_code"


def test_a_code_is_never_in_the_answer_that_a_chat_might_read():
    t = Story()
    t.say("cy", "link", on="telegram")
    assert t.said.outcome == "code_sent"
    assert not re.search(r"[0-9A-Za-z]{27}", t.answers[-1])


def test_a_code_comes_by_mail_and_only_the_account_that_asked_can_use_it():
    t = Story()
    assert "link ann@example.com" in t.say(NEW, "link")
    nobody = t.say("U0OTHER", "link nobody@example.com")
    assert t.say(NEW, "link mailto:Cy@Example.com") == nobody  # it tells nobody who is on the team
    t.at("10s")
    code = code_in(t, "cy", "email")
    t.say("U0OTHER", code)
    assert t.said.outcome == "bad_code"
    assert "linked to Cy Cole" in t.say(NEW, code)


def test_nobodys_mailbox_is_flooded():
    t = Story()
    for number, account in enumerate((NEW, NEW, "U0OTHER")):
        t.say(account, "link cy@example.com")
        assert t.said.outcome == ("mailed_just_now" if number == 1 else "code_mailed")
    t.at("10s")
    assert [(page.who, page.via) for page in t.pages] == [("cy", "email")]


def test_without_a_mail_server_nobody_is_promised_a_mail():
    world = company()
    t = Story(world=replace(world, members={k: replace(m, email="") for k, m in world.members.items()}))
    assert "ann@example.com" not in t.say(NEW, "link")
    t.say(NEW, "link cy@example.com")
    assert t.said.outcome == "how_to_link"


def test_a_declared_account_stays_what_the_manifest_says():
    t = Story()
    code = code_by_dm(t)
    assert "declares this account as Bo Berg's, under members.bo.identities.slack" in t.say("bo", code)
    assert "members.bo.identities.slack" in t.say("bo", "unlink")
    assert t.said.alert
    assert "linked to Cy Cole" in t.say(NEW, code)  # the refusal did not use it up
    assert t.say(NEW, "unlink") == "This account is no longer linked."
    assert t.press_token(NEW, "resolve.AAAAAAAAAAA.1.AAAAAAAAAAAA")
    assert t.said.outcome == "forged"


def test_who_unlinks_is_not_linked_again_by_mail_until_a_code_does_it():
    t = Story()

    def kept() -> str:
        return t.store.read(lambda tx: tx.get_meta(opted_out("slack", "cy")))

    t.say(NEW, code_by_dm(t))
    assert kept() == ""
    t.say(NEW, "unlink")
    assert kept()
    t.say(NEW, code_by_dm(t))
    assert kept() == ""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_answer_to_linking_is_in_the_members_language(lang: str):
    world = company()
    t = Story(world=replace(world, members={**world.members, "cy": replace(world.members["cy"], lang=lang)}))
    t.fire("disk full")
    t.at("1m").press(NEW, "ack")
    answer = t.say(NEW, code_by_dm(t))
    assert ("现已关联" in answer) == (lang == "zh")
    assert len(answer.splitlines()) == 2
