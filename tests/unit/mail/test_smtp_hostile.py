"""Mail servers are talked to by everybody: smugglers, guessers, those who dawdle, and those who send junk."""

from __future__ import annotations

import asyncio
import contextlib
import re

import pytest

from tests.unit.mail.house import DOMAIN, MAIL, NOW, TOKEN, Wire, house
from webhooks.mail import bounds
from webhooks.mail.bounds import CONNECTIONS_OF_HOST, GUESSES_OF_HOST, MAILS_OF_HOST, Bounds, host_of
from webhooks.mail.session import COMMANDS, LINE_LIMIT, Session

BOX = f"nas@{DOMAIN}"

SMUGGLED = f"MAIL FROM:<admin@acme.example>\r\nRCPT TO:<{BOX}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n".encode()


@pytest.mark.parametrize(
    "ending",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r\n\x00.\r\n", b"\r\n.\x00\r\n"],
    ids=repr,
)
async def test_only_crlf_dot_crlf_ends_a_mail(ending):
    """CVE-2024-27305, and https://smtpsmuggling.com: what another server takes for the end is text here."""
    async with house() as here:

        def smuggle() -> str:
            wire = Wire(here.port)
            wire.begin()
            wire.send(b"Subject: one\r\n\r\nfirst" + ending + SMUGGLED)
            said = wire.reply()
            wire.close()
            return said

        said = await asyncio.to_thread(smuggle)
        assert said.startswith("250")
        (row,) = here.inbox.rows
        assert b"smuggled" in row.body


async def test_dots_are_taken_away_as_they_were_put():
    async with house() as here:

        def send() -> None:
            wire = Wire(here.port)
            wire.begin()
            wire.send(b"Subject: x\r\n\r\n..one dot\r\n...two\r\n..\r\n.\r\n")
            assert wire.reply().startswith("250")
            wire.close()

        await asyncio.to_thread(send)
        assert here.inbox.rows[0].body == b"Subject: x\r\n\r\n.one dot\r\n..two\r\n.\r\n"


async def test_any_bytes_in_a_mail_are_kept_as_they_are():
    odd = b"Subject: \x00\xff\xfe\r\n\r\n\x00\x01\xffbare\nfeed\rreturn " + b"y" * (LINE_LIMIT - 100) + b"\r\n"
    async with house() as here:

        def send() -> str:
            wire = Wire(here.port)
            wire.begin()
            wire.send(odd + b".\r\n")
            said = wire.reply()
            wire.begin()
            wire.send(b"z" * (LINE_LIMIT + 10) + b"\r\n.\r\n")
            said += "\n" + wire.reply()
            wire.close()
            return said

        kept, refused = (await asyncio.to_thread(send)).split("\n")
        assert kept.startswith("250")
        assert refused.startswith("500 5.5.2")
        assert [row.body for row in here.inbox.rows] == [odd]


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00" * 100 + b"\r\n",
        b"\xff\xfe\xfd\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"MAIL FROM:\r\nRCPT\r\nDATA\r\n.\r\n",
        b"EHLO x\r\nMAIL FROM:<a@b> NONSENSE=1\r\nRCPT TO:<>\r\n",
        b"EHLO x\r\nMAIL FROM:<" + b"a" * 5000 + b"@b>\r\n",
        b"EHLO x\r\nMAIL FROM:<\xff\xfe@b.example>\r\nRCPT TO:<\xc3\xa9\xff@alerts.acme.example>\r\n",
        b'EHLO x\r\nMAIL FROM:<"@b>\r\nMAIL FROM:<(@b>\r\nMAIL FROM:<@a:b@c>\r\nMAIL FROM:[\r\n',
        b"x" * 1_000_000 + b"\r\n",
        b"\r\n" * 1000,
        b"VRFY nas\r\nEXPN nas\r\nHELP\r\nHELP DATA\r\nAUTH LOGIN\r\nSTARTTLS\r\nTURN\r\n",
    ],
    ids=lambda junk: repr(junk[:24]),
)
async def test_junk_is_answered_and_nothing_comes_of_it(junk):
    async with house() as here:

        def send() -> list[str]:
            wire = Wire(here.port)
            with contextlib.suppress(OSError):
                wire.send(junk)
                wire.send(b"QUIT\r\n")
            heard = [wire.greeting]
            with contextlib.suppress(OSError):
                while said := wire.reply():
                    heard.append(said)
            wire.close()
            return heard

        heard = await asyncio.wait_for(asyncio.to_thread(send), 20)
        assert all(re.match(r"[2-5]\d\d[ -]", said) for said in heard)
        assert not any(said.startswith("354") for said in heard)
        assert here.inbox.rows == []
        assert await _alive(here.port)


async def _alive(port: int) -> bool:
    def look() -> bool:
        wire = Wire(port)
        ended = wire.ask("QUIT").startswith("221")
        wire.close()
        return ended

    return await asyncio.to_thread(look)


async def test_commands_that_come_all_at_once_are_worked_off_in_order():
    async with house() as here:

        def send() -> list[str]:
            wire = Wire(here.port)
            envelope = f"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<{BOX}>\r\nDATA\r\n"
            wire.send(envelope.encode() + MAIL + b".\r\nQUIT\r\n")
            heard = [wire.reply()[:3] for _ in range(6)]
            wire.close()
            return heard

        assert await asyncio.to_thread(send) == ["250", "250", "250", "354", "250", "221"]
        assert len(here.inbox.rows) == 1


async def test_a_client_that_vanishes_leaves_nothing():
    async with house() as here:

        def vanish() -> None:
            for sofar in (b"", b"EHLO x\r\n", b"MAIL", MAIL):
                wire = Wire(here.port)
                if sofar == MAIL:
                    wire.begin()
                wire.send(sofar)
                wire.close()

        await asyncio.to_thread(vanish)
        await _until(lambda: here.receiver.bounds.open.total() == 0)
        assert here.receiver.bounds.held == 0
        assert here.inbox.rows == []


async def _until(holds) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def test_who_guesses_addresses_is_sent_away():
    async with house() as here:

        def guess() -> list[str]:
            wire = Wire(here.port)
            wire.ask("EHLO x")
            wire.ask("MAIL FROM:<a@b.example>")
            heard = []
            for number in range(20):
                heard.append(wire.ask(f"RCPT TO:<x{number}@{DOMAIN}>")[:3])
                if heard[-1] != "550":
                    break
            wire.close()
            return heard

        heard = await asyncio.to_thread(guess)
        assert heard == ["550"] * 4 + ["421"]
        for _ in range(GUESSES_OF_HOST // 5 - 1):
            await asyncio.to_thread(guess)
        wire = await asyncio.to_thread(Wire, here.port)
        assert wire.greeting.startswith("421 4.7.0")  # not even a good address is taken from there
        wire.close()
        here.clock.set(NOW + 60_000)
        wire = await asyncio.to_thread(Wire, here.port)
        assert wire.greeting.startswith("220")
        wire.close()


async def test_who_guesses_over_many_connections_is_sent_away_on_each():
    async with house() as here:

        def guess() -> list[str]:
            wires = [Wire(here.port) for _ in range(GUESSES_OF_HOST // 4 + 2)]
            heard = []
            for wire in wires:  # fewer on each than end a connection
                wire.ask("EHLO x")
                wire.ask("MAIL FROM:<a@b.example>")
                for _ in range(4):
                    heard.append(wire.ask(f"RCPT TO:<x{len(heard)}@{DOMAIN}>")[:3])
                    if heard[-1] == "421":
                        break
            for wire in wires:
                wire.close()
            return heard

        heard = await asyncio.to_thread(guess)
        assert heard[:GUESSES_OF_HOST] == ["550"] * (GUESSES_OF_HOST - 1) + ["421"]
        assert set(heard[GUESSES_OF_HOST:]) == {"421"}


async def test_looking_addresses_up_tells_nothing():
    async with house() as here:

        def look() -> set[str]:
            wire = Wire(here.port)
            wire.ask("EHLO x")
            heard = {wire.ask(f"{verb} {name}@{DOMAIN}") for verb in ("VRFY",) for name in (TOKEN, "nas", "nobody")}
            wire.close()
            return heard

        assert len(await asyncio.to_thread(look)) == 1


async def test_a_host_that_sends_too_much_is_put_off_for_a_minute():
    async with house() as here:
        here.receiver.bounds._mails["127.0.0.1"] = MAILS_OF_HOST
        here.receiver.bounds._minute = NOW // 60_000

        def mail() -> str:
            wire = Wire(here.port)
            wire.ask("EHLO x")
            said = wire.ask("MAIL FROM:<a@b.example>")
            wire.close()
            return said

        assert (await asyncio.to_thread(mail)).startswith("450 4.7.1")
        here.clock.set(NOW + 60_000)
        assert (await asyncio.to_thread(mail)).startswith("250")


async def test_a_host_has_only_so_many_connections(monkeypatch):
    monkeypatch.setattr(bounds, "CONNECTIONS_OF_HOST", 3)
    async with house() as here:

        def knock() -> list[str]:
            wires = [Wire(here.port) for _ in range(5)]
            greetings = [wire.greeting[:9] for wire in wires]
            for wire in wires:
                wire.close()
            return greetings

        assert await asyncio.to_thread(knock) == ["220 alert"] * 3 + ["421 4.7.0"] * 2
        await _until(lambda: here.receiver.bounds.open.total() == 0)
        assert await _alive(here.port)


async def test_mails_under_way_have_only_so_much_room_together(monkeypatch):
    monkeypatch.setattr("webhooks.mail.session.HELD_MAX", 300_000)
    async with house() as here:

        def fill() -> str:
            first, second = Wire(here.port), Wire(here.port)
            first.begin()
            second.begin()
            first.send(b"x" * 100_000)
            with contextlib.suppress(OSError):
                second.send(b"x" * 250_000)
            said = second.reply()
            first.close()
            second.close()
            return said

        assert (await asyncio.to_thread(fill)).startswith("421 4.3.2")
        await _until(lambda: here.receiver.bounds.held == 0)


async def test_who_dawdles_is_sent_away(monkeypatch):
    monkeypatch.setattr(bounds, "PATIENCE_S", 0.5)
    async with house() as here:

        def dawdle() -> str:
            wire = Wire(here.port)
            wire.send(b"EH")  # and never the rest
            said = wire.reply()
            wire.close()
            return said

        assert (await asyncio.to_thread(dawdle)).startswith("421 4.4.2")

        def drip() -> str:
            wire = Wire(here.port)
            wire.begin()
            wire.socket.settimeout(0.02)
            said = b""
            for _ in range(500):
                with contextlib.suppress(TimeoutError):
                    said = wire.socket.recv(100)
                    break
                wire.send(b"x")
            wire.close()
            return said.decode()

        assert (await asyncio.to_thread(drip)).startswith("421 4.4.2")


async def test_nobody_holds_a_connection_with_noops():
    async with house() as here:

        def noop() -> list[str]:
            wire = Wire(here.port)
            heard = [wire.ask("NOOP")[:3] for _ in range(COMMANDS["*"] + 1)]
            wire.close()
            return heard

        assert (await asyncio.to_thread(noop))[-1] == "421"


async def test_a_failure_nobody_foresaw_lets_the_sender_keep_the_mail(monkeypatch):
    async with house() as here:

        async def stumble(_rows) -> None:
            raise RuntimeError("secret detail")

        here.receiver._append = stumble

        def send() -> str:
            wire = Wire(here.port)
            wire.begin()
            wire.send(MAIL + b".\r\n")
            said = wire.reply()
            wire.close()
            return said

        said = await asyncio.to_thread(send)
        assert said.startswith("451 4.3.0")
        assert "secret" not in said


def test_patience_is_short_when_many_wait():
    crowd = Bounds()
    assert crowd.patience_s() == bounds.PATIENCE_S
    for number in range(bounds.CONNECTIONS_MAX // 2 + 1):
        crowd.enter(f"10.0.{number // 200}.{number % 200}", NOW)
    assert crowd.patience_s() == bounds.SHORT_PATIENCE_S
    assert CONNECTIONS_OF_HOST < bounds.CONNECTIONS_MAX


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1, 0, 0), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1, 0, 0), "fe80::/64"),
        ("/run/socket", ""),
        (None, ""),
    ],
)
def test_one_host_is_one_host(peer, host):
    assert host_of(peer) == host


def test_the_session_is_strict_about_lines_of_data():
    """The guard against smuggling is aiosmtpd's: it must never read data by bare line feeds again."""
    import inspect

    source = inspect.getsource(Session.__mro__[1].smtp_DATA)
    assert r"readuntil(b'\r\n')" in source
