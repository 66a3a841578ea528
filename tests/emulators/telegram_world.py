"""A played Telegram with a real python-telegram-bot application before it, on loopback in the loop of the test."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import Application

from bot.playground.hosting import serving
from bot.playground.hub import Hub
from bot.playground.server import Playground
from bot.playground.telegram import TelegramChat, TelegramConfig, TelegramEmulator, TelegramUser
from tests.emulators.moments import MovableClock

ANN, BO, CY, DEE = 7001, 7002, 7003, 7004
GROUP, FORUM, LEFT, PLAIN = -1001, -1002, -1003, -1004

USERS = (
    TelegramUser(ANN, "Ann", "ann", language_code="de", started=True),
    TelegramUser(BO, "Bo"),
    TelegramUser(CY, "Cy"),
    TelegramUser(DEE, "Dee", started=True, deactivated=True),
)
CHATS = (
    TelegramChat(GROUP, "Ops", (ANN, BO)),
    TelegramChat(FORUM, "War rooms", (ANN, BO), is_forum=True),
    TelegramChat(LEFT, "Old", (ANN,), bot_in=False),
    TelegramChat(
        PLAIN, "Chatter", (ANN, BO), kind="group", bot_is_admin=False, can_manage_topics=False, can_pin_messages=False,
        can_delete_messages=False,
    ),
)  # fmt: skip


@dataclass
class TelegramWorld:
    """What a test holds: the emulator, and the SDK application of the product."""

    hub: Hub
    clock: MovableClock
    emulator: TelegramEmulator
    url: str
    app: Any
    session: aiohttp.ClientSession

    @property
    def bot(self) -> Any:
        return self.app.bot

    def notices(self, kind: str) -> list[dict[str, Any]]:
        return [notice["data"] for notice in self.hub.notices if notice["kind"] == kind]

    def application(self) -> Any:
        builder = Application.builder().token(self.emulator.config.token)
        return builder.base_url(f"{self.url}/telegram/bot").base_file_url(f"{self.url}/telegram/file/bot").build()

    async def raw(self, method: str, **data: Any) -> dict[str, Any]:
        url = f"{self.url}/telegram/bot{self.emulator.config.token}/{method}"
        async with self.session.post(url, json=data) as response:
            return {"status": response.status, **(await response.json())}


@contextlib.asynccontextmanager
async def telegram_world(**changes: Any) -> AsyncIterator[TelegramWorld]:
    clock = MovableClock()
    hub = Hub(clock)
    emulator = TelegramEmulator(hub, TelegramConfig(users=USERS, chats=CHATS, **changes))
    playground = Playground(hub, [emulator])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PTB_TIMEDELTA", "1")  # the SDK warns about the old type in the making of its own exception
        async with _opened(clock, hub, emulator, playground) as world:
            yield world


@contextlib.asynccontextmanager
async def _opened(
    clock: MovableClock, hub: Hub, emulator: TelegramEmulator, playground: Playground
) -> AsyncIterator[TelegramWorld]:
    async with (
        serving(playground.app) as url,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
    ):
        world = TelegramWorld(hub, clock, emulator, url, None, session)
        world.app = world.application()
        async with world.app:
            yield world


def keyboard(*data: str, **more: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Ack", callback_data=one, **more) for one in data]])
