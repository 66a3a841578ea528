"""What `doctor` asks Telegram: is the token alive, do updates reach us, and may the bot do its work in its groups?

It only looks: nothing is set, removed or fetched that another process lives by.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from bot.adapters.base import AuthBroken, Finding, Moved, SendError
from bot.adapters.telegram.outcome import CONFLICT, outcome
from bot.adapters.telegram.polling import Polled

if TYPE_CHECKING:
    from telegram import Bot, ChatFullInfo, ChatMember, User, WebhookInfo

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""https://core.telegram.org/bots/api#setwebhook"""
AGAIN = "Run doctor again in a minute."
ADD_BOT = "Open the group, Add members, and add the bot by its @name; or take the chat out of the manifest."
PRESS_START = (
    "Ask them to open the bot in Telegram, unblock it if they blocked it, and press Start. SMS and mail reach them."
)
MAKE_ADMIN = "Open the group, Administrators, the bot, and switch on: "


class Wanted(Protocol):
    """What the settings of the adapter say that matters here."""

    @property
    def webhook_url(self) -> str:
        """Where Telegram is to call; empty for polling."""

    @property
    def secret_token(self) -> str:
        """What a call of Telegram carries."""

    @property
    def chats(self) -> tuple[str, ...]:
        """The groups that cards go to."""

    @property
    def people(self) -> tuple[str, ...]:
        """The accounts that pages go to."""

    @property
    def timeout_s(self) -> float:
        """The time for one call, in seconds."""


async def examine(bot: Bot, wanted: Wanted, polled: Polled) -> list[Finding]:
    """One finding a check; a failed round trip is a finding too, never an error."""
    try:
        async with outcome(wanted.timeout_s, ambiguous=False):
            me = await bot.get_me()
    except SendError as error:
        refused = isinstance(error, AuthBroken)
        cure = "Ask @BotFather for the token (/mybots, API Token) and set it; a revoked token cannot come back."
        return [Finding(check="bot token", ok=False, detail=str(error), cure=cure if refused else AGAIN)]
    findings = [Finding(check="bot token", ok=True, detail=f"@{me.username}"), _privacy(me)]
    if wanted.webhook_url and not SECRET.fullmatch(wanted.secret_token):
        detail = "it is empty" if not wanted.secret_token else "it has characters that Telegram refuses"
        cure = "Set 1 to 256 letters, digits, _ or -; without it nobody could tell Telegram's calls from a stranger's."
        findings.append(Finding(check="secret token", ok=False, detail=detail, cure=cure))
    findings.append(await _updates(bot, wanted, polled))
    for chat in dict.fromkeys(address.partition("/")[0] for address in wanted.chats):
        findings += await _chat(bot, chat, me, wanted.timeout_s)
    for person in dict.fromkeys(wanted.people):
        findings.append(await _person(bot, person, wanted.timeout_s))
    return findings


def _privacy(me: User) -> Finding:
    """Privacy mode is no fault: commands, buttons and replies work (https://core.telegram.org/bots/features)."""
    if me.can_read_all_group_messages:
        return Finding(check="privacy mode", ok=True, detail="off: the bot hears all that is written in its groups")
    detail = (
        "on: in groups the bot hears /toc, buttons and replies to it, but no @mention. For those, make it an "
        "administrator of the group, or switch the mode off with /setprivacy at @BotFather and add the bot anew"
    )
    return Finding(check="privacy mode", ok=True, detail=detail)


async def _updates(bot: Bot, wanted: Wanted, polled: Polled) -> Finding:
    try:
        async with outcome(wanted.timeout_s, ambiguous=False):
            info = await bot.get_webhook_info()
    except SendError as error:
        return Finding(check="updates", ok=False, detail=str(error), cure=AGAIN)
    if info.url != wanted.webhook_url:
        return _elsewhere(info, wanted.webhook_url)
    if polled.trouble == CONFLICT:
        cure = "Stop the other process, or give this Tocsin a bot of its own; of several, one at a time is answered."
        return Finding(check="updates", ok=False, detail="another process polls for the same bot", cure=cure)
    if info.last_error_message and info.pending_update_count:
        cure = f"Open {wanted.webhook_url} to the internet with a valid certificate, on port 443, 80, 88 or 8443."
        return Finding(check="updates", ok=False, detail=f"the last call failed: {info.last_error_message}", cure=cure)
    waiting = f"{info.pending_update_count} waiting"
    if info.last_error_message:
        waiting += f"; a call failed before: {info.last_error_message}"
    return Finding(check="updates", ok=True, detail=waiting if wanted.webhook_url else f"by polling, {waiting}")


def _elsewhere(info: WebhookInfo, webhook_url: str) -> Finding:
    if not webhook_url:
        detail = f"a webhook is set, so that nothing can be polled: {info.url}"
        cure = "Call deleteWebhook if nothing lives by it any more; else give this Tocsin a bot of its own."
    else:
        detail = f"Telegram calls {info.url or 'nobody'} instead of {webhook_url}"
        cure = "Start Tocsin, which registers it. If it changes back, another program uses the same bot."
    return Finding(check="updates", ok=False, detail=detail, cure=cure)


async def _chat(bot: Bot, chat: str, me: User, timeout_s: float) -> list[Finding]:
    """The bot's place in one group: there at all, may write, and may open topics where the group has any."""
    check = f"chat {chat}"
    try:
        async with outcome(timeout_s, ambiguous=False, address=chat):
            group = await bot.get_chat(chat)
            member = await bot.get_chat_member(chat, me.id)
    except Moved as moved:
        cure = f"Write {moved.address} in the manifest: the group became a supergroup and has a new id."
        return [Finding(check=check, ok=False, detail=f"it moved to {moved.address}", cure=cure)]
    except SendError as error:
        return [Finding(check=check, ok=False, detail=str(error), cure=ADD_BOT)]
    if member.status in ("left", "kicked"):
        return [Finding(check=check, ok=False, detail=f"the bot is not in it ({member.status})", cure=ADD_BOT)]
    if not _may_write(group, member):
        cure = "Let members write (group, Permissions), or make the bot an administrator."
        return [Finding(check=check, ok=False, detail="the bot may not write there", cure=cure)]
    return [Finding(check=check, ok=True, detail=f"{group.title}: {member.status}"), _rooms(chat, group, member)]


async def _person(bot: Bot, person: str, timeout_s: float) -> Finding:
    """Whether the bot may write to somebody: "typing…" is refused wherever a message is, and leaves nothing behind."""
    check = f"person {person}"
    try:
        async with outcome(timeout_s, ambiguous=False, address=person):
            await bot.send_chat_action(person, "typing")
    except SendError as error:
        return Finding(check=check, ok=False, detail=str(error), cure=PRESS_START)
    return Finding(check=check, ok=True, detail="the bot may write to them")


def _may_write(group: ChatFullInfo, member: ChatMember) -> bool:
    if member.status == "restricted":
        return bool(getattr(member, "can_send_messages", False))
    allowed = group.permissions is None or group.permissions.can_send_messages is not False
    return member.status == "administrator" or allowed


def _rooms(chat: str, group: ChatFullInfo, member: ChatMember) -> Finding:
    check = f"war rooms of {chat}"
    if not group.is_forum:
        detail = "none: the group has no topics. To have them, switch on Topics in the group's settings"
        return Finding(check=check, ok=True, detail=detail)
    rights = {"Manage Topics": "can_manage_topics", "Pin Messages": "can_pin_messages"}
    missing = [words for words, right in rights.items() if not getattr(member, right, False)]
    if missing:
        words = ", ".join(missing)
        return Finding(check=check, ok=False, detail=f"the bot lacks: {words}", cure=f"{MAKE_ADMIN}{words}.")
    return Finding(check=check, ok=True, detail="topics can be opened and closed")
