"""`simulate`: what would happen if this came in then. The real engine on the world of now; nobody is paged."""

from __future__ import annotations

from bot.cards.build import View, entry_text, text_card, way_word
from bot.cards.i18n import duration, moment, say, zone_name
from bot.cards.text import one_line, shorten
from bot.cards.token import Key
from bot.commands import grammar, times
from bot.commands.grammar import Asked, Misread
from bot.commands.said import Asker, Said, sentence, usage
from bot.engine import routing
from bot.engine.effects import Entry, Kind, Reason
from bot.engine.model import Event, EventStatus, Incident, Instant, Severity
from bot.engine.world import Channel, Integration
from bot.simulation import Fired, Told, simulate

LABELS_MAX = 50
LABEL_MAX = 128
VALUE_MAX = 2048
"""The limits of an event's labels (docs/sources/standard.md)."""
ROWS_MAX = 25
_TAKEN_FOR_GRANTED = frozenset({Kind.DELIVERY, Kind.ASSIGN})
"""That every page arrives, and that whoever is paged is responsible."""
_UNHEARD = frozenset({"silenced", "inhibited", "dropped"})
TITLE_SHOWN = 80


def supposed(asker: Asker, asked: Asked, key: Key) -> Said:
    """`<sev> <channel> [k=v…] [at <time>]`: the timeline if nobody answered."""
    words, at = asked.rest.split(), asker.now
    if "at" in words:
        place = words.index("at")
        found = times.when(" ".join(words[place + 1 :]), asker.now, asker.zone)
        if isinstance(found, Misread):
            return sentence(asker, found.code, found.facts)
        words, at = words[:place], found
    severity = grammar.severity(words[0]) if words else None
    pairs = [word.partition("=") for word in words if "=" in word]
    name = " ".join(word for word in words[1:] if "=" not in word).casefold()
    if severity is None or not name or len(pairs) > LABELS_MAX:
        return usage(asker, "simulate")
    channels = asker.world.channels.values()
    channel = next((one for one in channels if name in (one.id.casefold(), one.name.casefold())), None)
    if channel is None:
        return sentence(asker, "no_such_channel", {"name": name})
    labels = {label[:LABEL_MAX]: value.strip('"')[:VALUE_MAX] for label, _, value in pairs if label}
    title = labels.pop("title", "") or say(asker.lang, "simulate.alert")
    event = Event(
        alert_key="simulated",
        status=EventStatus.TRIGGER,
        severity=severity,
        title=title,
        description=labels.pop("description", ""),
        labels=labels,
        at=at,
    )
    feed = Integration(id="simulated", key="", source="standard", channel=channel.id)
    told = simulate(asker.world, [Fired(integration=feed, event=event)])
    text = "\n".join([_head(asker, severity, channel, title, at), *_rows(asker, told, event, channel, key)])
    return Said(card=text_card(text, asker.lang), here=asked.here)


def _head(asker: Asker, severity: Severity, channel: Channel, title: str, at: Instant) -> str:
    return say(
        asker.lang,
        "simulate.head",
        severity=say(asker.lang, f"severity.{severity.value}"),
        title=shorten(one_line(title), TITLE_SHOWN),
        channel=one_line(channel.name),
        at=moment(at, asker.now, asker.zone, asker.lang),
        zone=zone_name(at, asker.zone),
    )


def _rows(asker: Asker, told: tuple[Told, ...], event: Event, channel: Channel, key: Key) -> list[str]:
    """A line for each decision, with the time since the alert."""
    view = _view(asker, event, channel, key)
    shown = [line for line in told if line.kind not in _TAKEN_FOR_GRANTED]
    lines = [
        say(asker.lang, "simulate.row", span=duration(line.at - event.at, asker.lang), text=_words(view, line))
        for line in shown[:ROWS_MAX]
    ]
    if len(shown) > ROWS_MAX:
        lines.append(say(asker.lang, "list.more", n=len(shown) - ROWS_MAX))
    return lines or [say(asker.lang, "simulate.nothing")]


def _words(view: View, line: Told) -> str:
    """A line of a timeline in its own words; what becomes of an alert without an incident in ours."""
    if line.reason in _UNHEARD:
        return view.say(f"simulate.{line.reason}", by=one_line(line.by.partition(":")[2]))
    if line.kind is Kind.NOTIFY and line.member and line.way:
        again = "simulate.paged_again" if line.loop else "simulate.paged"
        return view.say(again, who=view.name(line.member), way=way_word(view, line.way), level=(line.level or 0) + 1)
    if line.reason not in set(Reason):
        return line.reason.replace("_", " ")
    entry = Entry(
        at=line.at,
        kind=line.kind,
        reason=Reason(line.reason),
        actor=line.actor,
        member=line.member,
        way=line.way,
        level=line.level,
        loop=line.loop,
        facts=line.facts,
    )
    return entry_text(view, entry)


def _view(asker: Asker, event: Event, channel: Channel, key: Key) -> View:
    """What the words of the timeline need: people and language; the incident only stands in."""
    incident = Incident(
        id="0" * 16,
        num=0,
        channel=channel.id,
        group_key="",
        title=event.title,
        description=event.description,
        severity=event.severity,
        labels=event.labels,
        links=(),
        rule=routing.direct_rule(()),
        last_resort=asker.world.last_resort(),
        opened_at=event.at,
        last_at=event.at,
    )
    return View(
        incident=incident, world=asker.world, now=asker.now, key=key, lang=asker.lang, zone=asker.zone, viewer=asker.id
    )
