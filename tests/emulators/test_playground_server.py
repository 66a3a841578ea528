"""The playground's server: one state, one act endpoint, outages, a clock, samples, and a stream of notices."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import aiohttp
import pytest

from bot.playground.emulator import Emulator
from bot.playground.hosting import hosted, serving
from bot.playground.hub import Hub, Outage
from bot.playground.server import Playground
from bot.playground.slack import SlackChannel, SlackConfig, SlackEmulator, SlackUser
from bot.playground.telegram import TelegramConfig, TelegramEmulator, TelegramUser


def playground(**more: Any) -> Playground:
    hub = Hub(time.time)
    slack = SlackConfig(
        users=(SlackUser("U1", "ann", "Ann Lee", "a@x"),), channels=(SlackChannel("C1", "ops", ("U1",)),)
    )
    telegram = TelegramConfig(users=(TelegramUser(7, "Ann"),))
    return Playground(hub, [SlackEmulator(hub, slack), TelegramEmulator(hub, telegram)], **more)


def call(url: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_both_emulators_keep_the_protocol() -> None:
    assert all(isinstance(emulator, Emulator) for emulator in playground().emulators.values())
    hub = Hub(time.time)
    with pytest.raises(ValueError, match="same name"):
        Playground(hub, [SlackEmulator(hub, SlackConfig()), SlackEmulator(hub, SlackConfig())])


def test_a_thread_hosts_it_and_every_endpoint_answers() -> None:
    moved: list[float] = []
    fired: list[str] = []

    async def fire(name: str) -> dict[str, Any]:
        if name != "disk":
            raise KeyError(name)
        fired.append(name)
        return {"id": 1}

    board = playground(advance=moved.append, fire=fire, samples=[{"name": "disk", "title": "Disk full"}])
    with hosted(board.app) as url:
        status, state = call(f"{url}/pg/state")
        assert status == 200
        assert sorted(state["emulators"]) == ["slack", "telegram"]
        assert state["samples"][0]["title"] == "Disk full"
        assert call(f"{url}/pg/outage", {"platform": "slack", "outage": "down"})[0] == 200
        assert board.hub.outage("slack") is Outage.DOWN
        assert call(f"{url}/pg/outage", {"platform": "slack", "outage": "flood"})[0] == 400
        assert call(f"{url}/pg/outage", {"platform": "fax", "outage": "down"})[0] == 400
        assert call(f"{url}/pg/clock", {"advance_s": 60})[0] == 200
        assert call(f"{url}/pg/clock", {"advance_s": -1})[0] == 400
        assert call(f"{url}/pg/sample", {"name": "disk"})[1]["result"] == {"id": 1}
        assert call(f"{url}/pg/sample", {"name": "moon"})[0] == 400
        status, refusal = call(
            f"{url}/pg/act", {"platform": "telegram", "act": "say", "text": "x", "user": 7, "chat_id": 7}
        )
        assert (status, refusal["ok"], "Start" in refusal["error"]) == (400, False, True)
        assert call(f"{url}/pg/act", {"platform": "fax", "act": "say"})[0] == 400
        assert call(f"{url}/pg/act", [1])[0] == 400
    assert (moved, fired) == ([60.0], ["disk"])
    with pytest.raises(urllib.error.URLError):
        call(f"{url}/pg/state")


def test_a_form_of_a_foreign_page_is_not_heard() -> None:
    with hosted(playground().app) as url:
        request = urllib.request.Request(f"{url}/pg/outage", b'{"platform":"slack","outage":"down"}')
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        with caught.value as error:
            assert error.code == 415


async def test_the_stream_begins_with_what_was_missed() -> None:
    board = playground()
    for number in range(3):
        board.hub.publish("slack", "test", {"number": number})
    async with serving(board.app) as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/pg/events?since=1") as response:
            numbers: list[int] = []
            while len(numbers) < 3:
                line = (await response.content.readline()).decode()
                if line.startswith("data: "):
                    numbers.append(json.loads(line.removeprefix("data: "))["data"]["number"])
                    if len(numbers) == 2:
                        board.hub.publish("slack", "test", {"number": 99})
        assert numbers == [1, 2, 99]
        async with session.get(f"{url}/pg/events?since=x") as response:
            assert response.status == 400
