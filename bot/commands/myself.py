"""`prefs`, `vcard`, `doctor`: how I am reached, from which numbers, and whether that works."""

from __future__ import annotations

from bot.cards.build import text_card
from bot.cards.i18n import duration, knows, listing, moment, say
from bot.cards.text import one_line
from bot.cards.vcard import page_url
from bot.commands.said import Asker, Said, sentence
from bot.commands.trying import outcomes, why
from bot.engine import preference
from bot.engine.model import Severity, Way
from bot.engine.numbers import by_region
from bot.engine.world import Member, World
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
    lines += [say(asker.lang, "stopped.row", way=_ways(asker, (way,))) for way in member.stopped]
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
    if not asker.world.numbers:
        return sentence(asker, "no_callers")
    lines = [say(asker.lang, "vcard.title"), *number_lines(asker.world, asker.lang)]
    if url := page_url(asker.world):
        lines.append(say(asker.lang, "vcard.page", url=url))
    return Said(card=text_card("\n".join(lines), asker.lang))


def number_lines(world: World, lang: str) -> list[str]:
    """The numbers of each region in one line, with what comes from each."""
    return [
        say(
            lang,
            "vcard.region",
            region=region if region.isalpha() else say(lang, "vcard.anywhere"),
            numbers=", ".join(
                say(
                    lang,
                    "vcard.number",
                    number=each.number,
                    use=listing([say(lang, f"vcard.use.{use}") for use in each.use], lang),
                )
                for each in numbers
            ),
        )
        for region, numbers in by_region(world.numbers).items()
    ]


def doctor(tx: Tx, asker: Asker) -> Said:
    """My accounts, numbers and mailbox: which of them work, as far as my latest pages and test tell."""
    member = asker.member
    if member is None:
        return sentence(asker, "unlinked")
    latest = _latest(tx, member)
    lines = [say(asker.lang, "doctor.who", name=one_line(member.name), id=member.id, zone=member.zone)]
    lines += [_way_row(asker, way, latest.get(way)) for way in member.reachable()]
    lines += [say(asker.lang, "stopped.row", way=_ways(asker, (way,))) for way in member.stopped]
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
    failed = say(asker.lang, "doctor.failed", way=word, at=at, why=why(reason, asker.lang))
    (outcome,) = outcomes([row], asker.lang, asker.now)
    return "\n".join((failed, say(asker.lang, "trial.step", step=outcome.steps[0])))


def _ways(asker: Asker, ways: tuple[Way, ...]) -> str:
    return listing([say(asker.lang, f"way.{way}") if knows(f"way.{way}") else way for way in ways], asker.lang)
