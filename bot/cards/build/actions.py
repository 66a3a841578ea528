"""The buttons of an incident: only what is legal in its state, each sealed with the revision that the card shows.

A button whose argument is `ask-<num>` opens a form first (`build.forms`); every other one does what it says.
"""

from __future__ import annotations

from bot.cards import token
from bot.cards.build.forms import FORMS, ask, span_word
from bot.cards.build.outlook import holders, level_words, state
from bot.cards.build.view import View
from bot.cards.card import Action, ActionStyle, Option
from bot.cards.i18n import duration, say
from bot.engine import escalation
from bot.engine.model import HOUR, RoomState, Severity, Span

MORE = "more"
"""The menu of everything else; it is no verb itself."""


def actions(view: View) -> tuple[Action, ...]:
    """What the reader may do now, the most likely first."""
    match state(view.incident):
        case "triggered":
            offered = [
                _button(view, "ack", style=ActionStyle.PRIMARY),
                _button(view, "resolve"),
                *_escalate(view),
                _snooze(view),
            ]
        case "processing":
            offered = [
                _button(view, "resolve", style=ActionStyle.PRIMARY),
                *_escalate(view),
                _snooze(view),
                _mine(view),
            ]
        case "snoozed":
            offered = [_button(view, "wake", style=ActionStyle.PRIMARY), _button(view, "resolve")]
        case _:
            offered = [_button(view, "reopen", arg=ask(view.incident.num))]
    offered.append(_more(view))
    return tuple(_linked(view, offered)) if view.act_by_link else tuple(offered)


BY_LINK = ("ack", "escalate")
"""What a link in a mail may do: mails are forwarded and scanned, so nothing that ends an incident."""
LINK_LIFE: Span = 24 * HOUR
"""So long a link works, if it is not used before."""

_WHILE_OPEN = ("assign", "add", "note", "sev", "merge", "silence", "room", "why")
_WHEN_CLOSED = ("note", "silence", "why")
"""The menu of everything else: a closed incident takes remarks, and what is like it can still be silenced."""


def _button(
    view: View, verb: str, *, arg: str = "", label: str = "", style: ActionStyle = ActionStyle.PLAIN, confirm: str = ""
) -> Action:
    return Action(
        verb=verb,
        label=view.say(label or f"action.{verb}"),
        token=_token(view, verb, arg),
        style=style,
        confirm=confirm,
    )


def _escalate(view: View) -> tuple[Action, ...]:
    """Escalate, where there is somewhere to go; it asks first and names who would be woken."""
    incident = view.incident
    if incident.rule.direct or escalation.on_last_resort(incident):
        return ()
    question = view.say("confirm.escalate", level=level_words(view, incident.level + 1, view.now))
    return (_button(view, "escalate", style=ActionStyle.DANGER, confirm=question),)


def _snooze(view: View) -> Action:
    presets = tuple(
        Option(label=duration(span, view.lang), token=_token(view, "snooze", span_word(span)))
        for span in view.world.snooze
    )
    custom = Option(label=view.say("action.custom"), token=_token(view, "snooze", ask(view.incident.num)))
    return Action(verb="snooze", label=view.say("action.snooze"), options=(*presets, custom))


def _mine(view: View) -> Action:
    """Give it back, or take it too: the former for a group and for whoever has it."""
    has_it = any(responder.member == view.viewer for responder in holders(view.incident))
    if has_it or not view.viewer:
        return _button(view, "unack")
    return _button(view, "ack", label="action.ack_too")


def _more(view: View) -> Action:
    options: list[Option] = []
    for verb in _WHILE_OPEN if view.incident.closed_at is None else _WHEN_CLOSED:
        if verb == "sev":
            options += _severities(view)
        elif verb == "room" and (not view.rooms or any(r.state is not RoomState.CLOSED for r in view.incident.rooms)):
            continue
        else:
            arg = ask(view.incident.num) if verb in FORMS else ""
            options.append(Option(label=view.say(f"action.{verb}"), token=_token(view, verb, arg)))
    return Action(verb=MORE, label=view.say("action.more"), options=tuple(options))


def _severities(view: View) -> list[Option]:
    """The severities that it does not have, each at once: changing it back is as easy."""
    others = [each for each in (Severity.CRITICAL, Severity.WARNING, Severity.INFO) if each != view.incident.severity]
    words = {each: view.say(f"severity.{each.value}") for each in others}
    return [
        Option(label=view.say("action.sev", severity=words[each]), token=_token(view, "sev", each.value.casefold()))
        for each in others
    ]


def take_action(key: token.Key, override: str, lang: str) -> Action:
    """The button by which somebody takes a shift that waits for somebody."""
    label = say(lang, "action.take")
    return Action(verb="take", label=label, token=token.mint(key, "take", override, 0), style=ActionStyle.PRIMARY)


def _token(view: View, verb: str, arg: str = "") -> str:
    return token.mint(view.key, verb, view.incident.id, view.incident.rev, arg)


def _linked(view: View, offered: list[Action]) -> list[Action]:
    """The same actions as links that act for the viewer alone; none where no link can be made, or may be used."""
    reader = view.world.members.get(view.viewer)
    if not (view.url and token.can_hold(view.viewer) and (reader is None or reader.seat)):
        return []
    links: list[Action] = []
    for action in offered:
        if action.verb in BY_LINK:
            sealed = token.Link(
                verb=action.verb,
                incident=view.incident.id,
                rev=view.incident.rev,
                holder=view.viewer,
                until=view.now + LINK_LIFE,
            )
            href = f"{view.url.rstrip('/')}/a/{token.mint_link(view.key, sealed)}"
            links.append(Action(verb=action.verb, label=action.label, style=action.style, href=href))
    return links
