"""`/vcard`: the contact with the numbers that pages come from, and how to let it ring at night.

Public: it is no secret which numbers call, and a phone that scans the code has no session.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.adapters.teams.package import icon
from bot.app import App
from bot.cards.i18n import LANGUAGES, language, say
from bot.cards.vcard import MEDIA_TYPE, PHOTO_SIDE, file_url, vcard
from bot.commands.myself import number_lines
from bot.engine.world import World
from webhooks.pages import page

QR_OCTETS_MAX: Final = 600
"""A code with more is too fine for a phone's camera to read off a screen; our own choice."""
_STEPS: Final = {"iphone": 4, "android": 5}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Disposition": 'attachment; filename="tocsin.vcf"',
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def routes(app: App) -> list[BaseRoute]:
    """The page, and the file behind its button and its code."""

    async def show(request: Request) -> Response:
        return contact_page(app.directory.world(), _lang(request))

    async def download(request: Request) -> Response:
        world, lang = app.directory.world(), _lang(request)
        if not world.numbers:
            return PlainTextResponse(say(lang, "vcard.none"), 404, headers={"X-Robots-Tag": "noindex, nofollow"})
        text = vcard(world, lang, photo=photo())
        return Response(text.encode(), media_type=f"{MEDIA_TYPE}; charset=utf-8", headers=_HEADERS)

    return [
        Route("/vcard", show, methods=["GET"]),
        Route("/vcard/tocsin.vcf", download, methods=["GET"]),
    ]


def contact_page(world: World, lang: str) -> Response:
    """The page in a language."""
    phones = [
        (say(lang, f"vcard.{phone}"), [say(lang, f"vcard.{phone}.{number}") for number in range(1, steps + 1)])
        for phone, steps in _STEPS.items()
    ]
    return page(
        "vcard.html",
        lang=lang,
        heading=say(lang, "vcard.heading", name=world.contact),
        numbers=number_lines(world, lang),
        phones=phones,
        qr=Markup(qr_svg(qr_text(world, lang))),  # noqa: S704 - drawn by us: squares, and no text
        say=say,
    )


def qr_text(world: World, lang: str) -> str:
    """What the code says: where the contact is, or without a public URL the contact itself, unless it is too long."""
    if url := file_url(world):
        return f"{url}?lang={lang}"
    text = vcard(world, lang)
    return text if len(text.encode()) <= QR_OCTETS_MAX else ""


def qr_svg(text: str) -> str:
    """The code as an inline SVG, dark on white also where the page is dark; empty for an empty text."""
    import segno

    if not text:
        return ""
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True)


@cache
def photo() -> bytes:
    """The bell, as a PNG."""
    return icon(PHOTO_SIDE, outline=False)


def _lang(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else language(request.headers.get("accept-language", "en"))
