"""Simple cards that answer a question: who is on call, what is open, why it went that way, what can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.cards.build.outlook import holders, state, way_word, why_word
from bot.cards.build.view import View, page_address
from bot.cards.card import Action, Card, Fact, Facts, Line, Paragraph, Span, Style, Tone
from bot.cards.i18n import knows, listing, moment, say, zone_name
from bot.cards.text import one_line, shorten
from bot.cards.token import Key, mint
from bot.engine.effects import Entry, Kind, Reason
from bot.engine.model import Alert, Incident, Instant, Progress
from bot.engine.world import OnCall, World

ROWS_SHOWN = 20
"""More than anybody reads in a chat; the pages show the rest."""
TITLE_SHOWN = 80
BUTTONS_SHOWN = 4
HELP_LINES = 12
"""Lines of a paragraph of the help: the shortest of the platforms' text blocks holds them."""
ALERT_NAME = 6
"""Letters of an alert's id: 24 bits tell the alerts of one incident apart."""
_TELLS_WHO = (Reason.ASSIGNED, Reason.ADDED)


def oncall_card(
    rows: Iterable[tuple[str, Sequence[OnCall]]],
    world: World,
    lang: str,
    *,
    zone: str,
    now: Instant,
    at: Instant | None = None,
    feed: str = "",
) -> Card:
    """Who is on call: a schedule's name and its people in each row, at `at` or now; `feed` is a calendar's address."""
    facts: list[Fact] = []
    by_hand = {override.id for plan in world.schedules.values() for override in plan.overrides}
    for name, duty in rows:
        texts = [_on_duty(one, world, lang, zone, now, by_hand=one.layer in by_hand) for one in duty] or [
            say(lang, "oncall.nobody")
        ]
        facts.append(Fact(label=name, value=(Span(text=listing(texts, lang)),)))
    title = say(lang, "oncall.title")
    if at is not None:
        time = say(lang, "time.zoned", time=moment(at, now, zone, lang), zone=zone_name(at, zone))
        title = say(lang, "oncall.title_at", at=time)
    shown = facts[:ROWS_SHOWN]
    told = "; ".join(f"{fact.label} {fact.value[0].text}" for fact in shown)
    fallback = say(lang, "oncall.fallback", rows=told) if shown else say(lang, "oncall.none")
    body: tuple[Facts | Paragraph, ...] = (Facts(facts=tuple(shown)),) if shown else (_paragraph(fallback),)
    subscribe = (Paragraph(lines=((Span(text=say(lang, "oncall.feed"), href=feed),),)),) if feed else ()
    body = (*body, *_rest(len(facts), lang), *subscribe)
    return Card(kind="roster", title=title, fallback=fallback, lang=lang, body=body)


def list_card(
    incidents: Sequence[Incident],
    world: World,
    lang: str,
    *,
    zone: str,
    now: Instant,
    url: str = "",
    key: Key | None = None,
    above: Sequence[str] = (),
) -> Card:
    """Incidents, one in two lines each: what it is, and how it stands; with `key`, links, and buttons for the first.

    Without `key` there is no link either: an incident's page opens with a sealed address only.

    `above` are lines about the asker that come before them, such as their shifts.
    """
    lines: list[Line] = []
    for incident in incidents[:ROWS_SHOWN]:
        who = listing([_name(world, responder.member) for responder in holders(incident)], lang)
        row = say(
            lang,
            "list.row_who" if who else "list.row",
            severity=say(lang, f"severity.{incident.severity.value}"),
            state=say(lang, f"state.{state(incident)}"),
            at=moment(incident.opened_at, now, zone, lang),
            who=who,
        )
        href = page_address(key, url, incident.id, incident.num) if key else ""
        lines.append((
            Span(text=f"#{incident.num}", style=Style.BOLD, href=href),
            Span(text=f" {shorten(one_line(incident.title), TITLE_SHOWN)}"),
        ))  # fmt: skip
        lines.append((Span(text=row, style=Style.MUTED),))
    title = say(lang, "list.title_mine" if above else "list.title")
    if not lines:
        empty = say(lang, "list.empty")
        told = "\n".join((*above, empty))
        return Card(kind="list", title=title, fallback=told, tone=Tone.CLOSED, lang=lang, body=(_paragraph(told),))
    named = listing([f"#{incident.num}" for incident in incidents[:ROWS_SHOWN]], lang)
    fallback = say(lang, "list.fallback", n=len(incidents), rows=named)
    fallback = "\n".join((*above, fallback))
    head = tuple(_paragraph(line) for line in above)
    body = (*head, Paragraph(lines=tuple(lines)), *_rest(len(incidents), lang))
    actions = tuple(_next_action(key, incident, lang) for incident in incidents[:BUTTONS_SHOWN]) if key else ()
    return Card(kind="list", title=title, fallback=fallback, lang=lang, body=body, actions=actions)


def _next_action(key: Key, incident: Incident, lang: str) -> Action:
    """What is most likely wanted of an open incident: somebody who takes it, or the end of it."""
    verb = "ack" if incident.progress is Progress.TRIGGERED else "resolve"
    label = f"{say(lang, f'action.{verb}')} #{incident.num}"
    return Action(verb=verb, label=label, token=mint(key, verb, incident.id, incident.rev))


def why_card(view: View, verdicts: Sequence[str] = ()) -> Card:
    """The verdicts, and the timeline of `view.entries` with every reason in words, newest last."""
    title = view.say("why.title", ref=view.ref)
    told = [entry for entry in view.entries if entry.kind is not Kind.ROOM_SAID]  # the page of the incident has them
    shown = told[-ROWS_SHOWN:]
    lines: list[Line] = [(view.at(entry.at), Span(text="  "), Span(text=entry_text(view, entry))) for entry in shown]
    if not lines:
        lines = [(Span(text=view.say("why.empty")),)]
    fallback = f"{title}: {lines[-1][-1].text}"
    above = tuple(_paragraph(text) for text in verdicts)
    body = (*above, Paragraph(lines=tuple(lines)), *_rest(len(told), view.lang))
    return Card(kind="list", title=title, fallback=fallback, lang=view.lang, url=view.page_url, body=body)


def entry_text(view: View, entry: Entry) -> str:
    """One line of the timeline as a sentence: what was decided, about whom, and why."""
    key = f"entry.{entry.reason.value}"
    finer = f"{key}.{entry.kind.value}"
    facts: dict[str, object] = {name: one_line(value) for name, value in entry.facts.items()}
    facts["actor"] = view.name(entry.actor) if entry.actor else view.say("tocsin")
    facts["member"] = view.name(entry.member)
    facts["who"] = view.names([member for member in entry.facts.get("members", "").split(",") if member])
    facts["way"] = way_word(view, entry.way)
    facts["level"] = 1 if entry.level is None else entry.level + 1
    facts["why"] = why_word(view, entry.facts.get("why", ""))
    if knows(severity := f"severity.{entry.facts.get('severity', '')}"):
        facts["severity"] = view.say(severity)
    if knows(finer):
        return view.say(finer, **facts)
    if entry.kind is Kind.ASSIGN and entry.reason not in _TELLS_WHO and facts["who"]:
        return view.say("entry.responders", **facts)
    return view.say(key, **facts) if knows(key) else entry.reason.value.replace("_", " ")


def alerts_card(incident: Incident, alerts: Sequence[Alert], lang: str, *, zone: str, now: Instant) -> Card:
    """The alerts of an incident, oldest first, each with the short name by which it can be moved."""
    lines: list[Line] = []
    for alert in alerts[:ROWS_SHOWN]:
        title = shorten(one_line(alert.title), TITLE_SHOWN)
        lines.append((Span(text=alert.id[:ALERT_NAME], style=Style.CODE), Span(text=f"  {title}")))
        row = say(
            lang,
            "alerts.since" if alert.closed_at is None else "alerts.until",
            severity=say(lang, f"severity.{alert.severity.value}"),
            at=moment(alert.first_at if alert.closed_at is None else alert.closed_at, now, zone, lang),
        )
        lines.append((Span(text=row, style=Style.MUTED),))
    title = say(lang, "alerts.title", ref=f"#{incident.num}")
    if not lines:
        key = "alerts.merged" if incident.merged_into else "alerts.none"
        none = say(lang, key, into=f"#{incident.merged_into}")
        return Card(kind="list", title=title, fallback=none, lang=lang, body=(_paragraph(none),))
    fallback = f"{title}: {len(alerts)}"
    return Card(
        kind="list",
        title=title,
        fallback=fallback,
        lang=lang,
        body=(Paragraph(lines=tuple(lines)), *_rest(len(alerts), lang)),
    )


def help_card(verbs: Mapping[str, str], lang: str) -> Card:
    """Every command with what it does, already in the reader's language."""
    lines: list[Line] = [(Span(text=usage, style=Style.CODE), Span(text=f"  {what}")) for usage, what in verbs.items()]
    fallback = say(lang, "help.fallback", verbs=", ".join(verbs))
    parts = range(0, len(lines), HELP_LINES)
    body = tuple(Paragraph(lines=tuple(lines[at : at + HELP_LINES])) for at in parts)
    return Card(kind="list", title=say(lang, "help.title"), fallback=fallback, lang=lang, body=body)


def _on_duty(one: OnCall, world: World, lang: str, zone: str, now: Instant, *, by_hand: bool) -> str:
    role = say(lang, f"role.{one.role}") if knows(f"role.{one.role}") else one.role
    who = _name(world, one.member)
    if one.until is None:
        return say(lang, "oncall.always", who=who, role=role)
    until = moment(one.until, now, zone, lang)
    return say(lang, "oncall.override" if by_hand else "oncall.until", who=who, role=role, at=until)


def _name(world: World, member: str) -> str:
    known = world.member(member)
    return one_line(known.name) if known else member


def _paragraph(text: str) -> Paragraph:
    return Paragraph(lines=((Span(text=text),),))


def _rest(count: int, lang: str) -> tuple[Paragraph, ...]:
    """How many rows are not shown."""
    more = count - ROWS_SHOWN
    return (Paragraph(lines=((Span(text=say(lang, "list.more", n=more), style=Style.MUTED),),)),) if more > 0 else ()
