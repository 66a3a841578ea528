"""Mail over several relays: who takes over when, what is final, and what a broken relay costs the next mail."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bot.adapters.base import AuthBroken, Permanent, SendError, Transient
from bot.adapters.email import SmtpAdapter, SmtpSettings
from bot.adapters.email import relays as relays_module
from bot.deliver import CALL_MAX_S
from bot.playground.hosting import loopback_socket
from bot.playground.hub import Hub, Outage
from bot.playground.mail import MailEmulator

ANN = "ann@example.com"
MESSAGE = {"subject": "[#7] 数据库 disk full", "text": "It is full.\n", "html": "<p>It is full.</p>", "headers": {}}
KEY = "page:5a3c9e0f17d2b846:1.0.1.0:ann:email"


class Silent:
    """A relay that takes the connection and never says a word."""

    host = "127.0.0.1"
    port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._wait, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.calls = 0
        self._lines: list[asyncio.StreamWriter] = []

    async def _wait(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        self._lines.append(writer)

    async def stop(self) -> None:
        self._server.close()
        for line in self._lines:
            line.close()
            with contextlib.suppress(OSError):
                await line.wait_closed()


def dead_port() -> int:
    with loopback_socket() as one:
        return one.getsockname()[1]


@asynccontextmanager
async def relays(*made: MailEmulator | Silent) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for each in made:
            await each.start()
            stack.push_async_callback(each.stop)
        yield


def emulator(name: str = "smtp", **options) -> MailEmulator:
    return MailEmulator(Hub(time.time, slow_s=0.5), people={ANN: "Ann"}, name=name, **options)


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def adapter(*made, clock: Clock | None = None, mail_domain: str = "", **changes) -> SmtpAdapter:
    ports = [each if isinstance(each, int) else each.port for each in made]
    declared = tuple({"host": "127.0.0.1", "port": port, "starttls": False, **changes} for port in ports)
    settings = SmtpSettings(
        relays=declared,
        sender="Tocsin <tocsin@example.com>",
        clock=clock or Clock(),
        mail_domain=mail_domain,
        mail_key=(b"k" * 32,),
    )
    return SmtpAdapter(settings)


def mails(relay: MailEmulator, address: str = ANN) -> list[dict]:
    return next(box["mails"] for box in relay.state()["mailboxes"] if box["address"] == address)


def header(mail: dict, name: str) -> str:
    return next(value for known, value in mail["headers"] if known == name)


async def test_the_first_relay_carries_everything_while_it_is_well():
    first, second = emulator(), emulator("second")
    async with relays(first, second):
        sent = await adapter(first, second).send(ANN, MESSAGE, key=KEY)
    assert (len(mails(first)), len(mails(second))) == (1, 0)
    assert header(mails(first)[0], "Message-ID") == f"<{sent.provider_id}@example.com>"


PASSING = [
    ({"MAIL": "421 4.3.2 shutting down"}, "unavailable"),
    ({"RCPT": "451 4.7.1 greylisted"}, "unavailable"),
    ({"DATA": "452 4.3.1 disk full"}, "unavailable"),
    ({"MAIL": "550 5.7.1 sender is not welcome"}, "refused"),
    ({"RCPT": "554 5.7.1 Relay access denied"}, "refused"),
    ({"DATA": "554 5.6.0 content is not welcome"}, "refused"),
]


@pytest.mark.parametrize(("says", "reason"), PASSING)
async def test_the_next_relay_takes_over_where_it_may_do_better(says: dict, reason: str):
    first, second = emulator(says=says), emulator("second")
    async with relays(first, second):
        await adapter(first, second).send(ANN, MESSAGE, key=KEY)
        assert len(mails(second)) == 1
        with pytest.raises(SendError) as caught:
            await adapter(first).send(ANN, MESSAGE, key=KEY)
    assert caught.value.reason == reason


async def test_a_bad_recipient_is_bad_everywhere():
    first, second = emulator(), emulator("second")
    async with relays(first, second):
        first.refuse(ANN)
        with pytest.raises(Permanent) as caught:
            await adapter(first, second).send(ANN, MESSAGE, key=KEY)
    assert (caught.value.reason, mails(second)) == ("recipient_unreachable", [])


async def test_a_dead_relay_and_a_wrong_password_lead_to_the_next():
    locked, open_one = emulator(credentials={"tocsin": "right"}), emulator("second", credentials={"tocsin": "wrong"})
    async with relays(locked, open_one):
        made = adapter(dead_port(), locked, open_one, username="tocsin", password="wrong")
        await made.send(ANN, MESSAGE, key=KEY)
        assert len(mails(open_one)) == 1
        with pytest.raises(AuthBroken):
            await adapter(locked, username="tocsin", password="wrong").send(ANN, MESSAGE, key=KEY)


async def test_a_line_that_breaks_after_the_mail_leaves_a_doubt_and_one_message_id():
    first, second = emulator(drops=True), emulator("second")
    async with relays(first, second):
        await adapter(first, second).send(ANN, MESSAGE, key=KEY)
        assert header(mails(first)[0], "Message-ID") == header(mails(second)[0], "Message-ID")
        with pytest.raises(Transient) as caught:
            await adapter(first).send(ANN, MESSAGE, key=KEY)
    assert caught.value.ambiguous


async def test_a_silent_relay_costs_one_slow_mail_and_not_each(monkeypatch):
    monkeypatch.setattr(relays_module, "RELAY_S", 0.4)
    silent, second, clock = Silent(), emulator("second"), Clock()
    async with relays(silent, second):
        made = adapter(silent, second, clock=clock)
        began = time.monotonic()
        await made.send(ANN, MESSAGE, key=KEY)
        first_took = time.monotonic() - began
        for count in range(5):
            await made.send(ANN, MESSAGE, key=f"{KEY}{count}")
        assert (silent.calls, len(mails(second))) == (1, 6)
        assert first_took >= 0.4
        clock.now += 31  # the rest is over: one mail looks whether it is well again
        await made.send(ANN, MESSAGE, key="later")
        await made.send(ANN, MESSAGE, key="and another")
    assert (silent.calls, len(mails(second))) == (2, 8)


async def test_a_refused_connection_costs_nothing_and_rests_after_three(monkeypatch):
    tried = []
    real = relays_module._hand_over

    async def counted(relay, post, within_s):
        tried.append(relay.port)
        return await real(relay, post, within_s)

    monkeypatch.setattr(relays_module, "_hand_over", counted)
    second, dead = emulator("second"), dead_port()
    async with relays(second):
        made = adapter(dead, second)
        for count in range(6):
            await made.send(ANN, MESSAGE, key=f"{KEY}{count}")
    assert tried.count(dead) == 3
    assert len(mails(second)) == 6


async def test_where_all_rest_they_are_tried_all_the_same():
    only, clock = emulator(), Clock()
    async with relays(only):
        only.hub.switch("smtp", Outage.DOWN)
        made = adapter(only, clock=clock)
        for _ in range(4):
            with pytest.raises(Transient):
                await made.send(ANN, MESSAGE, key=KEY)
        only.hub.switch("smtp", None)
        await made.send(ANN, MESSAGE, key=KEY)
    assert len(mails(only)) == 1


async def test_five_silent_relays_end_within_the_limit_of_a_call(monkeypatch):
    monkeypatch.setattr(relays_module, "RELAY_S", 0.3)
    made = [Silent() for _ in range(5)]
    async with relays(*made):
        carrier = relays_module.Relays(
            [relays_module.Relay(host="127.0.0.1", port=each.port, starttls=False) for each in made], Clock()
        )
        post = relays_module.Post(sender="a@example.com", plain_sender="a@example.com", recipient=ANN, raw=b"")
        began = time.monotonic()
        with pytest.raises(Transient, match="timeout"):
            await carrier.carry(post, 1.5)
        assert time.monotonic() - began < 2.0
    assert relays_module.TOTAL_S + relays_module.QUIT_S < CALL_MAX_S


async def test_a_relay_that_carries_its_customers_domain_only_gets_the_plain_sender():
    strict = emulator(senders=frozenset({"example.com"}))
    async with relays(strict):
        sent = await adapter(strict, mail_domain="in.example.net").send(ANN, MESSAGE, key=KEY)
        assert mails(strict)[0]["envelope_from"] == "tocsin@example.com"
        strict.senders = frozenset()
        await adapter(strict, mail_domain="in.example.net").send(ANN, MESSAGE, key=KEY)
    assert mails(strict)[0]["envelope_from"] == f"bounce+{sent.provider_id}@in.example.net"


async def test_a_header_that_would_break_out_of_its_line_is_refused():
    with pytest.raises(Permanent):
        await adapter(1).send("ann@example.com\r\nBcc: eve@example.com", MESSAGE, key=KEY)


async def test_doctor_looks_at_each_relay_and_says_what_to_mend():
    good, locked = emulator(), emulator("second", credentials={"tocsin": "right"})
    async with relays(good, locked):
        made = adapter(good, locked, dead_port(), mail_domain="in.example.net")
        fine, open_one, dead, hint = await made.check()
        wrong = (await adapter(locked, username="tocsin", password="wrong").check())[0]
        no_tls = (await adapter(good, starttls=True).check())[0]
    assert (fine.ok, open_one.ok, dead.ok, wrong.ok, no_tls.ok) == (True, True, False, False, False)
    assert "connected, not encrypted" in fine.detail
    assert "Check host and port" in dead.cure
    assert "password" in wrong.cure
    assert "465" in no_tls.cure
    assert "SPF of in.example.net" in hint.detail
    assert mails(good) == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[str, str]:
    place = tmp_path_factory.mktemp("tls")
    key, cert = str(place / "key.pem"), str(place / "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return key, cert


async def test_a_certificate_that_nobody_vouches_for_is_refused_and_the_next_relay_takes_over(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])
    own, plain = emulator(tls=context), emulator("second")
    async with relays(own, plain):
        made = SmtpAdapter(
            SmtpSettings(
                relays=(
                    {"host": "127.0.0.1", "port": own.port},
                    {"host": "127.0.0.1", "port": plain.port, "starttls": False},
                ),
                sender="tocsin@example.com",
                clock=Clock(),
            )
        )
        await made.send(ANN, MESSAGE, key=KEY)
        looked = (await made.check())[0]
    assert (mails(own), len(mails(plain))) == ([], 1)
    assert (looked.ok, "certificate" in looked.cure) == (False, True)


async def test_mail_and_password_go_encrypted_where_the_certificate_is_vouched_for(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate[1])  # which OpenSSL adds to what the machine trusts
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])
    locked = emulator(tls=context, credentials={"tocsin": "right"})  # takes a password inside TLS only
    async with relays(locked):
        made = adapter(locked, starttls=True, username="tocsin", password="right")
        await made.send(ANN, MESSAGE, key=KEY)
        looked = (await made.check())[0]
    assert len(mails(locked)) == 1
    assert (looked.ok, looked.detail) == (True, "connected, encrypted by STARTTLS, logged in")
