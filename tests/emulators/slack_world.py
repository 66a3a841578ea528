"""A played Slack with a real Bolt app behind it, both on loopback in the loop of the test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from bot.playground.hosting import loopback_socket, serving, url_of
from bot.playground.hub import Hub
from bot.playground.server import Playground
from bot.playground.slack import SlackChannel, SlackConfig, SlackEmulator, SlackUser
from tests.emulators.moments import MovableClock

USERS = (
    SlackUser("U1", "ann", "Ann Lee", "ann@example.com", language="de-DE"),
    SlackUser("U2", "bo", "Bo Ray", "bo@example.com"),
    SlackUser("U3", "cy", "Cy Old", "cy@example.com", deleted=True),
)
CHANNELS = (
    SlackChannel("C1", "incidents", ("U1", "U2", "UB")),
    SlackChannel("C2", "random", ("U1", "U2")),
    SlackChannel("C3", "secret", ("U1",), is_private=True),
    SlackChannel("C4", "museum", ("U1", "UB"), is_archived=True),
)


@dataclass
class SlackWorld:
    """What a test holds: the emulator, the SDK client of the product, its Bolt app, and the requests that came in."""

    hub: Hub
    clock: MovableClock
    emulator: SlackEmulator
    url: str
    web: AsyncWebClient
    bolt: AsyncApp
    session: aiohttp.ClientSession
    requests: list[Request] = field(default_factory=list)
    delay_s: float = 0.0
    status: int | None = None

    def notices(self, kind: str) -> list[dict[str, Any]]:
        return [notice["data"] for notice in self.hub.notices if notice["kind"] == kind]

    async def act(self, act: str, **data: Any) -> dict[str, Any]:
        body = {"platform": "slack", "act": act, **data}
        async with self.session.post(f"{self.url}/pg/act", json=body) as response:
            return {"status": response.status, **(await response.json())}


def product(world: list[SlackWorld], bolt: AsyncApp) -> Starlette:
    handler = AsyncSlackRequestHandler(bolt)

    async def endpoint(request: Request) -> Any:
        here = world[0]
        here.requests.append(request)
        await asyncio.sleep(here.delay_s)
        answer = await handler.handle(request)
        answer.status_code = here.status or answer.status_code
        return answer

    return Starlette(routes=[Route("/slack", endpoint, methods=["POST"])])


@contextlib.asynccontextmanager
async def slack_world(**changes: Any) -> AsyncIterator[SlackWorld]:
    clock = MovableClock()
    hub = Hub(clock)
    bound = loopback_socket()
    config = SlackConfig(users=USERS, channels=CHANNELS, **{"event_retry_delays_s": (0.0, 0.0, 0.0), **changes})
    config.callback_url = f"{url_of(bound)}/slack"
    emulator = SlackEmulator(hub, config)
    playground = Playground(hub, [emulator])

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id="T1", bot_token=config.bot_token, bot_id="B1", bot_user_id="UB"
        )

    held: list[SlackWorld] = []
    async with (
        serving(playground.app) as url,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
    ):
        web = AsyncWebClient(token=config.bot_token, base_url=f"{url}/slack/api/", session=session, retry_handlers=[])
        bolt = AsyncApp(signing_secret=config.signing_secret, client=web, authorize=authorize)
        world = SlackWorld(hub, clock, emulator, url, web, bolt, session)
        config.public_url = f"{url}/slack"
        held.append(world)
        async with serving(product(held, bolt), bound):
            yield world


def actions(*elements: dict[str, Any], block_id: str = "a") -> list[dict[str, Any]]:
    return [{"type": "actions", "block_id": block_id, "elements": list(elements)}]


def button(action_id: str = "ack", text: str = "Ack", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, **more}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def option(value: str, text: str = "one") -> dict[str, Any]:
    return {"text": plain(text), "value": value}
