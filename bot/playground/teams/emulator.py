"""The played Teams as one emulator: login service, Bot Connector, and the acts of its people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage
from bot.playground.teams.callbacks import AppLink
from bot.playground.teams.config import TeamsConfig
from bot.playground.teams.connector import Connector
from bot.playground.teams.login import Login
from bot.playground.teams.people import People
from bot.playground.teams.world import World


class TeamsEmulator:
    """One strict tenant of Teams on loopback; mount `routes()` below `/teams`.

    The product uses `.../teams/login` for tokens, `.../teams/openid/v1/.well-known/openidconfiguration` for keys and
    `.../teams/smba/` as the Connector. An outage is one of the Connector; `REVOKED` is an expired client secret.
    """

    def __init__(self, hub: Hub, config: TeamsConfig) -> None:
        """Seed people and conversations; nothing is opened before `start`."""
        self.config = config
        self.world = World(hub, config)
        self.login = Login(config, hub.now, lambda: hub.outage("teams") is Outage.REVOKED)
        self.connector = Connector(self.world, self.login)
        self.link = AppLink(self.world, self.login)
        self._people = People(self.world, self.link)

    @property
    def name(self) -> str:
        """`teams`."""
        return "teams"

    def routes(self) -> Sequence[BaseRoute]:
        """Login, keys, Connector."""
        return [
            Route("/login/{tenant}/oauth2/v2.0/token", self.login.token, methods=["POST"]),
            Route("/openid/v1/.well-known/openidconfiguration", self._metadata),
            Route("/openid/v1/.well-known/keys", self.login.published),
            *self.connector.routes(),
        ]

    async def start(self) -> None:
        """Open the way to the app."""
        await self.link.start()

    async def stop(self) -> None:
        """Close it."""
        await self.link.stop()

    def state(self) -> Json:
        """What Teams shows now: people, conversations with their messages, toasts, and open dialogs."""
        world = self.world
        return {
            "bot": {"id": self.config.bot_id, "name": self.config.bot_name},
            "users": [
                {**world.account(user), "id": user.id, "locale": user.locale, "installed": user.installed,
                 "blocked": user.blocked, "account": self.config.account_of(user.id)}
                for user in world.users.values()
            ],
            "conversations": [
                {"id": place.id, "kind": place.kind, "name": place.name, "members": place.members,
                 "installed": place.installed, "messages": list(place.messages.values())}
                for place in world.conversations.values()
            ],
            "toasts": list(world.toasts),
            "dialogs": list(world.dialogs.values()),
        }  # fmt: skip

    async def act(self, act: str, data: Json) -> Json:
        """`press`, `say`, `submit`, `close`, `install`, `block`, `welcome` with the arguments in `data`."""
        people = self._people
        acts: dict[str, Callable[..., Awaitable[Json]]] = {
            "press": people.press, "say": people.say, "submit": people.submit, "close": people.close,
            "install": people.install, "block": people.block, "welcome": people.welcome,
        }  # fmt: skip
        if act not in acts:
            raise ActRefused(f"Nobody can {act!r} in Teams; possible are {', '.join(acts)}.")
        try:
            pending = acts[act](**data)
        except TypeError as error:
            raise ActRefused(f"The act {act!r} has wrong arguments: {error}") from error
        return await pending

    async def _metadata(self, request: Request) -> Response:
        return await self.login.metadata(request)
