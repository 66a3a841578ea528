"""What comes back by mail: a person's own words in the shapes of real mail programs, bounces, machines, forgeries."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.mail_replies import Answered, AutoReply, Bounced, Unknown, understand
from bot.adapters.mail_replies.bounces import reason_of
from bot.adapters.mail_replies.quotes import without_quotes
from bot.engine.mail_address import REPLY_LIFE, mail_id, seal, tagged, unseal
from bot.engine.model import HOUR, MINUTE
from tests.cards.hostile import unhurried

KEY = b"k" * 32
INCIDENT = "5a3c9e0f17d2b846"
NOW = 1_790_000_000_000
PEOPLE = {"ann": "Ann@Example.com", "bo": "bo@example.com"}
TOKEN = seal(KEY, INCIDENT, "ann", NOW)
REPLY = f"reply+{TOKEN}@in.example.com"
MAIL_ID = mail_id(KEY, "page:1")
BOUNCE = f"bounce+{MAIL_ID}@in.example.com"


def heard(message: EmailMessage | bytes, *, rcpt: str = REPLY, sender: str | None = "ann@example.com", now: int = NOW):
    if isinstance(message, bytes):
        message = message_from_bytes(message, policy=default)
    return understand(message, envelope_from=sender, rcpt=rcpt, people=PEOPLE, key=KEY, now=now)


def letter(text: str = "ack\n", html: str = "", **headers: str) -> EmailMessage:
    message = EmailMessage(policy=default)
    message["From"] = headers.pop("From", "Ann <ann@example.com>")
    message["To"] = REPLY
    message["Subject"] = headers.pop("Subject", "Re: [#142] disk full")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if text:
        message.set_content(text)
    if html and text:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    return message


# --- who --------------------------------------------------------------------------------------------------------------


def test_an_answer_needs_the_token_and_the_members_own_address():
    assert heard(letter()) == Answered(incident=INCIDENT, member="ann", text="ack")
    assert heard(letter(From="Bo <bo@example.com>")) == Unknown(reason="not_the_members_address")
    assert heard(letter(From="eve@example.net")) == Unknown(reason="not_the_members_address")
    assert heard(letter(From="Ann <ann@example.com>, eve@example.net")) == Unknown(reason="not_the_members_address")
    assert heard(letter(From='"ann@example.com" <eve@example.net>')) == Unknown(reason="not_the_members_address")


def test_two_froms_are_nobodys():
    raw = letter().as_bytes().replace(b"From: ", b"From: eve@example.net\nFrom: ", 1)
    assert heard(raw) == Unknown(reason="not_the_members_address")


@pytest.mark.parametrize("token", ["", "a" * 32, TOKEN[:-1], TOKEN + "a", TOKEN[::-1], "ä" * 32])
def test_a_token_that_nobody_sealed_is_refused(token: str):
    assert heard(letter(), rcpt=f"reply+{token}@in.example.com") == Unknown(reason="forged_token")


def test_every_changed_character_of_a_token_is_noticed():
    for place in range(len(TOKEN)):
        for other in "a7":
            changed = TOKEN[:place] + other + TOKEN[place + 1 :]
            assert changed == TOKEN or heard(letter(), rcpt=f"reply+{changed}@x.y") == Unknown(reason="forged_token")


def test_servers_that_fold_the_case_of_an_address_do_no_harm():
    assert isinstance(heard(letter(), rcpt=REPLY.upper()), Answered)
    assert isinstance(heard(letter(From="ANN@EXAMPLE.COM")), Answered)


def test_a_token_works_for_a_week():
    end = NOW + REPLY_LIFE
    assert isinstance(heard(letter(), now=end - MINUTE), Answered)
    late = heard(letter(), now=end + HOUR)
    assert late == Unknown(reason="token_expired", member="ann", incident=INCIDENT)


def test_keys_can_be_rotated():
    assert unseal((b"new", KEY), TOKEN, ["bo", "ann"]) is not None
    assert unseal(b"new", TOKEN, ["ann"]) is None
    assert seal((b"new", KEY), INCIDENT, "ann", NOW) == seal(b"new", INCIDENT, "ann", NOW) != TOKEN


def test_the_addresses_fit_into_a_local_part():
    assert (len(f"reply+{TOKEN}"), len(f"bounce+{MAIL_ID}")) == (38, 33)
    assert tagged("<Reply+AbC@in.example.com>") == ("reply", "abc")
    assert tagged("ops@in.example.com") == ("ops", "")
    assert mail_id(KEY, "page:1") == MAIL_ID != mail_id(KEY, "page:2") != mail_id(b"other", "page:2")
    with pytest.raises(ValueError, match="16 hexadecimal"):
        seal(KEY, "142", "ann", NOW)


def test_another_address_of_the_domain_is_not_answered_here():
    assert heard(letter(), rcpt="ops@in.example.com") == Unknown(reason="not_an_answer")


# --- what: the shapes of mail programs --------------------------------------------------------------------------------

QUOTED = "> Critical · Triggered · #142\n>\n> disk full\n"
SHAPES = {
    "Gmail": f"ack\n\nOn Mon, Nov 23, 2026 at 10:05 AM Tocsin <tocsin@example.com>\nwrote:\n\n{QUOTED}",
    "Gmail, one line": f"ack\n\nOn Mon, Nov 23, 2026 at 10:05 AM Tocsin <t@example.com> wrote:\n\n{QUOTED}",
    "Gmail, Chinese": f"ack\n\nTocsin <tocsin@example.com> 于2026年11月23日周一 10:05写道：\n\n{QUOTED}",
    "Gmail, German": f"ack\n\nAm Mo., 23. Nov. 2026 um 10:05 Uhr schrieb Tocsin <\ntocsin@example.com>:\n\n{QUOTED}",
    "Apple Mail": f"ack\n\n> On 23 Nov 2026, at 10:05, Tocsin <tocsin@example.com> wrote:\n> \n{QUOTED}",
    "Apple Mail on a phone": f"ack\n\nSent from my iPhone\n\n> On 23 Nov 2026, at 10:05, Tocsin wrote:\n> \n{QUOTED}",
    "Apple Mail, Chinese": f"ack\n\n发自我的 iPhone\n\n> 在 2026年11月23日，10:05，Tocsin 写道：\n> \n{QUOTED}",
    "Outlook": "ack\n\nFrom: Tocsin <tocsin@example.com>\nSent: Monday, November 23, 2026 10:05 AM\n"
    "To: Ann <ann@example.com>\nSubject: [#142] disk full\n\nCritical · Triggered\n",
    "Outlook, Chinese": "ack\n\n发件人: Tocsin <tocsin@example.com>\n发送时间: 2026年11月23日 10:05\n收件人: Ann\n"
    "主题: [#142] disk full\n\n严重 · 待处理\n",
    "Outlook on the web": "ack\n\n________________________________\nFrom: Tocsin <tocsin@example.com>\n"
    "Sent: Monday, November 23, 2026 10:05\nTo: Ann\nSubject: x\n\nCritical\n",
    "Outlook on a phone": "ack\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\n"
    "From: Tocsin <tocsin@example.com>\nSent: Monday\n\nCritical\n",
    "Outlook, old": "ack\n\n-----Original Message-----\nFrom: Tocsin\nSent: Monday\n\nCritical\n",
    "QQ Mail": 'ack\n\n\n\n------------------ 原始邮件 ------------------\n发件人: "Tocsin" <tocsin@example.com>;\n'
    '发送时间: 2026年11月23日(星期一) 上午10:05\n收件人: "Ann";\n主题: [#142] disk full\n\n严重\n',
    "QQ Mail on a phone": "ack\n\n原始邮件\n发件人：Tocsin <t@example.com>\n发件时间：2026年11月23日 10:05\n\n严重\n",
    "NetEase": f'ack\n\n在 2026-11-23 10:05:12，"Tocsin" <tocsin@example.com> 写道：\n\n{QUOTED}',
    "Thunderbird": f"ack\n\nOn 11/23/26 10:05, Tocsin wrote:\n{QUOTED}",
    "a signature": "ack\n\n-- \nAnn Ames\nSite reliability, +1 202 555 0101\n",
    "a signature without its space": "ack\n--\nAnn\n",
    "below the quote": f"On Mon, Nov 23, 2026 at 10:05 AM Tocsin wrote:\n{QUOTED}\nack\n",
    "invisible characters": "\ufeffack\u200b\n\n" + QUOTED,
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_only_the_senders_own_words_are_read(shape: str):
    assert heard(letter(shape)) == Answered(incident=INCIDENT, member="ann", text="ack")


PAGES = {
    "Gmail": '<div dir="ltr">ack</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, Nov 23 '
    'Tocsin wrote:<br></div><blockquote class="gmail_quote">resolve</blockquote></div>',
    "Outlook": '<html><head><style>p{margin:0}</style></head><body><div>ack</div><div id="appendonsend"></div><hr>'
    '<div id="divRplyFwdMsg"><b>From:</b> Tocsin<br><b>Sent:</b> Monday</div><div>resolve</div></body></html>',
    "Outlook on a desk": '<div class="WordSection1"><p class="MsoNormal">ack<o:p></o:p></p><p>&nbsp;</p><div '
    'style="border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Tocsin<br><b>Sent:</b> Monday<br><b>To:</b> Ann</p></div>'
    "<p>resolve</p></div>",
    "Apple Mail": '<html><body>ack<br><div><br><blockquote type="cite"><div>On 23 Nov Tocsin wrote:</div>resolve'
    "</blockquote></div></body></html>",
    "QQ Mail": '<div>ack</div><div><br></div><div style="padding:2px">------------------&nbsp;原始邮件&nbsp;'
    "------------------</div><div><b>发件人:</b>&nbsp;Tocsin</div><div>resolve</div>",
    "a signature": '<div>ack<div class="gmail_signature">Ann<br>resolve</div></div>',
    "never closed": "<p>ack<blockquote>resolve",
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_mail_without_a_plain_part_is_read_as_it_looks(page: str):
    assert heard(letter("", page)) == Answered(incident=INCIDENT, member="ann", text="ack")


def test_the_plain_part_goes_before_the_html_unless_it_is_empty():
    assert heard(letter("ack\n", "<p>resolve</p>")).text == "ack"
    assert heard(letter("\n", "<p>ack</p>")).text == "ack"


def test_a_note_keeps_its_lines_and_lines_that_only_look_like_headers():
    text = "From: the logs I see\nnothing new.\n\nOn call until six.\n"
    assert heard(letter(text)).text == text.strip()


def test_nothing_but_a_quote_is_an_answer_without_words():
    assert heard(letter(f"\n{QUOTED}")).text == ""


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "gb18030", "utf-8", "big5"])
def test_chinese_charsets(charset: str):
    message = letter("")
    message.set_content("认領，我在看\n" if charset == "big5" else "认领，我在看\n", charset="utf-8")
    text = "確認" if charset == "big5" else "确认，我在看"
    raw = b"From: ann@example.com\r\nContent-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n"
    assert heard(raw + text.encode(charset)).text == text


def test_an_unknown_charset_is_read_as_far_as_it_goes():
    raw = b"From: ann@example.com\r\nContent-Type: text/plain; charset=klingon\r\n\r\nack \xff"
    assert heard(raw).text.startswith("ack")


# --- machines ---------------------------------------------------------------------------------------------------------

MACHINES = [
    ({"Auto_Submitted": "auto-replied"}, "auto_submitted"),
    ({"Auto_Submitted": "auto-generated (rejected)"}, "auto_submitted"),
    ({"X_Autoreply": "yes"}, "autoreply_header"),
    ({"X_Autorespond": "away"}, "autoreply_header"),
    ({"Precedence": "auto_reply"}, "precedence"),
    ({"Precedence": "Bulk"}, "precedence"),
    ({"List_Id": "<team.example.com>"}, "mailing_list"),
    ({"Subject": "Automatic reply: [#142] disk full"}, "autoreply_subject"),
    ({"Subject": "Out of Office: back on Monday"}, "autoreply_subject"),
    ({"Subject": "自动回复:[#142] disk full"}, "autoreply_subject"),
    ({"Subject": "自动回复您的来信"}, "autoreply_subject"),
]


@pytest.mark.parametrize(("headers", "reason"), MACHINES)
@pytest.mark.parametrize("rcpt", [REPLY, BOUNCE])
def test_a_machine_is_never_a_person(headers: dict, reason: str, rcpt: str):
    assert heard(letter("I am away; ack\n", **headers), rcpt=rcpt) == AutoReply(reason=reason)


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("", "empty_return_path"),
        ("<>", "empty_return_path"),
        ("MAILER-DAEMON@mx.example.com", "machine_sender"),
        ("no-reply@example.com", "machine_sender"),
    ],
)
def test_the_envelope_gives_machines_away(sender: str, reason: str):
    assert heard(letter(), sender=sender) == AutoReply(reason=reason)


def test_a_mailbox_that_keeps_no_return_path_still_brings_answers_and_bounces():
    assert isinstance(heard(letter(), sender=None), Answered)
    assert isinstance(heard(letter(Auto_Submitted="auto-replied"), sender=None), AutoReply)
    assert isinstance(heard(report("5.1.1"), rcpt=BOUNCE, sender=None), Bounced)


def test_a_person_may_say_that_they_are_one():
    assert isinstance(heard(letter(Auto_Submitted="no")), Answered)


# --- bounces ----------------------------------------------------------------------------------------------------------


def report(status: str, action: str = "failed", *, original: str = "", code: str = "", more: str = "") -> bytes:
    """As Postfix writes it (RFC 3464, appendix E has the same shape)."""
    copy = (
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: [#142] disk full\r\nMessage-ID: {original}\r\n\r\n"
        if original
        else ""
    )
    return (
        "From: MAILER-DAEMON@mx.example.com (Mail Delivery System)\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"{more}Final-Recipient: rfc822; ann@example.com\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {code or status}\r\n\r\n{copy}--b--\r\n"
    ).encode()


STATUSES = [
    ("5.1.1", "recipient_unreachable"),
    ("5.1.2", "recipient_unreachable"),
    ("5.2.1", "recipient_unreachable"),
    ("5.2.2", "mailbox_full"),
    ("4.2.2", "mailbox_full"),
    ("4.4.7", "unavailable"),
    ("5.4.4", "unavailable"),
    ("5.7.1", "refused"),
    ("5.7.26", "refused"),
    ("5.6.0", "undelivered"),
    ("5.0.0", "undelivered"),
]


@pytest.mark.parametrize(("status", "reason"), STATUSES)
def test_a_report_names_the_mail_by_its_address_and_the_reason_by_its_status(status: str, reason: str):
    found = heard(report(status), rcpt=BOUNCE, sender="")
    assert (type(found), found.mail_id, found.state, found.reason) == (Bounced, MAIL_ID, "failed", reason)


def test_a_delay_is_no_failure_and_good_news_are_none():
    assert heard(report("4.4.1", "delayed"), rcpt=BOUNCE, sender="").state == "delayed"
    assert heard(report("2.0.0", "relayed"), rcpt=BOUNCE, sender="") == Unknown(reason="report_without_failure")


def test_one_failed_recipient_among_several_counts():
    first = "Final-Recipient: rfc822; x@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    found = heard(report("5.1.1", more=first), rcpt=BOUNCE, sender="")
    assert (found.state, found.reason) == ("failed", "recipient_unreachable")


def test_the_returned_message_id_names_the_mail_where_the_address_does_not():
    original = f"<{MAIL_ID}@example.com>"
    assert heard(report("5.1.1", original=original), rcpt="oncall@example.com", sender="").mail_id == MAIL_ID
    for other in ("<x@y>", ""):
        found = heard(report("5.1.1", original=other), rcpt="oncall@example.com", sender="")
        assert found == Unknown(reason="bounce_of_another_mail")


def test_a_bounce_from_a_whole_copy_of_the_mail():
    message = EmailMessage(policy=default)
    message["From"], message["Subject"] = "postmaster@exchange.example.com", "Undeliverable: [#142] disk full"
    copy = EmailMessage(policy=default)
    copy["Message-ID"] = f"<{MAIL_ID}@example.com>"
    copy.set_content("x")
    raw = report("5.1.1").replace(b"--b--", b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + bytes(copy) + b"\r\n--b--")
    assert heard(raw, rcpt="oncall@example.com", sender="").mail_id == MAIL_ID


LETTERS = [
    ("failure notice", "Hi. This is the qmail-send program.\n<ann@example.com>:\n550 5.1.1 no such user\n",
     "failed", "recipient_unreachable"),
    ("系统退信/Systems bounce", "退信原因：对方邮箱已满，无法接收邮件 552 5.2.2\n", "failed", "mailbox_full"),
    ("来自qq.com的退信", "收件人邮件地址（ann@qq.com）不存在，邮件无法送达。\n", "failed", "recipient_unreachable"),
    ("Delivery Status Notification (Delay)", "Delivery is delayed; will retry.\n", "delayed", "undelivered"),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "text", "state", "reason"), LETTERS)
def test_a_letter_that_only_looks_like_a_report(subject: str, text: str, state: str, reason: str):
    found = heard(letter(text, Subject=subject, From="postmaster@qq.com"), rcpt=BOUNCE, sender="")
    assert (type(found), found.state, found.reason, found.mail_id) == (Bounced, state, reason, MAIL_ID)


def test_a_person_cannot_report_a_failure_to_an_answers_address():
    plain = letter("550 5.1.1 no such user\n", Subject="Undelivered Mail", From="Ann <ann@example.com>")
    assert isinstance(heard(plain), Answered)
    assert heard(plain, rcpt=BOUNCE) == Unknown(reason="not_a_report")


def test_reasons_without_a_status_come_from_the_words():
    assert reason_of("550 Mailbox quota exceeded") == "mailbox_full"
    assert reason_of("550 User unknown") == "recipient_unreachable"
    assert reason_of("550 no") == "undelivered"


# --- everything else --------------------------------------------------------------------------------------------------

junk = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [b"From: ", b"Subject: ", b"Content-Type: ", b"Message-ID: ", b"Auto-Submitted: ", b"\r\n", b"\r\n\r\n",
             b"multipart/report; boundary=b", b"--b\r\n", b"message/delivery-status", b"Action: failed\r\n", b"<", b">",
             b"=?utf-8?q?=00?=", b"=?x?b?", b"ann@example.com", b"\xff\xfe", b"[", b"(", b'"', b"@", b",", b"text/html"]
        ),
        max_size=30,
    ).map(b"".join),
)  # fmt: skip


@settings(unhurried, max_examples=300)
@given(junk, st.sampled_from([REPLY, BOUNCE, "x", ""]), st.sampled_from(["", "ann@example.com"]))
def test_every_message_means_something(raw: bytes, rcpt: str, sender: str):
    assert isinstance(heard(raw, rcpt=rcpt, sender=sender), (Answered, AutoReply, Bounced, Unknown))


@settings(unhurried, max_examples=100)
@given(st.text(max_size=300))
def test_what_is_left_was_written(text: str):
    words = without_quotes(text)
    assert len(words) <= len(text)


def test_a_long_line_costs_little():
    assert len(without_quotes("在 " + "<a@" * 60_000)) > 100_000
