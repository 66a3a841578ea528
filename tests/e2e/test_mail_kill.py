"""SIGKILL of `serve` while mails come in: every mail that was answered 250 is an alert afterwards."""

from __future__ import annotations

import asyncio
import smtplib
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.processes import Fleet, free_port

pytestmark = pytest.mark.slow

KILLS = 3
MAILS_BEFORE_A_KILL = 40
SENDERS = 6
MANIFEST = """
organization: Acme
members: {ann: {name: Ann, email: ann@acme.example}}
channels:
  web: {name: Web, digest: {enabled: false}, rules: [{name: All, levels: [{notify: ["member:ann"]}]}]}
integrations:
  nas: {source: email, channel: web, key: nas-key-0123456789AB, email: {address: nas}}
mail: {domain: alerts.acme.example}
catch_all: ["member:ann"]
platforms: {email: {host: 127.0.0.1, port: 9, from: tocsin@acme.example, starttls: false}}
"""


class Senders:
    """Threads that send mails, one after the other, whatever happens to the server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.accepted: list[str] = []
        self.cut_off = 0
        self.over = threading.Event()
        self.enough = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(30)

    def _send(self, number: int) -> None:
        serial = 0
        while not self.over.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example", timeout=10) as client:
                    while not self.over.is_set():
                        serial += 1
                        name = f"<{number}.{serial}@mon.example>"
                        text = f"From: a@mon.example\r\nSubject: s\r\nMessage-ID: {name}\r\n\r\n{'x' * 2000}\r\n"
                        client.sendmail("a@mon.example", ["nas@alerts.acme.example"], text)
                        self.accepted.append(name)
                        self.enough.release()
            except (OSError, smtplib.SMTPException):
                self.cut_off += 1
                self.over.wait(0.05)


async def _storm(fleet: Fleet, senders: Senders) -> None:
    async with aiohttp.ClientSession() as http:
        fleet.start("serve")
        await fleet.ready(http, "serve")
        senders.start()
        for _ in range(KILLS):
            for _ in range(MAILS_BEFORE_A_KILL):
                assert await asyncio.to_thread(senders.enough.acquire, timeout=60)
            await asyncio.to_thread(fleet.kill, "serve")
            fleet.start("serve")
            await fleet.ready(http, "serve")
        await asyncio.to_thread(senders.stop)
        async with asyncio.timeout(60):
            while await asyncio.to_thread(_unsettled, fleet.database):  # noqa: ASYNC110 - another process works it off
                await asyncio.sleep(0.1)


def _unsettled(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM inbox WHERE state <> 'done'").fetchone()[0])


def test_a_mail_that_was_taken_is_never_lost(tmp_path):
    manifest = tmp_path / "tocsin.yaml"
    manifest.write_text(MANIFEST)
    port = free_port()
    fleet = Fleet(tmp_path, manifest, extra={"TOCSIN_SMTP_LISTEN": f"127.0.0.1:{port}"})
    senders = Senders(port)
    try:
        asyncio.run(_storm(fleet, senders))
    finally:
        senders.stop()
        fleet.stop()
    with closing(sqlite3.connect(fleet.database)) as connection:
        keys = {key for (key,) in connection.execute("SELECT alert_key FROM alert")}
    assert senders.cut_off >= KILLS, "No mail was under way at any kill, so this run proves little."
    assert len(senders.accepted) >= KILLS * MAILS_BEFORE_A_KILL
    assert set(senders.accepted) - keys == set()
