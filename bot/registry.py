"""The platforms and media, one line each: where the adapter and the renderer live. Nothing is imported before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from bot.adapters.base import Json
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

    def make(self, **settings: object) -> Any:  # noqa: ANN401 (each adapter has settings of its own)
        """The adapter, with settings of its own kind. Imports the adapter's module, not yet its SDK."""
        return _load(self.adapter)(_load(self.settings)(**settings))


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


def _load(path: str) -> Any:  # noqa: ANN401 (whatever the path names)
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
