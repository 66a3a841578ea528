"""Messages out: to a channel, a thread, a group chat or a person, and in place; each call once, within its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bot.adapters.base import AuthBroken, Json, Permanent, SendError, Sent, Transient
from bot.adapters.teams.connector import BadAnswer, Connectors
from bot.adapters.teams.login import Login
from bot.adapters.teams.lookup import Lookup
from bot.adapters.teams.outcome import Kind, outcome
from bot.adapters.teams.places import Places, base_of, is_channel, is_person, parts_of, ref_of

if TYPE_CHECKING:
    from botbuilder.schema import Activity

PAGE_SIZE = 500
"""Members on a page, at most: https://learn.microsoft.com/microsoftteams/platform/resources/team-chat-member-api-changes"""
PAGES_MAX = 50
FORGOTTEN = "ConversationNotFound"

Work = Callable[[Any], Awaitable[Any]]


class Post:
    """Writes through the SDK's Connector client. Every method raises SendError."""

    def __init__(self, connectors: Connectors, login: Login, places: Places, app_id: str, tenant: str) -> None:
        """`tenant` is where people live; the token may come from another one."""
        self._connectors = connectors
        self._login = login
        self._places = places
        self._lookup = Lookup()
        self._bot = f"28:{app_id}"
        self._tenant = tenant

    async def send(self, address: str, message: Json, deadline: float) -> Sent:
        """A new message; in a channel it begins a thread, and its ref names that."""
        if is_person(address):
            return await self._to_person(address, message, deadline)
        if is_channel(address):
            thread = {"isGroup": True, "channelData": {"channel": {"id": address}}}
            made = await self._create(address, thread, message, Kind(), deadline)
            self._places.rosters.setdefault(address)
            return Sent(ref=ref_of(str(made.id), str(made.activity_id or made.id.rpartition("=")[2])))
        kind = Kind(person=address.startswith("a:"))
        sent = await self._said(address, message, kind, deadline)
        if not kind.person:
            self._places.rosters.setdefault(address.partition(";")[0])
        return sent

    async def edit(self, ref: str, message: Json, deadline: float) -> Sent:
        """The same message, wholly new."""
        conversation, activity = parts_of(ref)
        kind = Kind(person=conversation.startswith("a:"), edit=True)
        body = _activity(message)

        async def work(conversations: Any) -> Any:
            return await conversations.update_activity(conversation, activity, body)

        await self._call(conversation, work, kind, deadline)
        return Sent(ref=ref)

    async def reply(self, ref: str, message: Json, deadline: float) -> Sent:
        """A new message in the conversation of another: in a channel that is its thread, `19:…;messageid=N`.

        https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
        """
        conversation, _ = parts_of(ref)
        threaded = not is_channel(conversation) and is_channel(base_of(conversation))
        return await self._said(conversation, message, Kind(edit=threaded), deadline)

    async def account(self, user: str, deadline: float) -> str:
        """What Teams calls a person to this app, looked up in the conversations that are known; empty if in none."""
        known = self._places.people.get(user)
        if user.startswith("29:") or (known and known.account):
            return user if user.startswith("29:") else str(known and known.account)

        async def ask(roster: str, until: float) -> str:
            return str((await self.member(roster, user, until)).id)

        if account := await self._lookup.find(user, self._places.lookups(), ask, deadline):
            self._places.meet(user, account=account)
        return account

    async def member(self, roster: str, user: str, deadline: float) -> Any:
        """A member of a conversation, by account or object id."""

        async def work(conversations: Any) -> Any:
            return await conversations.get_conversation_member(roster, user)

        return await self._call(roster, work, Kind(person=True, ambiguous=False), deadline)

    async def everybody(self, roster: str, deadline: float) -> dict[str, str]:
        """Object ids of a conversation's members, by mail address and by user principal name, in small letters."""
        found: dict[str, str] = {}
        async for member in self.members(roster, deadline):
            for address in (member.user_principal_name, member.email):
                if address and member.aad_object_id:
                    found[str(address).casefold()] = str(member.aad_object_id)
        return found

    async def members(self, roster: str, deadline: float) -> AsyncIterator[Any]:
        """Each member of a conversation, page by page; a failure may come after some of them."""
        token: str | None = None
        for _ in range(PAGES_MAX):
            page = await self._page(roster, token, deadline)
            for member in page.members or []:
                yield member
            token = page.continuation_token
            if not token:
                break

    async def _page(self, roster: str, token: str | None, deadline: float) -> Any:
        async def work(conversations: Any) -> Any:
            return await conversations.get_teams_conversation_paged_members(roster, PAGE_SIZE, token)

        return await self._call(roster, work, Kind(ambiguous=False), deadline)

    async def _to_person(self, user: str, message: Json, deadline: float) -> Sent:
        """In the chat of a person with the bot, which is made if nobody has written there yet."""
        known = self._places.people.get(user)
        if known and known.chat:
            try:
                return await self._said(known.chat, message, Kind(person=True), deadline)
            except Permanent as error:
                if FORGOTTEN not in error.detail:
                    raise
                self._places.forget_chat(user)  # the tenant forgot it: make it anew
        account = await self.account(user, deadline)
        asked = {
            "isGroup": False,
            "members": [{"id": account or user}],
            "channelData": {"tenant": {"id": self._tenant}},
        }
        made = await self._create(user, asked, None, Kind(person=True, ambiguous=False), deadline)
        self._places.meet(user, account=account, chat=str(made.id))
        return await self._said(str(made.id), message, Kind(person=True), deadline)

    async def _create(self, place: str, asked: Json, message: Json | None, kind: Kind, deadline: float) -> Any:
        from botbuilder.schema import ConversationParameters

        body = ConversationParameters().deserialize({**asked, "bot": {"id": self._bot}})
        body.tenant_id = self._tenant or None
        body.activity = _activity(message) if message is not None else None

        async def work(conversations: Any) -> Any:
            return await conversations.create_conversation(body)

        return await self._call(place, work, kind, deadline)

    async def _said(self, conversation: str, message: Json, kind: Kind, deadline: float) -> Sent:
        body = _activity(message)

        async def work(conversations: Any) -> Any:
            return await conversations.send_to_conversation(conversation, body)

        return Sent(ref=ref_of(conversation, str((await self._call(conversation, work, kind, deadline)).id)))

    async def _call(self, place: str, work: Work, kind: Kind, deadline: float) -> Any:
        """One call; a second one where the token was refused, which says that nothing was done."""
        for again in (True, False):
            token = await self._login.token()
            left_s = max(deadline - asyncio.get_running_loop().time(), 0.0)
            try:
                async with outcome(left_s, kind):
                    return await work(self._connectors.at(self._places.url_of(place)).conversations)
            except AuthBroken:
                self._login.drop(token)
                if not again:
                    raise
            except BadAnswer as error:
                raise Transient("bad_answer", str(error), ambiguous=kind.ambiguous) from error
        raise SendError("auth_broken", "the token was refused twice")


def _activity(message: Json) -> Activity:
    """The rendered body as the SDK's model. Mentions need one of their own, or the SDK sends nothing but their type."""
    from botbuilder.schema import Activity, ChannelAccount, Mention

    activity = Activity().deserialize({name: value for name, value in message.items() if name != "entities"})
    activity.entities = [
        Mention(type="mention", text=each["text"], mentioned=ChannelAccount(**each["mentioned"]))
        for each in message.get("entities", ())
    ] or None
    return activity
