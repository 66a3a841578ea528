"""A strict Telegram on loopback: `TelegramEmulator` and what it is seeded with."""

from __future__ import annotations

from bot.playground.telegram.config import TelegramChat, TelegramConfig, TelegramUser
from bot.playground.telegram.emulator import TelegramEmulator

__all__ = ["TelegramChat", "TelegramConfig", "TelegramEmulator", "TelegramUser"]
