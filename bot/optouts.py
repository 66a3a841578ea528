"""Who wants no texts any more: numbers that sent STOP, or that a vendor says are blocked.

One setting holds them all, so that whoever builds the world reads it with one question.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bot.engine.model import Instant
from bot.store.base import Tx

KEY = "sms_stopped"


def stopped(tx: Tx) -> Mapping[str, Instant]:
    """E.164 number → since when it gets no texts."""
    stored = tx.get_meta(KEY)
    return json.loads(stored) if stored else {}


def stop(tx: Tx, phone: str, now: Instant) -> bool:
    """Send no texts there from now on. False when that was known."""
    known = stopped(tx)
    if phone in known:
        return False
    tx.put_meta(KEY, json.dumps({**known, phone: now}))
    return True


def start(tx: Tx, phone: str) -> bool:
    """Texts are welcome there again. False when they were."""
    known = dict(stopped(tx))
    if known.pop(phone, None) is None:
        return False
    tx.put_meta(KEY, json.dumps(known))
    return True
