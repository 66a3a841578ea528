"""`/i/NUM`: the incident's own page, for whoever holds a card of it: how it stands, and every decision's reason."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.cards.build import entry_text, incident_card
from bot.cards.card import Card, Facts, Paragraph, Quote
from bot.cards.i18n import language, say
from bot.cards.token import read
from bot.commands.likeness import like_it
from bot.engine.model import Incident
from bot.store.base import Tx
from webhooks.pages import page


def routes(app: App) -> list[BaseRoute]:
    """The one address of incident pages."""

    async def show(request: Request) -> Response:
        lang = language(request.headers.get("accept-language", "en"))
        seal = read(app.rendering.key, request.query_params.get("t", ""))
        if seal is None or seal.verb != "view":
            return page("said.html", 403, lang=lang, text=say(lang, "page.sealed"))
        return await app.committer.read(lambda tx: _page(tx, app, seal.incident, lang))

    return [Route("/i/{num:int}", show, methods=["GET"])]


def _page(tx: Tx, app: App, incident_id: str, lang: str) -> Response:
    incident = tx.incidents([incident_id]).get(incident_id)
    if incident is None:
        return page("said.html", 404, lang=lang, text=say(lang, "reply.no_such_incident.bare"))
    card, history = _told(tx, app, incident, lang)
    facts = [(f.label, f.value) for block in card.body if isinstance(block, Facts) for f in block.facts]
    lines = [line for block in card.body if isinstance(block, Paragraph) for line in block.lines]
    quotes = [block.text for block in card.body if isinstance(block, Quote)]
    return page(
        "incident.html",
        lang=lang,
        card=card,
        facts=facts,
        lines=lines,
        quotes=quotes,
        history=history,
        similar=like_it(tx, incident, app.directory.world(), lang, "UTC", app.clock.now()),
        say=say,
    )


def _told(tx: Tx, app: App, incident: Incident, lang: str) -> tuple[Card, list[tuple[str, str]]]:
    """The card and the whole timeline, with UTC times: a page has no zone of its own."""
    now = app.clock.now()
    view = app.rendering.view(tx, incident, carrier="email", lang=lang, zone="UTC", viewer="", now=now)
    entries = tx.timeline(incident.id)
    view = replace(view, entries=tuple(entries))
    return incident_card(view), [(view.at(e.at, dated=True).text, entry_text(view, e)) for e in entries]
