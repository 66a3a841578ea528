"""Bursts of texts as the store knows them: which pages of a person wait, which texts went out, who was carried by whom.

`bot.engine.bundling` decides; this remembers for it what it asks for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from bot.engine.bundling import BUNDLE_MAX, WINDOW, Decision, SendNow, Waiting, decide
from bot.engine.model import DAY, Instant, Severity, Span
from bot.store.base import Delivery, DeliveryState, Token, Tx

REMEMBERED: Span = DAY
"""So long it is known whose pages one text carried: vendors report within minutes, a few only the next day."""
WAITING_MAX = 200
"""Pages of one person that are remembered as waiting; what comes beyond that goes out by itself."""
_BURST = "sms_burst:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The text of another page had this one in it: whatever becomes of `by` becomes of this page."""

    by: Delivery


def enter(tx: Tx, row: Delivery, severity: Severity) -> None:
    """A row was queued: in the same transaction. Only pages by text are remembered."""
    if row.way != "sms" or not row.incident:
        return
    waiting, sent = _read(tx, row.member)
    new = Waiting(id=row.id, since=row.created_at, severity=severity)
    _write(tx, row.member, [*_still(tx, waiting), new][:WAITING_MAX], sent, row.created_at)


def asked(tx: Tx, row: Delivery, now: Instant) -> Decision | Carried:
    """What becomes now of a queued page by text. Reads only."""
    token = tx.token(_name("carried", row.id))
    if token is not None and (by := tx.delivery(token.data["by"])) is not None:
        return Carried(by=by)
    waiting, sent = _read(tx, row.member)
    queued = _still(tx, waiting)
    if all(page.id != row.id for page in queued):
        return SendNow(id=row.id)
    return decide(row.id, queued, sent, now)


def went(tx: Tx, row: Delivery, bundle: Sequence[str], now: Instant) -> None:
    """A vendor was asked to carry a page by text, which is settled as `row`, and with it `bundle` (itself first).

    Where nobody took it nothing went out: its pages wait on.
    """
    if row.way != "sms" or not row.incident or row.state not in {DeliveryState.SENT, DeliveryState.DELIVERED}:
        return
    waiting, sent = _read(tx, row.member)
    carried = bundle or (row.id,)
    _write(tx, row.member, [page for page in waiting if page.id not in carried], [*sent, now], now)
    for one in carried[1:]:
        _remember(tx, row.member, _name("carried", one), {"by": row.id}, now)
    if carried[1:]:
        _remember(tx, row.member, _name("carries", row.id), {"rows": ",".join(carried[1:])}, now)


def carried_by(tx: Tx, row_id: str) -> list[Delivery]:
    """The other pages that went out in the same text as this one: what is proven of it is proven of them."""
    token = tx.token(_name("carries", row_id))
    ids = token.data["rows"].split(",") if token else []
    return [row for one in ids if (row := tx.delivery(one)) is not None]


def _still(tx: Tx, waiting: Sequence[Waiting]) -> list[Waiting]:
    """Those that nobody withdrew, and that have not been settled another way."""
    rows = {page.id: tx.delivery(page.id) for page in waiting}
    return [page for page in waiting if (row := rows[page.id]) is not None and row.state is DeliveryState.QUEUED]


def _read(tx: Tx, member: str) -> tuple[list[Waiting], list[Instant]]:
    stored = tx.get_meta(_BURST + member)
    if not stored:
        return [], []
    burst = json.loads(stored)
    waiting = [Waiting(id=one, since=since, severity=Severity(word)) for one, since, word in burst["waiting"]]
    return waiting, burst["sent"]


def _write(tx: Tx, member: str, waiting: Sequence[Waiting], sent: Sequence[Instant], now: Instant) -> None:
    recent = [at for at in sent if at > now - WINDOW][-BUNDLE_MAX:]
    rows = [[page.id, page.since, page.severity.value] for page in waiting]
    tx.put_meta(_BURST + member, json.dumps({"waiting": rows, "sent": recent}))


def _remember(tx: Tx, member: str, name: str, data: Mapping[str, str], now: Instant) -> None:
    tx.put_token(Token(hash=name, purpose="bundle", member=member, data=data, expires_at=now + REMEMBERED))


def _name(what: str, row_id: str) -> str:
    return sha256(f"bundle:{what}:{row_id}".encode()).hexdigest()
