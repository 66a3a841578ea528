"""How an incident begins: from its first alert, or by a person's word; and which policy it will carry to its end."""

from __future__ import annotations

from bot.engine import digest, dynamic, escalation, joining, routing
from bot.engine.draft import Draft
from bot.engine.editing import worsen
from bot.engine.effects import Kind, Reason, Reply, Step
from bot.engine.events import AlertSeen, Fresh, Happening, Raised, SplitOff
from bot.engine.grouping import window_from
from bot.engine.model import Alert, Incident, Instant, Rule
from bot.engine.world import Channel, World


def open_incident(event: Happening, world: World, now: Instant) -> Step:
    """Open what an alert or a person asks for. Raises ValueError for anything that cannot open an incident."""
    match event:
        case AlertSeen():
            return _from_alert(event, world, now)
        case Raised():
            return _from_person(event, world, now)
        case SplitOff():
            return _from_alerts(event, world, now)
        case _:
            msg = f"{type(event).__name__} cannot open an incident"
            raise ValueError(msg)


def _from_alert(event: AlertSeen, world: World, now: Instant) -> Step:
    if event.fresh is None:
        msg = "a new incident needs a fresh id"
        raise ValueError(msg)
    alert = event.alert
    channel, rule, incident = _with_alert(alert, event.fresh, event.group_key, world, now)
    draft = Draft(incident, world, now)
    because = joining.why(event)
    unmuted = because.reason.value if event.unmuted else ""
    until = now + digest.QUIET if event.digest else window_from(channel.grouping, now)
    draft.change(novel=event.novel, unmuted=unmuted, digest=event.digest, collects_until=until)
    opened = {"severity": alert.severity.value, "integration": alert.integration}
    draft.log(Kind.NEW, because.reason, facts=because.facts | opened)
    joining.mark_flapping(draft, event)
    return _dispatch(draft, channel, rule, None, because.reason if event.unmuted else Reason.LEVEL_FIRED)


def _from_alerts(event: SplitOff, world: World, now: Instant) -> Step:
    """Alerts that a person took out of another incident: a new one like any other, and it collects no group."""
    first, *others = event.alerts
    channel, rule, incident = _with_alert(first, event.fresh, f"split:{event.fresh.id}", world, now)
    draft = Draft(incident, world, now)
    draft.change(
        title=event.title or incident.title,
        frozen=("title",) if event.title else (),
        creator=event.by,
        alerts_open=sum(alert.closed_at is None for alert in event.alerts),
        alerts_total=len(event.alerts),
    )
    facts = {"refs": f"#{event.whence}", "count": str(len(event.alerts)), "via": event.via}
    draft.log(Kind.NEW, Reason.MOVED, actor=event.by, facts=facts)
    for alert in others:
        worsen(draft, alert.severity)
    return _dispatch(draft, channel, rule, Reply(code="split", facts={"num": str(event.fresh.num)}))


def _with_alert(
    alert: Alert, fresh: Fresh, group_key: str, world: World, now: Instant
) -> tuple[Channel, Rule | None, Incident]:
    """An incident with its first alert, the channel it belongs to, and the rule that takes it."""
    channel = world.channels[alert.channel]
    facts = (alert.title, alert.description, alert.severity, alert.labels, alert.integration)
    rule = routing.choose_rule(channel, *facts, world=world, now=now)
    chosen = dynamic.retarget(rule or routing.catch_all_rule(world), alert.labels, world)
    incident = Incident(
        id=fresh.id,
        num=fresh.num,
        channel=channel.id,
        group_key=group_key,
        title=alert.title,
        description=alert.description,
        severity=alert.severity,
        labels=dynamic.without_targets(alert.labels),
        links=alert.links,
        rule=chosen,
        last_resort=world.last_resort(),
        opened_at=now,
        last_at=now,
        close_with_alerts=channel.close_with_alerts,
        auto_close_after=channel.auto_close_after,
        auto_close_on_update=channel.auto_close_on_update,
        first_alert=alert.id,
        alerts_open=1,
        alerts_total=1,
    )
    return channel, rule, incident


def _from_person(event: Raised, world: World, now: Instant) -> Step:
    channel = world.channels[event.channel]
    rule: Rule | None
    if event.targets:
        rule = routing.direct_rule(event.targets)
    else:
        rule = routing.choose_rule(channel, event.title, event.description, event.severity, {}, world=world, now=now)
    incident = Incident(
        id=event.fresh.id,
        num=event.fresh.num,
        channel=channel.id,
        group_key=f"raised:{event.fresh.id}",
        title=event.title,
        description=event.description,
        severity=event.severity,
        labels={},
        links=(),
        rule=rule or routing.catch_all_rule(world),
        last_resort=world.last_resort(),
        opened_at=now,
        last_at=now,
        creator=event.by,
        close_with_alerts=False,
        auto_close_after=channel.auto_close_after,
        auto_close_on_update=channel.auto_close_on_update,
    )
    draft = Draft(incident, world, now)
    draft.log(Kind.NEW, Reason.BY_HAND, actor=event.by, facts={"title": event.title, "severity": event.severity.value})
    return _dispatch(draft, channel, rule, Reply(code="raised", facts={"num": str(event.fresh.num)}))


def _dispatch(
    draft: Draft, channel: Channel, rule: Rule | None, reply: Reply | None, fired: Reason = Reason.LEVEL_FIRED
) -> Step:
    """Name the rule, then notify at once or when its delay is over."""
    incident = draft.incident
    reason = Reason.RULE_MATCHED if rule else Reason.NO_RULE_MATCHED
    draft.log(Kind.ASSIGN, reason, facts={"rule": incident.rule.name})
    if channel.auto_close_after:
        draft.change(close_at=incident.opened_at + channel.auto_close_after)
    if incident.rule.delay:
        draft.change(notify_at=incident.opened_at + incident.rule.delay)
    else:
        escalation.fire(draft, fired)
    return draft.done(reply)
