"""Alerts by mail: what counts as the same alert, what is cut and left out, and what strangers may not do to us."""

from __future__ import annotations

import base64
import time

import pytest

from bot.engine.model import EventStatus, Severity
from webhooks.sources import SOURCES
from webhooks.sources.base import Ignored, Outcome, Parsed, Rejected, Request
from webhooks.sources.charsets import decoded
from webhooks.sources.email import MAIL_LIMIT
from webhooks.sources.header_words import header_text
from webhooks.sources.html_text import html_text
from webhooks.sources.mail_rules import bare_subject
from webhooks.sources.mime import DEPTH_LIMIT, TEXT_LIMIT, read_mail

NOW = 1_790_000_000_000
ALTERNATIVE = b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
HEAD = b"From: a@mon.example\r\nSubject: s\r\nMessage-ID: <1@mon.example>\r\n"


def parsed(raw: bytes, *, source: str = "email", path: str = "nas@mail", headers=None, **email) -> Outcome:
    request = Request.of(
        id="00000000000000aa",
        source=source,
        headers=headers or {},
        target=path,
        body=raw,
        config={"email": email} if email else {},
        received_at=NOW,
    )
    return SOURCES[source].parse(request)


def event(raw: bytes, **more):
    outcome = parsed(raw, **more)
    assert isinstance(outcome, Parsed), outcome
    (only,) = outcome.events
    return only


def test_a_mail_that_comes_twice_is_one_alert_and_two_mails_are_two():
    other = HEAD.replace(b"<1@", b"<2@")
    assert event(HEAD).alert_key == event(HEAD + b"Received: again\r\n").alert_key
    assert event(HEAD).alert_key != event(other).alert_key


def test_a_mail_without_a_message_id_has_the_key_of_its_body():
    assert event(b"From: a@b\r\n\r\nx").alert_key == "00000000000000aa"


def test_the_address_may_name_the_alert():
    for mode in ("each", "subject"):
        assert event(HEAD, path="nas+disk%2F1@mail", mode=mode).alert_key == "disk/1"


@pytest.mark.parametrize(
    "subject",
    [
        "Disk full",
        "Re: Disk full",
        "RE: re:Disk full",
        "AW: WG: Disk full",
        "回复：Disk full",
        "转发: Re: Disk full",
        "Fwd: Disk  full",
        "Re[3]: Disk full",
        "Re (2): Disk full",
        "SV: VS: Disk full",
        "답장: Disk full",
        "TR : Disk full",
    ],
)
def test_answers_and_forwards_are_about_the_same_alert(subject):
    assert bare_subject(subject) == "Disk full"


@pytest.mark.parametrize("subject", ["R: drive full", "I: drive full", "Re:", "Report: done", "Reactor: hot", "12: 30"])
def test_what_only_looks_like_a_prefix_stays(subject):
    assert bare_subject(subject) == subject


def test_rules_close_first_and_tell_how_bad_it_is():
    rules = {
        "mode": "rules",
        "trigger_rules": [
            {"field": "subject", "op": "contains", "value": "DISASTER", "severity": "Critical"},
            {"field": "from", "op": "regex", "value": "@mon\\.", "severity": "Info"},
        ],
        "close_rules": [{"field": "body", "op": "contains", "value": "RESOLVED"}],
        "alert_key": {"field": "subject", "regex": "#(\\d+)"},
    }

    def said(subject: bytes, body: bytes):
        found = event(b"From: M <m@mon.example>\r\nSubject: " + subject + b"\r\n\r\n" + body, **rules)
        return found.status, found.severity, found.alert_key

    assert said(b"DISASTER #7", b"") == (EventStatus.TRIGGER, Severity.CRITICAL, "7")
    assert said(b"odd #7", b"") == (EventStatus.TRIGGER, Severity.INFO, "7")
    assert said(b"DISASTER #7 over", b"RESOLVED") == (EventStatus.OK, Severity.OK, "7")
    assert said(b"Re: DISASTER", b"") == (EventStatus.TRIGGER, Severity.CRITICAL, "DISASTER")


def test_a_mail_that_no_rule_takes_is_an_alert_unless_it_is_to_be_discarded():
    rules = {"mode": "rules", "trigger_rules": [{"field": "subject", "op": "contains", "value": "X"}]}
    assert event(HEAD, **rules).severity is Severity.WARNING
    assert isinstance(parsed(HEAD, **rules, discard_unmatched=True), Ignored)


def test_a_mail_that_is_too_large_is_refused_at_once():
    request = Request.of(
        id="a", source="email", headers={}, target="", body=b"x" * (MAIL_LIMIT + 1), config={}, received_at=NOW
    )
    refused = SOURCES["email"].check(request)
    assert isinstance(refused, Rejected)
    assert (refused.status, refused.keep) == (413, False)


def test_text_beyond_the_limit_is_cut_and_said_so():
    just, more = b"y" * TEXT_LIMIT, b"y" * (TEXT_LIMIT + 1)
    assert "body_cut" not in event(HEAD + b"\r\n" + just).labels
    assert event(HEAD + b"\r\n" + more).labels["body_cut"] == "true"
    wide = read_mail(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "é".encode() * TEXT_LIMIT)
    assert wide.cut
    assert len(wide.text.encode()) <= TEXT_LIMIT


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (b"Auto-Submitted: auto-replied (away)\r\n", "automatic answer"),
        (b"Precedence: auto_reply\r\n", "automatic answer"),
        (b"Content-Type: multipart/report; boundary=b\r\n", "bounce"),
        (b"Return-Path: <>\r\n", "bounce"),
        (b"X-Tocsin-Incident: 12\r\n", "Tocsin itself"),
    ],
)
def test_mail_about_mail_wakes_nobody(fields, why):
    outcome = parsed(HEAD + fields + b"\r\nx")
    assert isinstance(outcome, Ignored)
    assert why in outcome.why


@pytest.mark.parametrize("fields", [b"Auto-Submitted: auto-generated\r\n", b"Precedence: bulk\r\n"])
def test_mail_of_programs_is_what_alerts_are(fields):
    assert event(HEAD + fields + b"\r\nx")


def test_only_named_senders_count_where_any_are_named():
    assert event(HEAD, senders=["@mon.example"])
    assert event(HEAD, senders=["A@MON.example"])
    assert isinstance(parsed(HEAD, senders=["@on.example", "b@mon.example"]), Ignored)


def test_a_wrong_clock_does_not_date_an_alert():
    def at(date: bytes) -> int:
        return event(HEAD + b"Date: " + date + b"\r\n\r\nx").at

    assert at(b"Mon, 21 Sep 2026 12:00:00 +0800") == 1_789_963_200_000
    for nonsense in (b"Mon, 21 Sep 2099 12:00:00 +0000", b"yesterday", b"", b"99 Foo 99999999999 99:99", b"\xff\xfe"):
        assert at(nonsense) == NOW


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?utf-8?B?w6k=?= =?utf-8?Q?=C3=A9?=", "éé"),
        (b"=?utf-8?B?5pWw5o0=?=\r\n =?utf-8?B?rg==?=", "数据"),  # cut inside a character
        (b"=?gb2312?B?4Mw=?=", "嗵"),
        (b"=?nonsense?Q?a_b?=", "a b"),
        (b"=?utf-8?B?5pWw5o2u", "=?utf-8?B?5pWw5o2u"),
        (b"=?utf-8?B?5pWw5o2u5?= x", "数据 x"),
        (b"=?utf-8?Q?two words?= and =?utf-8?Q?more?=", "two words and more"),
        (b"=?idna?Q?xn--a?=", "xn--a"),
        ("raw é".encode(), "raw é"),
        ("raw é".encode("latin-1"), "raw é"),
        ("原始数据".encode("gbk"), "原始数据"),
        (b"a\r\n\tb\r\n  c", "a b c"),
    ],
)
def test_headers_however_they_are_written(raw, text):
    assert header_text(raw) == text


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        ("数据库".encode("gb18030"), "GB2312", "数据库"),
        ("数据库".encode(), "gb2312", "数据库"),
        ("数据库".encode("gbk"), "utf-8", "数据库"),
        ("目录".encode("gbk"), "gb2312", "目录"),  # these bytes are UTF-8 for two odd letters too
        ("Größe €".encode("cp1252"), "iso-8859-1", "Größe €"),
        ("Größe".encode("cp1252"), "us-ascii", "Größe"),
        ("Größe".encode(), "us-ascii", "Größe"),
        ("テスト".encode("iso2022_jp"), "iso-2022-jp", "テスト"),
        ("x".encode("utf-16"), "utf-16", "x"),
        (b"a\xff\xfeb", "utf-8", "a\ufffd\ufffdb"),
        (b"x" * 10, "unicode_escape", "x" * 10),
        (b"\\x41", "unicode_escape", "\\x41"),
        (b"x", "zlib", "x"),
    ],
)
def test_charsets_whatever_is_declared(data, declared, text):
    assert decoded(data, declared) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"Content-Transfer-Encoding: base64\r\n\r\nZGlzayBmdWxs", "disk full"),
        (b"Content-Transfer-Encoding: base64\r\n\r\nZGlz!ayBm\r\ndWxsX", "disk full"),
        (b"Content-Transfer-Encoding: base64\r\n\r\nplain text, of course", "plain text, of course"),
        (b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db =ZZ =\r\nc", "a=b =ZZ c"),
        (b"Content-Transfer-Encoding: x-nonsense\r\n\r\nas it is", "as it is"),
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary", "no boundary"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\nboundary that never comes", "boundary that never comes"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nno end", "no end"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbare\n--b--\n", "bare"),
        (b'Content-Type: multipart/mixed; boundary*0="a";\r\n boundary*1=b\r\n\r\n--ab\r\n\r\ntwo\r\n--ab--', "two"),
        (ALTERNATIVE + b"--b\r\n\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\n<p>only here</p>\r\n--b--", "only here"),
        (b"Content-Type: nonsense\r\n\r\ntext", "text"),
        (b"\r\n", ""),
    ],
)
def test_broken_mails_are_read_as_far_as_they_go(body, text):
    assert read_mail(HEAD + body).text == text


def test_attachments_are_left_out_wherever_they_are():
    part = b"--b\r\nContent-Type: %s\r\n%s\r\nx\r\n"
    whole = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part % (b"text/plain", b"") + b"%s--b--"
    assert not read_mail(whole % b"").stripped
    assert not read_mail(whole % (part % (b"application/pgp-signature", b""))).stripped
    for kind, more in (
        (b"image/png", b"Content-ID: <1>\r\n"),
        (b"text/plain", b"Content-Disposition: attachment; filename=a.log\r\n"),
        (b"text/plain; name=a.log", b""),
        (b"application/octet-stream", b""),
    ):
        mail = read_mail(whole % (part % (kind, more)))
        assert mail.stripped, kind
        assert mail.text == "x"


def test_html_becomes_what_is_read():
    markup = (
        "<!-- no --><head><title>no</title><style>no</style></head><h1>Host&nbsp;down</h1><div>a<br>b</div>"
        "<ul><li>one<li>two</ul><script>no</script><a href='https://x.example/?a=1&amp;b=2'>open</a>"
        "<a href='javascript:no'>x</a> 1 &lt; 2 &#x41;&#99999999999;"
    )
    assert html_text(markup) == ("Host down\n\na\nb\n\n- one\n- two\nopen (https://x.example/?a=1&b=2)x 1 < 2 A\ufffd")


HTML = b"Content-Type: text/html\r\n\r\n"
NEST = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
HUGE = {
    "tags": HTML + b"<a " * 100_000,
    "comments": HTML + b"<!--" * 70_000,
    "entities": HTML + b"&#9" * 90_000,
    "digits": HTML + b"&#" + b"9" * 250_000 + b";",
    "nested parts": NEST + b"\r\n" + b"x\r\n" * 1_000_000,
    "many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 300_000,
    "long header": b"X: " + b"y" * 5_000_000 + b"\r\n\r\nx",
    "folded header": b"Subject: x\r\n" + b" y\r\n" * 1_000_000 + b"\r\nx",
    "many fields": b"a:b\r\n" * 900_000 + b"\r\nx",
    "flowed": b"Content-Type: text/plain; format=flowed\r\n\r\n" + b" \n" * 2_000_000,
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 800_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 300_000 + b"\r\n\r\nx",
    "prefixes": b"Subject: " + b"re:" * 1_000_000 + b"\r\n\r\nx",
    "mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 100_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_no_mail_takes_long(name):
    began = time.process_time()
    event(b"From: a@mon.example\r\n" + HUGE[name], mode="subject")
    assert time.process_time() - began < 3.0  # each takes a tenth of that; what is not linear takes minutes


def test_only_so_many_levels_are_opened():
    mail = read_mail(HEAD + NEST + b"\r\ndeep")
    assert mail.stripped
    assert mail.text == ""
    assert DEPTH_LIMIT < 20


@pytest.mark.parametrize(
    ("began", "ended", "word"),
    [
        (b"Does not exist", b"Exists", "existence"),
        (b"Connection failed", b"Connection succeeded", "connection"),
        (b"Timeout", b"Timeout recovery", "timeout"),
        (b"Invalid type", b"Type succeeded", "type"),
    ],
)
def test_monit_pairs_fault_and_recovery_without_a_word_of_configuration(began, ended, word):
    def of(what: bytes):
        subject = b"From: monit@x\r\nSubject: monit alert --  %s nginx\r\n\r\n" % what
        return event(subject + b"%s Service nginx \r\n\r\n\tHost:   app-1\r\n" % what, source="monit")

    down, up = of(began), of(ended)
    assert (down.status, up.status) == (EventStatus.TRIGGER, EventStatus.OK)
    assert down.alert_key == up.alert_key == f"app-1|nginx|{word}"


def test_monit_under_rules_of_ones_own():
    assert event(b"From: monit@x\r\nSubject: up\r\n\r\nx", source="monit", mode="subject").alert_key == "up"
    assert isinstance(parsed(b"From: monit@x\r\n\r\nx", source="monit", senders=["@y.example"]), Ignored)


def test_base64_without_a_last_character():
    assert header_text(b"=?utf-8?B?" + base64.b64encode(b"abcd").rstrip(b"=") + b"?=") == "abcd"
