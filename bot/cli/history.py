"""`why`: the timeline of an incident as plain data."""

from __future__ import annotations

import re
from typing import Any

from bot.manifest.oncall import in_zone
from bot.store.base import Tx


def number(tx: Tx, text: str) -> int | None:
    """The number of an incident that is there: `142` or `#142`."""
    found = re.fullmatch(r"#?([0-9]{1,9})", text)
    incident = tx.incident_by_num(int(found[1])) if found else None
    return incident.num if incident else None


def decisions(tx: Tx, num: int, member: str | None) -> list[dict[str, Any]]:
    """Every entry, or those that concern one member; none when there is no such incident."""
    incident = tx.incident_by_num(num)
    if incident is None:
        return []
    return [
        {
            "at": in_zone(entry.at, "UTC"),
            "kind": entry.kind.value,
            "reason": entry.reason.value,
            "actor": entry.actor,
            "member": entry.member,
            "medium": entry.way,
            "level": entry.level,
            "loop": entry.loop,
            "facts": dict(entry.facts),
        }
        for entry in tx.timeline(incident.id)
        if member in (None, entry.member, entry.actor, *entry.facts.get("members", "").split(","))
    ]
