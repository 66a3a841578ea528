"""`/a/TOKEN`: an action link from a mail or a text. GET asks, POST acts; fetching it ahead of time does nothing.

Mail scanners follow links and even press buttons by script, so the page has no script, and the form wants a field that
only the page itself carries.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.cards.i18n import say
from bot.store.base import StoreUnavailable
from webhooks.pages import page

SURE = "sure"
FORM_MAX = 4_096


def routes(app: App) -> list[BaseRoute]:
    """The one address of action links."""

    async def ask(request: Request) -> Response:
        token = request.path_params["token"]
        found = await app.committer.read(lambda tx: app.commands.linked(tx, token))
        if found is None:
            return _dead()
        link, incident, member = found
        question = say(
            member.lang, f"link.ask_{link.verb}", name=member.name, ref=f"#{incident.num}", title=incident.title
        )
        return page("ask.html", lang=member.lang, question=question, button=say(member.lang, f"action.{link.verb}"))

    async def act(request: Request) -> Response:
        token = request.path_params["token"]
        if len(await request.body()) > FORM_MAX or (await request.form()).get(SURE) != "yes":
            return page("said.html", 400, lang="en", text=say("en", "link.bare"))
        try:
            said = await app.transact(lambda tx: app.commands.follow(tx, token))
        except StoreUnavailable:
            return page("said.html", 503, lang="en", text=say("en", "reply.failed"))
        if said is None:
            return _dead()
        return page("said.html", lang=said.card.lang, text=said.card.fallback)

    return [Route("/a/{token}", ask, methods=["GET"]), Route("/a/{token}", act, methods=["POST"])]


def _dead() -> Response:
    return page("said.html", 410, lang="en", text=say("en", "link.dead"))
