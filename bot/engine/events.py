"""What can happen to an incident: alerts, time, people, and news of the pages that were sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.engine.effects import Reason
from bot.engine.model import Alert, Instant, Severity, Span, Target, Way
from bot.engine.similarity import Likeness


class AlertChange(StrEnum):
    """What an event made of its alert."""

    NEW = "new"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    RECOVERED = "recovered"
    BACK = "back"  # it begins anew, moments after the incident had closed because it was gone
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Identity for an incident that may open: the engine cannot make up ids."""

    id: str
    num: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """An alert began, changed or recovered. `fresh` is given where no incident is open for it."""

    alert: Alert
    change: AlertChange
    group_key: str
    fresh: Fresh | None = None
    novel: bool = False
    """The channel has seen nothing like it before."""
    flapping: bool = False
    """It comes and goes."""
    unmuted: str = ""
    """What had kept it quiet until now (`Alert.muted`); empty for what was never quiet."""
    alike: Likeness | None = None
    """Why it belongs to this incident, where likeness decided."""
    digest: bool = False
    """Its channel drowns: it is counted in a digest instead of opening an incident of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectsNoMore:
    """The incident takes no more new alerts: it is full, or the window of its group is over."""

    why: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A person opened an incident by hand. No targets: the channel's rules decide."""

    fresh: Fresh
    channel: str
    title: str
    severity: Severity
    by: str
    description: str = ""
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Time has passed; the incident looks at the clock and at itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a person asks for. `via` is where they said it; `seen_rev` the revision of the card they pressed."""

    by: str
    via: str = ""
    seen_rev: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    """I have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unacknowledge(Command):
    """I no longer have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve(Command):
    """It is over."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """It is not over after all."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze(Command):
    """Quiet for `span`, then ask again."""

    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsnooze(Command):
    """End the snooze now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate(Command):
    """Somebody higher, now. `level` counts from 0; None means the next."""

    level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Command):
    """Somebody else instead."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddResponders(Command):
    """Somebody else as well."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Command):
    """A remark for the timeline."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSeverity(Command):
    """A person's own judgement of how bad it is; alerts no longer change it."""

    severity: Severity


class TextField(StrEnum):
    """The texts of an incident that people write."""

    TITLE = "title"
    DESCRIPTION = "description"
    IMPACT = "impact"
    ROOT_CAUSE = "root_cause"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetText(Command):
    """A person's own words for one of the texts; nothing empties it."""

    field: TextField
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetField(Command):
    """A value for one of the team's own fields; nothing empties it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeInto(Command):
    """All alerts of this incident belong to another one, by its number; this one is over."""

    into: int
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsLeft(Command):
    """Some alerts of this incident belong to another one: so many, of which so many are open."""

    into: int
    total: int
    still_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsJoined(Command):
    """Alerts of other incidents belong to this one: so many, the gravest of this severity."""

    whence: tuple[int, ...]
    total: int
    still_open: int
    severity: Severity | None = None
    """None when no alerts came: a merged incident may have been opened by hand."""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOff(Command):
    """Alerts become an incident of their own; the first of them, which is open, lends it title and labels."""

    fresh: Fresh
    alerts: tuple[Alert, ...]
    whence: int
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRoom(Command):
    """A war room, please: where the channel wants them, else on the first of these that it has a chat on."""

    able: tuple[str, ...]
    """The platforms that have rooms, the one first on which this was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRoom(Command):
    """The war rooms are not needed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOpened:
    """A platform has opened the room that was asked for."""

    platform: str
    address: str
    name: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFailed:
    """A platform refuses, or could not be asked in time. `do` is what it was asked to do."""

    platform: str
    reason: str
    do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of a war room, as it was read when the room was closed."""

    at: Instant
    user: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClosed:
    """A platform has closed a room; `lines` is what was said in it, as far as it could be read."""

    platform: str
    lines: tuple[Said, ...] = ()


class Proof(StrEnum):
    """How far a page is known to have come."""

    ACCEPTED = "accepted"  # the platform or vendor took it
    DELIVERED = "delivered"  # it reached the person's device


@dataclass(frozen=True, slots=True, kw_only=True)
class PageProven:
    """A page came this far."""

    member: str
    firing: str
    way: Way
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFailed:
    """A page will not arrive: refused for good, expired, or out of tries. `reason` is the adapter's named reason."""

    member: str
    firing: str
    way: Way
    reason: str
    tried: tuple[Way, ...] = ()
    """Of a page that counted as arrived, and came back: every way of its firing. Empty for any other."""
    held: tuple[Way, ...] = ()
    """Those of them by which it still counts as arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFailed:
    """The channel's template for a medium could not be filled in; the built-in words were sent instead."""

    medium: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRefused:
    """A platform refused a card for a chat, or for a member's direct chat. `reason` is the adapter's named reason."""

    platform: str
    address: str
    reason: str
    member: str = ""
    as_text: bool = False
    """Only its shape was refused: the same words stand there as bare text."""


Order = (
    Acknowledge
    | Unacknowledge
    | Resolve
    | Reopen
    | Snooze
    | Unsnooze
    | Escalate
    | Assign
    | AddResponders
    | Note
    | SetSeverity
    | SetText
    | SetField
    | MergeInto
    | AlertsLeft
    | AlertsJoined
    | SplitOff
    | OpenRoom
    | CloseRoom
)
"""Every command that a person can give."""

RoomNews = RoomOpened | RoomFailed | RoomClosed
"""What became of something that a platform was asked to do with a war room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorTried:
    """A page went out by another vendor than the first, or once more. `why` is the decision's named reason."""

    member: str
    firing: str
    way: Way
    vendor: str
    why: str


DeliveryNews = PageProven | PageFailed | TemplateFailed | CardRefused | VendorTried
"""What became of messages."""

Happening = AlertSeen | CollectsNoMore | Raised | Wake | Order | DeliveryNews | RoomNews
"""Everything that `step` understands."""
