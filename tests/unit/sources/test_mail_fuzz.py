"""Mails that nobody would write: any bytes give an outcome, and whatever comes out of them is within the limits."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sources.test_any_bytes import check_limits
from webhooks.sources import SOURCES
from webhooks.sources.base import Ignored, Parsed, Rejected, Request
from webhooks.sources.batch import outcome_json
from webhooks.sources.mime import read_mail

NOW = 1_790_000_000_000
SCRAP = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b"\x00",
        b"--b",
        b"--b--",
        b"--",
        b"=?utf-8?B?",
        b"?=",
        b"=?gb2312?q?=B0",
        b"From: ",
        b"Subject: ",
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"multipart/alternative; boundary=b",
        b"message/rfc822",
        b"text/html",
        b"text/plain; charset=",
        b"gb2312",
        b"utf-16",
        b"utf-7",
        b"unknown-8bit",
        b"base64",
        b"quoted-printable",
        b"Content-Transfer-Encoding: ",
        b"Content-Disposition: attachment",
        b"Date: ",
        b'; name="',
        b"Return-Path: <>",
        b"Message-ID: ",
        b"=3D",
        b"=",
        b"<p>",
        b'<a href="https://x.example">',
        b"&#55296;",
        b"\xed\xa0\x80",
        b"\xff\xfe",
        "数据".encode("gbk"),
        "é".encode(),
        b"=?utf-8?B?7aCA?=",
        b"Re: ",
        b"a@b.example",
        b"x" * 3000,
    ]
)
MAIL = st.lists(SCRAP | st.binary(max_size=8), max_size=40).map(b"".join)
RULES = st.none() | st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["rules", "subject", "regex", "["]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "mode",
                    "trigger_rules",
                    "close_rules",
                    "alert_key",
                    "field",
                    "op",
                    "value",
                    "regex",
                    "senders",
                    "severity",
                    "discard_unmatched",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def asked(source: str, body: bytes, config: dict, path: str = "a+%ff%00@mail") -> Request:
    return Request.of(
        id="0123456789abcdef", source=source, headers={}, target=path, body=body, config=config, received_at=NOW
    )


@pytest.mark.parametrize("source", ["email", "monit"])
@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=300) | MAIL | MAIL.map(lambda rest: b"From: a@b.example\r\n" + rest), rules=RULES)
def test_any_bytes_under_any_rules_give_an_outcome_within_the_limits(source, body, rules):
    outcome = SOURCES[source].parse(asked(source, body, {"email": rules}))
    assert isinstance(outcome, Parsed | Ignored | Rejected)
    msgspec.json.encode(outcome_json(outcome))
    if isinstance(outcome, Parsed):
        (event,) = outcome.events
        check_limits(event)
    if isinstance(outcome, Rejected):
        assert outcome.keep  # nobody can read it: it is kept, and somebody is told


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=200), charset=st.sampled_from(["utf-8", "gb18030", "utf-16", "big5", "koi8-r"]))
def test_text_comes_through_in_the_charset_that_it_says(text, charset):
    data = text.encode(charset, "ignore")
    want = data.decode(charset, "ignore").replace("\r\n", "\n").replace("\r", "\n").strip()
    mail = read_mail(b"From: a@b\r\nContent-Type: text/plain; charset=%s\r\n\r\n" % charset.encode() + data)
    if charset in ("utf-8", "gb18030"):
        assert mail.text.strip("\ufeff") == want.strip("\ufeff")
    else:
        assert isinstance(mail.text, str)
