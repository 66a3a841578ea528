"""What senders that only send have in common: a session, no edit, and nobody who ever speaks back."""

from __future__ import annotations

from bot.adapters.base import Emit, HttpAnswer, HttpRequest, Json, Notice, Permanent, Sent
from bot.adapters.hooks.line import Line


class OneWay:
    """The half of an `Adapter` that is the same for all of them; `send` and `check` are each one's own."""

    name: str

    def __init__(self, timeout_s: float) -> None:
        """Open nothing yet."""
        self._line = Line(timeout_s)

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open the session; nobody ever speaks back, so `emit` and `notice` are not used."""
        del emit, notice
        self._line.open()

    async def listen(self) -> None:
        """Nothing is heard: what a person does comes by the links of the message."""

    async def stop(self) -> None:
        """Close the session."""
        await self._line.close()

    async def edit(self, ref: str, message: Json) -> Sent:
        """Never: what was sent stays as it is."""
        del message
        raise Permanent("refused", f"{self.name} edits nothing ({ref})")

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Nobody has a reason to call."""
        del request
        return HttpAnswer(status=404, body=f"{self.name} has no callbacks".encode())
