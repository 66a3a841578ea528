"""Everything that listens on HTTP, put together: doors for alerts, callbacks, links, pages, the operator's view."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bot.app import App
from bot.clock import Ids
from bot.engine.world import Integration
from bot.settings import Settings
from webhooks import callbacks, doors, links, ops
from webhooks.auth import by_key_hash
from webhooks.intake import Intake
from webhooks.mail.serving import receiving
from webhooks.pages import calendar, contact, incident

PROBE = "readiness"


def web_app(app: App, begin: Callable[[], None], settings: Settings | None = None) -> FastAPI:
    """The ASGI application of a process. `begin` starts the loops that this process runs, once the store is open.

    Where the settings say so, it listens for mail as well.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await app.start()
        begin()
        try:
            async with receiving(app, settings or Settings()):
                yield
        finally:
            await app.stop()

    async def writable() -> None:
        await app.committer.run(lambda tx: tx.put_meta(PROBE, str(app.clock.now())))

    intake = Intake(integrations=_Keys(app).find, append=app.keep, clock=app.clock, ids=Ids())
    web = FastAPI(title="Tocsin", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    web.router.routes += doors.routes(intake, ready=lambda: app.writable, started_at=app.clock.now())
    web.router.routes += callbacks.routes(app.parts.adapters, app.refused)
    web.router.routes += links.routes(app)
    web.router.routes += incident.routes(app)
    web.router.routes += calendar.routes(app)
    web.router.routes += contact.routes(app)
    web.router.routes += ops.routes(writable)
    return web


class _Keys:
    """Integrations by the hash of their key, made anew when another manifest comes into force."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._of: Mapping[str, Integration] = {}
        self._table: dict[str, Integration] = {}

    def find(self, hashed: str) -> Integration | None:
        """The integration whose key has this hash."""
        integrations = self._app.directory.world().integrations
        if self._of is not integrations:
            self._of, self._table = integrations, by_key_hash(integrations.values())
        return self._table.get(hashed)
