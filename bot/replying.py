"""The short numbers by which one person answers texts: `1a` is about the incident that has number 1 for them.

A number is given when a text is queued and stays with its incident until that has been closed for a while.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bot.engine.model import MINUTE, Incident, Instant, Span
from bot.store.base import Delivery, Tx

NUMBERS_MAX = 99
"""Two digits at most: more texts than that nobody tells apart."""
REST: Span = 15 * MINUTE
"""So long a closed incident keeps its number: an answer that is on its way must not reach the next one."""
_SLOTS = "sms_slots:"


def queued(tx: Tx, row: Delivery, incident: Incident) -> None:
    """A row of an incident was queued: whoever it is about to text gets a number for it, in the same transaction."""
    if row.way == "sms":
        give(tx, row.member, incident, row.created_at)


def give(tx: Tx, member: str, incident: Incident, now: Instant) -> int:
    """The member's number for an incident: the one it has, else the lowest free one. 0 when all are taken.

    To be asked in a transaction that writes, together with the text that will show the number.
    """
    slots = _read(tx, member)
    for number, known in slots.items():
        if known == incident.id:
            return number
    found = tx.incidents(set(slots.values()))
    kept = {
        number: known for number, known in slots.items() if (one := found.get(known)) is not None and _keeps(one, now)
    }
    free = next((number for number in range(1, NUMBERS_MAX + 1) if number not in kept), 0)
    if free:
        tx.put_meta(_SLOTS + member, json.dumps({str(n): i for n, i in sorted({**kept, free: incident.id}.items())}))
    return free


def number_of(tx: Tx, member: str, incident: str) -> int:
    """The member's number for an incident, or 0."""
    return next((number for number, known in _read(tx, member).items() if known == incident), 0)


def incidents(tx: Tx, member: str) -> Mapping[int, Incident]:
    """Every number of a member and its incident, also of those that were closed lately; lowest first."""
    slots = _read(tx, member)
    found = tx.incidents(set(slots.values()))
    return {number: found[known] for number, known in slots.items() if known in found}


def _keeps(incident: Incident, now: Instant) -> bool:
    return incident.closed_at is None or incident.closed_at > now - REST


def _read(tx: Tx, member: str) -> dict[int, str]:
    stored = tx.get_meta(_SLOTS + member)
    return dict(sorted((int(number), known) for number, known in json.loads(stored).items())) if stored else {}
