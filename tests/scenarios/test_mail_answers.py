"""Mail both ways, from the page to the answer to the answer's answer, over a real relay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.model import DAY, MINUTE, Progress
from tests.scenarios.post_office import DOMAIN, by_mail_only, parsed, post_office, until


def body(mail) -> str:
    return mail.get_body(("plain",)).get_content()


async def test_ack_by_mail_and_the_truth_back():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        assert "Answer this mail with ack" in body(page)
        mine = await post.answer(page, "ack")
        _, back = await post.mails(2)
        assert (await post.incident()).progress is Progress.PROCESSING
        assert "You have it now." in body(back)
        assert (back["Auto-Submitted"], back["In-Reply-To"]) == ("auto-replied", mine["Message-ID"])
        assert back["Subject"] == f"Re: {page['Subject']}"
        acked = [facts for kind, facts in await post.told() if kind == "ack"]
        assert [facts["via"] for facts in acked] == ["email"]


async def test_the_same_mail_twice_is_one_answer():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        mine = await post.answer(page, "note looking at it")
        await post.mails(2)
        before = await post.incident()
        await post.app.mailbox.take("bo@example.com", str(page["Reply-To"]), mine.as_bytes())
        assert await post.incident() == before
        await post.mails(2)


VERBS = [
    ("Acknowledged, thanks", "ack", "You have it now."),
    ("认领", "ack", "You have it now."),
    ("确认，我在看", "ack", "You have it now."),
    ("resolve\nrolled back", "resolve", "rolled back"),
    ("关闭：已回滚", "resolve", "已回滚"),
    ("snooze 30m", "snooze", ""),
    ("暂缓 30分钟", "snooze", ""),
    ("escalate", "escalated_by_hand", ""),
    ("升级", "escalated_by_hand", ""),
    ("Looking at the disk now.\nBack in ten.", "comment", "To act, begin your answer with ack"),
    ("note ack is not what I mean", "comment", "To act"),
    ("I cannot ack this, wrong team", "comment", "To act"),
    ("Close call: it is still broken", "comment", "To act"),
    ("Resolve this only if it gets better", "comment", "To act"),
    ("snooze the alarm clock", "comment", "To act"),
]


@pytest.mark.parametrize(("text", "kind", "says"), VERBS)
async def test_what_people_write(text: str, kind: str, says: str):
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        await post.answer(page, text)
        told = await post.told()
        kinds = [each for each, _ in told] + [facts["reason"] for _, facts in told]
        assert kind in kinds
        assert ("comment" in kinds) == (kind == "comment" or "我在看" in text)
        answers = lambda: [m for raw in post.relay.raws if (m := parsed(raw))["Auto-Submitted"] == "auto-replied"]  # noqa: E731
        await until(answers, "an answer")  # others may be paged by mail before it
        replies = answers()
        assert len(replies) == 1
        assert says in body(replies[0]) or any(says in str(facts) for _, facts in told)


async def test_an_ack_with_a_remark_is_both():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        await post.answer(page, "ack looking at the disk")
        told = await post.told()
        assert ("comment", "looking at the disk") in [(kind, facts.get("text")) for kind, facts in told]
        assert (await post.incident()).progress is Progress.PROCESSING


async def test_an_empty_answer_says_how():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        before = await post.incident()
        await post.answer(page, "")
        _, back = await post.mails(2)
        assert "nothing above the quoted text" in body(back)
        assert await post.incident() == before


async def test_too_late_hears_who_was_faster():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        await post.answer(page, "resolve")
        await post.mails(2)
        await post.answer(page, "ack")
        back = (await post.mails(3))[-1]
        assert "Nothing was changed: you closed it" in body(back)


SILENCE = [
    {"sender": "Eve <eve@example.net>"},
    {"sender": "Ann <ann@example.com>"},
    {"Auto_Submitted": "auto-replied"},
    {"X_Autoreply": "yes"},
    {"Precedence": "bulk"},
    {"Subject": "Automatic reply: away"},
    {"sender": "MAILER-DAEMON"},
]


@pytest.mark.parametrize("headers", SILENCE)
async def test_strangers_and_machines_change_nothing_and_hear_nothing(headers: dict):
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        before, told = await post.incident(), await post.told()
        await post.answer(page, "ack", **headers)
        assert (await post.incident(), await post.told()) == (before, told)
        await post.answer(page, "ack")  # whatever comes later came after everything else
        await post.mails(2)


async def test_after_a_week_the_member_is_told_once_and_nothing_happens():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        await post.answer(page, "resolve")
        await post.mails(2)
        await post.later(8 * DAY)
        mine = await post.answer(page, "ack")
        back = (await post.mails(3))[-1]
        assert "could be answered for 7 days" in body(back)
        await post.app.mailbox.take("bo@example.com", str(page["Reply-To"]), mine.as_bytes())
        await post.mails(3)


async def test_a_member_without_a_seat_is_not_asked_to_answer():
    world = by_mail_only()
    members = {**world.members, "bo": replace(world.members["bo"], seat=False)}
    async with post_office(replace(world, members=members)) as post:
        await post.open()
        (page,) = await post.mails(1)
        assert page["Reply-To"] is None
        assert "Answer this mail" not in body(page)


REPORT = """\
From: MAILER-DAEMON@mx.example.com
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; bo@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 552 {status} mailbox full

--b--
"""


async def test_a_bounce_is_a_failed_page_with_its_reason():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        envelope = post.envelope(page)
        assert envelope.startswith("bounce+")
        assert envelope.endswith(f"@{DOMAIN}")
        assert envelope.removeprefix("bounce+").partition("@")[0] in page["Message-ID"]
        before = await post.told()
        await post.app.mailbox.take("", envelope, REPORT.format(action="delayed", status="4.4.1").encode())
        assert await post.told() == before
        await post.app.mailbox.take("", envelope, REPORT.format(action="failed", status="5.2.2").encode())
        told = await post.told()
        assert len(told) > len(before)
        assert any("mailbox_full" in str(facts) for _, facts in told[len(before) :])
        await post.app.mailbox.take("", envelope, REPORT.format(action="failed", status="5.2.2").encode())
        assert await post.told() == told


async def test_out_of_office_to_the_bounce_address_is_no_bounce():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        before = await post.told()
        away = b"From: bo@example.com\r\nSubject: Automatic reply: x\r\nAuto-Submitted: auto-replied\r\n\r\nI am away."
        await post.app.mailbox.take("", post.envelope(page), away)
        assert await post.told() == before


async def test_the_answer_reaches_the_mailbox_as_a_row_of_the_outbox_with_one_key():
    async with post_office() as post:
        await post.open()
        (page,) = await post.mails(1)
        await post.answer(page, "ack")
        _, back = await post.mails(2)
        assert back["Reply-To"].startswith("reply+")
        await post.later(MINUTE)
        await post.answer(back, "resolve")
        await post.mails(3)
        assert (await post.incident()).progress is Progress.CLOSED
