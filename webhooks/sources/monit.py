"""Monit, which knows mail alone: the mails that it sends unless somebody changed their format.

Its words for events are those of "Setting an event filter" in its manual
(https://mmonit.com/monit/documentation/monit.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from webhooks.sources.base import Outcome, Parsed, Request, Source
from webhooks.sources.email import check, parse_mail
from webhooks.sources.keys import alert_key

RULES: Mapping[str, object] = {
    "mode": "rules",
    "close_rules": [{"field": "subject", "op": "regex", "value": r"(?:succeeded|Exists|recovery|Link up)\b"}],
    "alert_key": {"field": "body", "regex": r"Service:?\s+(\S+)"},
}
"""Used where the integration has no rules of its own."""

# The text of a mail: `<event> Service <name>`, and further down the host that sent it.
_EVENT = re.compile(r"^\s*(\S[^\n]{0,60}?)\s+Service\s+(\S{1,100})", re.MULTILINE)
_HOST = re.compile(r"^\s*Host:\s+(\S{1,253})", re.MULTILINE)
_ONE_THING = {"does": "existence", "exists": "existence", "invalid": "type"}
"""First words of events that are the fault and the recovery of one thing; others share their first word."""


def parse(request: Request) -> Outcome:
    """The one event of a mail of Monit."""
    settings = request.config.get("email")
    if isinstance(settings, Mapping) and (settings.get("mode") or settings.get("push_mode")):
        return parse_mail(request, settings)
    senders = settings.get("senders") if isinstance(settings, Mapping) else None
    return _told_apart(parse_mail(request, {**RULES, "senders": senders}), request)


def _told_apart(outcome: Outcome, request: Request) -> Outcome:
    """The same with a key of host, service and what happened, unless the sender's address names the alert."""
    if not isinstance(outcome, Parsed) or "+" in request.path:
        return outcome
    (event,) = outcome.events
    told, host = _EVENT.search(event.description), _HOST.search(event.description)
    if told is None:
        return outcome
    word = told[1].split()[0].lower()
    key = alert_key(host[1] if host else event.labels.get("from", ""), told[2], _ONE_THING.get(word, word))
    return Parsed(events=(replace(event, alert_key=key),))


SOURCE = Source(name="monit", parse=parse, check=check, by_mail=True)
