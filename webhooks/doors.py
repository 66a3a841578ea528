"""The addresses of intake: `/in/SOURCE/KEY`, the custom event standard's own, and those of an Alertmanager."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bot.engine.model import Instant
from bot.observe import ACCEPTED
from webhooks.intake import Intake, send_reply
from webhooks.sources import SOURCES, prometheus_v2
from webhooks.sources.base import Rejected, Reply
from webhooks.sources.times import written

_ALERTMANAGER_PREFIXES = ("", "/in/{key}", "/in/prometheus_v2/{key}")
"""Prometheus appends the paths of the Alertmanager API to its `path_prefix`, which carries the key."""


class _Door:
    """One address as an ASGI application: Starlette wraps functions in its own Request, which nobody here needs."""

    def __init__(self, intake: Intake, path: str, source: str = "") -> None:
        self._intake = intake
        self._path = path
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        source = self._source or scope["path_params"]["source"]
        path = self._path if self._source else f"{self._path}/{source}"
        knock = self._intake.knock(scope, source, path, key_in_authorization=bool(self._source))
        reply, rejected = await self._intake.take(knock, receive)
        ACCEPTED.labels(source if source in SOURCES else "unknown", reply.status).inc()
        await send_reply(send, reply, rejected)


class _AlertList:
    """The list of alerts that an Alertmanager would have: empty by design, and only for who has the key.

    Probes and dashboards ask for it; what is open is seen in chat and at the terminal.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        source = prometheus_v2.SOURCE
        knock = self._intake.knock(scope, source.name, "/api/v2/alerts", key_in_authorization=True)
        found = self._intake.known(knock, source)
        if isinstance(found, Rejected):
            await send_reply(send, source.answer(knock.request(b"", {}), found), found)
        else:
            await send_reply(send, Reply(status=200, body=b"[]"), None)


def routes(intake: Intake, *, ready: Callable[[], bool], started_at: Instant) -> list[BaseRoute]:
    """Every address that alerts come to, the busiest first."""
    found: list[BaseRoute] = [
        Route("/in/{source}/{key}", _Door(intake, "/in")),
        Route("/event/push/alert/{source}", _Door(intake, "/event/push/alert")),
    ]
    for prefix in _ALERTMANAGER_PREFIXES:
        found += _alertmanager_routes(intake, prefix, ready, started_at)
    return found


def _alertmanager_routes(
    intake: Intake, prefix: str, ready: Callable[[], bool], started_at: Instant
) -> list[BaseRoute]:
    name = prometheus_v2.SOURCE.name

    async def status(_: Request) -> Response:
        return Response(msgspec.json.encode(_status(started_at)), media_type="application/json")

    async def readiness(_: Request) -> Response:
        if ready():
            return PlainTextResponse("OK")
        return PlainTextResponse("The database cannot be written: alerts are answered 503 for now.", 503)

    return [
        Route(prefix + "/api/v2/alerts", _AlertList(intake), methods=["GET"]),
        Route(prefix + "/api/v2/alerts", _Door(intake, "/api/v2/alerts", name)),
        Route(prefix + "/api/v1/alerts", _Door(intake, "/api/v1/alerts", name)),
        Route(prefix + "/api/v2/status", status, methods=["GET"]),
        Route(prefix + "/-/ready", readiness, methods=["GET"]),
    ]


def _status(started_at: Instant) -> dict[str, object]:
    """What Alertmanager's `getStatus` requires (api/v2/openapi.yaml), with nothing in it that is not ours to say."""
    blank = dict.fromkeys(("revision", "branch", "buildUser", "buildDate", "goVersion"), "")
    return {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": {"version": "tocsin", **blank},
        "config": {"original": ""},
        "uptime": written(started_at),
    }
