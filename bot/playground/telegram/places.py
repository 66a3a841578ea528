"""The Bot API methods that tell of chats: what a group is like, and who is in it with which rights.

Sources: https://core.telegram.org/bots/api#getchat, #getchatmember and #chatmember
"""

from __future__ import annotations

from typing import Any

from bot.playground.hub import Json
from bot.playground.telegram.config import TelegramChat
from bot.playground.telegram.methods import number
from bot.playground.telegram.refusals import bad_request
from bot.playground.telegram.world import World

_RIGHTS = (
    "can_manage_chat", "can_manage_video_chats", "can_restrict_members", "can_promote_members", "can_change_info",
    "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
)  # fmt: skip
"""What an administrator has besides the rights that matter here."""


def get_chat(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#getchat, a ChatFullInfo object."""
    chat = world.chat_of(args.get("chat_id"))
    gifts = dict.fromkeys(("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
                           "gifts_from_channels"), True)  # fmt: skip
    told = {**world.raw_chat(chat), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
    if chat.group is None:
        return told
    return {**told, "permissions": {"can_send_messages": chat.group.members_may_write}}


def get_chat_member(world: World, args: Json) -> Any:
    """https://core.telegram.org/bots/api#getchatmember: the bot itself, or a person; strangers are not found."""
    chat = world.chat_of(args.get("chat_id"))
    user = number(args.get("user_id"))
    if chat.group is None:
        raise bad_request("there are no members in the private chat")
    if user == world.config.bot_id:
        return {"user": world.bot(), **_standing(chat.group)}
    if user not in world.users:
        raise bad_request("user not found")
    return {"user": world.person(user), "status": "member" if user in chat.group.members else "left"}


def _standing(group: TelegramChat) -> Json:
    if not group.bot_is_admin:
        return {"status": "member"}
    rights = dict.fromkeys(_RIGHTS, True)
    return {
        "status": "administrator", "can_be_edited": False, "is_anonymous": False, **rights,
        "can_delete_messages": group.can_delete_messages, "can_pin_messages": group.can_pin_messages,
        "can_manage_topics": group.can_manage_topics,
    }  # fmt: skip
