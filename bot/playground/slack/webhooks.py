"""Incoming webhooks: one secret address posts to one conversation, and answers in plain words.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.playground.hub import Json, Outage
from bot.playground.quota import Meter, Rate
from bot.playground.slack.api import outage_answer, too_many
from bot.playground.slack.chat_methods import has_content
from bot.playground.slack.contents import cut, message_content
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.workspace import Workspace

# "1 per second", short bursts allowed: https://docs.slack.dev/apis/web-api/rate-limits
PER_WEBHOOK = Rate(5, 5.0)
# Addresses of an app are made for one conversation, whatever the body says
_IGNORED = frozenset({"channel", "username", "icon_url", "icon_emoji"})


@dataclass(slots=True)
class IncomingWebhooks:
    """Answers `POST /services/T…/B…/secret`: 200 `ok`, or the vendor's status and word."""

    space: Workspace
    meter: Meter

    async def __call__(self, request: Request) -> Response:
        """One message from anybody who knows the address."""
        trouble = await outage_answer(self.space)
        if trouble is not None:
            return trouble
        path = str(request.path_params["path"])
        if self.space.hub.outage("slack") is Outage.REVOKED or path not in self.space.config.webhooks:
            known = {each.rpartition("/")[0] for each in self.space.config.webhooks}
            return _no("invalid_token", 403) if path.rpartition("/")[0] in known else _no("no_service", 404)
        wait_s = self.meter.take((path, PER_WEBHOOK)) if self.space.config.rate_limits else 0.0
        if wait_s > 0:
            return too_many(wait_s)
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _no("invalid_payload", 400)
        return self._post(self.space.config.webhooks[path], body)

    def _post(self, channel_id: str, body: object) -> Response:
        channel = self.space.channels.get(channel_id)
        if channel is None:
            return _no("channel_not_found", 404)
        if channel.is_archived:
            return _no("channel_is_archived", 410)
        if not isinstance(body, dict):
            return _no("invalid_payload", 400)
        wanted: Json = {name: value for name, value in body.items() if name not in _IGNORED}
        try:
            content = message_content(wanted)
        except SlackRefusal as refusal:
            self.space.publish("refused", {"method": "webhook", "error": refusal.code, "detail": refusal.messages})
            return _no(refusal.code, 400)
        if not has_content(content):
            return _no("no_text", 400)
        cut(content)
        self.space.keep(channel, self.space.from_bot({**content, "subtype": "bot_message"}))
        return PlainTextResponse("ok")


def _no(word: str, status: int) -> Response:
    return PlainTextResponse(word, status_code=status)
