"""The incident card: what is broken, how bad, who has it, what happens next, since when, and the buttons."""

from __future__ import annotations

from dataclasses import replace

from bot.cards.build.actions import actions
from bot.cards.build.mailed import reply_address
from bot.cards.build.outlook import (
    closed_by_clock,
    closing_note,
    holders,
    not_reached,
    outcome,
    paged_now,
    state,
    way_word,
    what_next,
    who_has_it,
)
from bot.cards.build.view import View, plain
from bot.cards.card import Block, Card, Fact, Facts, Line, Paragraph, Quote, Span, Style, Tone
from bot.cards.i18n import duration, listing, moment, zone_name
from bot.cards.text import one_line, shorten, web_address
from bot.engine import routing
from bot.engine.effects import Page, Reason
from bot.engine.links import filled
from bot.engine.model import Instant, RoomState, Severity
from bot.engine.world import CustomField, FieldKind

LABELS_SHOWN = 4
LABEL_MAX = 48
ALERTS_SHOWN = 3
LINKS_SHOWN = 4
WRITTEN_MAX = 300
"""Characters of an impact, a cause, a resolution or a field; the page of the incident has the rest."""
FALLBACK_TITLE_MAX = 120
"""A push notification shows about that much."""

_TELLING = ("service", "app", "job", "instance", "host", "cluster", "region", "env", "namespace", "pod", "resource")
"""Labels that say where it hurts, most telling first; others follow by name."""
_SAID_ALREADY = frozenset({"alertname", "severity", "level", "priority"})

_TONES = {"processing": Tone.PROCESSING, "snoozed": Tone.SNOOZED, "closed": Tone.CLOSED}
_SEVERITY_TONES = {Severity.CRITICAL: Tone.CRITICAL, Severity.WARNING: Tone.WARNING}


def incident_card(view: View) -> Card:
    """The card of an incident as it stands at `view.now`, for a group or, with `view.viewer`, for one person."""
    incident = view.incident
    stands = state(incident)
    blocks: list[Block] = [Facts(facts=_story(view, stands)), Facts(facts=_particulars(view))]
    if incident.alerts_total > 1 and view.alerts:
        blocks.append(_alerts(view))
    if incident.description.strip():
        blocks.append(Quote(text=incident.description))
    links = _shown_links(view)
    if links:
        blocks.append(Paragraph(lines=(_links(links),)))
    pinged = () if view.viewer or stands != "triggered" else paged_now(view)
    return Card(
        kind="incident",
        title=view.title,
        fallback=_fallback(view, stands),
        tone=_TONES.get(stands) or _SEVERITY_TONES.get(incident.severity, Tone.INFO),
        severity=view.say(f"severity.{incident.severity.value}"),
        status=view.say(f"state.{stands}"),
        ref=view.ref,
        channel=view.channel,
        since=moment(incident.opened_at, view.now, view.zone, view.lang),
        reply_code=0 if stands == "closed" else view.reply_code,
        keys=_may_press(view),
        url=view.page_url,
        incident=incident.id,
        rev=incident.rev,
        lang=view.lang,
        body=tuple(blocks),
        actions=actions(view),
        mentions=tuple(span for span in map(view.person, pinged) if span.mention),
        reply_to=_reply_to(view),
    )


def _may_press(view: View) -> bool:
    reader = view.world.members.get(view.viewer)
    return bool(view.url) and (reader is None or reader.seat)


def _reply_to(view: View) -> str:
    """Who may not act is not asked to."""
    reader = view.world.members.get(view.viewer)
    if not view.act_by_link or reader is None or not reader.seat:
        return ""
    return reply_address(view.key, view.incident.id, view.viewer, view.world.mail_domain, view.now)


def page_card(view: View, page: Page) -> Card:
    """The same card for the one person who is paged: it says first why it is them."""
    card = incident_card(view)
    reason = Paragraph(lines=((Span(text=why_paged(view, page)),),))
    return replace(card, body=(reason, *card.body), attempt=page.loop + 1)


def why_paged(view: View, page: Page) -> str:
    """One sentence: why this person, at which level, and the how-manieth repeat."""
    level = page.level + 1
    repeat = view.say("why.repeat", n=page.loop) if page.loop > 0 else ""
    if page.reason.value in _OWN_SENTENCE:
        return view.say(f"why.{page.reason.value}", level=level)
    if view.incident.rule.direct:
        return view.say("why.assigned")
    responder = next((r for r in view.incident.responders if r.member == page.member), None)
    if view.incident.rule.id == "catch_all":
        return view.say("why.no_rule_matched")
    if page.level >= len(view.incident.rule.levels):
        return view.say("why.last_resort")
    kind, _, name = _through(view, page).partition(":")
    if not kind and responder and responder.how == "catch_all":
        return view.say("why.nobody_on_call")
    if kind == "schedule":
        schedule_id, _, role = name.rpartition("/")
        plan = view.world.schedules.get(schedule_id)
        role_word = view.say(f"role.{role}") if role in {"primary", "backup"} else role
        called = plan.name if plan else schedule_id
        return view.say("why.schedule", schedule=called, role=role_word, level=level, repeat=repeat)
    if kind == "team":
        team = view.world.teams.get(name)
        return view.say("why.team", team=team.name if team else name, level=level, repeat=repeat)
    return view.say("why.member" if kind else "why.level", level=level, repeat=repeat)


_OWN_SENTENCE = frozenset({
    Reason.ASSIGNED, Reason.ADDED, Reason.LAST_RESORT, Reason.FALLBACK_FAILED, Reason.FALLBACK_UNPROVEN,
    Reason.SNOOZE_OVER, Reason.REOPENED, Reason.ACK_WITHDRAWN, Reason.SILENCE_ENDED, Reason.INHIBITION_OVER,
    Reason.FLAPPING_MUTE_OVER, Reason.STORM, Reason.OWN_LADDER, Reason.ACK_TIMEOUT,
})  # fmt: skip


def _through(view: View, page: Page) -> str:
    """How the level comes to this person: `schedule:primary-db/primary`, `team:db`, `member:ann`, or nothing."""
    level = view.incident.rule.levels[page.level]
    called = routing.people(view.world, level.targets, view.now)
    return next((one.through for one in called if one.member == page.member), "")


def _story(view: View, stands: str) -> tuple[Fact, ...]:
    """The facts that decide what the reader does now."""
    who = Fact(label=view.say("fact.who"), value=who_has_it(view))
    facts = [who, Fact(label=view.say("fact.next"), value=what_next(view))] if stands != "closed" else []
    if stands == "closed":
        facts = [Fact(label=view.say("fact.outcome"), value=outcome(view))]
        if note := one_line(closing_note(view)):
            facts.append(Fact(label=view.say("fact.note"), value=(Span(text=note),)))
        facts.append(Fact(label=view.say("fact.acked"), value=who.value))
    elif failed := not_reached(view):
        facts.append(Fact(label=view.say("fact.not_reached"), value=failed))
    return tuple(facts)


def _particulars(view: View) -> tuple[Fact, ...]:
    """Since when, how many alerts, where it belongs, and the labels that tell most."""
    incident = view.incident
    channel = view.world.channels.get(incident.channel)
    facts = [
        Fact(label=view.say("fact.opened"), value=(view.at(incident.opened_at, dated=True),)),
        Fact(label=view.say("fact.alerts"), value=(Span(text=_alert_count(view)),)),
    ]
    if channel:
        facts.append(Fact(label=view.say("fact.channel"), value=(Span(text=channel.name),)))
    if rooms := _rooms(view):
        facts.append(Fact(label=view.say("fact.room"), value=rooms))
    if marks := _marks(view):
        facts.append(Fact(label=view.say("fact.marks"), value=(Span(text=listing(marks, view.lang)),)))
    if telling := _labels(view):
        facts.append(Fact(label=view.say("fact.labels"), value=telling))
    return (*facts, *_written(view))


def _written(view: View) -> tuple[Fact, ...]:
    """What people wrote about it: impact, root cause, resolution, and the team's own fields."""
    incident = view.incident
    texts = [
        (view.say("fact.impact"), incident.impact),
        (view.say("fact.root_cause"), incident.root_cause),
        (view.say("fact.resolution"), incident.resolution),
    ]
    declared = view.world.fields.values()
    fields = [(each.label, field_word(view, each, incident.fields.get(each.name, ""))) for each in declared]
    shown = [(label, one_line(text)) for label, text in (*texts, *fields)]
    return tuple(Fact(label=label, value=(Span(text=shorten(text, WRITTEN_MAX)),)) for label, text in shown if text)


def field_word(view: View, field: CustomField, value: str) -> str:
    """The value of a custom field as its reader says it."""
    return view.say(f"field.{value}") if field.kind is FieldKind.CHECKBOX and value else value


def _alert_count(view: View) -> str:
    incident = view.incident
    if not incident.alerts_total:
        key = "alerts.merged" if incident.merged_into else "alerts.none"
        return view.say(key, into=f"#{incident.merged_into}")
    key = "alerts.open" if incident.alerts_open else "alerts.closed" if incident.closed_by else "alerts.none_open"
    return view.say(key, open=incident.alerts_open, total=incident.alerts_total)


def _rooms(view: View) -> Line:
    """Its war rooms that are there or on their way."""
    spans: list[Span] = []
    for room in view.incident.rooms:
        if room.state is RoomState.CLOSED:
            continue
        spans += [Span(text="  ·  ", style=Style.MUTED)] if spans else []
        if room.state is RoomState.ASKED:
            spans.append(Span(text=view.say("room.asked", platform=way_word(view, room.platform)), style=Style.MUTED))
        elif room.state is RoomState.CLOSING:
            spans.append(Span(text=view.say("room.closing", name=room.name), style=Style.MUTED))
        else:
            spans.append(Span(text=room.name, href=web_address(room.url)))
    return tuple(spans)


def _marks(view: View) -> list[str]:
    """What is unusual about its alerts."""
    incident = view.incident
    marks = [view.say("mark.novel")] if incident.novel else []
    marks += [view.say(f"mark.{incident.unmuted}")] if incident.unmuted else []
    marks += [view.say("mark.digest")] if view.counts else []
    marks += [view.say("mark.flapping")] if incident.flapping else []
    marks += [view.say("mark.storm", n=incident.storm)] if incident.storm else []
    return marks


def _labels(view: View) -> Line:
    labels = {name: one_line(value) for name, value in view.incident.labels.items() if name not in _SAID_ALREADY}
    ranked = sorted(labels, key=lambda name: (_TELLING.index(name) if name in _TELLING else len(_TELLING), name))
    shown = [f"{name}={labels[name]}" for name in ranked if labels[name] and labels[name] != view.incident.title]
    spans: list[Span] = []
    for text in shown[:LABELS_SHOWN]:
        spans += [Span(text=" ")] if spans else []
        spans.append(Span(text=shorten(text, LABEL_MAX), style=Style.CODE))
    return tuple(spans)


def _alerts(view: View) -> Paragraph:
    """The gravest few alerts by their titles, where there is more than one."""
    lines: list[Line] = []
    for alert in view.alerts[:ALERTS_SHOWN]:
        key = "alerts.row_closed" if alert.closed_at is not None else "alerts.row"
        severity = view.say(f"severity.{alert.severity.value}")
        text = view.say(key, severity=severity, title=shorten(one_line(alert.title), FALLBACK_TITLE_MAX))
        lines.append((Span(text=f"• {text}"),))
    if (more := view.incident.alerts_total - len(lines)) > 0:
        lines.append((Span(text=view.say("list.more", n=more), style=Style.MUTED),))
    return Paragraph(lines=tuple(lines))


def _shown_links(view: View) -> list[tuple[str, str]]:
    """Text and address: those of the channel first, then a few of those that the alert brought."""
    channel = view.world.channels.get(view.incident.channel)
    own = filled(channel.links, view.incident) if channel else ()
    brought = [link for link in view.incident.links if web_address(link.href)][:LINKS_SHOWN]
    links = [(one_line(link.text) or link.href, web_address(link.href)) for link in (*own, *brought)]
    return [(text, href) for text, href in links if href]


def _links(links: list[tuple[str, str]]) -> Line:
    spans: list[Span] = []
    for text, href in links:
        spans += [Span(text="  ·  ", style=Style.MUTED)] if spans else []
        spans.append(Span(text=shorten(text, FALLBACK_TITLE_MAX), href=href))
    return tuple(spans)


def _fallback(view: View, stands: str) -> str:
    """The card in one sentence."""
    incident = view.incident
    facts: dict[str, str] = {
        "severity": view.say(f"severity.{incident.severity.value}"),
        "ref": view.ref,
        "title": shorten(view.title, FALLBACK_TITLE_MAX),
    }
    key = f"fallback.{stands}"
    taken = holders(incident)
    if stands == "closed":
        how = "by" if incident.closed_by else "auto" if closed_by_clock(view) else "recovered"
        how = "merged" if incident.merged_into else how
        span = duration((incident.closed_at or incident.last_at) - incident.opened_at, view.lang)
        into = f"#{incident.merged_into}"
        return view.say(f"{key}_{how}", who=view.name(incident.closed_by), span=span, into=into, **facts)
    if stands == "snoozed":
        at = _zoned(view, incident.snoozed_until or view.now)
        who = view.name(taken[0].member) if taken else ""
        return view.say(key if who else f"{key}_alone", who=who, at=at, **facts)
    next_line = plain(what_next(view, brief=True)).removesuffix(".")
    facts["next"] = next_line[:1].lower() + next_line[1:]
    if taken:
        who = view.names([responder.member for responder in taken])
        return view.say("fallback.processing", who=who, at=_zoned(view, taken[0].acked_at or view.now), **facts)
    paged = [member for member in paged_now(view) if member not in incident.unreachable]
    return view.say(key if paged else f"{key}_alone", who=view.names(paged), **facts)


def _zoned(view: View, at: Instant) -> str:
    time = moment(at, view.now, view.zone, view.lang)
    return view.say("time.zoned", time=time, zone=zone_name(at, view.zone))
