"""`merge` and `move`: which incidents and alerts a person means, and the truth about each."""

from __future__ import annotations

from bot.commands import grammar
from bot.commands.said import Asker, Said, sentence, together, usage
from bot.engine.effects import Reply
from bot.engine.grouping import ALERTS_MAX
from bot.engine.model import Alert, Incident
from bot.regrouping import Mover, Regrouping
from bot.store.base import Tx

NAME_MIN = 4
"""Letters of an alert's id that are enough to name it, where no other alert of the incident begins with them."""


class Rearranging:
    """Reads what is to be moved, and lets it be done."""

    def __init__(self, regrouping: Regrouping) -> None:
        """Keep the part."""
        self._regrouping = regrouping

    def merge(self, tx: Tx, asker: Asker, rest: str, sources: list[Incident]) -> Said:
        """`merge <ref…> into <ref> [comment]`."""
        asked = grammar.merging(rest)
        if asked is None:
            return usage(asker, "merge")
        target = tx.incident_by_num(asked.into)
        if target is None:
            return sentence(asker, "no_such_incident", {"num": str(asked.into)})
        mover = Mover(by=asker.id, via=asker.platform)
        told = self._regrouping.merge(tx, mover, sources, target, asked.comment)
        return together(asker, [_said(asker, reply, num) for num, reply in told])

    def move(self, tx: Tx, asker: Asker, rest: str, source: Incident) -> Said:
        """`move <ref> <alert…> to <ref>`, or to a new incident."""
        asked = grammar.moving(rest)
        if asked is None:
            return usage(asker, "move")
        there = tx.alerts_of(source.id, ALERTS_MAX)
        alerts: dict[str, Alert] = {}
        for name in asked.alerts:
            found = named(there, name)
            if len(found) != 1:
                code = "ambiguous_alert" if found else "no_such_alert"
                return sentence(asker, code, {"name": name, "num": str(source.num)})
            alerts[found[0].id] = found[0]
        mover, chosen = Mover(by=asker.id, via=asker.platform), list(alerts.values())
        if not asked.into:
            return _said(asker, self._regrouping.split(tx, mover, chosen, source, asked.title), 0)
        target = tx.incident_by_num(asked.into)
        if target is None:
            return sentence(asker, "no_such_incident", {"num": str(asked.into)})
        return _said(asker, self._regrouping.move(tx, mover, chosen, source, target), 0)


def named(alerts: list[Alert], name: str) -> list[Alert]:
    """The alerts that a person may mean: by the beginning of the id that `alerts` shows, or by the source's own key."""
    exact = [alert for alert in alerts if name in (alert.id, alert.alert_key)]
    prefix = name.casefold()
    return exact or [alert for alert in alerts if len(prefix) >= NAME_MIN and alert.id.startswith(prefix)]


def _said(asker: Asker, reply: Reply, about: int) -> Said:
    return sentence(asker, reply.code, reply.facts, done=reply.done, about=about)
