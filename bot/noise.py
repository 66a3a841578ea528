"""From an alert that changed to the incident that holds it, or to the named reason why nobody needs to hear of it.

The decisions are the engine's; here is their order, and the rows that they need: silence → inhibit → flapping → group →
incident. Runs inside a transaction that somebody else commits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.clock import Clock, Ids
from bot.engine import digest, dynamic, flapping, grouping, inhibition, routing, silence, similarity
from bot.engine.conditions import matches
from bot.engine.events import AlertChange, AlertSeen, CollectsNoMore, Fresh, Happening
from bot.engine.flapping import Flaps
from bot.engine.merging import Merged
from bot.engine.model import MINUTE, Alert, Incident, Instant, Progress, Span
from bot.engine.silence import Mode
from bot.engine.similarity import Likeness
from bot.engine.world import Channel, World
from bot.store.base import Tx

ASK_AGAIN: Span = 2 * MINUTE
"""How soon it is asked again whether a muted alert may be heard: so long may a silence outlive the line of the manifest
that declared it, and an inhibited alert the recovery of its cause."""
SILENCED = "silence:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """Where one accepted event went: the incident in a channel, or the reason why there is none."""

    alert_key: str
    reason: str
    incident: str = ""
    channel: str = ""
    by: str = ""
    """What hides it, as `Alert.muted` names it; of an integration's own steps, the number of the step from 1."""
    cause: str = ""
    """The alert that explains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Why an alert is not heard, until when at least, and whether it is kept."""

    reason: str
    muted: str
    until: Instant
    mode: Mode = "mark"
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The incident that takes an alert (none: a new one), its group, and what likeness had to do with it."""

    incident: Incident | None
    group_key: str
    alike: Likeness | None = None
    digest: bool = False


class Noise:
    """Finds the place of alerts. `happen` lets something happen to an incident, or opens one."""

    def __init__(
        self,
        worlds: Callable[[], World],
        clock: Clock,
        ids: Ids,
        happen: Callable[[Tx, Incident | None, Happening], object],
    ) -> None:
        """Keep the parts."""
        self._worlds = worlds
        self._clock = clock
        self._ids = ids
        self._happen = happen

    def changed(self, tx: Tx, merged: Merged, alert_key: str) -> tuple[Alert | None, Absorbed]:
        """What an event made of an alert goes to its incident; an alert without one is given its place."""
        alert = merged.alert
        if alert is None:
            return None, Absorbed(alert_key=alert_key, reason=merged.reason)
        if merged.change is AlertChange.DUPLICATE:
            tx.put_alerts([alert])
            return alert, Absorbed(alert_key=alert_key, reason=merged.reason, incident=alert.incident)
        if alert.incident:
            return alert, self._tell(tx, alert, merged)
        if merged.change is AlertChange.RECOVERED:
            self._remember(tx, alert)
            tx.put_alerts([alert])
            return alert, Absorbed(alert_key=alert_key, reason=merged.reason)
        return self._place(tx, alert, merged)

    def ask_again(self, tx: Tx, alert: Alert) -> None:
        """The time of a mute is over: whatever hides it still goes on hiding it, else somebody hears of it now."""
        if alert.muted and not alert.incident:
            self._place(tx, alert, Merged(alert=alert, change=AlertChange.UPDATED, reason="unmuted"))

    def _tell(self, tx: Tx, alert: Alert, merged: Merged) -> Absorbed:
        tx.put_alerts([alert])
        before = tx.incidents([alert.incident]).get(alert.incident)
        if before is None:  # its incident was erased; what ends without one needs nobody
            return Absorbed(alert_key=alert.alert_key, reason="incident_gone")
        flaps = self._remember(tx, alert) if merged.change is AlertChange.RECOVERED else None
        event = AlertSeen(alert=alert, change=merged.change, group_key="", flapping=_flaps_now(flaps))
        self._happen(tx, before, event)
        return Absorbed(alert_key=alert.alert_key, reason=merged.reason, incident=alert.incident)

    def _place(self, tx: Tx, alert: Alert, merged: Merged) -> tuple[Alert | None, Absorbed]:
        """Silence → inhibit → flapping → group → incident."""
        now = self._clock.now()
        channel = self._worlds().channels.get(alert.channel)
        if channel is None:  # no manifest knows where it belongs any more, and nobody could be paged for it
            tx.put_alerts([replace(alert, closed_at=now, muted_until=None)])
            return None, Absorbed(alert_key=alert.alert_key, reason="channel_gone")
        new = merged.change is AlertChange.NEW
        known = grouping.facts_of(alert)
        flaps = self._remember(tx, alert) if new else self._recall(tx, alert, channel)
        novel = new and tx.first_seen(channel.id, similarity.fingerprint(alert), now)
        hidden = self._hidden(tx, channel, alert, known, flaps)
        if hidden:
            told = Absorbed(alert_key=alert.alert_key, reason=hidden.reason, by=hidden.muted, cause=hidden.cause)
            if hidden.mode == "drop" and new:
                return None, told
            muted = replace(alert, muted=hidden.muted, muted_until=hidden.until, cause=hidden.cause)
            tx.put_alerts([muted])
            return muted, told
        if alert.muted == "flapping" and flaps:
            flaps = flapping.heard(flaps)
        place = self._group(tx, channel, alert, known, flaps)
        incident = place.incident
        fresh = Fresh(id=self._ids.short(), num=tx.next_num()) if incident is None else None
        unmuted, holder = alert.muted, incident.id if incident else fresh.id if fresh else ""
        alert = replace(alert, incident=holder, muted="", muted_until=None, cause="")
        tx.put_alerts([alert])
        if flaps:
            tx.put_flaps([replace(flaps, incident=alert.incident)])
        event = AlertSeen(
            alert=alert,
            change=AlertChange.BACK if incident and incident.progress is Progress.CLOSED else AlertChange.NEW,
            group_key=place.group_key,
            fresh=fresh,
            novel=novel,
            flapping=_flaps_now(flaps),
            unmuted=unmuted,
            alike=place.alike,
            digest=place.digest,
        )
        self._happen(tx, incident, event)
        return alert, Absorbed(alert_key=alert.alert_key, reason=merged.reason, incident=alert.incident)

    def _hidden(
        self, tx: Tx, channel: Channel, alert: Alert, known: Mapping[str, str], flaps: Flaps | None
    ) -> Hidden | None:
        world, now = self._worlds(), self._clock.now()
        quiet = silence.that_hides(world.silences.get(channel.id, ()), world.calendars, known, now)
        if quiet:
            until = silence.ends_at(quiet, world.calendars, now, ASK_AGAIN)
            return Hidden(reason="silenced", muted=f"{SILENCED}{quiet.id}", until=until, mode=quiet.mode)
        if explained := self._explained(tx, channel, alert, known):
            return explained
        until_then = flapping.muted_until(flaps, channel.flapping, now) if flaps and channel.flapping else None
        return Hidden(reason="flapping_muted", muted="flapping", until=until_then) if until_then else None

    def _explained(self, tx: Tx, channel: Channel, alert: Alert, known: Mapping[str, str]) -> Hidden | None:
        """The rule by which another alert explains this one: a cause that is still there, or one that is found now."""
        now = self._clock.now()
        rules = [rule for rule in channel.inhibitions if matches(rule.target, known)]
        if not rules:
            return None
        until = now + ASK_AGAIN
        cause = tx.alerts([alert.cause]).get(alert.cause) if alert.cause else None
        kept = next((rule for rule in rules if alert.muted == f"inhibit:{rule.id}"), None)
        if cause and cause.closed_at is None and kept:
            return Hidden(reason="inhibited", muted=alert.muted, until=until, cause=cause.id)
        actives = [(each, grouping.facts_of(each)) for each in that_explain(tx, channel.id, now)]
        for rule in rules:
            if found := inhibition.cause_of(rule, alert, known, actives):
                muted = f"inhibit:{rule.id}"
                return Hidden(reason="inhibited", muted=muted, until=until, mode=rule.mode, cause=found.id)
        return None

    def _group(self, tx: Tx, channel: Channel, alert: Alert, known: Mapping[str, str], flaps: Flaps | None) -> _Place:
        """The open incident of the alert's group, else the one that closed a moment ago, else none."""
        now, rule = self._clock.now(), channel.grouping
        key = grouping.key_of(rule, alert, known)
        if rule.method == "similar":
            candidates = tx.newest_open(channel.id, grouping.CANDIDATES_MAX)
            if near := grouping.most_alike(rule, alert, candidates, now):
                return _Place(incident=near[0], group_key=key, alike=near[1])
        else:
            holder = tx.open_incidents([(channel.id, key)]).get((channel.id, key))
            why = grouping.why_not(holder, now) if holder else None
            if holder and why is None:
                return _Place(incident=holder, group_key=key)
            if holder and why:
                self._happen(tx, holder, CollectsNoMore(why=why))
                return _Place(incident=None, group_key=key)
        last = tx.incidents([flaps.incident]).get(flaps.incident) if flaps and flaps.incident else None
        if last and last.channel == channel.id and flapping.goes_on(last, now) and grouping.collects(last, now):
            slot = (channel.id, last.group_key)
            if slot not in tx.open_incidents([slot]):
                return _Place(incident=last, group_key=key)
        return self._digested(tx, channel, alert) or _Place(incident=None, group_key=key)

    def _digested(self, tx: Tx, channel: Channel, alert: Alert) -> _Place | None:
        """The digest that counts what would be one more incident of a channel that drowns; None where none does."""
        if channel.digest is None:
            return None
        world, now = self._worlds(), self._clock.now()
        facts = (alert.title, alert.description, alert.severity, alert.labels, alert.integration)
        rule = routing.choose_rule(channel, *facts, world=world, now=now)
        key = digest.key_of(rule, alert, dynamic.targets_of(alert.labels))
        holder = tx.open_incidents([(channel.id, key)]).get((channel.id, key))
        why = grouping.why_not(holder, now) if holder else None
        if holder and why is None:
            return _Place(incident=holder, group_key=key, digest=True)
        if holder and why:
            self._happen(tx, holder, CollectsNoMore(why=why))
        closed = tx.newest_closed(channel.id, digest.LOOK_AT)
        last = next((one for one in closed if one.group_key == key and flapping.goes_on(one, now)), None)
        if last and grouping.collects(last, now) and digest.goes_on(channel.digest, last.closed_at, now):
            return _Place(incident=last, group_key=key, digest=True)
        drowns = digest.drowns(channel.digest, tx.nth_newest(channel.id, channel.digest.incidents), now)
        return _Place(incident=None, group_key=key, digest=True) if drowns else None

    def _remember(self, tx: Tx, alert: Alert) -> Flaps | None:
        """Note one more change of state; None where the channel does not want it."""
        channel = self._worlds().channels.get(alert.channel)
        flaps = self._recall(tx, alert, channel) if channel else None
        if flaps is None or channel is None or channel.flapping is None:
            return None
        flaps = flapping.changed(flaps, channel.flapping, self._clock.now())
        if alert.incident:
            flaps = replace(flaps, incident=alert.incident)
        tx.put_flaps([flaps])
        return flaps

    def _recall(self, tx: Tx, alert: Alert, channel: Channel) -> Flaps | None:
        if channel.flapping is None:
            return None
        key = (alert.integration, alert.channel, alert.alert_key)
        blank = Flaps(integration=alert.integration, channel=alert.channel, alert_key=alert.alert_key)
        return tx.flaps([key]).get(key, blank)


def that_explain(tx: Tx, channel: str, now: Instant) -> list[Alert]:
    """A channel's active alerts that nobody has taken, and those that a silence hides: they explain as well.

    What is inhibited itself explains nothing, or two alerts could keep each other quiet for ever.
    """
    alerts = tx.alerts_in(channel, now - inhibition.ACTIVE_FOR, inhibition.LOOK_AT)
    incidents = tx.incidents({alert.incident for alert in alerts if alert.incident})
    return [
        alert
        for alert in alerts
        if alert.muted.startswith(SILENCED)
        or (alert.incident in incidents and incidents[alert.incident].progress is Progress.TRIGGERED)
    ]


def _flaps_now(flaps: Flaps | None) -> bool:
    return flaps is not None and flaps.noticed_at is not None
