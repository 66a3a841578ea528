"""What people write about an incident: its texts, the team's own fields, and how bad it is. What is written stays."""

from __future__ import annotations

from collections.abc import Mapping

from bot.engine.draft import Draft
from bot.engine.effects import Kind, Reason, Reply
from bot.engine.events import SetField, SetSeverity, SetText, TextField
from bot.engine.model import Severity, worse
from bot.engine.world import CustomField, FieldKind

TITLE_MAX = 512
DESCRIPTION_MAX = 2048
TEXT_MAX = 1024
"""Characters of an impact, a root cause or a resolution, and of any comment."""
FIELD_MAX = 3000
"""Characters of a custom field of the kind text."""

_TEXTS: Mapping[TextField, tuple[Kind, int]] = {
    TextField.TITLE: (Kind.TITLE, TITLE_MAX),
    TextField.DESCRIPTION: (Kind.DESCRIPTION, DESCRIPTION_MAX),
    TextField.IMPACT: (Kind.IMPACT, TEXT_MAX),
    TextField.ROOT_CAUSE: (Kind.ROOT_CAUSE, TEXT_MAX),
    TextField.RESOLUTION: (Kind.RESOLUTION, TEXT_MAX),
}
CALLED: Mapping[str, TextField] = {
    "title": TextField.TITLE,
    "description": TextField.DESCRIPTION,
    "desc": TextField.DESCRIPTION,
    "impact": TextField.IMPACT,
    "cause": TextField.ROOT_CAUSE,
    "root_cause": TextField.ROOT_CAUSE,
    "resolution": TextField.RESOLUTION,
}
"""How people call the texts; no custom field may have such a name."""
_YES = frozenset({"yes", "y", "true", "on", "1", "是"})
_NO = frozenset({"no", "n", "false", "off", "0", "否"})
COMMA = ", "
"""Between the choices of a multiple select, as they are stored and shown; no option contains a comma."""


def set_text(draft: Draft, command: SetText) -> Reply:
    """A person's own words, also on a closed incident; alerts no longer change them."""
    kind, limit = _TEXTS[command.field]
    text, name = command.text.strip(), command.field.value
    if len(text) > limit:
        return Reply(code="too_long", done=False, facts={"max": str(limit)})
    if not text and command.field is TextField.TITLE:
        return Reply(code="title_required", done=False)
    if getattr(draft.incident, name) == text:
        return Reply(code="already_so", done=False)
    draft.show(**{name: text}, frozen=_frozen(draft, name))
    draft.log(kind, Reason.SET_BY_HAND, actor=command.by, facts={"text": text, "via": command.via})
    return Reply(code=f"{name}_set" if text else "emptied")


def set_field(draft: Draft, command: SetField) -> Reply:
    """A value for a field that the team declared, also on a closed incident; one that does not fit is refused."""
    declared = draft.world.fields
    if command.name not in declared:
        return Reply(code="no_such_field", done=False, facts={"name": command.name, "known": COMMA.join(declared)})
    value = read_value(declared[command.name], command.value)
    if isinstance(value, Reply):
        return value
    before = draft.incident.fields
    if before.get(command.name, "") == value:
        return Reply(code="already_so", done=False)
    kept = {name: old for name, old in before.items() if name != command.name}
    draft.show(fields={**kept, command.name: value} if value else kept)
    facts = {"field": command.name, "text": value, "via": command.via}
    draft.log(Kind.FIELD, Reason.SET_BY_HAND, actor=command.by, facts=facts)
    return Reply(code="field_set" if value else "emptied", facts={"name": command.name, "value": value})


def read_value(field: CustomField, text: str) -> str | Reply:
    """What a person means by a value of a field, as it is stored; or why it does not fit."""
    text = text.strip()
    if not text:
        return ""
    match field.kind:
        case FieldKind.TEXT:
            too_long = Reply(code="too_long", done=False, facts={"max": str(FIELD_MAX)})
            return too_long if len(text) > FIELD_MAX else text
        case FieldKind.CHECKBOX:
            word = text.casefold()
            return "yes" if word in _YES else "no" if word in _NO else Reply(code="not_yes_or_no", done=False)
        case FieldKind.SELECT:
            return _choice(field, text)
        case FieldKind.MULTI:
            chosen = [_choice(field, part.strip()) for part in text.replace("，", ",").split(",") if part.strip()]
            wrong = next((each for each in chosen if isinstance(each, Reply)), None)
            return wrong or COMMA.join(option for option in field.options if option in chosen)


def set_severity(draft: Draft, command: SetSeverity) -> Reply:
    """A person's judgement stays, whatever alerts say later."""
    draft.show(severity=command.severity, frozen=_frozen(draft, "severity"))
    facts = {"severity": command.severity.value, "via": command.via}
    draft.log(Kind.SEVERITY, Reason.SET_BY_HAND, actor=command.by, facts=facts)
    return Reply(code="severity_set", facts=facts)


def worsen(draft: Draft, severity: Severity) -> None:
    """An alert of this severity belongs to the incident: it is at least as bad, unless a person said how bad it is."""
    incident = draft.incident
    severity = worse(incident.severity, severity)
    if severity is not incident.severity and "severity" not in incident.frozen:
        draft.show(severity=severity)
        draft.log(Kind.SEVERITY, Reason.ALERT, facts={"severity": severity.value})


def _choice(field: CustomField, word: str) -> str | Reply:
    found = next((option for option in field.options if option.casefold() == word.casefold()), None)
    return found or Reply(code="no_such_option", done=False, facts={"word": word, "known": COMMA.join(field.options)})


def _frozen(draft: Draft, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*draft.incident.frozen, name)))
