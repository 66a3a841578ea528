"""The small tables in SQL: identities, permissions, keys seen once, alarms, settings; and what prune deletes."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Table, Text, and_, cast, delete, func, or_, select, tuple_, union_all, update
from sqlalchemy.sql import ColumnElement

from bot.engine.model import Instant
from bot.engine.turns import Turn, TurnSlot
from bot.store.base import AlarmRow, DeliveryState, Identity, InboxState, Lane, StaleRevision, Token
from bot.store.dialect import Dialect
from bot.store.mapping import (
    LAST_NUM,
    alarm_from,
    alarm_row,
    identity_from,
    identity_row,
    plain,
    token_from,
    token_row,
    turn_from,
    turn_row,
)
from bot.store.session import Session
from bot.store.statement import (
    Statement,
    constant,
    insert_if_new,
    insert_row,
    limit,
    number,
    param,
    upsert_row,
)
from bot.store.tables import (
    ALARM,
    ALERT,
    CHAT_OVERRIDE,
    DELIVERY,
    FLAPS,
    IDENTITY,
    INBOX,
    INCIDENT,
    META,
    SEEN,
    SIGHT,
    TOKEN,
    TRY,
    TURN,
)

_IDENTITIES: Final = Statement(lambda _: select(IDENTITY).order_by(IDENTITY.c.platform, IDENTITY.c.user))
_LINK: Final = upsert_row(IDENTITY, "platform", "user")
_UNLINK: Final = Statement(
    lambda _: delete(IDENTITY).where(IDENTITY.c.platform == param("on"), IDENTITY.c.user == param("who"))
)
_PUT_TOKEN: Final = insert_if_new(TOKEN, "hash")
_TOKEN: Final = Statement(lambda _: select(TOKEN).where(TOKEN.c.hash == param("wanted")))
_USE_TOKEN: Final = Statement(
    lambda _: (
        update(TOKEN)
        .where(
            TOKEN.c.hash == param("wanted"),
            TOKEN.c.used_at.is_(None),
            or_(TOKEN.c.expires_at == number(0), TOKEN.c.expires_at > param("now")),
        )
        .values(used_at=param("now"))
    )
)
_SEE: Final = insert_if_new(SEEN, "platform", "key")
_RAISE: Final = insert_row(ALARM)
_ALARMS: Final = Statement(
    lambda _: (
        select(ALARM.c.code, ALARM.c.text, ALARM.c.at, ALARM.c.incident).order_by(ALARM.c.seq.desc()).limit(limit())
    )
)
_GET_META: Final = Statement(lambda _: select(META.c.value).where(META.c.key == param("wanted")))
_PUT_META: Final = upsert_row(META, "key")


def _count_up(dialect: Dialect) -> Any:
    first = dialect.insert(META).values(key=constant(LAST_NUM), value=constant("1"))
    following = cast(cast(META.c.value, BigInteger) + number(1), Text)
    return first.on_conflict_do_update(index_elements=["key"], set_={"value": following}).returning(META.c.value)


_NEXT_NUM: Final = Statement(_count_up)


_TURNS: Final = Statement(lambda _: select(TURN).where(TURN.c.channel == param("within")))
_FIRST_TURN: Final = insert_if_new(TURN, "channel", "rule", "level")
_NEXT_TURN: Final = Statement(
    lambda _: (
        update(TURN)
        .where(
            TURN.c.channel == param("within"),
            TURN.c.rule == param("of"),
            TURN.c.level == param("at"),
            TURN.c.member == param("last"),
            TURN.c.place == param("last_place"),
        )
        .values(member=param("next"), place=param("next_place"))
    )
)


def _next_due(_: Dialect) -> Any:
    """One seek for each partial index; each lane apart, because its index begins with the lane."""
    queued = DELIVERY.c.state == constant(DeliveryState.QUEUED)
    soonest = [
        select(func.min(INCIDENT.c.next_wake).label("at")).where(INCIDENT.c.next_wake.is_not(None)),
        select(func.min(ALERT.c.due_at)).where(ALERT.c.closed_at.is_(None), ALERT.c.due_at.is_not(None)),
        select(func.min(INBOX.c.due_at)).where(INBOX.c.state == constant(InboxState.WAITING)),
        select(func.min(TRY.c.look_at)).where(TRY.c.look_at.is_not(None)),
        *(select(func.min(DELIVERY.c.due_at)).where(queued, DELIVERY.c.lane == constant(lane)) for lane in Lane),
    ]
    return select(func.min(union_all(*soonest).subquery().c.at))


_NEXT_DUE: Final = Statement(_next_due)


def _deleting(table: Table, key: tuple[ColumnElement[Any], ...], old: ColumnElement[bool], *order: Any) -> Statement:
    """DELETE of up to `limit` old rows, in order."""
    row = key[0] if len(key) == 1 else tuple_(*key)
    return Statement(lambda _: delete(table).where(row.in_(select(*key).where(old).order_by(*order).limit(limit()))))


_BEFORE = param("before")
_PRUNE: Final = (
    _deleting(INBOX, (INBOX.c.seq,), INBOX.c.settled_at < _BEFORE, INBOX.c.settled_at, INBOX.c.seq),
    _deleting(SEEN, (SEEN.c.platform, SEEN.c.key), SEEN.c.at < _BEFORE, SEEN.c.at, SEEN.c.platform, SEEN.c.key),
    _deleting(
        TOKEN,
        (TOKEN.c.hash,),
        or_(TOKEN.c.used_at < _BEFORE, and_(TOKEN.c.expires_at > number(0), TOKEN.c.expires_at < _BEFORE)),
        TOKEN.c.hash,
    ),
    _deleting(
        CHAT_OVERRIDE,
        (CHAT_OVERRIDE.c.id,),
        CHAT_OVERRIDE.c.ends_at < _BEFORE,
        CHAT_OVERRIDE.c.ends_at,
        CHAT_OVERRIDE.c.id,
    ),
    _deleting(
        FLAPS,
        (FLAPS.c.integration, FLAPS.c.channel, FLAPS.c.alert_key),
        FLAPS.c.at < _BEFORE,
        FLAPS.c.at,
        FLAPS.c.integration,
        FLAPS.c.channel,
        FLAPS.c.alert_key,
    ),
    _deleting(
        SIGHT,
        (SIGHT.c.channel, SIGHT.c.fingerprint),
        SIGHT.c.at < _BEFORE,
        SIGHT.c.at,
        SIGHT.c.channel,
        SIGHT.c.fingerprint,
    ),
    _deleting(TRY, (TRY.c.id,), TRY.c.began_at < _BEFORE, TRY.c.began_at, TRY.c.id),
)


class SmallRows(Session):
    """The rest of a transaction; `Tx` says what each method promises."""

    def next_num(self) -> int:
        """Counted in a setting, so that no number is given twice, also within one work."""
        self._refuse_in_read()
        [(value,)] = self._fetch(_NEXT_NUM)
        return int(value)

    def turns(self, channel: str) -> dict[TurnSlot, Turn]:
        """By their slots."""
        found = (turn_from(columns) for columns in self._fetch(_TURNS, within=plain(channel)))
        return {turn.slot: turn for turn in found}

    def put_turn(self, turn: Turn, last: Turn | None) -> None:
        """One INSERT or UPDATE decides."""
        row = turn_row(turn)
        if last is None:
            kept = self._change(_FIRST_TURN, row)
        else:
            slot = {"within": row["channel"], "of": row["rule"], "at": row["level"]}
            places = {"last": last.member, "last_place": last.place, "next": turn.member, "next_place": turn.place}
            kept = self._change(_NEXT_TURN, slot | places)
        if not kept:
            raise StaleRevision(f"Somebody else took a turn of {turn.rule} meanwhile.")

    def identities(self) -> list[Identity]:
        """By platform and user."""
        return [identity_from(columns) for columns in self._fetch(_IDENTITIES)]

    def put_identity(self, identity: Identity) -> None:
        """Insert or replace."""
        self._change(_LINK, identity_row(identity))

    def drop_identity(self, platform: str, user: str) -> bool:
        """Delete."""
        return self._change(_UNLINK, {"on": platform, "who": user}) > 0

    def put_token(self, token: Token) -> None:
        """A hash that is known already stays as it is, used or not."""
        self._change(_PUT_TOKEN, token_row(token))

    def token(self, token_hash: str) -> Token | None:
        """Also when it was used or has expired."""
        return next((token_from(columns) for columns in self._fetch(_TOKEN, wanted=token_hash)), None)

    def use_token(self, token_hash: str, now: Instant) -> bool:
        """One UPDATE decides; a permission whose `expires_at` (other than 0) has come is nobody's any more."""
        return self._change(_USE_TOKEN, {"wanted": token_hash, "now": now}) > 0

    def first_sight(self, platform: str, key: str, now: Instant) -> bool:
        """One INSERT decides."""
        return self._change(_SEE, {"platform": platform, "key": plain(key), "at": now}) > 0

    def raise_alarm(self, alarm: AlarmRow) -> None:
        """Insert."""
        self._change(_RAISE, alarm_row(alarm))

    def alarms(self, limit: int) -> list[AlarmRow]:
        """The last one that was raised first."""
        return [alarm_from(columns) for columns in self._fetch(_ALARMS, limit=limit)]

    def get_meta(self, key: str) -> str:
        """By its key."""
        return next((str(value) for (value,) in self._fetch(_GET_META, wanted=key)), "")

    def put_meta(self, key: str, value: str) -> None:
        """Insert or replace."""
        self._change(_PUT_META, {"key": key, "value": value})

    def prune(self, before: Instant, limit: int) -> int:
        """Inbox, keys, permissions that were used or have expired, flaps, sights; `limit` bounds them together."""
        gone = 0
        for statement in _PRUNE:
            gone += self._change(statement, {"before": before, "limit": limit - gone})
        return gone

    def _soonest(self) -> Instant | None:
        """The earliest instant in any of the due columns."""
        [(at,)] = self._fetch(_NEXT_DUE)
        return None if at is None else int(at)
