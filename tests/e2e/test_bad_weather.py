"""Bad weather on the real process: a wrong manifest, a full disk, a locked file, and requests that nobody should trust.

The rule behind all of it: say plainly that nothing was kept, keep what can be kept, and recover without being asked.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.load import Post
from tests.e2e.processes import ROOT, Fleet
from tests.e2e.stage import SIGNING_SECRET, WARDEN, Place, Stage, stage
from tests.e2e.verdict import rows

PLACES = (Place(0), Place(1))
KEY = PLACES[0].key
FAR_S = 20.0
"""Longer than SQLite's busy timeout and every poll, on a machine that has other things to do."""
ALERT = Post(place=PLACES[0], burst="Burst00000", alerts=("00000000000000aa",)).body()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fleet, Stage]]:
    """`tocsin serve` beside its emulators; what one test breaks it mends."""
    folder = tmp_path_factory.mktemp("weather")
    fleet = Fleet(folder, folder / "tocsin.yaml")
    with stage(PLACES, fleet.url) as played:
        fleet.manifest.write_text(played.manifest(fleet.url), encoding="utf-8")
        fleet.start("serve")
        asyncio.run(_up(fleet))
        yield fleet, played
        assert fleet.stop()["serve"] in (0, -signal.SIGTERM)
    assert "Traceback" not in fleet.log("serve").read_text()


@pytest.fixture
def fleet(served: tuple[Fleet, Stage]) -> Fleet:
    return served[0]


@pytest.fixture
def played(served: tuple[Fleet, Stage]) -> Stage:
    return served[1]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FAR_S)) as session:
        yield session


def run(verb: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A verb that ends by itself."""
    command = [sys.executable, "-m", "bot", verb]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


async def _up(fleet: Fleet) -> None:
    async with aiohttp.ClientSession() as session:
        await fleet.ready(session, "serve")


async def becomes(true: Callable[[], Awaitable[bool] | bool]) -> bool:
    began = time.monotonic()
    while time.monotonic() - began < FAR_S:
        found = true()
        if found if isinstance(found, bool) else await found:
            return True
        await asyncio.sleep(0.05)
    return False


async def post(http: aiohttp.ClientSession, url: str, body: object) -> tuple[int, str, dict[str, str]]:
    data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    async with http.post(url, data=data, headers={"content-type": "application/json"}) as answer:
        return answer.status, await answer.text(), {name.lower(): value for name, value in answer.headers.items()}


async def status_of(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(url) as answer:
        return answer.status


@contextmanager
def full_disk(fleet: Fleet) -> Iterator[None]:
    """No file of the process can grow: what a full disk means to a database, without a disk to fill."""
    pid = fleet.running["serve"].pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def locked_file(fleet: Fleet) -> Iterator[None]:
    """Somebody else holds the database's write lock and does not let go."""
    connection = sqlite3.connect(fleet.database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


@asynccontextmanager
async def healed(fleet: Fleet, http: aiohttp.ClientSession) -> AsyncIterator[None]:
    """After the weather: ready again by itself, and alerts are taken as if nothing had been."""
    yield
    assert await becomes(lambda: _is(http, f"{fleet.url}/readyz", 200))
    status, _, _ = await post(http, f"{fleet.url}/in/prometheus/{KEY}", ALERT)
    assert status == 200


async def _is(http: aiohttp.ClientSession, url: str, status: int) -> bool:
    return await status_of(http, url) == status


@pytest.mark.parametrize("weather", [full_disk, locked_file])
async def test_what_cannot_be_kept_is_answered_503_and_readiness_says_so(weather, fleet, http):
    kept = rows(fleet.database, "SELECT count(*) FROM inbox")
    async with healed(fleet, http):
        with weather(fleet):
            answer, ready = await asyncio.gather(
                post(http, f"{fleet.url}/in/prometheus/{KEY}", ALERT), status_of(http, f"{fleet.url}/readyz")
            )
            status, said, headers = answer
            assert (status, ready) == (503, 503)
            assert int(headers["retry-after"]) > 0
            assert "nothing of this request was kept" in said.lower()
            assert await status_of(http, f"{fleet.url}/healthz") == 200
            assert rows(fleet.database, "SELECT count(*) FROM inbox") == kept


async def test_a_click_that_cannot_be_saved_says_so(fleet, http):
    """Slack shows the answer of a slash command to the person; a lie here would be a page that nobody handles."""
    body = b"command=%2Ftocsin&text=list&user_id=U0STORM000&channel_id=C0STORM000&team_id=T1&trigger_id=1.2.3"
    with full_disk(fleet):
        status, said = await slack(http, fleet, body, time.time())
    assert status == 200
    assert "not" in said.lower()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/in/prometheus/nobody-has-this-key", 401, id="a key that nobody has"),
        pytest.param(f"/in/teletype/{KEY}", 404, id="a source that does not exist"),
        pytest.param("/event/push/alert/standard", 401, id="no key at all"),
        pytest.param(
            "/event/push/alert/standard?integration_key=nobody-has-this-key", 401, id="a wrong key in the query"
        ),
    ],
)
async def test_strangers_are_refused_and_leave_nothing(path, status, fleet, http):
    kept = rows(fleet.database, "SELECT count(*) FROM inbox")
    assert (await post(http, fleet.url + path, ALERT))[0] == status
    assert rows(fleet.database, "SELECT count(*) FROM inbox") == kept


async def test_a_body_beyond_a_mebibyte_is_refused_unread(fleet, http):
    kept = rows(fleet.database, "SELECT count(*) FROM inbox")
    huge = b'{"alerts": [{"labels": {"x": "' + b"x" * (1 << 20) + b'"}}]}'
    try:
        status, said, _ = await post(http, f"{fleet.url}/in/prometheus/{KEY}", huge)
    except aiohttp.ClientConnectionError:  # the answer may come, and the connection end, before all of it is sent
        status, said = 413, ""
    assert status == 413, said
    assert rows(fleet.database, "SELECT count(*) FROM inbox") == kept


async def test_an_unreadable_body_is_kept_as_a_dead_letter_and_alarmed(fleet, played, http):
    broken = b'{"alerts": [{"labels": {"alertname": "Disk fu'
    status, said, _ = await post(http, f"{fleet.url}/in/prometheus/{KEY}", broken)
    assert status == 400
    assert "JSON" in said
    dead = "SELECT body FROM inbox WHERE state='dead'"
    assert await becomes(lambda: rows(fleet.database, dead) == [(broken,)])
    assert await becomes(
        lambda: any(code == "dead_letter" for (code,) in rows(fleet.database, "SELECT code FROM alarm"))
    )
    assert await becomes(lambda: any(place == WARDEN for _, place, _, _ in played.arrivals()))
    listed = await asyncio.to_thread(run, "replay", fleet.environment())
    assert "Dead letters: 1." in listed.stdout


async def slack(
    http: aiohttp.ClientSession, fleet: Fleet, body: bytes, at: float, secret: str = SIGNING_SECRET
) -> tuple[int, str]:
    stamp = str(int(at))
    signature = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={signature}",
    }
    async with http.post(f"{fleet.url}/callbacks/slack", data=body, headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("age_s", "secret", "status"),
    [
        pytest.param(0, SIGNING_SECRET, 200, id="Slack's own"),
        pytest.param(0, "somebody-elses-secret", 401, id="forged"),
        pytest.param(3600, SIGNING_SECRET, 401, id="stale"),
        pytest.param(-3600, SIGNING_SECRET, 401, id="from the future"),
    ],
)
async def test_only_fresh_callbacks_with_the_right_signature_act(age_s, secret, status, fleet, http):
    body = b"command=%2Ftocsin&text=list&user_id=U0STORM000&channel_id=C0STORM000&team_id=T1&trigger_id=1.2.3"
    answer, _ = await slack(http, fleet, body, time.time() - age_s, secret)
    assert answer == status
    if status == 401:
        told = run("doctor", fleet.environment()).stdout
        assert "slack callbacks refused" in told
        assert "Copy the secret of slack" in " ".join(told.split())


def test_a_wrong_manifest_is_refused_with_its_line(tmp_path: Path):
    manifest = tmp_path / "tocsin.yaml"
    good = (ROOT / "bot" / "playground" / "scene" / "tocsin.yaml").read_text().replace("$", "")
    line = next(number for number, text in enumerate(good.splitlines(), 1) if "unit: week" in text)
    manifest.write_text(good.replace("unit: week", "unit: fortnight"))
    fleet = Fleet(tmp_path, manifest)
    for verb in ("serve", "worker"):
        ended = run(verb, fleet.environment())
        assert ended.returncode == 2
        assert f"{manifest}:{line}" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert not fleet.database.exists()


def test_wrong_settings_are_refused_by_name():
    ended = run("serve", {**os.environ, "TOCSIN_DATABASE": "mysql://root@localhost/tocsin"})
    assert ended.returncode == 2
    assert "TOCSIN_DATABASE" in ended.stderr
    assert "Traceback" not in ended.stderr
