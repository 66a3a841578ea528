"""The platforms and media, one line each: where adapter and renderer live. Nothing is imported before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any, cast

from bot.adapters.base import Adapter, Json
from bot.cards.card import Card, FormCard

Render = Callable[[Card], Json]
RenderForm = Callable[[FormCard], Json]


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
    rooms: bool = False
    """Whether it has war rooms: its adapter is a `Rooms` as well."""
    links: bool = False
    """Whether nothing can be pressed there: actions become signed links of whoever reads it."""
    threads: bool = False
    """Whether lines can be said below a card: its adapter is a `Threads` as well."""

    def render(self, card: Card) -> Json:
        """Render a card for this carrier."""
        return cast("Render", _load(f"{self.renderer}:render"))(card)

    def render_form(self, form: FormCard) -> Json:
        """Render a form for this carrier: only chat platforms have forms."""
        return cast("RenderForm", _load(f"{self.renderer}:render_form"))(form)

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
        rooms=True,
        threads=True,
    ),
    Carrier(
        name="slack_bot",
        adapter="bot.adapters.slack:SlackBotAdapter",
        settings="bot.adapters.slack:SlackBotSettings",
        renderer="bot.cards.slack",
        im=True,
    ),
    Carrier(
        name="teams",
        adapter="bot.adapters.teams:TeamsAdapter",
        settings="bot.adapters.teams:TeamsSettings",
        renderer="bot.cards.teams",
        im=True,
        rooms=True,
        threads=True,
    ),
    Carrier(
        name="telegram",
        adapter="bot.adapters.telegram:TelegramAdapter",
        settings="bot.adapters.telegram:TelegramSettings",
        renderer="bot.cards.telegram",
        im=True,
        rooms=True,
        threads=True,
    ),
    Carrier(
        name="discord",
        adapter="bot.adapters.hooks:DiscordAdapter",
        settings="bot.adapters.hooks:DiscordSettings",
        renderer="bot.cards.discord",
        im=True,
        links=True,
    ),
    Carrier(
        name="mattermost",
        adapter="bot.adapters.hooks:MattermostAdapter",
        settings="bot.adapters.hooks:MattermostSettings",
        renderer="bot.cards.mattermost",
        im=True,
        links=True,
    ),
    Carrier(
        name="google_chat",
        adapter="bot.adapters.hooks:GoogleChatAdapter",
        settings="bot.adapters.hooks:GoogleChatSettings",
        renderer="bot.cards.google_chat",
        im=True,
        links=True,
    ),
    Carrier(
        name="ntfy",
        adapter="bot.adapters.hooks:NtfyAdapter",
        settings="bot.adapters.hooks:NtfySettings",
        renderer="bot.cards.push.ntfy",
        im=True,
        links=True,
    ),
    Carrier(
        name="pushover",
        adapter="bot.adapters.hooks:PushoverAdapter",
        settings="bot.adapters.hooks:PushoverSettings",
        renderer="bot.cards.push.pushover",
        im=True,
        links=True,
    ),
    Carrier(
        name="apprise",
        adapter="bot.adapters.hooks:AppriseAdapter",
        settings="bot.adapters.hooks:AppriseSettings",
        renderer="bot.cards.push.apprise",
        im=True,
        links=True,
    ),
    Carrier(
        name="sms",
        adapter="bot.adapters.phone:SmsAdapter",
        settings="bot.adapters.phone:PhoneSettings",
        renderer="bot.cards.sms",
        im=False,
    ),
    Carrier(
        name="voice",
        adapter="bot.adapters.phone:VoiceAdapter",
        settings="bot.adapters.phone:PhoneSettings",
        renderer="bot.cards.voice",
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
