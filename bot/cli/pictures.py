"""`render`: exactly what a platform would get."""

from __future__ import annotations

import json

import msgspec

from bot.adapters.email import SmtpSettings, compose
from bot.cards import sample
from bot.cards.card import Card
from bot.engine.model import SECOND
from bot.registry import CARRIERS

STATES = ("triggered", "processing", "snoozed", "closed")
LANGUAGES = ("en", "zh")
_ADDRESS = {"slack": ("channel", "C0INC"), "telegram": ("chat_id", -1001234567890)}


def rendered(platform: str, state: str, lang: str, card: bytes | None) -> str:
    """The request body, the MIME message or the text. Raises ValueError with a sentence."""
    if platform not in CARRIERS:
        raise ValueError(f"There is no renderer for {platform!r}; there are {', '.join(CARRIERS)}.")
    if state not in STATES or lang not in LANGUAGES:
        raise ValueError(f"Choose --state from {', '.join(STATES)} and --lang from {', '.join(LANGUAGES)}.")
    view = sample.sample_view(state, lang, platform)
    shown = _read(card) if card else sample.sample_card(state, lang, platform)
    message = CARRIERS[platform].render(shown)
    if platform == "email":
        settings = SmtpSettings(host="", sender="Tocsin <tocsin@example.com>", clock=lambda: view.now / SECOND)
        return compose("bo@example.com", message, "page:sample", settings).as_string()
    if platform == "sms":
        return str(message["text"])
    field, value = _ADDRESS[platform]
    return json.dumps({field: value, **message}, ensure_ascii=False, indent=2)


def _read(card: bytes) -> Card:
    try:
        return msgspec.json.decode(card, type=Card)
    except msgspec.ValidationError as error:
        raise ValueError(f"--card is no card: {error}.") from error
    except msgspec.DecodeError as error:
        raise ValueError(f"--card is no JSON: {error}.") from error
