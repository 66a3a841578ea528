"""Mail from a mailbox that is polled, against a strict little IMAP server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from bot.clock import Ids, VirtualClock
from bot.manifest.mail import Imap
from bot.playground.imap import SEEN, ImapEmulator
from tests.unit.mail.house import DOMAIN, NOW, TOKEN, WORLD, Answers, Inbox
from webhooks.mail import imap, polling
from webhooks.mail.addresses import Book
from webhooks.mail.imap import ImapBox, ImapTrouble
from webhooks.mail.polling import ALARM_AFTER, BATCH, Poller


@dataclass(slots=True)
class Place:
    server: ImapEmulator
    inbox: Inbox
    answers: Answers
    poller: Poller
    alarms: list[str] = field(default_factory=list)


def settings_for(server: ImapEmulator, **more) -> Imap:
    known = {"host": "127.0.0.1", "port": server.port, "username": server.username, "tls": False}
    return Imap(**{**known, "password": SecretStr(server.password), "folder": server.folder, **more})


@asynccontextmanager
async def place(server: ImapEmulator | None = None, **more) -> AsyncIterator[Place]:
    server = server or ImapEmulator()
    await server.start()
    inbox, answers, alarms = Inbox(), Answers(), []

    async def alarm(text: str) -> None:
        alarms.append(text)

    poller = Poller(
        settings=settings_for(server, **more),
        book=Book(lambda: WORLD),
        append=inbox.append,
        mailbox=answers,
        alarm=alarm,
        clock=VirtualClock(NOW),
        ids=Ids(1),
    )
    try:
        yield Place(server, inbox, answers, poller, alarms)
    finally:
        await server.stop()


def mail(number: int, field: str = f"Delivered-To: nas@{DOMAIN}") -> bytes:
    return f"Return-Path: <a@mon.example>\r\n{field}\r\nFrom: a@mon.example\r\nSubject: {number}\r\n\r\nx\r\n".encode()


@pytest.mark.parametrize("plain", [True, False], ids=["AUTHENTICATE PLAIN", "LOGIN"])
@pytest.mark.parametrize("password", ["simple", 'with " and \\ and space', "pässwörd"])
async def test_unseen_mails_are_kept_and_then_marked(plain, password):
    async with place(ImapEmulator(plain=plain, password=password, folder="Alerts (new)")) as here:
        raw = [mail(number) for number in range(3)]
        for each in raw:
            here.server.put(each)
        if not plain and not password.isascii():
            assert await here.poller.look() == 0  # LOGIN has ASCII only, and the failure is told
            return
        assert await here.poller.look() == 3
        assert [row.body for row in here.inbox.rows] == raw
        assert {(row.integration, row.path, row.headers["return-path"]) for row in here.inbox.rows} == {
            ("nas", "nas@mail", "<a@mon.example>")
        }
        assert here.server.unseen() == ()
        assert await here.poller.look() == 0
        assert len(here.inbox.rows) == 3


@pytest.mark.parametrize(
    "fields",
    [
        f"X-Original-To: {TOKEN}@{DOMAIN}",
        f"To: Somebody <else@{DOMAIN}>, NAS <NAS@{DOMAIN.upper()}>",
        f"Delivered-To: alerts@{DOMAIN}\r\nTo: alerts+{TOKEN}@{DOMAIN}",
        f"Envelope-To: <nas+disk@{DOMAIN}>\r\nTo: a@elsewhere.example",
        f"Cc: x@elsewhere.example,\r\n nas@{DOMAIN}",
    ],
)
async def test_the_address_it_was_delivered_to_decides(fields):
    async with place() as here:
        here.server.put(mail(1, fields))
        assert await here.poller.look() == 1
        (row,) = here.inbox.rows
        assert row.integration == "nas"
        assert TOKEN not in row.path


async def test_a_mail_for_nobody_is_passed_over_and_marked():
    async with place() as here:
        here.server.put(mail(1, f"To: stranger@{DOMAIN}"))
        here.server.put(mail(2, "To: nas@elsewhere.example"))
        here.server.put(b"\x00\xff no mail at all")
        here.server.put(mail(3))
        assert await here.poller.look() == 4
        assert len(here.inbox.rows) == 1
        assert here.server.unseen() == ()


async def test_answers_to_our_own_mails_go_to_their_mailbox():
    async with place() as here:
        raw = mail(1, f"To: reply+abc@{DOMAIN}")
        here.server.put(raw)
        await here.poller.look()
        assert here.answers.taken == [("a@mon.example", f"reply+abc@{DOMAIN}", raw)]


async def test_what_is_not_durable_stays_unseen():
    async with place() as here:
        here.server.put(mail(1))
        here.inbox.broken = True
        assert await here.poller.look() == 0
        assert here.server.unseen() == (1,)
        assert [each.flags for each in here.server.mails()] == [set()]
        here.inbox.broken = False
        assert await here.poller.look() == 1
        assert [each.flags for each in here.server.mails()] == [{SEEN}]


async def test_a_look_takes_only_so_many():
    async with place() as here:
        for number in range(BATCH + 3):
            here.server.put(mail(number))
        assert await here.poller.look() == BATCH
        assert await here.poller.look() == 3
        assert [b"Subject: %d\r" % number in row.body for number, row in enumerate(here.inbox.rows)] == [True] * 53


async def test_a_mail_that_is_too_large_is_told_and_passed_over(monkeypatch):
    monkeypatch.setattr(polling, "MAIL_LIMIT", 500)
    async with place() as here:
        here.server.put(mail(1) + b"x" * 600)
        here.server.put(mail(2))
        assert await here.poller.look() == 2
        assert len(here.inbox.rows) == 1
        assert len(here.alarms) == 1


async def test_a_mail_that_somebody_removes_meanwhile_is_no_trouble(monkeypatch):
    async with place() as here:
        first, _ = here.server.put(mail(1)), here.server.put(mail(2))
        unseen = ImapBox.unseen

        def and_remove(box: ImapBox, most: int):
            found = unseen(box, most)
            here.server.remove(first)
            return found

        monkeypatch.setattr(ImapBox, "unseen", and_remove)
        assert await here.poller.look() == 1
        assert here.alarms == []


@pytest.mark.parametrize("step", ["AUTHENTICATE", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"])
async def test_a_server_that_refuses_is_told_of_after_a_while_and_once(step):
    async with place() as here:
        here.server.put(mail(1))
        here.server.failing.add(step)
        for _ in range(ALARM_AFTER + 2):
            assert await here.poller.look() == 0
        assert len(here.alarms) == 1
        assert "127.0.0.1" in here.alarms[0]
        here.server.failing.clear()
        assert await here.poller.look() == 1
        assert len(here.inbox.rows) == 1  # also where it was kept before, and could only not be marked


async def test_a_wrong_password_is_told_without_showing_it():
    async with place(password=SecretStr("not-this-one")) as here:
        for _ in range(ALARM_AFTER):
            await here.poller.look()
        assert "not-this-one" not in here.alarms[0]
        assert "AUTHENTICATIONFAILED" in here.alarms[0]


async def test_a_server_that_says_nothing_is_hung_up(monkeypatch):
    monkeypatch.setattr(imap, "CALL_S", 0.2)
    async with place() as here:
        here.server.mute.add("SELECT")
        assert await asyncio.wait_for(here.poller.look(), 10) == 0


async def test_a_call_that_takes_too_long_is_hung_up(monkeypatch):
    monkeypatch.setattr(polling, "STEP_S", 0.2)
    async with place() as here:
        here.server.put(mail(1))
        here.server.mute.add("UID SEARCH")
        assert await asyncio.wait_for(here.poller.look(), 10) == 0


async def test_nobody_listens():
    async with place() as here:
        await here.server.stop()
        assert await here.poller.look() == 0


@pytest.mark.parametrize("implicit", [True, False], ids=["TLS", "STARTTLS"])
async def test_passwords_go_over_tls_to_a_server_that_proves_itself(certificate, implicit, monkeypatch):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    async with place(ImapEmulator(tls=context, implicit_tls=implicit), tls=True) as here:
        if implicit:
            monkeypatch.setattr(imap, "IMPLICIT_TLS_PORT", here.server.port)
        here.server.put(mail(1))
        assert await here.poller.look() == 0  # nobody vouches for the certificate
        assert not {"LOGIN", "AUTHENTICATE"} & set(here.server.commands)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert await here.poller.look() == 1


async def test_without_tls_nothing_secret_is_said():
    async with place(tls=True) as here:  # a server that cannot encrypt
        with pytest.raises(ImapTrouble):
            await asyncio.to_thread(ImapBox(settings_for(here.server, tls=True)).__enter__)
        assert not {"LOGIN", "AUTHENTICATE"} & set(here.server.commands)
