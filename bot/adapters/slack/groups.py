"""The user group of who is on call: `@db-oncall` pings them, and its members follow the schedule.

Methods: https://docs.slack.dev/reference/methods/usergroups.list and .../usergroups.users.update
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.adapters.base import Permanent
from bot.adapters.slack.outcome import fact

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

GROUP_ID = re.compile(r"S[A-Z0-9]{2,}\Z")


async def group_id(web: AsyncWebClient, handle: str) -> str:
    """The id of the group with that handle, a disabled one too. Raises Permanent where there is none."""
    wanted = handle.removeprefix("@").casefold()
    answer = await web.usergroups_list(include_disabled=True)
    groups = answer.get("usergroups")
    for group in groups if isinstance(groups, list) else ():
        if isinstance(group, dict) and str(group.get("handle", "")).casefold() == wanted:
            return str(group["id"])
    raise Permanent("group_unknown", f"no user group has the handle @{wanted}: make it in Slack first")


async def set_members(web: AsyncWebClient, group: str, users: tuple[str, ...]) -> None:
    """Replace the members of a group. Slack takes no empty group, so `users` is not empty."""
    answer = await web.usergroups_users_update(usergroup=group, users=sorted(set(users)))
    fact(answer, "usergroup", "id")
