"""What only some platforms can do: an adapter whose `Capabilities` say so is one of these as well.

War rooms and phones are in `base`; these are the small ones.
"""

from __future__ import annotations

from typing import Protocol

from bot.adapters.base import Json, Sent


class Threads(Protocol):
    """What an adapter with `caps.threads` can do besides: answer below a message."""

    async def reply(self, address: str, ref: str, message: Json, *, key: str) -> Sent:
        """Post a message below the one that `ref` names, in the chat or thread `address`. Raises SendError like `send`.

        Where that message was deleted it is posted in the chat, or EditTargetGone is raised, as the platform has it.
        """
        ...


class Finder(Protocol):
    """What an adapter with `caps.by_email` can do besides: find people."""

    async def resolve_user(self, email: str) -> str | None:
        """The user id of whoever has that mail address there, or None. Raises SendError like `send`."""
        ...


class UserGroups(Protocol):
    """What an adapter with `caps.user_groups` can do besides: say who is in a group of people."""

    async def set_group(self, group: str, users: tuple[str, ...]) -> None:
        """Make these, at least one, the members of a group, and nobody else. Raises SendError like `send`."""
        ...
