"""Late rendering: a row says whom and what, the state of now says how it looks.

Builds the view of one reader on one platform and hands the card to that platform's renderer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from bot.adapters.base import Answer, Json
from bot.cards import template
from bot.cards.build import View, incident_card, page_card, reply_card, take_action, text_card
from bot.cards.card import Card, FormCard
from bot.cards.token import Key
from bot.engine.effects import Page, Reason, Reply
from bot.engine.model import Incident, Instant, medium_of
from bot.engine.world import World
from bot.registry import CARRIERS
from bot.store.base import Delivery, Lane, Tx

ALERTS_READ = 20
ENTRIES_READ = 1000
TOAST_MAX = 190
"""Below Telegram's 200 (https://core.telegram.org/bots/api#answercallbackquery); longer answers become a message."""


TAKE = "take:"
"""Begins the key of a message with a Take button; the id of the override that waits for somebody follows."""
NO_ERRORS: Mapping[str, str] = MappingProxyType({})


class Rendered(NamedTuple):
    """A message in both forms; `fault` says why the template of the channel was left aside, if it was."""

    message: Json
    plain: Json
    fault: str = ""


class Rendering:
    """Turns rows and replies into what a platform gets."""

    def __init__(self, worlds: Callable[[], World], key: Key) -> None:
        """`key` seals the buttons."""
        self._worlds = worlds
        self.key = key

    def view(
        self, tx: Tx, incident: Incident, *, carrier: str, lang: str, zone: str, viewer: str, now: Instant
    ) -> View:
        """An incident as one reader is to see it."""
        world = self._worlds()
        channel = world.channels.get(incident.channel)
        listed = incident.alerts_total > 1 or (channel is not None and bool(channel.templates))
        alerts = tx.alerts_of(incident.id, ALERTS_READ) if listed else []
        return View(
            incident=incident,
            world=world,
            now=now,
            key=self.key,
            alerts=tuple(sorted(alerts, key=lambda a: (a.closed_at is not None, a.first_at, a.id))),
            entries=tuple(tx.timeline(incident.id, ENTRIES_READ)) if _needs_history(incident) else (),
            mentions=_mentions(world, carrier),
            lang=lang,
            zone=zone,
            viewer=viewer,
            url=world.url,
            rooms=any(each.rooms for each in CARRIERS.values()),
            act_by_link=not CARRIERS[carrier].im,
        )

    def delivery(self, tx: Tx, incident: Incident, row: Delivery, now: Instant) -> Rendered:
        """The message of a row, and the same as bare text for a platform that refuses the card."""
        view = self.view(tx, incident, carrier=row.carrier, lang=row.lang, zone=row.zone, viewer=row.member, now=now)
        card = page_card(view, _page(row, incident)) if row.member else incident_card(view)
        card, fault = self.worded(view, card, medium_of(row.carrier))
        if row.lane is Lane.REFRESH:
            card = replace(card, mentions=())  # an edit pings nobody on any platform; do not pretend to
        carrier = CARRIERS[row.carrier]
        return Rendered(carrier.render(card), carrier.render(text_card(card.fallback, row.lang)), fault)

    def worded(self, view: View, card: Card, medium: str) -> tuple[Card, str]:
        """The card in the words of its channel's template, if it has one; as it is, and why, if that fails."""
        channel = view.world.channels.get(view.incident.channel)
        source = channel.templates.get(medium, "") if channel else ""
        if not source:
            return card, ""
        try:
            return template.worded(card, medium, template.fill(source, template.values(view))), ""
        except template.TemplateFault as fault:
            return card, str(fault)

    def text(self, row: Delivery) -> Json:
        """The message of a row that is about no incident; one that asks for cover has a button to take it."""
        card = text_card(row.text, row.lang)
        if row.key.startswith(TAKE):
            wish = row.key.removeprefix(TAKE).partition(":")[0]
            card = replace(card, actions=(take_action(self.key, wish, row.lang),))
        return CARRIERS[row.carrier].render(card)

    def form(self, platform: str, form: FormCard, usage: str) -> Answer:
        """A form to open, and how to type the same for where the platform cannot open it."""
        typed = reply_card(Reply(code="usage", done=False, facts={"usage": f"/toc {usage}"}), form.lang)
        carrier = CARRIERS[platform]
        return Answer(form=carrier.render_form(form), message=carrier.render(typed))

    def answer(
        self,
        platform: str,
        card: Card,
        *,
        press: bool,
        here: bool,
        alert: bool,
        errors: Mapping[str, str] = NO_ERRORS,
    ) -> Answer:
        """A reply as its platform shows it: short ones to a press as a toast, all else as a message."""
        message = CARRIERS[platform].render(card)
        if press and card.kind == "text" and len(card.fallback) <= TOAST_MAX:
            return Answer(toast=card.fallback, alert=alert)
        toast = card.fallback[:TOAST_MAX] if press else ""
        return Answer(toast=toast, message=message, here=here, alert=alert, errors=errors)


def _needs_history(incident: Incident) -> bool:
    """The card tells of failed pages and of how it ended; otherwise the timeline need not be read."""
    return incident.closed_at is not None or bool(incident.unreachable)


def _mentions(world: World, carrier: str) -> Mapping[str, str]:
    return {m.id: m.identities[carrier] for m in world.members.values() if carrier in m.identities}


def _page(row: Delivery, incident: Incident) -> Page:
    """The page as the engine decided it, read back from its row."""
    parts = row.firing.split(".")
    added = parts[1] == "add"
    return Page(
        member=row.member,
        way=row.way,
        firing=row.firing,
        cycle=row.cycle,
        level=min(incident.level, len(incident.rule.levels)) if added else int(parts[2]),
        loop=0 if added else int(parts[3]),
        reason=Reason(row.reason),
    )
