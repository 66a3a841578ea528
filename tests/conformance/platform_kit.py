"""What the conformance suite needs of a platform: a `Rig`, which is an adapter, its emulator, and people who act there.

A new platform adds one file `rig_<platform>.py` with a `RIGS` mapping of names to functions that open a rig; the suite
(`test_platforms.py`, `test_platforms_inbound.py`) finds it and runs every case that its `Capabilities` and flags allow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.base import Adapter, Answer, HttpRequest, Inbound, Json, Receipt
from bot.cards.card import Card
from bot.playground.emulator import Emulator
from bot.playground.hosting import hosted, loopback_socket, serving, url_of
from bot.playground.hub import Hub, Outage
from bot.playground.server import Playground

PATIENCE_S = 10.0
HOSTILE = "<!channel> <b>&amp; 1 < 2 & <@U2BO> *_`~ @all [x](http://e.com) \u202etxt"
"""Text that is dangerous somewhere: markup, mentions of everybody, a link, a reversal of writing."""


@dataclass(slots=True)
class Desk:
    """Takes what the adapter emits, and answers as the test says."""

    answer: Answer = field(default_factory=Answer)
    heard: list[Inbound] = field(default_factory=list)
    trouble: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def emit(self, inbound: Inbound) -> Answer:
        self.heard.append(inbound)
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        return self.answer

    async def notice(self, receipt: Receipt) -> None:
        raise AssertionError(f"no platform here gives receipts: {receipt}")


@dataclass(slots=True)
class Stage:
    """A playground in a thread, its controls by HTTP, and the callbacks' server in the loop of the test."""

    platform: str
    base: str
    callback_url: str
    hub: Hub
    http: aiohttp.ClientSession
    desk: Desk = field(default_factory=Desk)
    calls: list[HttpRequest] = field(default_factory=list)

    async def act(self, act: str, **data: Any) -> Json:
        """A person acts; the emulator's answer."""
        return await self._control("act", {"platform": self.platform, "act": act, **data})

    async def outage(self, outage: Outage) -> None:
        await self._control("outage", {"platform": self.platform, "outage": outage})

    async def state(self) -> Json:
        async with self.http.get(f"{self.base}/pg/state") as response:
            state: Json = (await response.json())["emulators"][self.platform]
            return state

    async def post(self, body: bytes, headers: dict[str, str]) -> int:
        """A callback by anybody's hand; the status that the adapter answered."""
        async with self.http.post(self.callback_url, data=body, headers=headers) as response:
            await response.read()
            return response.status

    async def again(self) -> int:
        """The newest callback once more, as it came in."""
        call = self.calls[-1]
        kept = {name: value for name, value in call.headers.items() if name not in {"host", "content-length"}}
        return await self.post(call.body, kept)

    async def _control(self, path: str, data: Json) -> Json:
        async with self.http.post(f"{self.base}/pg/{path}", json=data) as response:
            answer: Json = await response.json()
            assert response.status == 200, answer
            return answer


class Rig(Protocol):
    """One adapter on its emulator. Users are ids as the platform gives them; addresses and refs are the adapter's."""

    stage: Stage
    adapter: Adapter
    chat: str
    """A group chat with `ann` and `bo`, where the bot may write."""
    ann: str
    bo: str
    unreachable: str
    """The address of a person whom the bot cannot write to."""
    nowhere: str
    """The address of a chat that does not exist."""
    missing_ref: str
    by_http: bool
    """Callbacks come by HTTP, so that they can be forged and repeated."""
    signs_time: bool
    """A signature goes stale."""

    def another(self, *, base_url: str = "", timeout_s: float = 7.0, listens: bool = False) -> Adapter:
        """A second adapter with the same credentials, not started; at another address if one is given.

        With `listens` it receives as the first one does, where that needs no public address.
        """
        ...

    def render(self, card: Card) -> Json:
        """The product's own renderer for this platform."""
        ...

    def card(self, text: str, token: str = "") -> Json:
        """A rendered message that shows `text` literally, and has a button when there is a token."""
        ...

    def broken_card(self) -> Json:
        """A rendered message that the platform refuses."""
        ...

    async def seen(self, address: str) -> list[str]:
        """What everybody in a chat (or the person, in a direct message) reads from the bot, oldest first."""
        ...

    async def below(self, ref: str) -> list[str]:
        """What everybody reads in the thread of a message, or as answers to it, oldest first; where it has threads."""
        ...

    async def whispers(self, user: str) -> list[str]:
        """What this person alone was shown: toasts, ephemeral and direct messages."""
        ...

    async def press(self, ref: str, user: str) -> bool:
        """Press the first button of a message; whether the platform was satisfied with the acknowledgement."""
        ...

    async def command(self, text: str, user: str) -> bool:
        """Type `/toc <text>` in the chat; whether the platform was satisfied."""
        ...

    async def answer_to(self, ref: str, text: str, user: str) -> None:
        """Write to the bot in the thread of a message, or as a reply to it."""
        ...

    async def listeners(self, count: int) -> None:
        """Return when so many adapters listen, where the platform knows their number."""
        ...

    async def cut(self) -> None:
        """The platform ends the connection by which the adapter listens; returns when it is gone."""
        ...

    def press_body(self, token: str) -> bytes:
        """The body of a genuine press."""
        ...

    def signed(self, body: bytes, *, age_s: float = 0.0) -> dict[str, str]:
        """The headers of a genuine callback with that body, signed so long ago."""
        ...

    def forged(self, body: bytes) -> Iterable[dict[str, str]]:
        """Headers of callbacks that are not the platform's: no signature, a wrong one, rubbish."""
        ...


OpenRig = Callable[[], AbstractAsyncContextManager[Rig]]


@asynccontextmanager
async def stage(make: Callable[[Hub, str, str], Emulator]) -> AsyncIterator[tuple[Stage, list[Adapter]]]:
    """Open a playground with one emulator, `make(hub, base_url, callback_url)`, and a server for its callbacks.

    The adapter that gets the callbacks is the first of the yielded list, once the rig has put one there.
    """
    adapters: list[Adapter] = []
    house, door = loopback_socket(), loopback_socket()
    hub = Hub(now=time.time, slow_s=2.0)
    emulator = make(hub, url_of(house), f"{url_of(door)}/callbacks")
    calls: list[HttpRequest] = []

    async def callback(request: Request) -> Response:
        call = HttpRequest(
            method=request.method,
            path=request.url.path,
            query=request.url.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.body(),
        )
        calls.append(call)
        answer = await adapters[0].receive(call)
        return Response(answer.body, answer.status, dict(answer.headers), answer.content_type)

    app = Starlette(
        routes=[Route(path, callback, methods=["POST"]) for path in ("/callbacks", f"/callbacks/{emulator.name}")]
    )
    timeout = aiohttp.ClientTimeout(total=20)
    with hosted(Playground(hub, [emulator]).app, house) as base:
        async with serving(app, door) as front, aiohttp.ClientSession(timeout=timeout) as http:
            yield Stage(emulator.name, base, f"{front}/callbacks", hub, http, calls=calls), adapters


@asynccontextmanager
async def at_work(adapter: Adapter, desk: Desk) -> AsyncIterator[Adapter]:
    """The adapter, started and listening; stopped at the end."""
    await adapter.start(desk.emit, desk.notice)
    listening = asyncio.create_task(adapter.listen())
    try:
        yield adapter
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await adapter.stop()


async def until(ask: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool], why: str = "") -> Any:
    """Ask again and again until the answer is wanted; fails after some seconds with the last answer."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = await ask()
        if wanted(answer):
            return answer
        assert time.monotonic() < deadline, f"{why or 'in vain'}: {answer!r}"
        await asyncio.sleep(0.01)
