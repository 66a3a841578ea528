"""The played Slack as one emulator: the Web API, Socket Mode, `response_url`, and the acts of its people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json
from bot.playground.quota import Meter
from bot.playground.slack.api import WebApi
from bot.playground.slack.callbacks import AppLink
from bot.playground.slack.config import SlackConfig
from bot.playground.slack.people import People
from bot.playground.slack.responses import respond
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.webhooks import IncomingWebhooks
from bot.playground.slack.workspace import Workspace


class SlackEmulator:
    """One strict Slack workspace on loopback; mount `routes()` below `/slack`.

    The product's SDK uses `base_url=".../slack/api/"`. All methods run in the event loop that called `start`.
    """

    def __init__(self, hub: Hub, config: SlackConfig) -> None:
        """Seed the workspace; nothing is opened before `start`."""
        self.config = config
        self.space = Workspace(hub, config)
        self._sockets = Sockets(self.space)
        self._link = AppLink(self.space, self._sockets)
        self._people = People(self.space, self._link)
        self._api = WebApi(self.space, Meter(hub.now), self._sockets.address)
        self._hooks = IncomingWebhooks(self.space, Meter(hub.now))

    @property
    def name(self) -> str:
        """`slack`."""
        return "slack"

    def routes(self) -> Sequence[BaseRoute]:
        """The Web API, the target of every `response_url`, incoming webhooks, and the Socket Mode endpoint."""
        return [
            Route("/api/{method}", self._call, methods=["GET", "POST"]),
            Route("/respond/{key}", self._respond, methods=["POST"]),
            Route("/services/{path:path}", self._webhook, methods=["POST"]),
            WebSocketRoute("/socket/{ticket}", self._sockets.endpoint),
        ]

    async def start(self) -> None:
        """Open the way to the app."""
        await self._link.start()

    async def stop(self) -> None:
        """Close the way to the app, with its sockets and pending event retries."""
        await self._link.stop()

    def state(self) -> Json:
        """What the workspace shows now: people, conversations with their messages, whispers, and open modals."""
        space = self.space
        return {
            "team": {"id": self.config.team_id, "domain": self.config.team_domain},
            "bot": {"id": self.config.bot_user_id, "name": self.config.bot_name},
            "users": [
                {"id": user.id, "name": user.name, "real_name": user.real_name, "locale": user.language,
                 "deleted": user.deleted, "is_bot": user.is_bot}
                for user in space.users.values()
            ],
            "channels": [
                {**channel.raw(), "members": channel.members, "messages": list(channel.messages.values()),
                 "pins": channel.pins, "bookmarks": channel.bookmarks}
                for channel in space.channels.values()
            ],
            "ephemerals": list(space.ephemerals),
            "views": list(space.views.values()),
            "homes": dict(space.homes),
            "shortcuts": sorted(self.config.shortcuts),
            "groups": {group.handle: group.users for group in space.groups.values()},
            "sockets": self._sockets.connected(),
        }  # fmt: skip

    async def act(self, act: str, data: Json) -> Json:
        """`press` (with `view_id` instead of `channel` and `ts`: in a modal or Home tab), `slash`, `say`, `mention`,
        `shortcut`, `open_home`, `submit`, `close`, `verify`, `disconnect`, each with its arguments in `data`.
        """
        acts: dict[str, Callable[..., Awaitable[Json]]] = {
            "press": self.press_in_view if "view_id" in data else self.press, "slash": self.slash, "say": self.say,
            "mention": self.mention, "submit": self.submit, "close": self.close, "verify": self.verify,
            "disconnect": self.disconnect, "shortcut": self.shortcut, "open_home": self.open_home,
        }  # fmt: skip
        if act not in acts:
            raise ActRefused(f"Nobody can {act!r} in Slack; possible are {', '.join(acts)}.")
        try:
            pending = acts[act](**data)
        except TypeError as error:
            raise ActRefused(f"The act {act!r} has wrong arguments: {error}") from error
        return await pending

    async def press(
        self, channel: str, ts: str, action_id: str, user: str, option: str | None = None, block_id: str | None = None
    ) -> Json:
        """A person uses a button or menu of a shown message; see `People.press`."""
        return await self._people.press(channel, ts, action_id, user, option, block_id)

    async def press_in_view(
        self, view_id: str, action_id: str, user: str, option: str | None = None, block_id: str | None = None
    ) -> Json:
        """A person uses a button or menu of an open modal; see `People.press_in_view`."""
        return await self._people.press_in_view(view_id, action_id, user, option, block_id)

    async def slash(self, text: str, user: str, channel: str) -> Json:
        """A person types a slash command; see `People.slash`."""
        return await self._people.slash(text, user, channel)

    async def say(self, text: str, user: str, channel: str, thread_ts: str | None = None) -> Json:
        """A person writes a message; see `People.say`."""
        return await self._people.say(text, user, channel, thread_ts)

    async def mention(self, text: str, user: str, channel: str) -> Json:
        """A person mentions the bot; see `People.mention`."""
        return await self._people.mention(text, user, channel)

    async def shortcut(self, channel: str, ts: str, callback_id: str, user: str) -> Json:
        """A person chooses a shortcut in the menu of a message; see `People.shortcut`."""
        return await self._people.shortcut(channel, ts, callback_id, user)

    async def open_home(self, user: str) -> Json:
        """A person opens the app's Home tab; see `People.open_home`."""
        return await self._people.open_home(user)

    async def submit(self, view_id: str, values: Json, user: str) -> Json:
        """A person submits an open modal; see `People.submit`."""
        return await self._people.submit(view_id, values, user)

    async def close(self, view_id: str, user: str) -> Json:
        """A person cancels an open modal; see `People.close`."""
        return await self._people.close(view_id, user)

    async def verify(self, challenge: str = "is-this-url-yours") -> Json:
        """Slack checks the request URL with `url_verification`."""
        return {"ok": await self._link.verify_url(challenge)}

    async def disconnect(self, reason: str = "refresh_requested") -> Json:
        """Slack ends every Socket Mode connection, as it does every few hours."""
        await self._sockets.disconnect(reason)
        return {"ok": True}

    async def _call(self, request: Request) -> Response:
        self._learn_address(request)
        return await self._api(request)

    async def _webhook(self, request: Request) -> Response:
        self._learn_address(request)
        return await self._hooks(request)

    async def _respond(self, request: Request) -> Response:
        return await respond(self.space, request)

    def _learn_address(self, request: Request) -> None:
        if not self.config.public_url:
            self.config.public_url = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
