"""The Web API methods about people and what is before their eyes: direct messages, users, modals, Home, the token.

Each function takes the workspace and the parsed arguments and returns the answer's fields, or raises `SlackRefusal`.
"""

from __future__ import annotations

from typing import Any

from bot.playground.hub import Json
from bot.playground.slack.chat_methods import truthy
from bot.playground.slack.config import SlackUser
from bot.playground.slack.modals import checked_view
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.workspace import Workspace


def auth_test(space: Workspace, _args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/auth.test."""
    config = space.config
    return {"url": f"https://{config.team_domain}.slack.com/", "team": config.team_domain, "user": config.bot_name,
            "team_id": config.team_id, "user_id": config.bot_user_id, "bot_id": config.bot_id,
            "is_enterprise_install": False}  # fmt: skip


def ids_of(value: Any) -> list[str]:
    """A list of ids as the SDKs write it: an array in JSON, joined by commas in a form."""
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
        users = ids_of(args.get("users"))
        if not users:
            raise SlackRefusal("users_list_not_supplied")
        if len(users) > 1:
            raise SlackRefusal("method_not_supported_for_channel_type")
        known = {channel.id for channel in space.channels.values()}
        channel = space.direct(users[0])
        if channel.id in known and not truthy(args.get("return_im")):
            return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}
    return {"channel": channel.raw() if truthy(args.get("return_im")) else {"id": channel.id}}


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


def publish_home(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/views.publish: the Home tab of one person, replaced as a whole."""
    if not space.config.home_tab:
        raise SlackRefusal("not_enabled")
    user = space.users.get(str(args["user_id"]))
    if user is None or user.is_bot:
        raise SlackRefusal("invalid_arguments", "invalid `user_id`")
    old = space.homes.get(user.id)
    if args.get("hash") and (old is None or args["hash"] != old["hash"]):
        raise SlackRefusal("hash_conflict")
    view = checked_view(space, args, replacing=old, kind="home")
    space.homes[user.id] = view
    space.publish("home", {"user": user.id, "view": view})
    return {"view": view}
