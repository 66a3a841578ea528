"""Late rendering: a row says whom and what, the state of now says how it looks.

Builds the view of one reader on one platform and hands the card to that platform's renderer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from bot import replying
from bot.adapters.base import Answer, Json
from bot.cards import template, voice
from bot.cards.build import (
    View,
    WrittenBack,
    answer_card,
    incident_card,
    page_card,
    remark_card,
    reply_card,
    take_action,
    text_card,
)
from bot.cards.card import Card, FormCard
from bot.cards.sms import render_bundle
from bot.cards.token import Key
from bot.engine.effects import Page, Reason, Remark, Reply
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
ANSWER = "answer:"
"""Begins the key of a mail that answers a member's; `answer_key` makes the rest."""
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
            act_by_link=not CARRIERS[carrier].im or CARRIERS[carrier].links,
        )

    def page(self, tx: Tx, incident: Incident, row: Delivery, now: Instant) -> Card:
        """The card of a page as it is true now, to say it once more."""
        view = self.view(tx, incident, carrier=row.carrier, lang=row.lang, zone=row.zone, viewer=row.member, now=now)
        return page_card(view, _page(row, incident))

    def delivery(self, tx: Tx, incident: Incident, row: Delivery, now: Instant) -> Rendered:
        """The message of a row, and the same as bare text for a platform that refuses the card."""
        card, fault = self._card(tx, incident, row, now)
        if row.lane is Lane.REFRESH:
            card = replace(card, mentions=())  # an edit pings nobody on any platform; do not pretend to
        carrier = CARRIERS[row.carrier]
        return Rendered(carrier.render(card), carrier.render(text_card(card.fallback, row.lang)), fault)

    def bundle(self, tx: Tx, rows: Sequence[Delivery], now: Instant) -> Json:
        """One text for several pages of one person, in the given order; a row whose incident is gone is left out."""
        incidents = tx.incidents([row.incident for row in rows])
        cards = [self._card(tx, incidents[row.incident], row, now)[0] for row in rows if row.incident in incidents]
        return render_bundle(cards)

    def _card(self, tx: Tx, incident: Incident, row: Delivery, now: Instant) -> tuple[Card, str]:
        """The card of a row, and why the template of its channel was left aside, if it was."""
        view = self.view(tx, incident, carrier=row.carrier, lang=row.lang, zone=row.zone, viewer=row.member, now=now)
        reader = view.world.member(row.member)
        if medium_of(row.carrier) == "sms" and view.url and reader and reader.seat:  # else no reply reaches us, or acts
            view = replace(view, reply_code=replying.number_of(tx, row.member, incident.id))
        card = page_card(view, _page(row, incident)) if row.member else incident_card(view)
        return self.worded(view, card, medium_of(row.carrier))

    def remark(self, tx: Tx, incident: Incident, row: Delivery, remark: Remark, now: Instant) -> Rendered:
        """A line below a card in the language of its chat, and the same as bare text."""
        view = self.view(tx, incident, carrier=row.carrier, lang=row.lang, zone=row.zone, viewer="", now=now)
        card, carrier = remark_card(view, remark), CARRIERS[row.carrier]
        return Rendered(carrier.render(card), carrier.render(text_card(card.fallback, row.lang)))

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
        if row.key.startswith(ANSWER):
            return CARRIERS[row.carrier].render(self._answer(row))
        card = text_card(row.text, row.lang)
        if row.key.startswith(TAKE):
            wish = row.key.removeprefix(TAKE).partition(":")[0]
            card = replace(card, actions=(take_action(self.key, wish, row.lang),))
        return CARRIERS[row.carrier].render(card)

    def _answer(self, row: Delivery) -> Card:
        """What is written back to a member's mail, as `answer_key` and the row's text tell it."""
        _, incident, num, _, answers = row.key.split(":", 4)
        title, _, said = row.text.partition("\n")
        made = WrittenBack(
            incident=incident,
            num=int(num),
            title=title,
            member=row.member,
            answers=answers,
            text=said,
            lang=row.lang,
            at=row.created_at,
        )
        world = self._worlds()
        return answer_card(made, self.key, world.url, world.mail_domain)

    def form(self, platform: str, form: FormCard, usage: str) -> Answer:
        """A form to open, and how to type the same for where the platform cannot open it."""
        typed = reply_card(Reply(code="usage", done=False, facts={"usage": f"/toc {usage}"}), form.lang)
        carrier = CARRIERS[platform]
        return Answer(form=carrier.render_form(form), message=carrier.render(typed))

    def spoken(self, card: Card, *, more: bool) -> Answer:
        """What is said in a call after a key: a sentence and a goodbye; with `more`, another key is awaited instead."""
        if card.kind != "text":
            return Answer(message={**CARRIERS["voice"].render(card), "more": more})
        text = card.fallback if more else voice.spoken_reply(card.lang, card.fallback)
        return Answer(message={"text": text, "lang": card.lang, "more": more})

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


def answer_key(incident: Incident, seen: str, message_id: str) -> str:
    """The key of an answer to the mail `message_id`, which may be empty; `seen` names that mail in any case.

    The text of its row is the incident's title on the first line, and the answer below.
    """
    return f"{ANSWER}{incident.id}:{incident.num}:{seen}:{message_id}"


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
