"""`tocsin doctor member`, `tocsin quota` and doctor's lines about quotas, beside a worker on the same database."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot import quotas
from bot.cli import app as cli
from bot.cli import boot
from bot.cli import member as member_doctor
from bot.clock import Ids, SystemClock
from bot.engine.model import Severity
from bot.manifest import load
from bot.playground.hosting import hosted
from bot.playground.hub import Hub
from bot.playground.mail import MailEmulator
from bot.playground.server import Playground
from bot.service import Service
from bot.settings import from_environment
from bot.store import migrations
from bot.store.opening import open_store
from tests.unit.manifests import small

ROOT = Path(__file__).parents[2]
QUOTA = {"per_month": 10, "reserve": 2, "price": {"smtp": 0.5}}


@pytest.fixture
def relay() -> Iterator[MailEmulator]:
    hub = Hub(time.time)
    mail = MailEmulator(hub, people={"ann@example.com": "Ann", "bo@example.com": "Bo"})
    with hosted(Playground(hub, [mail]).app):
        yield mail


@pytest.fixture
def env(tmp_path: Path, relay: MailEmulator) -> dict[str, str]:
    manifest = small({
        "members": {
            "ann": {"name": "Ann", "email": "ann@example.com", "identities": {}},
            "bo": {"name": "Bo Berg", "email": "bo@example.com", "lang": "zh"},
            "cy": {"name": "Cy"},
        },
        "platforms": {
            "email": {"host": "127.0.0.1", "port": relay.port, "from": "tocsin@example.com", "starttls": False},
        },
        "quotas": {"email": QUOTA},
    })  # fmt: skip
    file, url = tmp_path / "tocsin.yaml", f"sqlite:///{tmp_path / 'tocsin.db'}"
    data = json.loads(json.dumps(load.parse(manifest, "t").data))
    data["members"]["ann"].pop("identities", None)
    data["platforms"].pop("slack", None)
    file.write_text(json.dumps(data), encoding="utf-8")
    migrations.migrate(url)
    return {"TOCSIN_MANIFEST": str(file), "TOCSIN_DATABASE": url}


@contextmanager
def worker(env: dict[str, str]) -> Iterator[None]:
    """What `tocsin worker` runs, in a thread of this process."""
    settings = from_environment(env)
    stop, up = threading.Event(), threading.Event()

    async def run() -> None:
        store = open_store(settings.database)
        app = boot.build(settings, load.load(settings.manifest, {}, None), store)
        await app.start()
        app.work()
        up.set()
        await asyncio.to_thread(stop.wait)
        await app.stop()
        store.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert up.wait(20)
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def told(env: dict[str, str], *words: str) -> Any:
    return CliRunner(env=env).invoke(cli, list(words), catch_exceptions=False)


def doctored(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """As an operator runs it, in a process of its own."""
    command = [sys.executable, "-m", "bot", "doctor", "member", *words, "--wait", "20"]
    return subprocess.run(command, env=os.environ | env, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_member_who_is_reached_and_one_who_is_not(env: dict[str, str], relay: MailEmulator):
    relay.refuse("bo@example.com")
    with worker(env):
        good = doctored(env, "ann")
        bad = doctored(env, "Bo Berg", "--lang", "en")
        data = doctored(env, "bo", "--json")
    assert good.returncode == 0, good
    assert good.stdout.startswith("A test for Ann is on its way: email.\nYour test of ")
    assert "e-mail: taken. If you do not see it:\n  - The mail server took it" in good.stdout
    assert bad.returncode == 1
    assert "e-mail: failed, " in bad.stdout
    assert "  - Check the address in the manifest" in bad.stdout or "  - Take the sender off" in bad.stdout
    (way,) = json.loads(data.stdout)["ways"]
    assert (data.returncode, way["way"], way["state"]) == (1, "email", "failed")
    assert way["reason"].startswith("recipient_")
    assert all("\u4e00" <= step[0] <= "\u9fff" for step in way["steps"]), "in the member's own language"
    letters = [box for box in relay.state()["mailboxes"] if box["mails"]]
    assert [box["address"] for box in letters] == ["ann@example.com"]


def test_without_a_worker_it_says_so(env: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(member_doctor, "CLAIMED_WITHIN_S", 0.2)
    result = told(env, "doctor", "member", "ann", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["claimed"] is False
    assert "No worker took the test" in result.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("member", "nobody"), "it has ann, bo, cy"),
        (("member", "cy"), "Cy has no way to be reached"),
        (("member",), "tocsin doctor member NAME"),
        (("everything", "ann"), "tocsin doctor member NAME"),
    ],
)
def test_what_it_cannot_do_it_refuses(env: dict[str, str], words: tuple[str, ...], why: str):
    result = told(env, "doctor", *words)
    assert result.exit_code == 2
    assert why in result.stderr


def used(env: dict[str, str], count: int) -> None:
    store, clock = open_store(env["TOCSIN_DATABASE"]), SystemClock()
    world = load.load(from_environment(env).manifest, {}, None).world
    service = Service(lambda: world, clock, Ids())
    store.run(lambda tx: quotas.take(tx, service, "email", "smtp", Severity.CRITICAL, clock.now(), count=count))
    store.close()


def test_quotas_as_they_stand(env: dict[str, str]):
    result = told(env, "quota")
    assert result.exit_code == 0
    assert " 0 of 10 used (0 %, the last 2 for Critical)" in result.stdout
    used(env, 4)
    result = told(env, "quota")
    assert result.exit_code == 0
    assert " 4 of 10 used (40 %" in result.stdout
    assert "smtp 4, about 2.00 USD" in result.stdout
    used(env, 5)
    result = told(env, "quota", "--json")
    (row,) = json.loads(result.stdout)["quotas"]
    assert (result.exit_code, row["used"], row["vendors"], row["cost"]) == (1, 9, {"smtp": 9}, 4.5)
    assert "used up: only Critical pages go out" in told(env, "quota").stdout
    lines = [line for line in told(env, "doctor").stdout.splitlines() if "quota email" in line]
    assert lines[0].startswith("BAD  quota email: 9 of 10 used in ")


def test_without_quotas_there_is_nothing_to_show(env: dict[str, str]):
    file = Path(env["TOCSIN_MANIFEST"])
    data = json.loads(file.read_text(encoding="utf-8"))
    del data["quotas"]
    file.write_text(json.dumps(data), encoding="utf-8")
    result = told(env, "quota")
    assert (result.exit_code, result.stdout[:21]) == (0, "No quota is declared,")
