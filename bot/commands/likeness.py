"""`similar`: closed incidents that were like this one, and what had made them so."""

from __future__ import annotations

from bot.cards.build import text_card
from bot.cards.i18n import duration, moment, say
from bot.cards.text import one_line, shorten
from bot.commands.grammar import Asked
from bot.commands.said import Asker, Said
from bot.engine import grouping, similarity
from bot.engine.model import Incident, Instant
from bot.engine.world import World
from bot.store.base import Tx

PAST_MAX = 100
"""Closed incidents of the channel that are looked at, the latest first."""
SHOWN = 5
TITLE_SHOWN = 80


def similar(tx: Tx, asker: Asker, asked: Asked, incident: Incident) -> Said:
    """The closed incidents of the channel that were most like this one."""
    lang, ref = asker.lang, f"#{incident.num}"
    lines = like_it(tx, incident, asker.world, lang, asker.zone, asker.now)
    text = "\n".join([say(lang, "similar.title", ref=ref), *lines]) if lines else say(lang, "similar.none", ref=ref)
    return Said(card=text_card(text, lang), here=asked.here)


def like_it(tx: Tx, incident: Incident, world: World, lang: str, zone: str, now: Instant) -> list[str]:
    """A line for each of the closed incidents that were most like one, the most alike first."""
    channel = world.channels.get(incident.channel)
    fields = channel.grouping.fields if channel else grouping.ALONE.fields
    past = [each for each in tx.newest_closed(incident.channel, PAST_MAX) if each.id != incident.id]
    return [
        say(
            lang,
            "similar.row",
            num=each.num,
            title=shorten(one_line(each.title), TITLE_SHOWN),
            score=f"{likeness.score:.2f}",
            fields=", ".join(likeness.fields),
            at=moment(each.closed_at or each.last_at, now, zone, lang, dated=True),
            span=duration((each.closed_at or each.last_at) - each.opened_at, lang),
        )
        for each, likeness in similarity.rank(incident, past, SHOWN, fields)
    ]
