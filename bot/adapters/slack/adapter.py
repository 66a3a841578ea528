"""Slack: cards by the Web API, clicks and commands by HTTP or by Socket Mode, through the vendor's own SDKs.

Addresses are conversation ids (`C…`, `G…`, `D…`) or user ids (`U…`, `W…`); a ref is `channel:ts`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.adapters.base import (
    Budget,
    Capabilities,
    Emit,
    Errands,
    Finding,
    HttpAnswer,
    HttpRequest,
    Json,
    Notice,
    Permanent,
    Room,
    RoomLine,
    Sent,
)
from bot.adapters.slack import groups, rooms
from bot.adapters.slack.decode import PLATFORM, Malformed, body_of, decode
from bot.adapters.slack.outcome import fact, outcome
from bot.adapters.slack.signing import authentic

if TYPE_CHECKING:
    import aiohttp
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.request.async_request import AsyncBoltRequest
    from slack_sdk.web.async_client import AsyncWebClient

BASE_URL = "https://slack.com/api/"
CONNECT_S = 3.0
DISBELIEF_S = 60.0
"""Refused callbacks are told of at most so often: anybody can send some."""
GRACE_S = 3.0
"""How long `stop` waits for answers under way: as long as Slack would."""

CAPABILITIES = Capabilities(
    edit=True,
    direct=True,
    groups=True,
    forms=True,
    rooms=True,
    threads=True,
    by_email=True,
    user_groups=True,
    slash=True,
    mentions=True,
    local_time=True,  # <!date^…>: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    answer_within_s=3.0,  # https://docs.slack.dev/interactivity/handling-user-interaction
    per_chat=Budget(per_s=0.6, burst=2),  # https://docs.slack.dev/apis/web-api/rate-limits: 1/s a channel, few at once
    overall=Budget(per_s=4.0, burst=20),  # same page: "several hundred messages per minute" in a workspace
    edit_gap_s=1.2,
    # chat.update is tier 3, 50 a minute for all of them: https://docs.slack.dev/reference/methods/chat.update
    edits=Budget(per_s=0.65, burst=10),
    text_max=3000,  # a section's text: https://docs.slack.dev/reference/block-kit/blocks/section-block
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """The app's credentials. `app_token` (`xapp-…`) switches Socket Mode on; else Slack calls us, and signs.

    `clock` tells seconds since the epoch, for the age of signatures; `timeout_s` bounds every call and is at most 8.
    """

    bot_token: str = field(repr=False)
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    base_url: str = BASE_URL
    callback_base: str = ""
    """Tocsin's public address: where `doctor` looks whether a callback would arrive."""
    chats: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    """Where cards are to go: `doctor` looks whether they would arrive."""
    clock: Callable[[], float]
    timeout_s: float = 7.0


class SlackAdapter:
    """One workspace. All methods run in the event loop that called `start`."""

    name = PLATFORM
    caps = CAPABILITIES

    def __init__(self, settings: SlackSettings) -> None:
        """Open nothing yet."""
        self.settings = settings
        self._errands = Errands()
        self._direct: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._disbelieved_at = float("-inf")
        self._session: aiohttp.ClientSession | None = None
        self._web: AsyncWebClient | None = None
        self._app: AsyncApp | None = None

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open the one session that all calls share, and the Bolt app; nothing is sent."""
        import aiohttp
        from slack_sdk.web.async_client import AsyncWebClient

        from bot.adapters.slack.listeners import bolt_app

        # Without a shared session every call would open a connection of its own; with one, the client ignores its own
        # `timeout`, so the session carries it. The SDK's retries would post a card twice, so there are none.
        timeout = aiohttp.ClientTimeout(total=self.settings.timeout_s, connect=min(CONNECT_S, self.settings.timeout_s))
        self._session = aiohttp.ClientSession(timeout=timeout)
        self._web = AsyncWebClient(
            token=self.settings.bot_token, base_url=self.settings.base_url, session=self._session, retry_handlers=[]
        )
        self._app = bolt_app(self._web, emit, self._errands, self._session)

    async def listen(self) -> None:
        """Receive by Socket Mode until cancelled; returns at once without an app token."""
        if not self.settings.app_token:
            return
        from bot.adapters.slack.socket_mode import converse

        web, session = self._opened()
        await converse(web, session, self.settings.app_token, self._errands, self._enveloped)

    async def stop(self) -> None:
        """Let answers under way finish for a moment, then close the session."""
        await self._errands.finish(GRACE_S)
        if self._session is not None:
            await self._session.close()
        self._session = self._web = self._app = None

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Post a message. Slack knows no idempotency key, so `key` is not sent. Raises SendError."""
        deadline = asyncio.get_running_loop().time() + self.settings.timeout_s
        person = address.startswith(("U", "W"))
        channel = await self._conversation(address) if person else address
        try:
            return await self._write("chat.postMessage", {"channel": channel, **message}, deadline)
        except Permanent as error:
            if person and error.reason == "chat_unreachable":
                raise Permanent("recipient_unreachable", error.detail) from error
            raise

    async def edit(self, ref: str, message: Json) -> Sent:
        """Replace a message wholly: a part that the new one lacks is cleared, which Slack would otherwise keep."""
        channel, _, ts = ref.partition(":")
        deadline = asyncio.get_running_loop().time() + self.settings.timeout_s
        body = {"channel": channel, "ts": ts, "blocks": [], "attachments": [], **message}
        return await self._write("chat.update", body, deadline)

    async def reply(self, address: str, ref: str, message: Json, *, key: str) -> Sent:
        """Post in the thread of a message, for those alone who look there or are mentioned (no `reply_broadcast`).

        Slack posts it in the channel itself where that message was deleted. Raises SendError.
        https://docs.slack.dev/messaging/#threading
        """
        channel, _, ts = ref.partition(":")
        deadline = asyncio.get_running_loop().time() + self.settings.timeout_s
        return await self._write("chat.postMessage", {"channel": channel, "thread_ts": ts, **message}, deadline)

    async def resolve_user(self, email: str) -> str | None:
        """The id of the workspace's member with that address, or `None`. Raises SendError."""
        web, _ = self._opened()
        try:
            async with outcome(self.settings.timeout_s, ambiguous=False):
                return fact(await web.users_lookupByEmail(email=email), "user", "id")
        except Permanent as error:
            if error.reason == "recipient_unreachable":
                return None
            raise

    async def open_room(self, name: str, topic: str, parent: str, *, key: str) -> Room:
        """Open a war room, or find the one that `key` opened; private where the parent is. Raises SendError."""
        async with self._calling() as web:
            return await rooms.open_room(web, name, topic, parent, key)

    async def invite(self, address: str, users: tuple[str, ...]) -> tuple[str, ...]:
        """Bring people into a room; returns those who could not be. Raises SendError."""
        async with self._calling() as web:
            return await rooms.invite(web, address, users)

    async def set_topic(self, address: str, topic: str) -> None:
        """Say in the room's head how the incident stands; cut to what Slack takes. Raises SendError."""
        async with self._calling() as web:
            await rooms.set_topic(web, address, topic)

    async def pin(self, ref: str) -> None:
        """Pin a message of a room. Raises SendError."""
        async with self._calling() as web:
            await rooms.pin(web, ref)

    async def close_room(self, address: str) -> None:
        """Archive a room. Raises SendError."""
        async with self._calling() as web:
            await rooms.archive(web, address)

    async def transcript(self, address: str, limit: int) -> list[RoomLine]:
        """The newest `limit` messages of a room, oldest first. Raises SendError; RateLimited: ask again later."""
        async with self._calling(ambiguous=False) as web:
            return await rooms.transcript(web, address, limit, self.settings.timeout_s / 2)

    async def set_group(self, group: str, users: tuple[str, ...]) -> None:
        """Make these the members of a user group, by its id (`S…`) or handle. Nobody: the group stays as it is.

        Raises SendError: `group_unknown` where no group has that handle.
        """
        if not users:
            return
        async with self._calling(ambiguous=False) as web:
            if not groups.GROUP_ID.match(group) and group not in self._groups:
                self._groups[group] = await groups.group_id(web, group)
            await groups.set_members(web, self._groups.get(group, group), users)

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Verify, decode, emit, answer: 401 for a bad signature, 400 for a body that is not Slack's."""
        from slack_bolt.request.async_request import AsyncBoltRequest

        if not authentic(self.settings.signing_secret, self.settings.clock(), request.headers, request.body):
            return self._disbelieved()
        try:
            body = body_of(request)
            return await self._handle(
                body,
                AsyncBoltRequest(
                    mode="http",
                    body=request.body.decode(),
                    headers={"content-type": request.headers.get("content-type", "")},
                ),
            )
        except Malformed as error:
            log.warning("A signed callback of Slack could not be read and was refused: %.200s", error)
            return HttpAnswer(status=400, body=b"malformed body")

    async def check(self) -> list[Finding]:
        """Test the tokens with a round trip, the scopes, and the way in."""
        from bot.adapters.slack.doctor import examine

        web, session = self._opened()
        return await examine(web, session, self.settings)

    async def _write(self, method: str, body: Json, deadline: float) -> Sent:
        web, _ = self._opened()
        left_s = max(deadline - asyncio.get_running_loop().time(), 0.0)
        async with outcome(left_s):
            # the SDK's own wrappers rewrite blocks and warn where `text` is missing: a card goes out as it was rendered
            answer = await web.api_call(method, json=body)
            return Sent(ref=f"{fact(answer, 'channel')}:{fact(answer, 'ts')}")

    @asynccontextmanager
    async def _calling(self, *, ambiguous: bool = True) -> AsyncIterator[AsyncWebClient]:
        web, _ = self._opened()
        async with outcome(self.settings.timeout_s, ambiguous=ambiguous):
            yield web

    async def _conversation(self, user: str) -> str:
        """The direct message with a person, remembered: its id never changes."""
        if user not in self._direct:
            web, _ = self._opened()
            async with outcome(self.settings.timeout_s / 2, ambiguous=False):
                self._direct[user] = fact(await web.conversations_open(users=user), "channel", "id")
        return self._direct[user]

    def _disbelieved(self) -> HttpAnswer:
        """Says aloud, now and then, what dead buttons look like from here."""
        now = asyncio.get_running_loop().time()
        if now - self._disbelieved_at > DISBELIEF_S:
            self._disbelieved_at = now
            log.warning(
                "A callback was refused: it is not signed with Slack's signing_secret, or this machine's clock is more "
                "than five minutes off. If buttons in Slack do nothing, compare signing_secret with the Signing Secret "
                "on the app's page Basic Information."
            )
        return HttpAnswer(status=401, body=b"bad signature")

    async def _enveloped(self, payload: Json) -> HttpAnswer:
        """One payload that came by Socket Mode, which needs no signature: the connection is ours."""
        from slack_bolt.request.async_request import AsyncBoltRequest

        try:
            return await self._handle(payload, AsyncBoltRequest(mode="socket_mode", body=payload))
        except Malformed as error:
            log.warning("An envelope of Slack could not be read and was not acknowledged: %.200s", error)
            return HttpAnswer(status=400)

    async def _handle(self, body: Json, request: AsyncBoltRequest) -> HttpAnswer:
        """Bolt sees only what decodes; what needs no more than an acknowledgement gets it here. Raises Malformed."""
        inbound = decode(body)
        if inbound is None and body.get("type") != "url_verification":
            return HttpAnswer()
        if self._app is None:
            raise RuntimeError("The Slack adapter was not started.")
        request.context["inbound"] = inbound
        response = await self._app.async_dispatch(request)
        kinds = response.headers.get("content-type", ["text/plain; charset=utf-8"])
        return HttpAnswer(status=response.status, body=response.body.encode(), content_type=kinds[0])

    def _opened(self) -> tuple[AsyncWebClient, aiohttp.ClientSession]:
        if self._web is None or self._session is None:
            raise RuntimeError("The Slack adapter was not started.")
        return self._web, self._session
