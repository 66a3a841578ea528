"""`/a/TOKEN`: an action link from a mail or a text. GET asks, POST acts; fetching it ahead of time does nothing.

Mail scanners follow links and even send the forms that they find. So the page has no script, its form has a field whose
name and value nobody can guess, and both count only together with the cookie that the page set: whoever did not open
the page in a browser changes nothing. A scanner that is a whole browser and presses buttons acts as a person would;
what it does is named, logged, and can be taken back.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.cards.i18n import say
from bot.cards.token import Key
from bot.clock import new_secret
from bot.commands.following import Offer
from bot.commands.said import Said
from bot.observe import log
from bot.store.base import StoreUnavailable
from webhooks.pages import page

COOKIE = "tocsin_link"
COOKIE_S = 3_600
"""Seconds between opening the page and pressing its button."""
FORM_MAX = 4_096

_NONCE = re.compile(r"[A-Za-z0-9_-]{20,100}\Z")
_PURPOSE = b"tocsin link form 1\0"


def routes(app: App) -> list[BaseRoute]:
    """The one address of action links."""

    async def ask(request: Request) -> Response:
        token = request.path_params["token"]
        found = await app.committer.read(lambda tx: app.commands.look(tx, token))
        if isinstance(found, Said):
            return _refusal(found)
        log.info("link_opened", member=found.member.id, incident=found.incident.id, verb=found.link.verb)
        return _question(app, request, token, found)

    async def act(request: Request) -> Response:
        token = request.path_params["token"]
        if len(await request.body()) > FORM_MAX or not _confirmed(app.parts.key, request, token, await _form(request)):
            return await _bare(app, token)
        try:
            said = await app.transact(lambda tx: app.commands.follow(tx, token))
        except StoreUnavailable:
            return page("said.html", 503, lang="en", text=say("en", "reply.failed"))
        return _refusal(said) if said.alert else page("said.html", lang=said.card.lang, text=said.card.fallback)

    return [Route("/a/{token}", ask, methods=["GET"]), Route("/a/{token}", act, methods=["POST"])]


def _question(app: App, request: Request, token: str, found: Offer) -> Response:
    """The page that asks; a browser with several of them open keeps one cookie for all."""
    member, incident, verb = found.member, found.incident, found.link.verb
    kept = request.cookies.get(COOKIE, "")
    nonce = kept if _NONCE.match(kept) else new_secret()
    name, value = _field(app.parts.key, nonce, token)
    answer = page(
        "ask.html",
        lang=member.lang,
        question=say(member.lang, f"link.ask_{verb}", name=member.name, ref=f"#{incident.num}", title=incident.title),
        whom=say(member.lang, "link.as_whom", name=member.name),
        button=say(member.lang, f"action.{verb}"),
        field=name,
        value=value,
    )
    answer.set_cookie(
        COOKIE,
        nonce,
        max_age=COOKIE_S,
        path="/a/",
        secure=app.directory.world().url.startswith("https:"),
        httponly=True,
        samesite="strict",
    )
    return answer


async def _form(request: Request) -> dict[str, str]:
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def _confirmed(key: Key, request: Request, token: str, form: dict[str, str]) -> bool:
    """Whether the page of this very link was opened by the browser that sends its form."""
    nonce = request.cookies.get(COOKIE, "")
    if not _NONCE.match(nonce):
        return False
    keys = (key,) if isinstance(key, bytes) else key
    fields = (_field(each, nonce, token) for each in keys)
    return any(hmac.compare_digest(form.get(name, "").encode(), value.encode()) for name, value in fields)


def _field(key: Key, nonce: str, token: str) -> tuple[str, str]:
    """The name and the value of the field that the form has to bring back."""
    first = key if isinstance(key, bytes) else key[0]
    digest = hmac.new(first, _PURPOSE + f"{nonce}\0{token}".encode(), hashlib.sha256).hexdigest()
    return f"f{digest[:12]}", digest[12:44]


async def _bare(app: App, token: str) -> Response:
    """A form without its page or its cookie: in the language of whom the link is for, where it still says so."""
    found = await app.committer.read(lambda tx: app.commands.look(tx, token))
    if isinstance(found, Said):
        return _refusal(found)
    return page("said.html", 400, lang=found.member.lang, text=say(found.member.lang, "link.bare"))


def _refusal(said: Said) -> Response:
    """Why nothing was changed: 410, because no later try of this link will do better."""
    return page("said.html", 410, lang=said.card.lang, text=said.card.fallback)
