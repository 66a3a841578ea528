"""Telegram: cards by the Bot API, presses and commands by webhook or by long polling, through python-telegram-bot.

An address is `chat_id` or `chat_id/topic_id` (a person's id is their private chat); a ref is `chat_id:message_id`.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.adapters.base import (
    Answer,
    AuthBroken,
    Budget,
    Capabilities,
    Emit,
    Errands,
    Finding,
    HttpAnswer,
    HttpRequest,
    Inbound,
    Json,
    Notice,
    Permanent,
    RateLimited,
    Room,
    RoomLine,
    SendError,
    Sent,
)
from bot.adapters.telegram.answering import Answering
from bot.adapters.telegram.decode import PLATFORM, Malformed, Me, decode
from bot.adapters.telegram.outcome import UNCHANGED, outcome
from bot.adapters.telegram.polling import ALLOWED, Polled, poll
from bot.adapters.telegram.rooms import Topics
from bot.adapters.telegram.words import MENU

if TYPE_CHECKING:
    from telegram import Bot
    from telegram.request import HTTPXRequest

BASE_URL = "https://api.telegram.org/bot"
CONNECT_S = 3.0
POOL_S = 1.0
CONNECTIONS_MAX = 40
EMIT_S = 2.4
"""How long an emit may take before it is acknowledged without its answer."""
GRACE_S = 3.0
"""How long `stop` waits for answers under way."""
RETRY_FIRST_S = 1.0
RETRY_MAX_S = 60.0
EDIT_FIELDS = ("text", "parse_mode", "entities", "link_preview_options", "reply_markup")
"""What editMessageText takes of a sendMessage body: https://core.telegram.org/bots/api#editmessagetext"""

CAPABILITIES = Capabilities(
    edit=True,
    direct=True,
    groups=True,
    slash=True,
    rooms=True,
    threads=True,
    answer_within_s=3.0,  # not published; a person expects the toast as fast as elsewhere
    # https://core.telegram.org/bots/faq#my-bot-is-hitting-limits: 1/s a chat, 20 a minute a group, 30/s in all
    per_chat=Budget(per_s=0.25, burst=4),  # with 5, the sixth message may come within 5 s
    overall=Budget(per_s=20.0, burst=10),
    edit_gap_s=3.0,  # edits count as messages, and a group takes 20 a minute
    text_max=4096,  # https://core.telegram.org/bots/api#sendmessage
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """The bot's credentials, and how updates come in: `webhook_url` with `secret_token`, or `polling`.

    `timeout_s` bounds every call and is at most 8.
    """

    token: str = field(repr=False)
    secret_token: str = field(default="", repr=False)
    base_url: str = BASE_URL
    webhook_url: str = ""
    polling: bool = False
    chats: tuple[str, ...] = ()
    """Groups that doctor looks at: is the bot there, and may it do what is asked of it?"""
    people: tuple[str, ...] = ()
    """Accounts of people that doctor looks at: may the bot write to them?"""
    timeout_s: float = 7.0


class TelegramAdapter:
    """One bot. All methods run in the event loop that called `start`."""

    name = PLATFORM
    caps = CAPABILITIES

    def __init__(self, settings: TelegramSettings) -> None:
        """Open nothing yet."""
        self.settings = settings
        self._errands = Errands()
        self._me = Me(id=int(settings.token.partition(":")[0] or 0))
        self._emit: Emit | None = None
        self._bot: Bot | None = None
        self._requests: tuple[HTTPXRequest, ...] = ()
        self._introduction: asyncio.Task[None] | None = None
        self._answering = Answering(self._opened, self._post, settings.timeout_s)
        self._topics = Topics(self._opened, settings.timeout_s)
        self._polled = Polled()

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open the sessions; the bot introduces itself in the background, so that a dead network delays nobody."""
        from telegram import Bot
        from telegram.request import HTTPXRequest

        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every URL at INFO, and the token is in the URL
        os.environ.setdefault("PTB_TIMEDELTA", "1")  # else every 429 raises a deprecation warning inside the SDK
        timeout_s = self.settings.timeout_s

        def session(connections: int) -> HTTPXRequest:
            return HTTPXRequest(
                connection_pool_size=connections,
                connect_timeout=min(CONNECT_S, timeout_s),
                read_timeout=timeout_s,
                write_timeout=timeout_s,
                pool_timeout=min(POOL_S, timeout_s),
            )

        self._requests = (session(2), session(CONNECTIONS_MAX))  # one for polling, so that a long poll blocks nothing
        self._bot = Bot(
            self.settings.token,
            base_url=self.settings.base_url,
            get_updates_request=self._requests[0],
            request=self._requests[1],
        )
        self._emit = emit
        self._introduction = asyncio.create_task(self._introduce(self._bot))

    async def listen(self) -> None:
        """Receive by long polling until cancelled; returns at once where polling is off."""
        if self.settings.polling:
            await poll(self._opened(), self._taken, self._polled)

    async def stop(self) -> None:
        """Let answers under way finish for a moment, then close the sessions."""
        if self._introduction is not None:
            self._introduction.cancel()
            await asyncio.gather(self._introduction, return_exceptions=True)
        await self._errands.finish(GRACE_S)
        for request in self._requests:
            await request.shutdown()
        self._bot = self._introduction = None
        self._requests = ()

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Post a message. Telegram knows no idempotency key, so `key` is not sent. Raises SendError."""
        return await self._post(address, message)

    async def reply(self, address: str, ref: str, message: Json, *, key: str) -> Sent:
        """Answer a message, in its own topic; a plain message where it was deleted. Raises SendError.

        https://core.telegram.org/bots/api#replyparameters
        """
        answered = {"message_id": int(ref.partition(":")[2]), "allow_sending_without_reply": True}
        return await self._post(address, {"reply_parameters": answered, **message})

    async def _post(self, address: str, message: Json) -> Sent:
        bot = self._opened()
        chat, _, topic = address.partition("/")
        async with outcome(self.settings.timeout_s, address=chat):
            posted = await bot.send_message(
                chat_id=chat, text="", api_kwargs={"message_thread_id": topic or None, **message}
            )
        return Sent(ref=f"{posted.chat_id}:{posted.message_id}")

    async def edit(self, ref: str, message: Json) -> Sent:
        """Replace a text and its buttons; what is the same already is fine."""
        from telegram.error import BadRequest

        bot = self._opened()
        chat, _, number = ref.partition(":")
        async with outcome(self.settings.timeout_s, address=chat):
            try:
                kept = {name: message[name] for name in EDIT_FIELDS if name in message}
                await bot.edit_message_text("", chat_id=chat, api_kwargs={"message_id": number, **kept})
            except BadRequest as error:
                if UNCHANGED not in error.message.lower():
                    raise
        return Sent(ref=ref)

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Verify, decode, emit, and answer 200; 401 for a wrong secret, 400 for a body that is not Telegram's.

        Whatever emit raises is raised on: an update that was not answered 2xx is sent again.
        """
        secret = self.settings.secret_token
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not secret or not hmac.compare_digest(secret.encode(), given.encode(errors="replace")):
            return HttpAnswer(status=401, body=b"wrong secret token")
        try:
            await self._taken(request.body)
        except Malformed as error:
            log.warning("An update of Telegram could not be read and was refused: %.200s", error)
            return HttpAnswer(status=400, body=b"malformed body")
        return HttpAnswer()

    async def check(self) -> list[Finding]:
        """Test the token with a round trip, how updates come in, and the bot's place in its chats; changes nothing."""
        from bot.adapters.telegram.doctor import examine

        bot = self._opened()
        unfinished = self._introduction is not None and not self._introduction.done()
        if self._introduction is not None:
            self._introduction.cancel()  # it would register the webhook, and so hide that somebody else had
        try:
            return await examine(bot, self.settings, self._polled)
        finally:
            if unfinished:
                self._introduction = asyncio.create_task(self._introduce(bot))

    async def open_room(self, name: str, topic: str, parent: str, *, key: str) -> Room:
        """Open a topic in the forum `parent`. Raises Permanent("no_rooms") where it is none, or the right is missing.

        A topic has no more than its name, so `topic` is for `set_topic`. Telegram lists no topics: the same `key` finds
        its room again in this process only.
        """
        return await self._topics.open_room(name, parent, key=key)

    async def invite(self, address: str, users: tuple[str, ...]) -> tuple[str, ...]:
        """Mention everybody in one message of the topic; returns those who are not in the group."""
        return await self._topics.invite(address, users)

    async def set_topic(self, address: str, topic: str) -> None:
        """Rename the topic, which is all that Telegram shows of it: 128 characters."""
        await self._topics.set_topic(address, topic)

    async def pin(self, ref: str) -> None:
        """Pin a message quietly. Raises Permanent("missing_right") where the bot may not."""
        await self._topics.pin(ref)

    async def close_room(self, address: str) -> None:
        """Close the topic; one that is closed already is fine."""
        await self._topics.close_room(address)

    async def transcript(self, address: str, limit: int) -> list[RoomLine]:
        """Always empty: Telegram lets no bot read what was said (https://core.telegram.org/bots/faq)."""
        return await self._topics.transcript()

    async def _taken(self, update: object) -> None:
        """Decode and emit one update; returns once it is saved, or takes long. Raises Malformed, or as emit does."""
        heard = decode(update, self._me)
        if heard is None:
            return
        if heard.inbound is None:
            self._errands.begin(self._answering.turn(heard))
            return
        task = await self._errands.within(self._emitted(heard.inbound), EMIT_S)
        if task.done():
            task.result()
        self._errands.begin(self._answering.say(heard, task))

    async def _emitted(self, inbound: Inbound) -> Answer:
        if self._emit is None:
            raise RuntimeError("The Telegram adapter was not started.")
        return await self._emit(inbound)

    async def _introduce(self, bot: Bot) -> None:
        """Learn the bot's name, set its menu, and register the webhook; each again until it succeeds."""

        async def learn_name() -> None:
            me = await bot.get_me()
            self._me = Me(id=me.id, username=me.username or "")

        async def register() -> None:
            if self.settings.webhook_url:
                secret = self.settings.secret_token
                await bot.set_webhook(self.settings.webhook_url, secret_token=secret, allowed_updates=list(ALLOWED))

        async def set_menus() -> None:
            for lang, commands in MENU.items():
                await bot.set_my_commands(commands, language_code=lang or None)

        for step in (learn_name, register, set_menus):
            if not await self._persist(step):
                return

    async def _persist(self, step: Any) -> bool:
        pause_s = RETRY_FIRST_S
        while True:
            try:
                call: Coroutine[Any, Any, object] = step()
                async with outcome(self.settings.timeout_s, ambiguous=False):
                    await call
                return True
            except (AuthBroken, Permanent) as error:
                # no traceback: the SDK's own errors may quote the token
                log.error("Telegram refuses the bot (%s): `tocsin doctor` says what to mend.", error)  # noqa: TRY400
                return False
            except SendError as error:
                log.warning("Telegram cannot be reached yet (%s); trying again in %.0f s.", error, pause_s)
                await asyncio.sleep(error.after_s if isinstance(error, RateLimited) else pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)

    def _opened(self) -> Bot:
        if self._bot is None:
            raise RuntimeError("The Telegram adapter was not started.")
        return self._bot
