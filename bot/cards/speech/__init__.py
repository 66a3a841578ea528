"""Text made fit for a voice."""

from __future__ import annotations

from bot.cards.speech.saying import PAUSES, READ_MAX, digits, speakable

__all__ = ["PAUSES", "READ_MAX", "digits", "speakable"]
