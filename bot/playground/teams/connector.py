"""The Bot Connector at the door: token, quota and size, then conversations, messages and members.

Sources: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference,
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages, and for what
`POST /v3/conversations` takes core/docs/CreateConversation-API-Behavior.md of https://github.com/microsoft/teams.net
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.playground.hub import Json, Outage
from bot.playground.quota import Meter, Rate
from bot.playground.teams import refusals
from bot.playground.teams.cards import CARD_TYPE, check_card
from bot.playground.teams.config import TeamsUser
from bot.playground.teams.login import Login
from bot.playground.teams.refusals import TeamsRefusal
from bot.playground.teams.world import Conversation, World

MESSAGE_BYTES_MAX: Final = 28 * 1024
"""UTF-16 bytes of a message. Teams' page names 100 KB for bots today, 40 KB until 2025; 28 KB hold for connectors
(https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages): the least counts."""

# "Per bot per thread limit": https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
SENDS: Final = (Rate(7, 1.0), Rate(8, 2.0), Rate(60, 30.0), Rate(1800, 3600.0))
LOOKS: Final = (Rate(14, 1.0), Rate(16, 2.0), Rate(120, 30.0), Rate(3600, 3600.0))
OVERALL: Final = Rate(50, 1.0)
PAGE_MAX: Final = 500
"""https://learn.microsoft.com/microsoftteams/platform/resources/team-chat-member-api-changes"""

_KEYS: Final = frozenset({
    "type", "text", "textFormat", "summary", "attachments", "attachmentLayout", "entities", "importance", "channelData",
    "from", "recipient", "conversation", "replyToId", "id", "channelId", "serviceUrl", "locale", "inputHint",
    "suggestedActions", "timestamp", "localTimestamp", "speak", "value", "valueType", "name", "label", "deliveryMode",
})  # fmt: skip
_AT: Final = re.compile(r"<at>(.*?)</at>", re.DOTALL)
Work = Callable[[Request, Json], Awaitable[Response]]


class Connector:
    """Answers `/smba/v3/…`."""

    def __init__(self, world: World, login: Login) -> None:
        """Count calls on the product's clock."""
        self.world = world
        self.login = login
        self._meter = Meter(world.hub.now)

    def routes(self) -> list[Route]:
        """The part of the Connector's API that Teams offers to a bot for messages."""
        base = "/smba/v3/conversations"
        one = f"{base}/{{conversation}}"
        return [
            Route(base, self._guarded(self._create), methods=["POST"]),
            Route(f"{one}/activities", self._guarded(self._send), methods=["POST"]),
            Route(f"{one}/activities/{{activity}}", self._guarded(self._reply), methods=["POST"]),
            Route(f"{one}/activities/{{activity}}", self._guarded(self._update), methods=["PUT"]),
            Route(f"{one}/activities/{{activity}}", self._guarded(self._delete), methods=["DELETE"]),
            Route(f"{one}/members/{{member}}", self._guarded(self._member), methods=["GET"]),
            Route(f"{one}/pagedmembers", self._guarded(self._members), methods=["GET"]),
        ]

    def _guarded(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            hub = self.world.hub
            outage = hub.outage("teams")
            if outage is Outage.DOWN:
                return PlainTextResponse("The service is unavailable.", status_code=503)
            if outage is Outage.SLOW:
                await asyncio.sleep(hub.slow_s)
            try:
                self._admit(request)
                if outage is Outage.RATE_LIMITED:
                    raise refusals.too_many(hub.retry_after_s)
                return await work(request, await _object(request))
            except TeamsRefusal as refusal:
                what: Json = {"method": request.method, "path": request.url.path}
                self.world.publish("refused", {**what, "error": refusal.code, "detail": refusal.message})
                return refusal.response()

        return answer

    def _admit(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self.login.knows(token):
            raise refusals.denied()
        if self.world.config.rate_limits and (wait_s := self._meter.take(("all", OVERALL))):
            raise refusals.too_many(wait_s)

    def _spend(self, kind: str, place: str, rates: tuple[Rate, ...]) -> None:
        """A window of each length; a call that does not fit all of them counts for none."""
        if not self.world.config.rate_limits:
            return
        claims = [(f"{kind}:{place}:{rate.span_s}", rate) for rate in rates]
        if wait_s := self._meter.take(*claims):
            raise refusals.too_many(wait_s)

    async def _create(self, _request: Request, body: Json) -> Response:
        """A chat with one person, or a thread in a channel; Teams makes no group chats for bots."""
        channel = (body.get("channelData") or {}).get("channel")
        if channel is not None:
            return self._begin_thread(body, str(channel.get("id", "")))
        members = body.get("members")
        if body.get("isGroup") or not isinstance(members, list) or len(members) != 1:
            raise refusals.bad_syntax("Incorrect conversation creation parameters")
        if (body.get("tenantId") or body.get("tenantID")) != self.world.config.tenant_id:
            raise refusals.bad_syntax("Bad format of conversation ID")
        named = str(members[0].get("id", "")) if isinstance(members[0], dict) else ""
        user = self.world.person(named) if named.startswith("29:") else None
        if user is None:
            raise refusals.bad_syntax("Bad format of conversation ID")
        self._spend("create", user.id, SENDS)
        if not self.world.reaches(user):
            raise refusals.not_in_roster()
        return JSONResponse({"id": self.world.personal(user).id}, status_code=201)

    def _begin_thread(self, body: Json, channel: str) -> Response:
        place, root = self.world.at(channel)
        if not place.is_channel or root or body.get("activity") is None:
            raise refusals.bad_syntax("Incorrect conversation creation parameters")
        self._spend("create", place.id, SENDS)
        message = self._said(place, body["activity"])
        kept = self.world.keep(place, message)
        return JSONResponse({"id": kept["conversation"], "activityId": kept["id"]}, status_code=201)

    async def _send(self, request: Request, body: Json) -> Response:
        place, root = self.world.at(request.path_params["conversation"])
        self._spend("send", request.path_params["conversation"], SENDS)
        kept = self.world.keep(place, self._said(place, body), root)
        return JSONResponse({"id": kept["id"]}, status_code=201)

    async def _reply(self, request: Request, body: Json) -> Response:
        place, root = self.world.at(request.path_params["conversation"])
        self._own(place, request.path_params["activity"], anybodys=True)
        self._spend("send", request.path_params["conversation"], SENDS)
        kept = self.world.keep(place, self._said(place, body), root)
        return JSONResponse({"id": kept["id"]}, status_code=201)

    async def _update(self, request: Request, body: Json) -> Response:
        """https://learn.microsoft.com/microsoftteams/platform/bots/how-to/update-and-delete-bot-messages."""
        place, _ = self.world.at(request.path_params["conversation"])
        message = self._own(place, request.path_params["activity"])
        self._spend("send", request.path_params["conversation"], SENDS)
        fresh = self._said(place, body)
        for name in ("text", "summary", "attachments", "textFormat", "pings"):
            message.pop(name, None)
        message.update(fresh, edited=True, timestamp=message["timestamp"], pings=[])  # an edit pings nobody
        self.world.publish("update", {"conversation": place.id, "message": message})
        return JSONResponse({"id": message["id"]})

    async def _delete(self, request: Request, _body: Json) -> Response:
        place, _ = self.world.at(request.path_params["conversation"])
        message = self._own(place, request.path_params["activity"])
        del place.messages[message["id"]]
        self.world.publish("delete", {"conversation": place.id, "id": message["id"]})
        return Response(status_code=200)

    async def _member(self, request: Request, _body: Json) -> Response:
        """One member by account or object id: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/\
get-teams-context.
        """
        place = self._roster(request)
        user = self.world.person(request.path_params["member"])
        if user is None or user.id not in place.members:
            raise TeamsRefusal(404, "MemberNotFoundInConversation", "The member was not found in the conversation.")
        return JSONResponse(self._shown(user))

    async def _members(self, request: Request, _body: Json) -> Response:
        place = self._roster(request)
        size = min(int(request.query_params.get("pageSize", PAGE_MAX)), PAGE_MAX, self.world.config.page_members)
        begin = int(request.query_params.get("continuationToken", "0"))
        page = [self._shown(self.world.users[user]) for user in place.members[begin : begin + size]]
        more = {"continuationToken": str(begin + size)} if begin + size < len(place.members) else {}
        return JSONResponse({"members": page, **more})

    def _roster(self, request: Request) -> Conversation:
        place, _ = self.world.at(request.path_params["conversation"])
        self._spend("members", place.id, LOOKS)
        if not place.installed:
            raise refusals.not_in_roster()
        return place

    def _shown(self, user: TeamsUser) -> Json:
        given, _, surname = user.name.partition(" ")
        account = self.world.account(user)
        more = {"givenName": given, "surname": surname, "email": user.email, "userPrincipalName": user.email}
        return {**account, "objectId": user.id, **more, "tenantId": self.world.config.tenant_id, "userRole": "user"}

    def _own(self, place: Conversation, activity: str, *, anybodys: bool = False) -> Json:
        message = place.messages.get(activity)
        if message is None or not (anybodys or message["from"]["id"] == self.world.config.bot_id):
            raise refusals.no_activity()
        return message

    def _said(self, place: Conversation, activity: Any) -> Json:
        """A checked message of the bot, ready to be shown. Raises `TeamsRefusal`."""
        self._may_write(place)
        if not isinstance(activity, dict) or activity.get("type") != "message":
            raise refusals.bad_syntax("Unknown activity type")
        if strange := set(activity) - _KEYS:
            raise refusals.bad_argument(f"Unknown property {min(strange)}")
        if len(json.dumps(activity, ensure_ascii=False).encode("utf-16-le", "surrogatepass")) > MESSAGE_BYTES_MAX:
            raise refusals.too_big()
        text, attachments = activity.get("text") or "", activity.get("attachments") or []
        if not text and not attachments:
            raise refusals.bad_syntax("Activity resulted into multiple skype activities")
        for attachment in attachments:
            if not isinstance(attachment, dict) or attachment.get("contentType") != CARD_TYPE:
                raise refusals.bad_argument("Unknown attachment type")
            check_card(attachment.get("content"))
        shown: Json = {name: activity[name] for name in ("text", "textFormat", "summary", "attachments")
                       if activity.get(name)}  # fmt: skip
        config = self.world.config
        me = {"id": config.bot_id, "name": config.bot_name, "role": "bot"}
        return {"type": "message", "from": me, "timestamp": self.world.hub.now(), "pings": self._pings(activity, place),
                **shown}  # fmt: skip

    def _may_write(self, place: Conversation) -> None:
        if place.kind == "personal":
            user = self.world.users[place.members[0]]
            if user.blocked or not self.world.reaches(user) or self.world.hub.outage("teams") is Outage.BLOCKED:
                raise refusals.blocked()
        elif not place.installed:
            raise refusals.not_in_roster()

    def _pings(self, activity: Json, place: Conversation) -> list[str]:
        """The object ids of members whom the mentions of a message ping."""
        entities = list(activity.get("entities") or [])
        for attachment in activity.get("attachments") or []:
            entities += attachment["content"].get("msteams", {}).get("entities", [])
        people = [self.world.person(str(each.get("mentioned", {}).get("id"))) for each in entities]
        return [user.id for user in people if user and user.id in place.members]


async def _object(request: Request) -> Json:
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise refusals.bad_syntax("The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise refusals.bad_syntax("The request body is not an object")
    return body
