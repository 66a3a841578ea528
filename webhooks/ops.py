"""For whoever runs Tocsin: is it alive, can it take work, and what do its numbers say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot import observe
from bot.store.base import StoreUnavailable


def routes(writable: Callable[[], Awaitable[None]]) -> list[BaseRoute]:
    """`/healthz`, `/readyz` and `/metrics`. `writable` raises StoreUnavailable when nothing could be kept."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        try:
            await writable()
        except StoreUnavailable as error:
            said = f"not ready: the database cannot be written ({error}). Alerts are answered 503, senders retry.\n"
            return PlainTextResponse(said, 503)
        return PlainTextResponse("ready\n")

    async def metrics(_: Request) -> Response:
        return Response(observe.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
