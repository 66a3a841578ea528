"""What every emulator offers to the playground's server: routes, a life cycle, a picture of its state, and acts.

The server knows emulators through this protocol alone, so a new one is added to a list and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from starlette.routing import BaseRoute

from bot.playground.hub import Json


class ActRefused(Exception):  # a refusal is an answer for the person who acted, not a failure of the playground
    """A person tried something that the platform would not let them do, such as pressing a button that is not there.

    The message is a sentence for that person; the server answers it as HTTP 400 `{"ok": false, "error": message}`.
    """


@runtime_checkable
class Emulator(Protocol):
    """One platform or vendor, played on loopback.

    `name` is the lowercase word used in paths (`/<name>/...`), in notices and in outage switches, e.g. `"slack"`.
    """

    @property
    def name(self) -> str:
        """The lowercase platform word; the routes are mounted below `/<name>`."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """The vendor's API as Starlette routes, with paths relative to the mount point `/<name>`."""
        ...

    async def start(self) -> None:
        """Open what the emulator needs inside the running event loop (client session, listening sockets, tasks)."""
        ...

    async def stop(self) -> None:
        """Close everything that `start` opened, and end every task; safe to call after a failed start."""
        ...

    def state(self) -> Json:
        """Everything that people would see on this platform now, as the raw platform JSON."""
        ...

    async def act(self, act: str, data: Json) -> Json:
        """A person does something (`press`, `say`, `slash`, `answer` ...); returns what they see as the result.

        Raises `ActRefused` when the platform would not allow it or does not know the act.
        """
        ...
