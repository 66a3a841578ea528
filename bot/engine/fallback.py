"""News of messages: a proof ends the watch, a failure or a silence hands over to the next medium."""

from __future__ import annotations

from dataclasses import replace

from bot.engine import preference
from bot.engine.draft import Draft
from bot.engine.effects import Kind, Reason
from bot.engine.escalation import send, still_wanted, unreachable
from bot.engine.events import PageFailed, PageProven, TemplateFailed, VendorTried
from bot.engine.model import Pending, Watch, Way


def proven(draft: Draft, news: PageProven) -> None:
    """A page came as far as its medium can prove: no fallback for it.

    One that comes when nobody waits for it any more still counts for a person who is named as not reached.
    """
    watch = _watch(draft, news.member, news.firing)
    known = news.way in watch.proven if watch else news.member not in draft.incident.unreachable
    if known or not preference.proves(news.way, news.proof):
        return
    draft.log(
        Kind.DELIVERY,
        Reason.PROVEN,
        member=news.member,
        way=news.way,
        facts={"firing": news.firing, "proof": news.proof},
    )
    if watch:
        draft.set_watch(replace(watch, pending=_without(watch, news.way), proven=(*watch.proven, news.way)))
    if news.member in draft.incident.unreachable:
        draft.show(unreachable=tuple(m for m in draft.incident.unreachable if m != news.member))


def failed(draft: Draft, news: PageFailed) -> None:
    """A page will not arrive: the next medium, at once."""
    watch = _watch(draft, news.member, news.firing)
    if news.tried:
        _returned(draft, watch, news)
    elif watch is not None and any(p.way == news.way for p in watch.pending):
        _hand_over(draft, watch, (news.way,), Reason.FALLBACK_FAILED, news.reason)


def _returned(draft: Draft, watch: Watch | None, news: PageFailed) -> None:
    """A mail that a server took came back: nobody watched it any more, so the watch begins anew with what is known."""
    cycle = int(news.firing.partition(".")[0])
    if not still_wanted(draft.incident, cycle, news.member):
        return
    lost = tuple(way for way in news.tried if way != news.way and way not in news.held)
    watch = watch or Watch(member=news.member, firing=news.firing, failed=lost, proven=news.held)
    watch = replace(watch, proven=tuple(way for way in watch.proven if way != news.way))
    _hand_over(draft, watch, (news.way,), Reason.FALLBACK_FAILED, news.reason)


def template_failed(draft: Draft, news: TemplateFailed) -> None:
    """The built-in words went out instead of the team's own: said once for each medium, on a card nobody sees it."""
    known = draft.incident.template_faults
    if news.medium in known:
        return
    draft.change(template_faults=(*known, news.medium))
    facts = {"medium": news.medium, "fault": news.fault}
    draft.log(Kind.DELIVERY, Reason.TEMPLATE_FAILED, facts=facts)


def vendor_tried(draft: Draft, news: VendorTried) -> None:
    """Another vendor than the first carries a page, or the same one once more."""
    facts = {"firing": news.firing, "vendor": news.vendor, "why": news.why}
    draft.log(Kind.DELIVERY, Reason.VENDOR_TRIED, member=news.member, way=news.way, facts=facts)


def unproven(draft: Draft) -> None:
    """Pages whose time for a proof is over count as failed; a late proof is still welcome."""
    for watch in draft.incident.watches:
        late = tuple(p.way for p in watch.pending if p.due_at <= draft.now)
        if late:
            _hand_over(draft, watch, late, Reason.FALLBACK_UNPROVEN, "no_proof_in_time")


def rungs(draft: Draft) -> None:
    """The person's own ladder goes on while they have not acknowledged; a way that was tried already is left out."""
    for watch in draft.incident.watches:
        due = tuple(rung.way for rung in watch.later if rung.due_at <= draft.now)
        if not due:
            continue
        left = replace(watch, later=tuple(rung for rung in watch.later if rung.due_at > draft.now))
        tried = {*watch.failed, *watch.proven, *(p.way for p in watch.pending)}
        member = draft.member(watch.member)
        has = member.reachable() if member else ()  # the manifest may have changed since the first page
        ways = tuple(dict.fromkeys(way for way in due if way in has and way not in tried))
        if ways:
            send(draft, left, ways, Reason.OWN_LADDER)
        else:
            draft.set_watch(left)


def _hand_over(draft: Draft, watch: Watch, ways: tuple[Way, ...], reason: Reason, why: str) -> None:
    for way in ways:
        draft.log(Kind.DELIVERY, reason, member=watch.member, way=way, facts={"firing": watch.firing, "why": why})
    left = tuple(p for p in watch.pending if p.way not in ways)
    watch = replace(watch, pending=left, failed=watch.failed + ways)
    draft.set_watch(watch)
    member = draft.member(watch.member)
    tried = (*watch.failed, *watch.proven, *(p.way for p in watch.pending))
    others = preference.fallback_ways(member, tried) if member else ()
    if others:
        send(draft, watch, others, reason)
    elif not watch.pending and not watch.proven:
        unreachable(draft, watch.member)


def _watch(draft: Draft, member: str, firing: str) -> Watch | None:
    return next((w for w in draft.incident.watches if (w.member, w.firing) == (member, firing)), None)


def _without(watch: Watch, way: Way) -> tuple[Pending, ...]:
    return tuple(p for p in watch.pending if p.way != way)
