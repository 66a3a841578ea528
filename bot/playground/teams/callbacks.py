"""From Teams to the app: signs an activity, posts it to the messaging endpoint, and judges the answer by the clock.

Sources: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication and
https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bot.playground.emulator import ActRefused
from bot.playground.hub import Json, Outage
from bot.playground.teams.config import TeamsUser
from bot.playground.teams.login import Login
from bot.playground.teams.world import Conversation, World

ANSWER_BYTES_MAX = 500_000
USER_AGENT = "Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app said: `trouble` is empty when it answered 2xx in time."""

    status: int = 0
    body: Any = None
    trouble: str = ""


class AppLink:
    """The way to the app; `start` opens the one client session, `stop` closes it."""

    def __init__(self, world: World, login: Login) -> None:
        """Nothing is opened yet."""
        self.world = world
        self.login = login
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the client session."""
        timeout = aiohttp.ClientTimeout(total=self.world.config.deadline_s)
        self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)

    async def stop(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def activity(self, kind: str, place: Conversation, user: TeamsUser, *, root: str = "", **more: Any) -> Json:
        """An activity with the fields that all of them have."""
        config = self.world.config
        conversation: Json = {"conversationType": place.kind, "tenantId": config.tenant_id, "id": place.id}
        data: Json = {"tenant": {"id": config.tenant_id}}
        if place.kind != "personal":
            conversation["isGroup"] = True
        if place.is_channel:
            data |= {"channel": {"id": place.id}, "team": {"id": config.team_id}}
            if root:
                conversation["id"] = f"{place.id};messageid={root}"
        now = datetime.fromtimestamp(self.world.hub.now(), UTC).isoformat(timespec="milliseconds")
        return {
            "type": kind,
            "id": f"f:{self.world.new_id()}" if kind == "invoke" else self.world.new_id(),
            "timestamp": now.replace("+00:00", "Z"),
            "serviceUrl": config.service_url,
            "channelId": "msteams",
            "from": self.world.account(user),
            "conversation": conversation,
            "recipient": {"id": config.bot_id, "name": config.bot_name},
            "entities": [{"type": "clientInfo", "locale": user.locale, "country": "US", "platform": "Web"}],
            "channelData": data,
            "locale": user.locale,
            **more,
        }

    async def post(self, activity: Json) -> Answer:
        """Deliver one activity."""
        hub = self.world.hub
        outage = hub.outage("teams")
        if outage is Outage.DOWN:
            raise ActRefused("Teams is down: nothing a person does there reaches anyone.")
        if outage is Outage.SLOW:
            await asyncio.sleep(hub.slow_s)
        kind = activity.get("name") or activity["type"]
        self.world.publish("callback", {"kind": kind, "payload": activity})
        answer = await self._sent(activity)
        said = {"kind": kind, "status": answer.status, "body": answer.body, "trouble": answer.trouble}
        self.world.publish("answer", said)
        return answer

    async def _sent(self, activity: Json) -> Answer:
        config = self.world.config
        if self._session is None:
            raise ActRefused("The played Teams is not running.")
        if not config.callback_url:
            return Answer(trouble="no messaging endpoint is set")
        headers = {
            "Authorization": f"Bearer {self.login.signed(config.service_url)}",
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": USER_AGENT,
        }
        try:
            async with self._session.post(config.callback_url, data=json.dumps(activity), headers=headers) as response:
                raw = await response.content.read(ANSWER_BYTES_MAX)
                return _judged(response.status, raw)
        except TimeoutError:
            return Answer(trouble="no answer in time")
        except aiohttp.ClientError as error:
            return Answer(trouble=str(error) or type(error).__name__)


def _judged(status: int, raw: bytes) -> Answer:
    try:
        body = json.loads(raw) if raw.strip() else None
    except ValueError:
        body = raw.decode(errors="replace")
    return Answer(status, body, "" if 200 <= status < 300 else f"HTTP {status}")
