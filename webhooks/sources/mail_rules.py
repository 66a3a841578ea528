"""What a mail means: a new alert each time, the alert of its subject, or what the rules of the integration say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.engine import patterns
from bot.engine.model import EventStatus, Severity
from webhooks.sources.texts import plain


class Mode(StrEnum):
    """How mails become alerts."""

    EACH = "each"
    """Each mail is an alert of its own, which people close."""
    SUBJECT = "subject"
    """Mails of one subject are one alert, which people close."""
    RULES = "rules"
    """Rules tell what triggers and what closes, and which alert it is."""


_MODES = {
    **{mode.value: mode for mode in Mode},
    # As Flashduty calls them.
    "always": Mode.EACH,
    "by_subject": Mode.SUBJECT,
}
_SEVERITIES = {severity.value: severity for severity in (Severity.CRITICAL, Severity.WARNING, Severity.INFO)}

# What mail programs write before the subject of an answer or a forwarded mail, in some twenty languages, and a count in
# brackets as some have it. Single letters (Italian R: and I:) are left out: they could be the drive that is full.
_PREFIX = re.compile(
    r"(?:re|aw|antw|antwort|sv|vs|odp|res|rv|ynt|vá|απ|σχετ|השב|отв|ответ|trả lời|balas"
    r"|回复|回覆|答复|答覆|返信|回信|회신|답장"
    r"|fwd|fw|wg|vl|vb|tr|enc|ilt|továbbítás|πρθ|הועבר|пер|пересл|chuyển tiếp|terusan"
    r"|转发|轉寄|轉發|転送|전달)"
    r"\s{0,3}(?:[\[(]\d{1,3}[\])])?\s{0,3}[:：]\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The parts of a mail that rules look at."""

    subject: str
    body: str
    sender: str
    """As the From field has it: name and address."""

    def part(self, name: str) -> str:
        """The part that a rule names; "" for a name that is none."""
        return {"subject": self.subject, "body": self.body, "from": self.sender}.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a mail does to which alert. `key` is empty where each mail has its own."""

    status: EventStatus
    severity: Severity
    key: str


def verdict(said: Said, config: Mapping[str, Any]) -> Verdict | None:
    """What the mail means under these settings; None when the rules say that it means nothing.

    Closing is looked at first: "DOWN → UP, RESOLVED" must not open again what it closes.
    """
    match _MODES.get(plain(config.get("mode") or config.get("push_mode")), Mode.EACH):
        case Mode.EACH:
            return Verdict(status=EventStatus.TRIGGER, severity=Severity.WARNING, key="")
        case Mode.SUBJECT:
            return Verdict(status=EventStatus.TRIGGER, severity=Severity.WARNING, key=bare_subject(said.subject))
        case Mode.RULES:
            return _by_rules(said, config)


def bare_subject(subject: str) -> str:
    """The subject without the prefixes of answers and forwards, which do not make it another alert."""
    whole, begin = " ".join(subject.split()), 0
    while (found := _PREFIX.match(whole, begin)) is not None:
        begin = found.end()
    return whole[begin:] or whole


def _by_rules(said: Said, config: Mapping[str, Any]) -> Verdict | None:
    key = _key(said, config.get("alert_key"))
    if any(_holds(rule, said) for rule in _rules(config, "close_rules")):
        return Verdict(status=EventStatus.OK, severity=Severity.OK, key=key)
    for rule in _rules(config, "trigger_rules"):
        if _holds(rule, said):
            severity = _SEVERITIES.get(plain(rule.get("severity")), Severity.WARNING)
            return Verdict(status=EventStatus.TRIGGER, severity=severity, key=key)
    if config.get("discard_unmatched") is True:
        return None
    return Verdict(status=EventStatus.TRIGGER, severity=Severity.WARNING, key=key)


def _rules(config: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    listed = config.get(name)
    if isinstance(listed, Sequence) and not isinstance(listed, str):
        yield from (rule for rule in listed if isinstance(rule, Mapping))


def _holds(rule: Mapping[str, Any], said: Said) -> bool:
    text, value = said.part(plain(rule.get("field"))), plain(rule.get("value"))
    match plain(rule.get("op")):
        case "contains":
            return value in text
        case "not_contains":
            return value not in text
        case "regex":
            return patterns.found(value, text)
        case _:
            return False


def _key(said: Said, rule: Any) -> str:
    """What the pattern takes out of its part of the mail; where it finds nothing, the subject."""
    if isinstance(rule, Mapping):
        taken = patterns.taken(plain(rule.get("regex")), said.part(plain(rule.get("field"))))
        if taken.strip():
            return " ".join(taken.split())
    return bare_subject(said.subject)
