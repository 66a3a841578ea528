"""War rooms: a conversation for one incident, found again by the key that opened it, until it is archived.

Methods: https://docs.slack.dev/reference/methods#conversations and https://docs.slack.dev/reference/methods/pins.add
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from bot.adapters.base import Json, Permanent, Room, RoomLine
from bot.adapters.slack.decode import plain
from bot.adapters.slack.outcome import PERSON_WORDS, fact

if TYPE_CHECKING:
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

NAME_MAX = 80
"""https://docs.slack.dev/reference/methods/conversations.create"""
TOPIC_MAX = 250
"""https://docs.slack.dev/reference/methods/conversations.setTopic; the purpose has the same."""
INVITES_MAX = 100
"""People in one call. Pages of the vendor say 100 and 1,000: the smaller one holds everywhere."""
PAGE = 200
"""What https://docs.slack.dev/apis/web-api/pagination recommends."""
PAGES_MAX = 20
THREADS_MAX = 20
"""Threads read for a transcript: conversations.replies allows 50 calls a minute."""
MARK = "Tocsin war room "
"""Begins the purpose of every room of ours; the rest tells which key opened it."""

_NOT_A_NAME = re.compile(r"[^a-z0-9_]+")
_UNWANTED = PERSON_WORDS | {
    "cant_invite", "cant_invite_self", "ura_max_channels", "user_is_restricted", "user_team_not_in_channel",
    "org_user_not_in_team", "not_in_team", "invitee_cant_see_channel", "no_external_invite_permission",
    "failed_for_some_users",
}  # fmt: skip
_NOISE = frozenset({
    "channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "channel_archive",
    "group_join", "group_leave", "group_topic", "group_purpose", "group_name", "group_archive", "pinned_item",
    "bot_add", "tombstone",
})  # fmt: skip
"""What Slack itself says in a conversation: https://docs.slack.dev/reference/events/message#subtypes."""


def room_name(wanted: str, suffix: str = "") -> str:
    """A name that Slack takes: lower case, a-z, digits, `-` and `_`, at most 80 characters, and never empty."""
    name = _NOT_A_NAME.sub("-", wanted.lower()).strip("-_")
    tail = f"-{suffix}" if suffix else ""
    name = name[: NAME_MAX - len(tail)].rstrip("-_") or "incident"
    return f"{name}{tail}"


async def open_room(web: AsyncWebClient, name: str, topic: str, parent: str, key: str) -> Room:
    """A new conversation, or the one that `key` opened before; private where the parent is.

    A name that somebody else has, or that an archived room keeps, is taken with a suffix that the key decides.
    """
    private = await _is_private(web, parent) if parent else False
    seal = hashlib.sha256(key.encode()).hexdigest()[:12]
    for wanted in (room_name(name), room_name(name, seal[:6])):
        channel = await _created(web, wanted, private=private) or await _mine(web, wanted, seal)
        if channel:
            await web.conversations_setPurpose(channel=channel, purpose=f"{MARK}{seal}")
            if topic:
                await web.conversations_setTopic(channel=channel, topic=topic[:TOPIC_MAX])
            # https://docs.slack.dev/interactivity/deep-linking: a link that needs no team's domain
            return Room(address=channel, name=wanted, url=f"https://slack.com/app_redirect?channel={channel}")
    raise Permanent("refused", f"the names {room_name(name)} and {wanted} are taken in this workspace")


async def _is_private(web: AsyncWebClient, parent: str) -> bool:
    """Whether a chat is private; one that the bot cannot see is taken for private, because others may not either."""
    from slack_sdk.errors import SlackApiError

    try:
        channel = (await web.conversations_info(channel=parent)).get("channel")
    except SlackApiError as error:
        if _word(error) != "channel_not_found":
            raise
        return True
    return bool(isinstance(channel, dict) and channel.get("is_private"))


async def _created(web: AsyncWebClient, name: str, *, private: bool) -> str:
    """The id of a new conversation; empty where the name is taken."""
    from slack_sdk.errors import SlackApiError

    try:
        return fact(await web.conversations_create(name=name, is_private=private), "channel", "id")
    except SlackApiError as error:
        if _word(error) != "name_taken":
            raise
        return ""


async def _mine(web: AsyncWebClient, name: str, seal: str) -> str:
    """The conversation of that name that the same key opened; one without a purpose was cut off while being opened."""
    async for each in _pages(web, "users.conversations", "channels", {
        "types": "public_channel,private_channel", "exclude_archived": True,
    }):  # fmt: skip
        if each.get("name") == name:
            purpose = str((each.get("purpose") or {}).get("value", ""))
            ours = purpose == f"{MARK}{seal}" or (not purpose and await _made_by_us(web, each))
            return str(each["id"]) if ours else ""
    return ""


async def _made_by_us(web: AsyncWebClient, channel: Json) -> bool:
    return fact(await web.auth_test(), "user_id") == channel.get("creator")


async def _pages(web: AsyncWebClient, method: str, field: str, args: Json) -> AsyncIterator[Json]:
    """Everything that a method lists, page by page: https://docs.slack.dev/apis/web-api/pagination."""
    cursor = ""
    for _ in range(PAGES_MAX):
        answer = await web.api_call(method, params={**args, "limit": PAGE, **({"cursor": cursor} if cursor else {})})
        listed = answer.get(field)
        for each in listed if isinstance(listed, list) else ():
            yield each
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor", ""))
        if not cursor:
            return


async def invite(web: AsyncWebClient, channel: str, users: tuple[str, ...]) -> tuple[str, ...]:
    """Bring people in; those who are there already are fine. Returns those who could not be brought in."""
    left_out: list[str] = []
    for start in range(0, len(users), INVITES_MAX):
        left_out += await _invite_some(web, channel, users[start : start + INVITES_MAX])
    return tuple(left_out)


async def _invite_some(web: AsyncWebClient, channel: str, users: tuple[str, ...]) -> list[str]:
    """One call for all, which goes on past those it refuses (`force`); where it does not, one call for each."""
    from slack_sdk.errors import SlackApiError

    try:
        answer = await web.conversations_invite(channel=channel, users=list(users), force=True)
        return _refused(answer.get("errors"))
    except SlackApiError as error:
        word = _word(error)
        if word != "already_in_channel" and word not in _UNWANTED:
            raise
        if len(users) == 1:
            return [] if word in {"already_in_channel", "cant_invite_self"} else [*users]
    return [user for each in users for user in await _invite_some(web, channel, (each,))]


def _refused(errors: Any) -> list[str]:
    fine = {"already_in_channel", "cant_invite_self"}
    listed = errors if isinstance(errors, list) else []
    return [str(each["user"]) for each in listed if isinstance(each, dict) and each.get("error") not in fine]


async def set_topic(web: AsyncWebClient, channel: str, topic: str) -> None:
    """Plain text: Slack reads no markup in a topic."""
    await web.conversations_setTopic(channel=channel, topic=topic[:TOPIC_MAX])


async def pin(web: AsyncWebClient, ref: str) -> None:
    """One that is pinned already is fine."""
    from slack_sdk.errors import SlackApiError

    channel, _, ts = ref.partition(":")
    try:
        await web.pins_add(channel=channel, timestamp=ts)
    except SlackApiError as error:
        if _word(error) != "already_pinned":
            raise


async def archive(web: AsyncWebClient, channel: str) -> None:
    """One that is archived already is fine."""
    from slack_sdk.errors import SlackApiError

    try:
        await web.conversations_archive(channel=channel)
    except SlackApiError as error:
        if _word(error) != "already_archived":
            raise


async def transcript(web: AsyncWebClient, channel: str, limit: int, seconds: float) -> list[RoomLine]:
    """The newest `limit` messages, oldest first; what Slack itself says is left out.

    Threads are read besides, as far as `seconds` and the rate limit go: they must not keep a room from being closed.
    """
    until = asyncio.get_running_loop().time() + seconds
    said: list[Json] = []
    async for message in _pages(web, "conversations.history", "messages", {"channel": channel}):
        if message.get("subtype") not in _NOISE:
            said.append(message)
        if len(said) >= limit:
            break
    for parent in [message for message in said if message.get("reply_count")][:THREADS_MAX]:
        if asyncio.get_running_loop().time() > until:
            break
        said += await _thread(web, channel, str(parent["ts"]))
    lines = sorted((_line(message) for message in said if message.get("text")), key=lambda line: line.at)
    return lines[-limit:]


async def _thread(web: AsyncWebClient, channel: str, ts: str) -> list[Json]:
    from slack_sdk.errors import SlackApiError

    try:
        return [
            reply
            async for reply in _pages(web, "conversations.replies", "messages", {"channel": channel, "ts": ts})
            if reply.get("ts") != ts and reply.get("subtype") != "thread_broadcast"
        ]
    except SlackApiError as error:
        if _word(error) != "ratelimited":
            raise
        return []


def _line(message: Json) -> RoomLine:
    return RoomLine(at=float(message["ts"]), user=str(message.get("user", "")), text=plain(str(message["text"])))


def _word(error: SlackApiError) -> str:
    data = getattr(error.response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""
