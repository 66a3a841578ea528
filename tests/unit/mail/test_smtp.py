"""Mail by SMTP, over real sockets: who gets in, when 250 is said, and what each client hears."""

from __future__ import annotations

import asyncio
import smtplib
import ssl

import aiosmtplib
import pytest

from tests.unit.mail.house import DOMAIN, KEY, MAIL, NOW, TOKEN, Wire, house
from webhooks.mail.receiver import COPIES_MAX, RECIPIENTS_MAX
from webhooks.pace import Pace
from webhooks.sources.email import MAIL_LIMIT


async def sent(port: int, *recipients: str, raw: bytes = MAIL, sender: str = "a@mon.example"):
    """Send one mail as a common client does; returns what each refused recipient heard."""
    return await asyncio.to_thread(_sent, port, recipients, raw, sender)


def _sent(port: int, recipients: tuple[str, ...], raw: bytes, sender: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=20) as client:
        return client.sendmail(sender, list(recipients), raw)


@pytest.mark.parametrize("name", [TOKEN, TOKEN.upper(), "nas", "NAS", f'"{TOKEN}"', f"alerts+{TOKEN}"])
async def test_a_mail_to_an_integration_is_kept_and_then_250(name):
    async with house() as here:
        assert await sent(here.port, f"{name}@{DOMAIN.upper()}") == {}
        (row,) = here.inbox.rows
        assert (row.integration, row.source, row.body, row.received_at) == ("nas", "email", MAIL, NOW)
        assert row.headers == {"return-path": "a@mon.example"}
        assert row.path == "nas@mail"
        assert TOKEN not in row.path


async def test_the_key_itself_is_no_address():
    async with house() as here:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await sent(here.port, f"{KEY}@{DOMAIN}")


async def test_what_stands_behind_the_plus_goes_along():
    async with house() as here:
        await sent(here.port, f"{TOKEN}+disk/7?x@{DOMAIN}", f"nas+disk/7?x@{DOMAIN}", f"nas@{DOMAIN}")
        assert [row.path for row in here.inbox.rows] == ["nas+disk%2F7%3Fx@mail", "nas@mail"]


async def test_a_mail_to_several_integrations_is_kept_for_each():
    async with house() as here:
        await sent(here.port, f"nas@{DOMAIN}", f"{TOKEN}@{DOMAIN}", f"{_monit()}@{DOMAIN}")
        assert [(row.integration, row.source) for row in here.inbox.rows] == [("nas", "email"), ("other", "monit")]


def _monit() -> str:
    from webhooks.mail.addresses import token_of

    return token_of("other-key-0123456789")


@pytest.mark.parametrize(
    ("recipient", "code", "words"),
    [
        (f"nobody@{DOMAIN}", 550, b"5.1.1 No integration has this address"),
        ("nas@elsewhere.example", 550, b"5.7.1 This server takes mail for its own domain alone"),
        (f"nas%elsewhere.example@{DOMAIN}", 550, b"5.1.1"),
        (f"a@elsewhere.example@{DOMAIN}", 553, b"5.1.3"),
        ("nas", 550, b"5.7.1"),
        ("postmaster", 550, b"5.7.1"),
    ],
)
async def test_who_is_not_here_is_refused_before_the_mail_is_sent(recipient, code, words):
    async with house() as here:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            await sent(here.port, recipient)
        said = refused.value.recipients[recipient]
        assert (said[0], said[1].startswith(words)) == (code, True), said
        assert here.inbox.rows == []


async def test_an_integration_of_another_kind_has_no_address():
    from webhooks.mail.addresses import token_of

    async with house() as here:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await sent(here.port, f"{token_of('web-key-0123456789ab')}@{DOMAIN}")


async def test_without_the_database_the_sender_keeps_the_mail():
    async with house() as here:
        here.inbox.broken = True
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await sent(here.port, f"nas@{DOMAIN}")
        assert refused.value.smtp_code == 451
        here.inbox.broken = False
        await sent(here.port, f"nas@{DOMAIN}")
        assert len(here.inbox.rows) == 1


async def test_250_is_not_said_before_the_mail_is_durable():
    async with house() as here:
        here.inbox.gate = asyncio.Event()
        sending = asyncio.create_task(sent(here.port, f"nas@{DOMAIN}"))
        await asyncio.wait_for(here.inbox.waiting.wait(), 10)
        assert not sending.done()
        here.inbox.gate.set()
        assert await sending == {}


async def test_answers_and_bounces_go_to_the_mailbox_of_answers():
    async with house() as here:
        reply, bounce = f"reply+abc@{DOMAIN}", f"Bounce+XYZ@{DOMAIN}"
        await sent(here.port, reply, raw=b"Subject: ok\r\n\r\nack\r\n")
        await sent(here.port, bounce, sender="")
        assert here.answers.taken == [
            ("a@mon.example", reply, b"Subject: ok\r\n\r\nack\r\n"),
            ("", bounce, MAIL),
        ]
        assert here.inbox.rows == []
        here.answers.broken = True
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await sent(here.port, reply)
        assert refused.value.smtp_code == 451
        for bare in ("reply", "reply+", "bounce"):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                await sent(here.port, f"{bare}@{DOMAIN}")


async def test_a_null_sender_is_remembered_as_such():
    async with house() as here:
        await sent(here.port, f"nas@{DOMAIN}", sender="")
        assert here.inbox.rows[0].headers == {"return-path": "<>"}


async def test_size_is_told_and_held():
    async with house() as here:
        features, said = await asyncio.to_thread(_greeted, here.port)
        assert features["size"] == str(MAIL_LIMIT)
        assert "auth" not in features
        assert "starttls" not in features
        assert said[0] == 552
        assert said[1].startswith(b"5.3.4")
        large = b"Subject: x\r\n\r\n" + b"y" * 998 + b"\r\n"
        large += (b"z" * 998 + b"\r\n") * (MAIL_LIMIT // 1000)
        with pytest.raises(smtplib.SMTPSenderRefused):
            await sent(here.port, f"nas@{DOMAIN}", raw=large)
        assert await asyncio.to_thread(_without_size, here.port, large) == "552 5.3.4"
        just = b"Subject: x\r\n\r\n" + (b"z" * 998 + b"\r\n") * (MAIL_LIMIT // 1000 - 1)
        assert await sent(here.port, f"nas@{DOMAIN}", raw=just) == {}


def _greeted(port: int) -> tuple[dict[str, str], tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=20) as client:
        client.ehlo()
        return dict(client.esmtp_features), client.docmd("MAIL", f"FROM:<a@b.example> SIZE={MAIL_LIMIT + 1}")


def _without_size(port: int, raw: bytes) -> str:
    wire = Wire(port)
    wire.begin()
    wire.send(raw + b".\r\n")
    said = wire.reply()[:9]
    assert wire.ask("NOOP")[:3] == "250"  # the connection goes on
    wire.close()
    return said


async def test_a_client_that_sends_without_end_is_hung_up():
    async with house() as here:
        said = await asyncio.to_thread(_endless, here.port, b"x" * 65_536)
        assert said.startswith("552")
        assert here.receiver.bounds.held == 0
        said = await asyncio.to_thread(_endless, here.port, b"short\r\n" * 9_000)
        assert said.startswith("552")


def _endless(port: int, chunk: bytes) -> str:
    wire = Wire(port)
    wire.begin()
    try:
        for _ in range(1_000):
            wire.send(chunk)
    except OSError:
        pass
    else:
        return "listened to everything"
    try:
        return wire.reply() or "552 not heard any more"
    except OSError:
        return "552 not heard any more"
    finally:
        wire.close()


async def test_too_many_recipients_are_put_off():
    async with house() as here:
        names = [f"nas+{number}@{DOMAIN}" for number in range(RECIPIENTS_MAX + 2)]
        refused = await sent(here.port, *names)
        assert [said[0] for said in refused.values()] == [452, 452]
        assert len(here.inbox.rows) == RECIPIENTS_MAX


async def test_a_large_mail_to_many_recipients_is_put_off():
    async with house() as here:
        raw = b"Subject: x\r\n\r\n" + (b"z" * 998 + b"\r\n") * 4_000
        names = [f"nas+{number}@{DOMAIN}" for number in range(COPIES_MAX // len(raw) + 1)]
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await sent(here.port, *names, raw=raw)
        assert refused.value.smtp_code == 452
        assert here.inbox.rows == []


async def test_an_integration_that_gets_too_much_is_put_off():
    async with house(pace=Pace(per_second=3, per_minute=10)) as here:
        names = [f"nas+{number}@{DOMAIN}" for number in range(5)]
        refused = await sent(here.port, *names)
        assert [said[0] for said in refused.values()] == [450, 450]
        here.clock.set(NOW + 1_000)
        assert await sent(here.port, f"nas@{DOMAIN}") == {}


async def test_a_hundred_mails_at_once():
    async with house() as here:

        async def one(number: int) -> None:
            async with aiosmtplib.SMTP(
                hostname="127.0.0.1", port=here.port, local_hostname="client.example", timeout=30
            ) as client:
                raw = MAIL.replace(b"<1@", b"<%d@" % number)
                await client.sendmail("a@mon.example", [f"{TOKEN}@{DOMAIN}"], raw)

        await asyncio.gather(*(one(number) for number in range(100)))
        assert len({row.body for row in here.inbox.rows}) == 100
        assert here.receiver.bounds.held == 0


async def test_starttls_and_still_nobody_signs_in(certificate):
    from webhooks.mail.session import tls_context

    async with house(tls=tls_context(*certificate)) as here:
        trust = ssl.create_default_context(cafile=certificate[0])
        said = await asyncio.to_thread(_over_tls, here.port, trust)
        assert said == (502, False)
        assert len(here.inbox.rows) == 1
        assert here.receiver.bounds.open.total() <= 1


def _over_tls(port: int, trust: ssl.SSLContext) -> tuple[int, bool]:
    with smtplib.SMTP("localhost", port, local_hostname="client.example", timeout=20) as client:
        client.starttls(context=trust)
        client.ehlo()
        said, _ = client.docmd("AUTH", "PLAIN AGEAYg==")
        offered = client.has_extn("auth")
        client.sendmail("a@mon.example", [f"nas@{DOMAIN}"], MAIL)
        return said, offered


async def test_what_is_said_in_plain_before_tls_does_not_count(certificate):
    """RFC 3207, 6: a command that came along with STARTTLS must not be taken for one that came inside."""
    from webhooks.mail.session import tls_context

    async with house(tls=tls_context(*certificate)) as here:
        said = await asyncio.to_thread(_injected, here.port)
        assert said == b""


def _injected(port: int) -> bytes:
    wire = Wire(port)
    wire.ask("EHLO client.example")
    wire.send(b"STARTTLS\r\nNOOP\r\n")
    assert wire.reply().startswith("220")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    wire.file.close()
    inside = context.wrap_socket(wire.socket)
    inside.settimeout(0.5)
    try:
        return inside.recv(100)
    except TimeoutError:
        return b""
    finally:
        inside.close()


async def test_stopping_tells_the_clients():
    async with house() as here:
        wire = await asyncio.to_thread(Wire, here.port)
        assert wire.greeting.startswith(f"220 {DOMAIN}")
        await here.receiver.stop()
        assert (await asyncio.to_thread(wire.reply)).startswith("421 4.3.2")
        wire.close()
