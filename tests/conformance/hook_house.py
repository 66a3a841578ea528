"""Every carrier of the long tail on loopback: its emulator, its adapter, and who hears what a phone acknowledges."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.base import Adapter, Answer, HttpRequest, Inbound, Receipt
from bot.adapters.hooks import (
    DiscordAdapter,
    DiscordSettings,
    GoogleChatAdapter,
    GoogleChatSettings,
    MattermostAdapter,
    MattermostSettings,
    NtfyAdapter,
    NtfySettings,
    PushoverAdapter,
    PushoverSettings,
)
from bot.playground.discord import DiscordEmulator
from bot.playground.emulator import Emulator
from bot.playground.google_chat import GoogleChatEmulator
from bot.playground.hosting import loopback_socket, serving, url_of
from bot.playground.hub import Hub
from bot.playground.mattermost import MattermostEmulator
from bot.playground.ntfy import NtfyEmulator
from bot.playground.pushover import PushoverEmulator
from bot.playground.server import Playground

ANN, BO, TOKEN = "a" * 30, "b" * 30, "t" * 30
PATIENCE_S = 8.0


@dataclass
class House:
    """The emulators by name, their addresses, and what adapters told the product."""

    hub: Hub
    base: str
    front: str
    discord: DiscordEmulator
    mattermost: MattermostEmulator
    google_chat: GoogleChatEmulator
    ntfy: NtfyEmulator
    pushover: PushoverEmulator
    heard: list[Inbound] = field(default_factory=list)
    told: list[Receipt] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    callbacks: dict[str, Adapter] = field(default_factory=dict)
    calls: list[HttpRequest] = field(default_factory=list)

    def urls(self, name: str, **paths: str) -> dict[str, str]:
        return {key: f"{self.base}/{name}/{path}" for key, path in paths.items()}

    def hooks(self, name: str) -> dict[str, str]:
        """The URLs of the webhook that works (`ops`), one that is gone, and one whose secret is wrong."""
        paths = {
            "discord": {"ops": "api/webhooks/1/s3cret", "gone": "api/webhooks/9/x", "wrong": "api/webhooks/1/other"},
            "mattermost": {"ops": "hooks/abc", "gone": "hooks/gone"},
            "google_chat": {
                "ops": "v1/spaces/OPS/messages?key=key&token=s3cret",
                "gone": "v1/spaces/GONE/messages?key=key&token=s3cret",
                "wrong": "v1/spaces/OPS/messages?key=key&token=other",
            },
        }
        return self.urls(name, **paths[name])

    async def emit(self, inbound: Inbound) -> Answer:
        self.heard.append(inbound)
        return self.answer

    async def notice(self, receipt: Receipt) -> None:
        self.told.append(receipt)


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """Everything on loopback in this event loop; rate limits are on."""
    hub = Hub(time.time, slow_s=0.8)
    inside, door = loopback_socket(), loopback_socket()
    rig = House(
        hub=hub,
        base=url_of(inside),
        front=url_of(door),
        discord=DiscordEmulator(hub, {"1": "s3cret"}),
        mattermost=MattermostEmulator(hub, {"abc": "ops", "old": "museum"}, locked=frozenset({"abc"})),
        google_chat=GoogleChatEmulator(hub, {"OPS": "s3cret"}),
        ntfy=NtfyEmulator(hub, tokens=frozenset({"tk_tocsin"}), users={"tocsin": "pw"}),
        pushover=PushoverEmulator(hub, TOKEN, {ANN: "Ann", BO: "Bo"}, gap_s=0.0),
    )
    emulators: list[Emulator] = [rig.discord, rig.mattermost, rig.google_chat, rig.ntfy, rig.pushover]

    async def callback(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = HttpRequest(
            method=request.method, path=request.url.path, query=request.url.query, headers=headers,
            body=await request.body(),
        )  # fmt: skip
        rig.calls.append(call)
        answer = await rig.callbacks[request.path_params["name"]].receive(call)
        return Response(answer.body, answer.status)

    app = Starlette(routes=[Route("/callbacks/{name}", callback, methods=["GET", "POST"])])
    async with serving(Playground(hub, emulators).app, inside), serving(app, door):
        yield rig


@asynccontextmanager
async def working(rig: House, *adapters: Adapter) -> AsyncIterator[None]:
    """Adapters, started; those that have callbacks get theirs."""
    async with AsyncExitStack() as stack:
        for adapter in adapters:
            await adapter.start(rig.emit, rig.notice)
            stack.push_async_callback(adapter.stop)
            rig.callbacks[adapter.name] = adapter
        yield


def discord(rig: House, **given: Any) -> DiscordAdapter:
    return DiscordAdapter(DiscordSettings(webhooks=rig.hooks("discord"), **given))


def mattermost(rig: House, **given: Any) -> MattermostAdapter:
    return MattermostAdapter(MattermostSettings(webhooks=rig.hooks("mattermost"), **given))


def google_chat(rig: House, **given: Any) -> GoogleChatAdapter:
    return GoogleChatAdapter(GoogleChatSettings(webhooks=rig.hooks("google_chat"), **given))


def ntfy(rig: House, **given: Any) -> NtfyAdapter:
    return NtfyAdapter(NtfySettings(**{"server": f"{rig.base}/ntfy", "token": "tk_tocsin", **given}))


def pushover(rig: House, **given: Any) -> PushoverAdapter:
    told = {"token": TOKEN, "base_url": f"{rig.base}/pushover", "poll_s": 0.05, **given}
    return PushoverAdapter(PushoverSettings(**told))


MAKERS: dict[str, Callable[..., Adapter]] = {
    "discord": discord, "mattermost": mattermost, "google_chat": google_chat, "ntfy": ntfy, "pushover": pushover,
}  # fmt: skip
ADDRESSES = {"discord": "ops", "mattermost": "ops", "google_chat": "ops", "ntfy": "tocsin-ann", "pushover": ANN}


async def eventually(ask: Callable[[], Any], why: str) -> Any:
    """Ask again and again until the answer is true; fails after some seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = ask()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(why)
