"""`render`: exactly what a platform would get."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from bot.adapters.email.mail import Writer
from bot.adapters.slack.webhook import one_way
from bot.cards import sample
from bot.cards.build import View, incident_card
from bot.cards.card import Card
from bot.clock import SystemClock
from bot.engine.model import SECOND, Instant, medium_of
from bot.engine.world import World
from bot.registry import CARRIERS
from bot.rendering import Rendering
from bot.store.base import Tx

STATES = ("triggered", "processing", "snoozed", "closed")
LANGUAGES = ("en", "zh")
_ADDRESS = {
    "slack": ("channel", "C0INC"),
    "telegram": ("chat_id", -1001234567890),
    "ntfy": ("topic", "tocsin-ann-7Qx2Lm9"),
    "pushover": ("user", "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to draw: the sample in a state, the incident of a number, or a card; a template to try out on it."""

    platform: str
    state: str = "triggered"
    lang: str = "en"
    card: bytes | None = None
    template: str | None = None
    incident: int | None = None


def rendered(wanted: Wanted) -> tuple[str, str]:
    """The request body, the MIME message or the text; and why the template failed, if it did.

    Raises ValueError with a sentence.
    """
    platform = wanted.platform
    if platform not in CARRIERS:
        raise ValueError(f"There is no renderer for {platform!r}; there are {', '.join(CARRIERS)}.")
    if wanted.state not in STATES or wanted.lang not in LANGUAGES:
        raise ValueError(f"Choose --state from {', '.join(STATES)} and --lang from {', '.join(LANGUAGES)}.")
    if wanted.card and (wanted.template or wanted.incident):
        raise ValueError("--card is drawn as it is: leave out --template and --incident.")
    shown, now, fault = _shown(wanted)
    message = CARRIERS[platform].render(shown)
    if platform == "email":
        writer = Writer(sender="Tocsin <tocsin@example.com>", clock=lambda: now / SECOND)
        return writer.compose("bo@example.com", message, "page:sample").as_string(), fault
    if platform in ("sms", "voice"):
        return str(message["text"]), fault
    if platform == "slack_bot":
        return json.dumps(one_way(message), ensure_ascii=False, indent=2), fault
    if platform not in _ADDRESS:
        # Teams: the Adaptive Card alone, which its card tools open
        cards = message.get("attachments") if platform == "teams" else None
        return json.dumps(cards[0]["content"] if cards else message, ensure_ascii=False, indent=2), fault
    field, value = _ADDRESS[platform]
    return json.dumps({field: value, **message}, ensure_ascii=False, indent=2), fault


def _shown(wanted: Wanted) -> tuple[Card, Instant, str]:
    """The card, when it is, and why the template failed."""
    sampled = sample.sample_view(wanted.state, wanted.lang, wanted.platform)
    if wanted.card:
        return _read(wanted.card), sampled.now, ""
    if wanted.incident is None:
        card = sample.sample_card(wanted.state, wanted.lang, wanted.platform)
        view = replace(sampled, world=_in_words(sampled.world, wanted))
    else:
        view = _past(wanted, wanted.incident)
        card = incident_card(view)
    worded, fault = Rendering(lambda: view.world, view.key).worded(view, card, medium_of(wanted.platform))
    return worded, view.now, fault


def _in_words(world: World, wanted: Wanted) -> World:
    """The same world, where every channel has the template that is tried out."""
    if wanted.template is None:
        return world
    own = {medium_of(wanted.platform): wanted.template}
    return replace(world, channels={key: replace(each, templates=own) for key, each in world.channels.items()})


def _past(wanted: Wanted, num: int) -> View:
    """An incident of this machine's database as a group sees it now. Its buttons do nothing."""
    from bot.cli import boot

    settings = boot.settings()
    store = boot.store_of(settings.database, migrate=False)
    world = _in_words(boot.manifest(settings.manifest, secrets=False).world, wanted)
    rendering = Rendering(lambda: world, sample.KEY)

    def look(tx: Tx) -> View | None:
        incident = tx.incident_by_num(num)
        if incident is None:
            return None
        return rendering.view(
            tx,
            incident,
            carrier=wanted.platform,
            lang=wanted.lang,
            zone="UTC",
            viewer="",
            now=SystemClock().now(),
        )

    view = store.read(look)
    if view is None:
        raise ValueError(f"There is no incident #{num}.")
    return view


def _read(card: bytes) -> Card:
    try:
        return TypeAdapter(Card).validate_json(card)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "it"
        raise ValueError(f"--card is no card: {where}: {first['msg']}.") from error
