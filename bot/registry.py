"""The platforms and media, one line each: where adapter and renderer live. Nothing is imported before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any, cast

from bot.adapters.base import Adapter, Json
from bot.cards.card import Card

Render = Callable[[Card], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Somebody who carries messages: a chat platform, or a medium of its own."""

    name: str
    adapter: str
    """`module:Class` of the adapter."""
    settings: str
    """`module:Class` of its settings."""
    renderer: str
    """The module of its renderer."""
    im: bool

    def render(self, card: Card) -> Json:
        """Render a card for this carrier."""
        return cast("Render", _load(f"{self.renderer}:render"))(card)

    def make(self, settings: Mapping[str, object]) -> Adapter:
        """The adapter, with what its settings ask for. Imports the adapter's module, not yet its SDK."""
        kind = _load(self.settings)
        wanted = {each.name: settings[each.name] for each in fields(kind) if each.name in settings}
        return cast("Adapter", _load(self.adapter)(kind(**wanted)))


_ALL = (
    Carrier(
        name="slack",
        adapter="bot.adapters.slack:SlackAdapter",
        settings="bot.adapters.slack:SlackSettings",
        renderer="bot.cards.slack",
        im=True,
    ),
    Carrier(
        name="telegram",
        adapter="bot.adapters.telegram:TelegramAdapter",
        settings="bot.adapters.telegram:TelegramSettings",
        renderer="bot.cards.telegram",
        im=True,
    ),
    Carrier(
        name="sms",
        adapter="bot.adapters.sms:TwilioAdapter",
        settings="bot.adapters.sms:TwilioSettings",
        renderer="bot.cards.sms",
        im=False,
    ),
    Carrier(
        name="email",
        adapter="bot.adapters.email:SmtpAdapter",
        settings="bot.adapters.email:SmtpSettings",
        renderer="bot.cards.email",
        im=False,
    ),
)

CARRIERS: Mapping[str, Carrier] = {carrier.name: carrier for carrier in _ALL}


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
