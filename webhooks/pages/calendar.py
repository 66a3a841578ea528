"""`/oncall/SCHEDULE.ics`: a schedule's shifts for the calendars of those who hold its sealed address."""

from __future__ import annotations

from asyncio import to_thread

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.cards.feed import may_read
from bot.cards.i18n import language, say
from bot.engine.model import DAY, Span
from bot.manifest.ical import as_ical

BEHIND: Span = 7 * DAY
AHEAD: Span = 45 * DAY
"""What a feed holds: the week that was, and the longest preview of a schedule."""
_HEADERS = {"Cache-Control": "private, max-age=300", "X-Robots-Tag": "noindex, nofollow"}


def routes(app: App) -> list[BaseRoute]:
    """The address of calendar feeds. Shifts that were changed in chat are in it as well."""

    async def feed(request: Request) -> Response:
        name = request.path_params["schedule"]
        if not may_read(app.rendering.key, name, request.query_params.get("t", "")):
            lang = language(request.headers.get("accept-language", "en"))
            return PlainTextResponse(say(lang, "page.feed_sealed"), 403, headers=_HEADERS)
        world, now = app.directory.world(), app.clock.now()
        plan = world.schedules.get(name)
        if plan is None:
            return PlainTextResponse("", 410, headers=_HEADERS)
        text = await to_thread(as_ical, world, plan, now - BEHIND, now + AHEAD, now)
        return Response(text, media_type="text/calendar; charset=utf-8", headers=_HEADERS)

    return [Route("/oncall/{schedule}.ics", feed, methods=["GET"])]
