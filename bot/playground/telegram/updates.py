"""From Telegram to the bot: updates wait in one queue and leave it by webhook or by long polling, never by both.

Sources: https://core.telegram.org/bots/api#getting-updates, #getupdates and #setwebhook
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.playground.hub import Json, Outage
from bot.playground.telegram.keyboards import structured
from bot.playground.telegram.methods import truthy
from bot.playground.telegram.refusals import TelegramRefusal, bad_request
from bot.playground.telegram.world import World
from bot.playground.waiting import until

PENDING_MAX = 1_000
BATCH_MAX = 100
POLL_MAX_S = 50.0
CONNECTIONS_DEFAULT, CONNECTIONS_MAX = 40, 100
PORTS = frozenset({443, 80, 88, 8443})
ANSWER_BYTES_MAX = 500_000
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(slots=True)
class Updates:
    """The queue of the bot; `call` runs a method that a webhook answer names in its body."""

    world: World
    call: Callable[[str, Json], Awaitable[Any]]
    pending: OrderedDict[int, Json] = field(default_factory=OrderedDict)
    webhook: Json = field(default_factory=dict)
    allowed: list[str] = field(default_factory=list)
    _serial: int = 0
    _poll: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _session: aiohttp.ClientSession | None = None
    _deliveries: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS_DEFAULT))

    async def start(self) -> None:
        """Open the client session."""
        timeout = aiohttp.ClientTimeout(total=self.world.config.webhook_timeout_s)
        self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)

    async def stop(self) -> None:
        """End deliveries and polls, and close the session."""
        self._cancel()
        self._poll += 1
        self._wake()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def push(self, kind: str, content: Json) -> bool:
        """Queue an update such as `("message", {...})`; returns False when the bot asked not to get this kind."""
        if self.allowed and kind not in self.allowed:
            return False
        self._serial += 1
        update: Json = {"update_id": self._serial, kind: content}
        self.pending[self._serial] = update
        while len(self.pending) > PENDING_MAX:
            lost, _ = self.pending.popitem(last=False)
            self.world.publish("trouble", {"what": "update", "update_id": lost, "reason": "queue full"})
        self.world.publish("callback", {"kind": kind, "payload": update})
        if self.webhook:
            self._dispatch(update)
        self._wake()
        return True

    # -- methods of the Bot API -------------------------------------------------------------------------------------

    async def get_updates(self, args: Json) -> Any:
        """https://core.telegram.org/bots/api#getupdates; a second poller ends the first with 409."""
        if self.webhook:
            raise TelegramRefusal(409, WEBHOOK_ACTIVE)
        offset, limit, wait_s = _whole(args, "offset", 0), _whole(args, "limit", BATCH_MAX), _whole(args, "timeout", 0)
        self._allow(args)
        self._confirm(offset)
        self._poll += 1
        mine = self._poll
        self._wake()
        deadline = asyncio.get_running_loop().time() + min(max(wait_s, 0), POLL_MAX_S)
        while True:
            if self.webhook:
                raise TelegramRefusal(409, "Conflict: terminated by setWebhook request")
            if self._poll != mine:
                raise TelegramRefusal(409, OTHER_POLLER)
            left = deadline - asyncio.get_running_loop().time()
            if self.pending or left <= 0:
                batch = list(self.pending.values())
                return batch[: min(max(limit, 1), BATCH_MAX)]
            changed = self._changed
            try:
                async with asyncio.timeout(left):
                    await changed.wait()
            except TimeoutError:
                continue

    async def set_webhook(self, args: Json) -> Any:
        """https://core.telegram.org/bots/api#setwebhook; plain http and free ports are allowed on loopback only."""
        url = str(args.get("url") or "")
        if not url:
            return await self.delete_webhook(args)
        _check_address(url)
        secret = str(args.get("secret_token") or "")
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        connections = _whole(args, "max_connections", CONNECTIONS_DEFAULT)
        if not 1 <= connections <= CONNECTIONS_MAX:
            raise bad_request("max_connections must be between 1 and 100")
        self._allow(args)
        self._cancel()
        if truthy(args.get("drop_pending_updates")):
            self.pending.clear()
        self.webhook = {"url": url, "secret_token": secret, "max_connections": connections}
        self._slots = asyncio.Semaphore(connections)
        for update in list(self.pending.values()):
            self._dispatch(update)
        self._wake()
        return True

    async def delete_webhook(self, args: Json) -> Any:
        """https://core.telegram.org/bots/api#deletewebhook."""
        self._cancel()
        self.webhook = {}
        if truthy(args.get("drop_pending_updates")):
            self.pending.clear()
        return True

    async def webhook_info(self, _args: Json) -> Any:
        """https://core.telegram.org/bots/api#webhookinfo."""
        shown = {name: value for name, value in self.webhook.items() if name != "secret_token"}
        info = {"url": "", "has_custom_certificate": False, "pending_update_count": len(self.pending), **shown}
        return {**info, "allowed_updates": self.allowed} if self.allowed else info

    # -- delivery ---------------------------------------------------------------------------------------------------

    def _allow(self, args: Json) -> None:
        wanted = structured(args, "allowed_updates")
        if isinstance(wanted, list):
            self.allowed = [str(kind) for kind in wanted]

    def _confirm(self, offset: int) -> None:
        """Forget what the bot has seen; a negative offset keeps only that many of the newest."""
        if offset < 0:
            for update_id in list(self.pending)[:offset]:
                del self.pending[update_id]
        for update_id in [known for known in self.pending if known < offset]:
            del self.pending[update_id]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _cancel(self) -> None:
        for task in self._deliveries.values():
            task.cancel()
        self._deliveries.clear()

    def _dispatch(self, update: Json) -> None:
        update_id = update["update_id"]
        task = asyncio.get_running_loop().create_task(self._deliver(update))
        self._deliveries[update_id] = task
        task.add_done_callback(lambda done: self._deliveries.get(update_id) is done and self._deliveries.pop(update_id))

    async def _deliver(self, update: Json) -> None:
        for delay_s in (0.0, *self.world.config.webhook_retry_delays_s):
            await self._pause(self.world.hub.now() + delay_s)
            async with self._slots:
                fault = await self._post(update)
            self.world.publish("answer", {"update_id": update["update_id"], "trouble": fault})
            if not fault:
                self.pending.pop(update["update_id"], None)
                return
            self.webhook |= {"last_error_date": int(self.world.hub.now()), "last_error_message": fault}
        self.pending.pop(update["update_id"], None)
        self.world.publish("trouble", {"what": "update", "update_id": update["update_id"], "reason": "given up"})

    async def _pause(self, due: float) -> None:
        hub = self.world.hub
        await until(lambda: hub.now() >= due and hub.outage("telegram") is not Outage.DOWN)

    async def _post(self, update: Json) -> str:
        """Send one update; returns the fault in Telegram's words, or nothing when the bot took it."""
        if self._session is None:
            return "Connection closed"
        if self.world.hub.outage("telegram") is Outage.SLOW:
            await asyncio.sleep(self.world.hub.slow_s)
        secret = self.webhook["secret_token"]
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            async with self._session.post(self.webhook["url"], json=update, headers=headers) as response:
                raw = await response.content.read(ANSWER_BYTES_MAX)
                if not 200 <= response.status < 300:
                    return f"Wrong response from the webhook: {response.status} {response.reason}"
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientError as error:
            return f"Connection failed: {error}"
        await self._reply_call(raw)
        return ""

    async def _reply_call(self, raw: bytes) -> None:
        """Run the method that the answer names: https://core.telegram.org/bots/api#making-requests-when-getting-updates."""
        try:
            body = json.loads(raw)
        except ValueError:
            return
        if not isinstance(body, dict) or "method" not in body:
            return
        method = str(body.pop("method"))
        try:
            await self.call(method, body)
        except TelegramRefusal as refusal:
            self.world.publish("refused", {"method": method, "error": refusal.description})


def _whole(args: Json, name: str, default: int) -> int:
    value = args.get(name)
    if value in (None, ""):
        return default
    try:
        return int(str(value))
    except ValueError:
        raise bad_request(f"{name} must be a number") from None


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise bad_request("bad webhook: invalid webhook URL specified") from None
    if parts.hostname in _LOOPBACK:
        return  # a played bot lives on this machine; the real service takes none of these addresses
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
