"""What a team changes about the alerts of an integration, or leaves out, before they go to a channel.

Only events that report trouble come here: a recovery must find the alert that it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bot.engine import conditions, templates
from bot.engine.feed import AlertDrop, AlertInhibit, DescriptionReset, Processing, SeverityReset, TitleReset
from bot.engine.model import Alert, Event, EventStatus, Severity

_SEVERITIES = {severity.value.casefold(): severity for severity in Severity if severity is not Severity.OK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Processed:
    """The event as it goes on, or the reason why it does not."""

    event: Event
    reason: str = ""
    rule: int = 0
    """The number of the rule that holds it back, from 1."""


def process(
    event: Event,
    rules: tuple[Processing, ...],
    integration: str,
    source: str,
    active: Callable[[], Iterable[Alert]],
    *,
    known: bool,
) -> Processed:
    """Apply the rules in order, each to the event as the one before left it.

    `source` is the kind of the integration. `active` gives the integration's active alerts, and is asked only where a
    rule needs them. `known` says that an alert of this key is open already: then nothing can be nipped in the bud.
    """
    if event.status is EventStatus.OK:
        return Processed(event=event)
    fields = {"IntegrationType": source, "IntegrationName": integration}
    for number, rule in enumerate(rules, 1):
        if not conditions.matches(rule.filter, conditions.facts_of(event, integration)):
            continue
        match rule.does:
            case TitleReset(text=text):
                event = replace(event, title=templates.one_line(templates.render(text, event, fields)) or event.title)
            case DescriptionReset(text=text):
                said = templates.render(text, event, fields).strip()
                event = replace(event, description=templates.cut(said, templates.DESCRIPTION_MAX))
            case SeverityReset(text=text):
                event = replace(event, severity=severity_named(templates.render(text, event, fields)) or event.severity)
            case AlertDrop():
                return Processed(event=event, reason="alert_dropped", rule=number)
            case AlertInhibit() as does:
                if not known and any(inhibits(does, alert, event) for alert in active()):
                    return Processed(event=event, reason="alert_inhibited", rule=number)
    return Processed(event=event)


def severity_named(text: str) -> Severity | None:
    """The severity of that name, whatever its case; None for anything else, `Ok` too."""
    return _SEVERITIES.get(text.strip().casefold())


def inhibits(rule: AlertInhibit, alert: Alert, event: Event) -> bool:
    """Whether an active alert explains the event: it is another one, fits `source`, and agrees in every `equals`.

    A label that either lacks is no agreement: what nobody labelled must not fall silent.
    """
    if alert.alert_key == event.alert_key:
        return False
    if any(label not in alert.labels or alert.labels[label] != event.labels.get(label) for label in rule.equals):
        return False
    known = conditions.facts(
        title=alert.title,
        description=alert.description,
        severity=alert.status,
        labels=alert.labels,
        integration=alert.integration,
    )
    return conditions.matches(rule.source, known)
