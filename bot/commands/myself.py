"""`prefs`, `vcard`, `doctor`: how I am reached, from which numbers, and whether that works."""

from __future__ import annotations

from bot.cards.build import text_card
from bot.cards.i18n import duration, knows, listing, moment, say
from bot.cards.text import one_line
from bot.commands.said import Asker, Said, sentence
from bot.engine import preference
from bot.engine.model import Severity, Way
from bot.engine.world import Member
from bot.service import last_test
from bot.store.base import Delivery, DeliveryState, Tx

SEVERITIES = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
INCIDENTS_READ = 20
"""`doctor` looks at the pages of so many of my latest incidents."""
_TRIED = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.EXPIRED})


def about_me(tx: Tx, asker: Asker, verb: str) -> Said:
    """One of the three."""
    match verb:
        case "prefs":
            return prefs(asker)
        case "vcard":
            return vcard(asker)
        case _:
            return doctor(tx, asker)


def prefs(asker: Asker) -> Said:
    """My media by severity, what follows while I do not answer, and what follows when they fail."""
    member = asker.member
    if member is None:
        return sentence(asker, "unlinked")
    lines = [_row(asker, member, severity) for severity in SEVERITIES]
    lines.append(say(asker.lang, "prefs.where", id=member.id))
    return Said(card=text_card("\n".join(lines), asker.lang))


def _row(asker: Asker, member: Member, severity: Severity) -> str:
    ways = preference.first_ways(member, severity, None)
    word = say(asker.lang, f"severity.{severity.value}")
    if not ways:
        return say(asker.lang, "prefs.none", severity=word)
    row = say(asker.lang, "prefs.row", severity=word, ways=_ways(asker, ways))
    rungs = preference.own_ladder(member, severity, None)
    for rung in rungs:
        after = duration(rung.after, asker.lang)
        row = say(asker.lang, "prefs.then", row=row, ways=_ways(asker, rung.ways), span=after) if rung.ways else row
    tried = (*ways, *(way for rung in rungs for way in rung.ways))
    spare = preference.fallback_ways(member, tried)
    return say(asker.lang, "prefs.spare", row=row, ways=_ways(asker, spare)) if spare else row


def vcard(asker: Asker) -> Said:
    """The numbers that pages come from, to be kept in an address book so that no phone mutes them."""
    numbers = asker.world.callers
    if not numbers:
        return sentence(asker, "no_callers")
    lines = [say(asker.lang, "vcard.title"), *numbers]
    return Said(card=text_card("\n".join(lines), asker.lang))


def doctor(tx: Tx, asker: Asker) -> Said:
    """My accounts, numbers and mailbox: which of them work, as far as my latest pages and test tell."""
    member = asker.member
    if member is None:
        return sentence(asker, "unlinked")
    latest = _latest(tx, member)
    lines = [say(asker.lang, "doctor.who", name=one_line(member.name), id=member.id, zone=member.zone)]
    lines += [_way_row(asker, way, latest.get(way)) for way in member.reachable()]
    others = asker.world.members.values()
    platforms = dict.fromkeys(name for one in others for name in one.identities)
    lines += [
        say(asker.lang, "doctor.not_linked", way=_ways(asker, (name,)))
        for name in platforms
        if name not in member.identities
    ]
    if not member.phone and any(one.phone for one in others):
        lines.append(say(asker.lang, "doctor.no_phone", id=member.id))
    if not member.email and any(one.email for one in others):
        lines.append(say(asker.lang, "doctor.no_email", id=member.id))
    lines.append(say(asker.lang, "doctor.test" if member.reachable() else "doctor.unreachable"))
    return Said(card=text_card("\n".join(lines), asker.lang))


def _latest(tx: Tx, member: Member) -> dict[Way, Delivery]:
    """The last page or test by each way that came to an end."""
    incidents = tx.list_incidents(open_only=False, limit=INCIDENTS_READ, responder=member.id)
    pages = [row for incident in incidents for row in tx.deliveries_of(incident.id) if row.member == member.id]
    tried = [row for row in (*pages, *last_test(tx, member.id)) if row.state in _TRIED]
    return {row.way: row for row in sorted(tried, key=lambda row: row.created_at)}


def _way_row(asker: Asker, way: Way, row: Delivery | None) -> str:
    word = _ways(asker, (way,))
    if row is None:
        return say(asker.lang, "doctor.untried", way=word)
    at = moment(row.created_at, asker.now, asker.zone, asker.lang)
    if row.state in {DeliveryState.SENT, DeliveryState.DELIVERED}:
        return say(asker.lang, f"doctor.{row.state.value}", way=word, at=at)
    reason = row.error or row.state.value
    why = say(asker.lang, f"failure.{reason}") if knows(f"failure.{reason}") else reason.replace("_", " ")
    return say(asker.lang, "doctor.failed", way=word, at=at, why=why)


def _ways(asker: Asker, ways: tuple[Way, ...]) -> str:
    return listing([say(asker.lang, f"way.{way}") if knows(f"way.{way}") else way for way in ways], asker.lang)
