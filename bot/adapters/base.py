"""What every adapter promises: it sends, edits and listens on one platform, and knows nothing of incidents.

Messages are rendered JSON; addresses and refs are opaque strings that only the adapter itself reads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

log = logging.getLogger(__name__)

Json = dict[str, Any]
PROBE = "x-tocsin-probe"
"""The header by which `doctor` marks its own calls, so that a refusal it asked for is not told of as a stranger's."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A sending rate that the platform documents: `burst` at once, then `per_s` a second."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the platform can do: differences are data, never an `if platform`."""

    im: bool = True
    edit: bool = False
    direct: bool = False
    groups: bool = False
    forms: bool = False
    """Opens a form in front of the person; where not, a message asks for a reply."""
    rooms: bool = False
    """Opens a conversation for one incident: its adapter is a `Rooms` as well."""
    threads: bool = False
    """Takes a message below another one: its adapter is a `Threads` as well."""
    by_email: bool = False
    """Finds a person by their mail address: its adapter is a `Finder` as well."""
    user_groups: bool = False
    """Has groups of people that can be pinged, and lets a bot fill them: its adapter is a `UserGroups` as well."""
    vendors: bool = False
    """Reaches people through whichever of its vendors the engine chooses: its adapter is a `Phone` as well."""
    slash: bool = False
    mentions: bool = False
    local_time: bool = False
    """Shows instants in the reader's own zone."""
    proof: str = "accepted"
    """What proves a page: `accepted` (no receipts exist) or `delivered`."""
    answer_within_s: float = 3.0
    per_chat: Budget = field(default_factory=lambda: Budget(per_s=1.0, burst=3))
    overall: Budget = field(default_factory=lambda: Budget(per_s=20.0, burst=20))
    edit_gap_s: float = 1.2
    """At most one edit of the same message in this time."""
    edits: Budget | None = None
    """All edits together, where the platform counts them apart; they count as messages as well."""
    text_max: int = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Somebody pressed a button. `key` tells redeliveries apart; `token` is what the button carried."""

    platform: str
    user: str
    token: str
    key: str
    user_name: str = ""
    chat: str = ""
    lang: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slash:
    """Somebody typed a command: the text after the root word. `ref` names the incident of the thread, if any."""

    platform: str
    user: str
    text: str
    key: str
    user_name: str = ""
    chat: str = ""
    lang: str = ""
    reply_to: str = ""
    """The ref of the message that this text answers, where the platform has no forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Somebody filled in a form that a press opened. `token` is what the form carried.

    `values` by the names of the fields. Where the platform only has a reply, its whole text is the value of the first
    field, and the others are left out: it is read as it would be typed.
    """

    platform: str
    user: str
    token: str
    values: Mapping[str, str]
    key: str
    user_name: str = ""
    chat: str = ""
    lang: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """Somebody pressed a key in a call. The call is known by what the vendor calls it, or by the `mark` of the try."""

    platform: str
    vendor: str
    provider_id: str
    mark: str
    digit: str
    """`0` to `9`, `*` or `#`; empty when the time for it ran out."""
    key: str
    user: str = ""
    lang: str = ""


Inbound = Press | Slash | Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A vendor's news of a message: `alive` (it rings, the carrier has it), `delivered`, or `failed` with a reason."""

    carrier: str
    provider_id: str
    state: str
    reason: str = ""
    vendor: str = ""
    """Whose news it is, where the carrier has several vendors."""
    mark: str = ""
    """Which try it is about, where the vendor gave back the mark that the request carried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the person gets back: a short toast, and/or a rendered message, private unless `here`."""

    toast: str = ""
    message: Json | None = None
    here: bool = False
    alert: bool = False
    """The toast is bad news and should not vanish by itself."""
    form: Json | None = None
    """A rendered form to open at once, instead of everything else; `message` is for where none can be opened."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Why a form was refused, by the names of its fields; `message` says the same. Nothing was changed by it."""


Emit = Callable[[Inbound | Keyed], Awaitable[Answer]]
Notice = Callable[[Receipt], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A callback as it came in: raw, so that signatures can be checked. Header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What goes back to the platform."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The platform took a message. `ref` finds it again for an edit; `provider_id` for a receipt."""

    ref: str
    provider_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `doctor`: what was checked, whether it is fine, and the cure if not."""

    check: str
    ok: bool
    detail: str = ""
    cure: str = ""


class SendError(Exception):
    """A message was not taken. `reason` is a named word for timeline, log and metric."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """Keep the named reason, and what the platform said for the log."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class RateLimited(SendError):
    """Too fast: try again `after_s` seconds later. `whole` tells that it concerns the platform, not one chat."""

    def __init__(self, after_s: float, detail: str = "", *, whole: bool = False) -> None:
        """Keep how long to wait."""
        super().__init__("rate_limited", detail)
        self.after_s = after_s
        self.whole = whole


class Transient(SendError):
    """It may work later. `ambiguous` when the message may have been taken all the same."""

    def __init__(self, reason: str, detail: str = "", *, ambiguous: bool = False) -> None:
        """Keep whether the outcome is unknown."""
        super().__init__(reason, detail)
        self.ambiguous = ambiguous


class Permanent(SendError):
    """This message will never be taken there: recipient_unreachable, chat_unreachable, card_invalid…"""


class EditTargetGone(Permanent):
    """The message to edit does not exist any more: post it anew."""


class Moved(SendError):
    """The chat has a new address; the message was not taken."""

    def __init__(self, address: str) -> None:
        """Keep the new address."""
        super().__init__("chat_moved", address)
        self.address = address


class AuthBroken(SendError):
    """The credentials are refused: nothing will be sent there until somebody mends them."""


class Adapter(Protocol):
    """One platform or vendor. Every call has a timeout of at most 8 s, which lies below a delivery's lease."""

    name: str
    caps: Capabilities

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open sessions (no network call is awaited that could fail the start)."""
        ...

    async def listen(self) -> None:
        """Receive without a public URL (Socket Mode, polling) until cancelled; return at once where not configured."""
        ...

    async def stop(self) -> None:
        """Close sessions."""
        ...

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Post a message. `key` is the same on every try of the same delivery. Raises SendError."""
        ...

    async def edit(self, ref: str, message: Json) -> Sent:
        """Replace a message in place. Raises SendError; an edit that changes nothing is fine."""
        ...

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Answer a callback: verify, decode, emit, and say it in the platform's way, within its deadline."""
        ...

    async def check(self) -> list[Finding]:
        """Test the credentials with a round trip, for `doctor`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A conversation opened for one incident. `address` takes cards and texts like any chat."""

    address: str
    name: str
    url: str = ""


class Rooms(Protocol):
    """What an adapter with `caps.rooms` can do besides: war rooms. Every call raises SendError like `send`."""

    async def open_room(self, name: str, topic: str, parent: str, *, key: str) -> Room:
        """Open a room, or find the one that the same `key` opened before. `parent` is the chat it belongs to."""
        ...

    async def invite(self, address: str, users: tuple[str, ...]) -> tuple[str, ...]:
        """Bring people in; those who are there already are fine. Returns the users who could not be brought in."""
        ...

    async def set_topic(self, address: str, topic: str) -> None:
        """Say in the room's head how the incident stands."""
        ...

    async def pin(self, ref: str) -> None:
        """Keep a message of the room at its top."""
        ...

    async def close_room(self, address: str) -> None:
        """Archive the room: it can be read and no longer written. A room that is closed already is fine."""
        ...

    async def transcript(self, address: str, limit: int) -> list[RoomLine]:
        """What was said in the room, oldest first, as far as the platform lets a bot read it; else empty."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLine:
    """One message of a room. `at` is in seconds since the epoch."""

    at: float
    user: str
    text: str


class Phone(Protocol):
    """What an adapter with `caps.vendors` can do besides: reach a number through the vendor that it is told."""

    receipts: bool
    """Whether receipts can come at all; without, a vendor's word is the only proof there is."""

    def route(self, address: str) -> tuple[str, ...]:
        """The vendors for a number, first choice first; empty where none of those that are set up goes there."""
        ...

    def mark(self, key: str) -> str:
        """What callbacks call a try with this `key`, where a vendor gives it back."""
        ...

    async def ask(self, vendor: str, provider_id: str) -> Receipt | None:
        """What a vendor says became of a message; None where there is no news, or nobody to ask. Raises SendError."""
        ...

    async def call(self, vendor: str, address: str, message: Json, *, key: str) -> Sent:
        """Let one vendor carry a message. `key` is this try's own. Raises SendError like `send`."""
        ...


class Errands:
    """Work that outlives the callback which began it: `stop` waits a little for it, then ends it.

    A platform gives a few seconds for an answer, so a slow emit is acknowledged and answered later; no task is lost
    sight of, and none is left behind.
    """

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in the background; what it raises is logged."""
        self._track(work).add_done_callback(_log_failure)

    async def within(self, work: Coroutine[Any, Any, Answer], seconds: float) -> asyncio.Task[Answer]:
        """The task of `work`, handed back when it is done, or still running after `seconds`: ask `done()`."""
        task = self._track(work)
        await asyncio.wait({task}, timeout=seconds)
        return task

    async def finish(self, grace_s: float) -> None:
        """Wait up to `grace_s` seconds for everything under way, then cancel the rest and see it end."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _track(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("A callback was acknowledged, and what was left to do for it failed.", exc_info=error)
