"""The Web API methods about places and people: conversations, users, modals and the token itself.

Each function takes the workspace and the parsed arguments and returns the answer's fields, or raises `SlackRefusal`.
"""

from __future__ import annotations

import re
from typing import Any

from bot.playground.hub import Json
from bot.playground.slack.chat_methods import truthy
from bot.playground.slack.config import SlackUser
from bot.playground.slack.modals import checked_view
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.workspace import Conversation, Workspace

NAME_MAX = 80  # https://docs.slack.dev/reference/methods/conversations.create
TOPIC_MAX = 250  # `too_long` of https://docs.slack.dev/reference/methods/conversations.setTopic
INVITES_MAX = 1_000  # https://docs.slack.dev/reference/methods/conversations.invite


def auth_test(space: Workspace, _args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/auth.test."""
    config = space.config
    return {"url": f"https://{config.team_domain}.slack.com/", "team": config.team_domain, "user": config.bot_name,
            "team_id": config.team_id, "user_id": config.bot_user_id, "bot_id": config.bot_id,
            "is_enterprise_install": False}  # fmt: skip


def _ids(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    return [part.strip() for part in str(value or "").split(",") if part.strip()]


def open_conversation(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.open; one person only, group messages are not played."""
    if args.get("channel"):
        channel = space.conversation(args["channel"])
        if channel.user is None:
            raise SlackRefusal("invalid_types")
    else:
        users = _ids(args.get("users"))
        if not users:
            raise SlackRefusal("users_list_not_supplied")
        if len(users) > 1:
            raise SlackRefusal("method_not_supported_for_channel_type")
        known = {channel.id for channel in space.channels.values()}
        channel = space.direct(users[0])
        if channel.id in known and not truthy(args.get("return_im")):
            return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}
    return {"channel": channel.raw() if truthy(args.get("return_im")) else {"id": channel.id}}


def create_conversation(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.create: lower case, digits, `-` and `_`, at most 80."""
    name = str(args.get("name") or "")
    if not name:
        raise SlackRefusal("invalid_name_required")
    if len(name) > NAME_MAX:
        raise SlackRefusal("invalid_name_maxlength")
    if not re.fullmatch(r"[a-z0-9_-]+", name):
        raise SlackRefusal("invalid_name_specials")
    if not re.search(r"[a-z0-9]", name):
        raise SlackRefusal("invalid_name_punctuation")
    if any(channel.name == name for channel in space.channels.values()):
        raise SlackRefusal("name_taken")
    private = truthy(args.get("is_private"))
    channel = Conversation(space.fresh_id("C"), name, [space.config.bot_user_id], private, created=int(space.hub.now()))
    space.channels[channel.id] = channel
    space.publish("channel", {"channel": channel.raw()})
    return {"channel": channel.raw()}


def _managed(space: Workspace, reference: object) -> Conversation:
    channel = space.conversation(reference)
    if channel.user is not None:
        raise SlackRefusal("method_not_supported_for_channel_type")
    if space.config.bot_user_id not in channel.members:
        raise SlackRefusal("channel_not_found" if channel.is_private else "not_in_channel")
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    return channel


def invite(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.invite; without `force` one wrong user fails the call."""
    channel = _managed(space, args["channel"])
    users = _ids(args["users"])
    if not users:
        raise SlackRefusal("no_user")
    if len(users) > INVITES_MAX:
        raise SlackRefusal("too_many_users")
    faults: list[Json] = []
    for user in users:
        if user == space.config.bot_user_id:
            faults.append({"user": user, "ok": False, "error": "cant_invite_self"})
        elif user not in space.users:
            faults.append({"user": user, "ok": False, "error": "user_not_found"})
        elif space.users[user].deleted:
            faults.append({"user": user, "ok": False, "error": "cant_invite"})
        elif user in channel.members:
            faults.append({"user": user, "ok": False, "error": "already_in_channel"})
    if faults and not (truthy(args.get("force")) and len(faults) < len(users)):
        raise SlackRefusal(faults[0]["error"])
    wrong = {fault["user"] for fault in faults}
    channel.members.extend(user for user in users if user not in wrong)
    space.publish("channel", {"channel": channel.raw(), "members": channel.members})
    return {"channel": channel.raw(), **({"errors": faults} if faults else {})}


def set_topic(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.setTopic."""
    channel = _managed(space, args["channel"])
    topic = str(args["topic"])
    if len(topic) > TOPIC_MAX:
        raise SlackRefusal("too_long")
    channel.topic = topic
    space.publish("channel", {"channel": channel.raw()})
    return {"channel": channel.raw()}


def archive(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.archive."""
    channel = space.conversation(args["channel"])
    if channel.is_archived:
        raise SlackRefusal("already_archived")
    channel = _managed(space, args["channel"])
    channel.is_archived = True
    space.publish("channel", {"channel": channel.raw()})
    return {}


def conversation_info(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.info; a private channel without the bot does not exist."""
    channel = space.conversation(args["channel"])
    member = space.config.bot_user_id in channel.members
    if channel.is_private and not member:
        raise SlackRefusal("channel_not_found")
    return {"channel": {**channel.raw(), "is_member": member}}


def _user(space: Workspace, user: SlackUser, *, locale: bool) -> Json:
    # https://docs.slack.dev/reference/objects/user-object; the address needs the scope users:read.email
    profile: Json = {"real_name": user.real_name, "display_name": user.name, "team": space.config.team_id}
    if "users:read.email" in space.config.scopes and user.email:
        profile["email"] = user.email
    raw: Json = {"id": user.id, "team_id": space.config.team_id, "name": user.name, "real_name": user.real_name,
                 "deleted": user.deleted, "is_bot": user.is_bot, "profile": profile, "updated": 0}  # fmt: skip
    if not user.deleted:
        raw["tz"] = user.tz
    return {**raw, "locale": user.language} if locale else raw


def lookup_by_email(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/users.lookupByEmail; a deactivated person is not found."""
    wanted = str(args["email"]).lower()
    for user in space.users.values():
        if user.email and user.email.lower() == wanted and not user.deleted:
            return {"user": _user(space, user, locale=False)}
    raise SlackRefusal("users_not_found")


def user_info(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/users.info."""
    return {"user": _user(space, space.person(args["user"]), locale=truthy(args.get("include_locale")))}


def open_view(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/views.open: one modal for one fresh trigger."""
    trigger = space.triggers.get(str(args.get("trigger_id") or ""))
    if trigger is None:
        raise SlackRefusal("invalid_trigger_id")
    if trigger.exchanged:
        raise SlackRefusal("exchanged_trigger_id")
    if space.hub.now() > trigger.expires:
        raise SlackRefusal("expired_trigger_id")
    view = checked_view(space, args)
    trigger.exchanged = True
    space.show_view(view, trigger.user)
    return {"view": view}


def update_view(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/views.update, by `view_id` or `external_id`, guarded by `hash`."""
    for shown in space.views.values():
        old = shown["view"]
        if args.get("view_id") == old["id"] or (args.get("external_id") and args["external_id"] == old["external_id"]):
            if args.get("hash") and args["hash"] != old["hash"]:
                raise SlackRefusal("hash_conflict")
            view = checked_view(space, args, replacing=old)
            space.show_view(view, shown["user"])
            return {"view": view}
    raise SlackRefusal("not_found")
