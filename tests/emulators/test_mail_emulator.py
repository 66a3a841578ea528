"""The mail relay against aiosmtplib: what it takes, refuses and defers, and what the mailbox then shows."""

from __future__ import annotations

import asyncio
import time
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

import aiosmtplib
import pytest

from bot.playground import mail as mail_module
from bot.playground.emulator import ActRefused, Emulator
from bot.playground.hub import Hub, Outage
from bot.playground.mail import MailEmulator

ANN, BO = "ann@example.com", "bo@example.com"


@pytest.fixture
async def relay():
    emulator = MailEmulator(Hub(time.time, slow_s=0.2), people={ANN: "Ann", BO: "Bo"}, size_max=50_000)
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def private_relay():
    emulator = MailEmulator(Hub(time.time), people={ANN: "Ann"}, credentials={"tocsin": "right"})
    await emulator.start()
    yield emulator
    await emulator.stop()


def letter(**changes):
    message = EmailMessage(policy=SMTP_POLICY)
    headers = {
        "From": "Tocsin <oncall@example.com>",
        "To": ANN,
        "Subject": "[INC-7] 数据库 disk full",
        "Date": "Mon, 23 Nov 2026 10:00:00 +0000",
        "Message-ID": "<inc7.n1@example.com>",
        "References": "<inc7@example.com>",
    } | changes
    for name, value in headers.items():
        if value is not None:
            message[name] = value
    message.set_content("SEV1 – db-1 disk full\nAcknowledge: https://tocsin.example/a/tok-1\n")
    message.add_alternative(
        '<h1>SEV1</h1><p>db-1 disk full</p><a href="https://tocsin.example/a/tok-1">Acknowledge</a>'
        '<a href="https://tocsin.example/i/7?a=1&amp;b=2">Open</a><a href="javascript:alert(1)">x</a>',
        subtype="html",
    )
    return message


async def post(relay, message=None, *, to=ANN, sender="oncall@example.com", **options):
    return await aiosmtplib.send(
        message or letter(), sender=sender, recipients=[to], hostname=relay.host, port=relay.port, timeout=5, **options
    )


def mails(relay, address=ANN):
    return next(box["mails"] for box in relay.state()["mailboxes"] if box["address"] == address)


def test_it_is_an_emulator():
    assert isinstance(MailEmulator(Hub(time.time)), Emulator)


async def test_a_mail_arrives_parsed(relay):
    refused, text = await post(relay)
    assert refused == {}
    assert "queued as" in text
    (mail,) = mails(relay)
    assert (mail["subject"], mail["to"], mail["envelope_from"]) == (
        "[INC-7] 数据库 disk full",
        ANN,
        "oncall@example.com",
    )
    assert ["References", "<inc7@example.com>"] in mail["headers"]
    assert mail["plain"].startswith("SEV1 – db-1 disk full\n")
    assert "<h1>SEV1</h1>" in mail["html"]
    assert mail["links"] == ["https://tocsin.example/a/tok-1", "https://tocsin.example/i/7?a=1&b=2"]
    assert mails(relay, BO) == []
    notices = [notice["data"]["name"] for notice in relay.hub.notices if notice["kind"] == "mail"]
    assert notices == ["Ann"]


async def test_every_recipient_has_a_mailbox_and_the_newest_mail_is_first(relay):
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port) as client:
        await client.sendmail("a@example.com", [ANN, "Unknown@example.net"], letter().as_bytes())
        await client.sendmail("a@example.com", ["unknown@example.net"], letter(Subject="second").as_bytes())
    assert [mail["subject"] for mail in mails(relay, "unknown@example.net")] == ["second", "[INC-7] 数据库 disk full"]
    assert len(mails(relay)) == 1


async def test_the_null_sender_of_a_bounce_is_taken(relay):
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port) as client:
        await client.sendmail("", [ANN], letter().as_bytes())
    assert mails(relay)[0]["envelope_from"] == ""


async def test_without_signing_in_nothing_is_taken(private_relay):
    with pytest.raises(aiosmtplib.SMTPSenderRefused) as caught:
        await post(private_relay)
    assert (caught.value.code, caught.value.message[:5]) == (530, "5.7.0")
    assert mails(private_relay) == []


async def test_a_wrong_password_and_the_right_one(private_relay):
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as caught:
        await post(private_relay, username="tocsin", password="wrong")
    assert caught.value.code == 535
    await post(private_relay, username="tocsin", password="right")
    assert len(mails(private_relay)) == 1


async def test_a_relay_without_credentials_does_not_offer_to_sign_in(relay):
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port) as client:
        await client.ehlo()
        assert not client.supports_extension("auth")
        assert client.supports_extension("size")


async def test_revoked_credentials(private_relay):
    private_relay.hub.switch("smtp", Outage.REVOKED)
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await post(private_relay, username="tocsin", password="right")
    private_relay.hub.switch("smtp", Outage.NONE)
    await post(private_relay, username="tocsin", password="right")


async def test_a_session_that_signed_in_before_the_revocation_is_refused(private_relay):
    async with aiosmtplib.SMTP(hostname=private_relay.host, port=private_relay.port) as client:
        await client.login("tocsin", "right")
        private_relay.hub.switch("smtp", Outage.REVOKED)
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as caught:
            await client.mail("oncall@example.com")
    assert caught.value.code == 530


@pytest.mark.parametrize(
    ("outage", "error", "code"),
    [
        (Outage.DOWN, aiosmtplib.SMTPSenderRefused, 451),
        (Outage.RATE_LIMITED, aiosmtplib.SMTPRecipientsRefused, 451),
        (Outage.BLOCKED, aiosmtplib.SMTPRecipientsRefused, 550),
    ],
)
async def test_outages(relay, outage, error, code):
    relay.hub.switch("smtp", outage)
    with pytest.raises(error) as caught:
        await post(relay)
    first = caught.value.recipients[0] if error is aiosmtplib.SMTPRecipientsRefused else caught.value
    assert first.code == code
    assert mails(relay) == []
    relay.hub.switch("smtp", Outage.NONE)
    await post(relay)
    assert len(mails(relay)) == 1


async def test_slow_has_taken_the_mail_when_the_caller_gives_up(relay):
    relay.hub.switch("smtp", Outage.SLOW)
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port, timeout=5) as client:
        await client.mail("oncall@example.com")
        await client.rcpt(ANN)
        with pytest.raises(aiosmtplib.SMTPReadTimeoutError):
            await client.data(letter().as_bytes(), timeout=0.05)
    assert len(mails(relay)) == 1


async def test_a_recipient_refused_on_demand(relay):
    await relay.act("refuse", {"address": "ANN@example.com", "refuse": True})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as caught:
        await post(relay)
    assert (caught.value.recipients[0].code, caught.value.recipients[0].message[:5]) == (550, "5.1.1")
    await post(relay, to=BO)
    await relay.act("refuse", {"address": ANN, "refuse": False})
    await post(relay)


async def test_the_size_limit_is_announced_and_kept(relay):
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port) as client:
        await client.ehlo()
        assert client.esmtp_extensions["size"] == "50000"
    big = letter()
    big.add_attachment("x" * 70 + "\n" + ("y" * 70 + "\n") * 1_000, filename="log.txt")
    with pytest.raises((aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused)) as caught:
        await post(relay, big)
    assert caught.value.code == 552
    assert mails(relay) == []


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"From: a@example.com\r\nSubject: x\r\n\r\nbody\r\n", "Date"),
        (b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nbody\r\n", "From"),
        (b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nFrom: a@b.c\r\nSubject: 1\r\nSubject: 2\r\n\r\nx\r\n", "Subject"),
        (b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nFrom: a@b.c\r\nSubject: \xe5\x91\x8a\r\n\r\nx\r\n", "8-bit"),
    ],
)
async def test_what_is_no_internet_message_is_refused(relay, raw, word):
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port) as client:
        await client.mail("a@example.com")
        await client.rcpt(ANN)
        with pytest.raises(aiosmtplib.SMTPDataError, match=word) as caught:
            await client.data(raw)
    assert caught.value.code == 554
    assert mails(relay) == []


async def test_an_address_that_is_none(relay):
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port) as client:
        await client.mail("a@example.com")
        with pytest.raises(aiosmtplib.SMTPRecipientRefused) as caught:
            await client.rcpt("nobody")
    assert caught.value.code == 553


async def test_too_many_connections_are_sent_away(relay, monkeypatch):
    monkeypatch.setattr(mail_module, "SESSIONS_MAX", 1)
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port):
        reader, writer = await asyncio.open_connection(relay.host, relay.port)
        assert (await reader.readline()).startswith(b"421 4.3.2")
        assert await reader.read() == b""
        writer.close()


async def test_the_state_is_bounded(relay):
    async with aiosmtplib.SMTP(hostname=relay.host, port=relay.port) as client:
        for number in range(mail_module.MAILS_MAX + 5):
            await client.sendmail("a@example.com", [ANN], letter(Subject=f"n{number}").as_bytes())
    assert len(mails(relay)) == mail_module.MAILS_MAX
    assert mails(relay)[-1]["subject"] == "n5"


async def test_stop_hangs_up(relay):
    client = aiosmtplib.SMTP(hostname=relay.host, port=relay.port)
    await client.connect()
    await relay.stop()
    with pytest.raises((aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPConnectError)):
        await client.noop()
    client.close()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await post(relay)


async def test_a_mailbox_knows_no_other_act(relay):
    with pytest.raises(ActRefused):
        await relay.act("press", {})
    with pytest.raises(ActRefused):
        await relay.act("refuse", {"address": "nobody"})
