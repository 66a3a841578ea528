"""Microsoft Teams: cards by the Bot Connector, presses, dialogs and mentions by its callbacks, through botbuilder-core.

An address is a channel or chat (`19:…`), a thread (`19:…;messageid=N`), or a person (object id of Entra ID, or an
account `29:…`); a ref is `conversation|activity`. Why this SDK, and what a move would touch:
docs/decisions/0012-teams-on-botbuilder.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
    Room,
    RoomLine,
    Sent,
)
from bot.adapters.teams.connector import Connectors, authenticated, load, turns
from bot.adapters.teams.decode import CHANNEL, PLATFORM, Heard, Malformed, body_of, decode
from bot.adapters.teams.keys import NOT_TEAMS, Forged, Keys, KeysMissing, Proof
from bot.adapters.teams.login import Credentials, Login
from bot.adapters.teams.places import Places
from bot.adapters.teams.post import Post
from bot.adapters.teams.rooms import Threads
from bot.adapters.teams.talk import Talk

if TYPE_CHECKING:
    import aiohttp

SERVICE_URL = "https://smba.trafficmanager.net/teams/"
"""Where a bot begins that has heard of nobody yet: the note on service URLs in
https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#base-uri"""
LOGIN_URL = "https://login.microsoftonline.com"
METADATA_URL = "https://login.botframework.com/v1/.well-known/openidconfiguration"
CONNECT_S = 3.0
LOAD_AFTER_S = 5.0
"""The SDK takes most of a second to import: so long after the start, unless it is needed before."""
ROSTER_LIFE_S = 60.0
"""How long the members of the roster are remembered while people are looked up by their addresses."""
GRACE_S = 3.0
"""How long `stop` waits for answers under way."""

CAPABILITIES = Capabilities(
    edit=True,
    direct=True,
    groups=True,
    forms=True,
    rooms=True,
    threads=True,
    mentions=True,
    local_time=True,  # {{DATE()}} and {{TIME()}}: https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features
    answer_within_s=5.0,  # Teams shows an error after 10 to 15: https://github.com/MicrosoftDocs/msteams-docs/issues/6461
    # 7 in 1 s, 8 in 2 s, 60 in 30 s, 1800 in an hour: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
    per_chat=Budget(per_s=0.45, burst=6),
    overall=Budget(per_s=25.0, burst=20),  # 30 a second for an app in a tenant in the older text of that page, 50 now
    edit_gap_s=2.0,  # edits count as messages
    text_max=4000,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsSettings:
    """The bot's registration. Without `single_tenant` the token comes from the tenant that all bots share.

    `roster` is a channel or chat where people are looked up whom the bot has not met. `clock` tells seconds since the
    epoch, for the age of signatures; `timeout_s` bounds every call and is at most 8.
    """

    app_id: str
    client_secret: str = field(repr=False)
    tenant_id: str
    single_tenant: bool = True
    roster: str = ""
    callback_base: str = ""
    service_url: str = SERVICE_URL
    login_url: str = LOGIN_URL
    metadata_url: str = METADATA_URL
    clock: Callable[[], float]
    timeout_s: float = 7.0
    chats: tuple[str, ...] = ()
    """Conversations that doctor looks at: is the bot there?"""
    people: tuple[str, ...] = ()
    """Whom doctor looks for in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """What exists between `start` and `stop`."""

    session: aiohttp.ClientSession
    login: Login
    keys: Keys
    post: Post
    talk: Talk
    connectors: Connectors


class TeamsAdapter:
    """One bot in one tenant. All methods run in the event loop that called `start`."""

    name = PLATFORM
    caps = CAPABILITIES

    def __init__(self, settings: TeamsSettings) -> None:
        """Open nothing yet. Without an app id the SDK would check nothing at all, so that is refused."""
        if not settings.app_id or not settings.tenant_id:
            raise ValueError("Teams needs the app id and the tenant id of the bot's registration.")
        self.settings = settings
        self.places = Places(settings.service_url, settings.roster)
        self.caps = replace(CAPABILITIES, by_email=bool(settings.roster))
        self._everybody: tuple[float, dict[str, str]] = (float("-inf"), {})
        self._errands = Errands()
        self._opened: _Open | None = None
        self._threads: Threads | None = None
        self._sdk: asyncio.Task[None] | None = None
        self._needed = asyncio.Event()

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open the one session that all calls share; nothing is sent."""
        import aiohttp

        self._needed = asyncio.Event()
        self._sdk = asyncio.create_task(self._load(self._needed))
        settings = self.settings
        timeout = aiohttp.ClientTimeout(total=settings.timeout_s, connect=min(CONNECT_S, settings.timeout_s))
        session = aiohttp.ClientSession(timeout=timeout)
        credentials = Credentials(
            login_url=settings.login_url,
            tenant=settings.tenant_id if settings.single_tenant else "",
            app_id=settings.app_id,
            secret=settings.client_secret,
            timeout_s=settings.timeout_s,
        )
        login = Login(session, credentials)
        connectors = Connectors(session, login)
        post = Post(connectors, login, self.places, settings.app_id, settings.tenant_id)
        self._threads = Threads(post, settings.timeout_s)
        self._opened = _Open(
            session=session,
            login=login,
            keys=Keys(session, settings.metadata_url, settings.app_id, settings.clock),
            post=post,
            talk=Talk(emit, self._errands, post, self.places),
            connectors=connectors,
        )

    async def listen(self) -> None:
        """Return at once: Teams knows callbacks only, so it needs a public address."""

    async def stop(self) -> None:
        """Let answers under way finish for a moment, then close the session."""
        if self._sdk is not None:
            self._sdk.cancel()
            await asyncio.gather(self._sdk, return_exceptions=True)
        await self._errands.finish(GRACE_S)
        if self._opened is not None:
            await self._opened.session.close()
        self._opened = self._threads = None

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Post a message. Teams knows no idempotency key, so `key` is not sent. Raises SendError."""
        return await (await self._loaded()).post.send(address, message, self._deadline())

    async def edit(self, ref: str, message: Json) -> Sent:
        """Replace a message wholly, in place."""
        return await (await self._loaded()).post.edit(ref, message, self._deadline())

    async def reply(self, address: str, ref: str, message: Json, *, key: str) -> Sent:
        """Post in the thread of a message of a channel; a chat has no threads and gets it as a message of its own."""
        return await (await self._loaded()).post.reply(ref, message, self._deadline())

    async def resolve_user(self, email: str) -> str | None:
        """The object id of the roster's member with that address, or `None`; the roster is read once in a while."""
        now = asyncio.get_running_loop().time()
        if now - self._everybody[0] > ROSTER_LIFE_S:
            opened = await self._loaded()
            self._everybody = (now, await opened.post.everybody(self.settings.roster, self._deadline()))
        return self._everybody[1].get(email.casefold())

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Verify, decode, emit, answer: 401 for what is not from Teams, 400 for a body that is none of its activities.

        503 when the keys cannot be had just now, so that nobody can tell.
        """
        try:
            proof = await self._ready().keys.proof(request.headers.get("authorization", ""))
            body = body_of(request.body)
            heard = decode(body)
            self._vouch(proof, heard)
            return await self._handle(heard, body)
        except Forged as error:
            log.warning("A callback was refused, because it is not from Teams: %.200s.", error)
            return HttpAnswer(status=401, body=NOT_TEAMS)
        except KeysMissing:
            return HttpAnswer(status=503, body=b"the keys of Teams cannot be fetched just now; send it again")
        except Malformed as error:
            log.warning("A signed callback of Teams could not be read and was refused: %.200s", error)
            return HttpAnswer(status=400, body=b"malformed body")

    async def check(self) -> list[Finding]:
        """Test the credentials with a round trip, the way in, and the places; posts nothing."""
        from bot.adapters.teams.doctor import examine

        opened = await self._loaded()
        return await examine(self.settings, opened.session, opened.login, opened.keys, opened.post)

    async def open_room(self, name: str, topic: str, parent: str, *, key: str) -> Room:
        """Begin a thread in a channel; see `Threads`."""
        return await (await self._rooms()).open_room(name, topic, parent, key=key)

    async def invite(self, address: str, users: tuple[str, ...]) -> tuple[str, ...]:
        """Mention people in the thread, all together; see `Threads`."""
        return await (await self._rooms()).invite(address, users)

    async def set_topic(self, address: str, topic: str) -> None:
        """Say in the thread's first message how the incident stands."""
        await (await self._rooms()).set_topic(address, topic)

    async def pin(self, ref: str) -> None:
        """Nothing: Teams lets no bot pin a message, and the thread's first message stays at its top by itself."""

    async def close_room(self, address: str) -> None:
        """Say in the thread, and in its first message, that it is over; Teams lets no bot lock a thread."""
        await (await self._rooms()).close_room(address)

    async def transcript(self, address: str, limit: int) -> list[RoomLine]:
        """Empty: the Bot Connector lets a bot read no messages that are not meant for it."""
        return []

    def _vouch(self, proof: Proof, heard: Heard) -> None:
        """The token must be for this very channel, service and tenant. Raises Forged."""
        if heard.channel != CHANNEL or CHANNEL not in proof.endorsements:
            raise Forged("its key does not vouch for this channel")
        if not heard.service_url or proof.service_url.rstrip("/") != heard.service_url.rstrip("/"):
            raise Forged("its token is for another service URL")
        if heard.tenant != self.settings.tenant_id:
            raise Forged("it is from another tenant")

    async def _handle(self, heard: Heard, body: Json) -> HttpAnswer:
        """Only verified activities teach where people are, and only what decodes gets to the SDK. Raises Malformed."""
        self._learn(heard)
        if heard.inbound is None:
            return HttpAnswer()
        opened = await self._loaded()
        from botbuilder.schema import Activity

        try:
            activity = Activity().deserialize(body)
        except (AttributeError, TypeError, ValueError) as error:  # a DeserializationError of msrest is a ValueError
            raise Malformed(str(error)) from error
        turn = opened.talk.turn(heard, heard.inbound)
        answer = await turns().process_activity(authenticated(opened.connectors, self.settings.app_id), activity, turn)
        if answer is None or answer.body is None:
            return HttpAnswer(status=int(answer.status) if answer is not None else 200)
        said = json.dumps(answer.body).encode()
        return HttpAnswer(status=int(answer.status), body=said, content_type="application/json; charset=utf-8")

    def _learn(self, heard: Heard) -> None:
        """https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events."""
        gone = heard.installed is False
        if gone and heard.personal:
            self.places.forget_chat(heard.user)
        elif gone:
            self.places.forget(heard.conversation)
        else:
            self.places.learn(heard.conversation, heard.service_url, group=not heard.personal)
            self.places.meet(heard.user, account=heard.account, chat=heard.conversation if heard.personal else "")

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self.settings.timeout_s

    def _ready(self) -> _Open:
        if self._opened is None:
            raise RuntimeError("The Teams adapter was not started.")
        return self._opened

    async def _loaded(self) -> _Open:
        """The same, once the SDK is there."""
        self._needed.set()
        if self._sdk is not None:
            await self._sdk
        return self._ready()

    async def _load(self, needed: asyncio.Event) -> None:
        """Import the SDK beside the loop, when it is needed or everything else has started."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(needed.wait(), LOAD_AFTER_S)
        await asyncio.to_thread(load)

    async def _rooms(self) -> Threads:
        await self._loaded()
        if self._threads is None:
            raise RuntimeError("The Teams adapter was not started.")
        return self._threads
