"""Cards as sketches: everything that a card may tell, without its words. Real words cost ten times the rest of a run.

Every twentieth seed draws real cards; `tests/cards` proves what these look like.
"""

from __future__ import annotations

from typing import Any

from bot.cards.token import mint
from bot.engine.escalation import on_last_resort
from bot.engine.model import Incident, Instant, Progress
from bot.rendering import Rendered, Rendering
from bot.store.base import Delivery, Tx


class Sketch(Rendering):
    """Renders the facts of an incident, and buttons with real tokens."""

    _drawn: dict[str, tuple[object, list[dict[str, str]]]]
    """Incident → its latest buttons, and what they were drawn from: many messages show the same ones."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._drawn = {}

    def delivery(self, tx: Tx, incident: Incident, row: Delivery, now: Instant) -> Rendered:
        del tx, now
        facts = (
            incident.rev, incident.title, incident.severity, incident.progress, incident.level, incident.loop,
            incident.responders, incident.unreachable, incident.alerts_open, incident.alerts_total,
            incident.snoozed_until, incident.notify_at, incident.escalate_at, incident.exhausted,
            incident.closed_by, row.member, incident.description, incident.impact, incident.root_cause,
            incident.resolution, tuple(incident.fields.items()), incident.merged_into, incident.storm,
            incident.flapping,
        )  # fmt: skip
        buttons = self._buttons(incident)
        plain = {"text": f"#{incident.num} rev {incident.rev}"}
        return Rendered({"facts": facts, "actions": buttons}, plain)

    def _buttons(self, incident: Incident) -> list[dict[str, str]]:
        offered = _offered(incident)
        drawn_from, buttons = self._drawn.get(incident.id, (None, []))
        if drawn_from != (incident.rev, offered):
            buttons = [{"value": mint(self.key, verb, incident.id, incident.rev, arg)} for verb, arg in offered]
            self._drawn[incident.id] = (incident.rev, offered), buttons
        return buttons


def _offered(incident: Incident) -> list[tuple[str, str]]:
    if incident.progress is Progress.CLOSED:
        return []
    if incident.snoozed_until is not None:
        return [("wake", ""), ("resolve", "")]
    higher = [] if incident.rule.direct or on_last_resort(incident) else [("escalate", "")]
    rest = [("resolve", ""), *higher, ("snooze", "2h")]
    return [("ack", ""), *rest] if incident.progress is Progress.TRIGGERED else [*rest, ("unack", "")]
