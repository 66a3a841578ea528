"""Telegram: `TelegramAdapter` and its settings; importing this imports no SDK."""

from __future__ import annotations

from bot.adapters.telegram.adapter import TelegramAdapter, TelegramSettings

__all__ = ["TelegramAdapter", "TelegramSettings"]
