"""The SDK on our own transport: one shared session, our token, and nothing that blocks the loop or retries unseen.

The SDK's own transport runs `requests` in the loop's thread pool and sleeps there; its token cache lives one turn.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bot.adapters.teams.outcome import Refused

if TYPE_CHECKING:
    import aiohttp
    from botbuilder.core import CloudAdapterBase
    from botframework.connector.aio import ConnectorClient

    from bot.adapters.teams.login import Login

CLIENTS_MAX = 50


class BadAnswer(ValueError):
    """A success whose body is not the Connector's, as a captive portal or a proxy sends it."""


class Connectors:
    """A Connector client for each service URL, all on the same session; `create` is what the SDK calls."""

    def __init__(self, session: aiohttp.ClientSession, login: Login) -> None:
        """Open nothing."""
        self._session = session
        self._login = login
        self._clients: dict[str, ConnectorClient] = {}

    async def create(self, service_url: str, audience: str | None = None) -> ConnectorClient:
        """The SDK's hook; `audience` is the same for all of Teams."""
        return self.at(service_url)

    def at(self, service_url: str) -> ConnectorClient:
        """The client of a service URL."""
        if service_url not in self._clients:
            if len(self._clients) >= CLIENTS_MAX:
                self._clients.clear()
            self._clients[service_url] = self._made(service_url)
        return self._clients[service_url]

    def _made(self, service_url: str) -> ConnectorClient:
        from botframework.connector import BotFrameworkConnectorConfiguration
        from botframework.connector.aio import ConnectorClient
        from msrest.pipeline.async_abc import AsyncPipeline
        from msrest.pipeline.universal import RawDeserializer

        # The configuration wants credentials and must not use them: a policy that the SDK links into a pipeline of
        # its own would take its transport along, so the token is added by our sender.
        configuration = BotFrameworkConnectorConfiguration(object(), service_url)
        policies = [configuration.user_agent_policy, RawDeserializer()]
        configuration.custom_pipeline = AsyncPipeline(policies, _sender(self._session, self._login))
        return ConnectorClient(None, custom_configuration=configuration)


def _sender(session: aiohttp.ClientSession, login: Login) -> Any:
    """The last part of the pipeline: one request, no retry."""
    from msrest.pipeline import Response
    from msrest.pipeline.async_abc import AsyncHTTPSender
    from msrest.universal_http.aiohttp import AioHttpClientResponse

    class Sender(AsyncHTTPSender[Any, Any]):
        async def __aexit__(self, *_: object) -> None:
            """The session outlives every client."""

        async def send(self, request: Any, **_: object) -> Any:
            asked = request.http_request
            headers = {**asked.headers, "Authorization": f"Bearer {await login.token()}"}
            async with session.request(asked.method, asked.url, data=asked.data, headers=headers) as response:
                answer = AioHttpClientResponse(asked, response)
                await answer.load_body()
                body = await response.read()
            if not 200 <= response.status < 300:
                raise Refused(response.status, response.headers, body)
            _expect(body)
            return Response(request, answer)

    return Sender()


def _expect(body: bytes) -> None:
    """Everything that we ask of the Connector is answered with an object: with an id, or members. Raises BadAnswer."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise BadAnswer("the answer is no JSON") from error
    named = isinstance(found, dict) and isinstance(found.get("id"), str) and found["id"]
    if not named and not (isinstance(found, dict) and isinstance(found.get("members"), list)):
        raise BadAnswer("the answer has no id")


def load() -> None:
    """Import what is used of the SDK, so that nothing waits for that later."""
    import_module("botbuilder.core")
    import_module("botframework.connector.aio")


@cache
def turns() -> CloudAdapterBase:
    """The SDK's adapter for incoming activities. It is handed results of our own check, and never asked for one."""
    from botbuilder.core import CloudAdapterBase

    class Turns(CloudAdapterBase):  # type: ignore[misc]  # the SDK has no types
        """Concrete, as the SDK wants it."""

    class Authentication:
        """The part of the SDK's authentication that a turn uses."""

        async def create_user_token_client(self, _claims: object) -> None:
            """Nobody signs in by the bot."""

    return Turns(Authentication())


def authenticated(connectors: Connectors, app_id: str) -> Any:
    """What the SDK takes as the proof that an activity was verified already."""
    from botframework.connector.auth import AuthenticateRequestResult, ClaimsIdentity

    result = AuthenticateRequestResult()
    result.claims_identity = ClaimsIdentity({"aud": app_id}, is_authenticated=True)
    result.audience = "https://api.botframework.com"
    result.connector_factory = connectors
    return result
