"""Everything that listens on HTTP, put together: the doors for alerts, callbacks, links, pages, and the operator's view."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bot.app import App
from bot.clock import Ids
from bot.engine.world import Integration
from webhooks import callbacks, doors, links, ops
from webhooks.auth import key_hash
from webhooks.intake import Intake
from webhooks.pages import incident

PROBE = "readiness"


def web_app(app: App, begin: Callable[[], None]) -> FastAPI:
    """The ASGI application of a process. `begin` starts the loops that this process runs, once the store is open."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await app.start()
        begin()
        try:
            yield
        finally:
            await app.stop()

    async def writable() -> None:
        await app.committer.run(lambda tx: tx.put_meta(PROBE, str(app.clock.now())))

    intake = Intake(integrations=_by_hash(app), append=app.keep, clock=app.clock, ids=Ids())
    web = FastAPI(title="Tocsin", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    web.router.routes += doors.routes(intake, ready=lambda: True, started_at=app.clock.now())
    web.router.routes += callbacks.routes(app.parts.adapters)
    web.router.routes += links.routes(app)
    web.router.routes += incident.routes(app)
    web.router.routes += ops.routes(writable)
    return web


def _by_hash(app: App) -> Callable[[str], Integration | None]:
    """Integrations by the hash of their key, rebuilt when the world's integrations change."""
    seen: dict[str, object] = {"of": None, "table": {}}

    def find(hashed: str) -> Integration | None:
        integrations = app.directory.world().integrations
        if seen["of"] is not integrations:
            seen["of"] = integrations
            seen["table"] = {key_hash(each.key): each for each in integrations.values()}
        table = seen["table"]
        assert isinstance(table, dict)
        return table.get(hashed)

    return find
