"""Engine values to JSON and back, without loss: the columns beside it are copies that the database can search.

The text stays readable in any database shell. A field that is absent takes its default, so rows outlive upgrades.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from bot.engine.effects import Entry
from bot.engine.flapping import Flaps
from bot.engine.model import Alert, Incident, Instant, Progress
from bot.engine.silence import Silence
from bot.engine.turns import Turn
from bot.store.base import AlarmRow, Delivery, Identity, Inbound, InboxState, Token
from bot.store.base_rota import ChatOverride
from bot.store.base_tries import Try

Row = dict[str, Any]

LAST_NUM: Final = "last_num"
"""The setting that holds the last display number given away."""

_ENCODER: Final = msgspec.json.Encoder()

incident_from: Final = msgspec.json.Decoder(Incident).decode
alert_from: Final = msgspec.json.Decoder(Alert).decode
entry_from: Final = msgspec.json.Decoder(Entry).decode
delivery_from: Final = msgspec.json.Decoder(Delivery).decode
silence_from: Final = msgspec.json.Decoder(Silence).decode
flaps_from: Final = msgspec.json.Decoder(Flaps).decode
chat_override_from: Final = msgspec.json.Decoder(ChatOverride).decode
try_from: Final = msgspec.json.Decoder(Try).decode
_words_from: Final = msgspec.json.Decoder(dict[str, str]).decode


def whole(
    value: Incident | Alert | Entry | Delivery | Silence | Flaps | ChatOverride | Try | Mapping[str, str],
) -> str:
    """A value as JSON text. Raises UnicodeEncodeError for half of a surrogate pair, which is no character."""
    return _ENCODER.encode(value).decode()


def plain(text: str) -> str:
    """Text as a column can hold and find it: U+0000 ends a string in too many places, so its picture stands in."""
    return text.replace("\0", "\u2400") if "\0" in text else text


def needle(member: str) -> str:
    """What to look for in `incident.responders` to find a member."""
    return f"\n{plain(member)}\n"


def incident_row(incident: Incident) -> Row:
    """The columns of an incident."""
    people = {responder.member for responder in incident.responders}
    return {
        "id": incident.id,
        "num": incident.num,
        "channel": plain(incident.channel),
        "group_key": plain(incident.group_key),
        "progress": incident.progress.value,
        "next_wake": incident.next_wake,
        "responders": "".join(needle(member) for member in sorted(people)),
        "whole": whole(incident),
    }


def is_open(incident: Incident) -> bool:
    """Whether an incident is not closed."""
    return incident.progress is not Progress.CLOSED


def alert_row(alert: Alert) -> Row:
    """The columns of an alert."""
    return {
        "id": alert.id,
        "integration": plain(alert.integration),
        "channel": plain(alert.channel),
        "alert_key": plain(alert.alert_key),
        "incident": alert.incident,
        "first_at": alert.first_at,
        "last_at": alert.last_at,
        "due_at": alert.due_at,
        "muted": plain(alert.muted),
        "closed_at": alert.closed_at,
        "whole": whole(alert),
    }


def entry_row(incident: str, entry: Entry) -> Row:
    """The columns of a line of the timeline."""
    return {"incident": incident, "at": entry.at, "whole": whole(entry)}


def silence_row(silence: Silence) -> Row:
    """The columns of a silence."""
    return {"id": silence.id, "channel": plain(silence.channel), "whole": whole(silence)}


def chat_override_row(override: ChatOverride) -> Row:
    """The columns of an override that was made in chat."""
    return {
        "id": override.id,
        "member": plain(override.member),
        "at": override.at,
        "ends_at": override.end,
        "whole": whole(override),
    }


def try_row(one: Try) -> Row:
    """The columns of a try."""
    return {
        "id": one.id,
        "delivery": one.delivery,
        "carrier": one.carrier,
        "vendor": one.vendor,
        "provider_id": plain(one.provider_id),
        "mark": one.mark,
        "began_at": one.began_at,
        "look_at": one.look_at,
        "whole": whole(one),
    }


def flaps_row(flaps: Flaps) -> Row:
    """The columns of what is remembered of an alert key."""
    return {
        "integration": plain(flaps.integration),
        "channel": plain(flaps.channel),
        "alert_key": plain(flaps.alert_key),
        "at": flaps.changes[-1] if flaps.changes else 0,
        "whole": whole(flaps),
    }


def delivery_row(delivery: Delivery) -> Row:
    """The columns of a delivery."""
    return {
        "id": delivery.id,
        "key": plain(delivery.key),
        "incident": delivery.incident,
        "carrier": delivery.carrier,
        "lane": delivery.lane.value,
        "due_at": delivery.due_at,
        "state": delivery.state.value,
        "token": delivery.token,
        "wanted_rev": delivery.wanted_rev,
        "provider_id": plain(delivery.provider_id),
        "ref": plain(delivery.ref),
        "whole": whole(delivery),
    }


INBOUND_COLUMNS: Final = (
    "id",
    "integration",
    "source",
    "received_at",
    "headers",
    "path",
    "body",
    "attempts",
    "token",
)
"""The order in which `inbound_from` expects a body's columns."""


def inbound_row(body: Inbound) -> Row:
    """The columns of a raw body that waits, due at once."""
    return {
        "id": body.id,
        "integration": body.integration,
        "source": body.source,
        "received_at": body.received_at,
        "headers": whole(body.headers),
        "path": body.path,
        "body": body.body,
        "attempts": body.attempts,
        "token": body.token,
        "state": InboxState.WAITING.value,
        "due_at": body.received_at,
        "outcome": "",
        "settled_at": None,
    }


def inbound_from(columns: tuple[Any, ...]) -> Inbound:
    """A raw body from its columns."""
    row = dict(zip(INBOUND_COLUMNS, columns, strict=True))
    return Inbound(**{**row, "headers": _words_from(row["headers"])})


def identity_row(identity: Identity) -> Row:
    """The columns of an identity."""
    return {"platform": identity.platform, "user": identity.user, "member": identity.member, "at": identity.at}


def identity_from(columns: tuple[str, str, str, Instant]) -> Identity:
    """An identity from (platform, user, member, at)."""
    platform, user, member, at = columns
    return Identity(platform=platform, user=user, member=member, at=at)


def turn_row(turn: Turn) -> Row:
    """The columns of a turn."""
    return {
        "channel": plain(turn.channel),
        "rule": plain(turn.rule),
        "level": turn.level,
        "member": turn.member,
        "place": turn.place,
    }


def turn_from(columns: tuple[str, str, int, str, int]) -> Turn:
    """A turn from (channel, rule, level, member, place)."""
    channel, rule, level, member, place = columns
    return Turn(channel=channel, rule=rule, level=level, member=member, place=place)


def token_row(token: Token) -> Row:
    """The columns of a permission."""
    return {
        "hash": token.hash,
        "purpose": token.purpose,
        "member": token.member,
        "incident": token.incident,
        "data": whole(token.data),
        "expires_at": token.expires_at,
        "used_at": token.used_at,
    }


def token_from(columns: tuple[Any, ...]) -> Token:
    """A permission from (hash, purpose, member, incident, data, expires_at, used_at)."""
    token_hash, purpose, member, incident, data, expires_at, used_at = columns
    return Token(
        hash=token_hash,
        purpose=purpose,
        member=member,
        incident=incident,
        data=_words_from(data),
        expires_at=expires_at,
        used_at=used_at,
    )


def alarm_row(alarm: AlarmRow) -> Row:
    """The columns of an alarm."""
    return {"code": alarm.code, "text": alarm.text, "at": alarm.at, "incident": alarm.incident}


def alarm_from(columns: tuple[str, str, Instant, str]) -> AlarmRow:
    """An alarm from (code, text, at, incident)."""
    code, text, at, incident = columns
    return AlarmRow(code=code, text=text, at=at, incident=incident)
