"""The Web API methods about user groups, whose members are paged together by `@handle`.

Each function takes the workspace and the parsed arguments and returns the answer's fields, or raises `SlackRefusal`.
"""

from __future__ import annotations

from bot.playground.hub import Json
from bot.playground.slack.chat_methods import truthy
from bot.playground.slack.place_methods import ids_of
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.workspace import Group, Workspace


def list_groups(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.list; disabled ones only when asked for."""
    shown = [group for group in space.groups.values() if not group.disabled or truthy(args.get("include_disabled"))]
    return {"usergroups": [_raw(group, users=truthy(args.get("include_users"))) for group in shown]}


def update_members(space: Workspace, args: Json) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.users.update: the list replaces all, and is never empty."""
    if not space.config.paid_plan:
        raise SlackRefusal("plan_upgrade_required")
    group = space.groups.get(str(args["usergroup"]))
    if group is None:
        raise SlackRefusal("no_such_subteam")
    users = ids_of(args.get("users"))
    if not users:
        raise SlackRefusal("no_users_provided")
    if any(user not in space.users or space.users[user].deleted for user in users):
        raise SlackRefusal("invalid_users")
    group.users = list(dict.fromkeys(users))
    space.publish("group", _raw(group, users=True))
    return {"usergroup": _raw(group, users=True)}


def _raw(group: Group, *, users: bool) -> Json:
    # https://docs.slack.dev/reference/objects/usergroup-object
    raw: Json = {"id": group.id, "is_usergroup": True, "is_subteam": True, "name": group.name,
                 "handle": group.handle, "date_delete": int(group.disabled),
                 "user_count": len(group.users)}  # fmt: skip
    return {**raw, "users": group.users} if users else raw
