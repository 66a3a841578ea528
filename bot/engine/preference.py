"""How a person is reached first, and what takes over when that fails.

A direct message that fails, or is not proven in time, leads to SMS and mail; those lead to other chats, then to a call.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.engine.events import Proof
from bot.engine.model import MINUTE, SECOND, Severity, Span, Way, medium_of
from bot.engine.world import Member, Rung

PROOF_WITHIN: Mapping[str, Span] = {"im": 30 * SECOND, "sms": 2 * MINUTE, "voice": 1 * MINUTE, "email": 1 * MINUTE}
"""How long a page may go without proof before the next medium takes over. Our own choice: a person is tried on a
second medium well within the minute, while a slow carrier still gets its usual time."""

_PROOF: Mapping[str, Proof] = {
    "im": Proof.ACCEPTED,  # chat platforms have no receipt; their 2xx means that the message is shown
    "sms": Proof.DELIVERED,
    "voice": Proof.DELIVERED,
    "email": Proof.ACCEPTED,  # a relay's 250 is the last that anybody hears of most mail
}


def proves(way: Way, proof: Proof) -> bool:
    """Whether this proof is enough for this way."""
    return proof is Proof.DELIVERED or _PROOF[medium_of(way)] is proof


def first_ways(
    member: Member, severity: Severity, unified: Mapping[Severity, tuple[Way, ...]] | None
) -> tuple[Way, ...]:
    """The ways of the first page: the level's unified media, else the person's own, else the first that works.

    Ways that the person does not have are skipped; when none is left the default steps in. Empty: unreachable.
    """
    wanted = (unified or {}).get(severity) or member.ways.get(severity) or ()
    reachable = member.reachable()
    chosen = tuple(dict.fromkeys(way for way in (_concrete(w, member) for w in wanted) if way in reachable))
    return chosen or _default(member)


def own_ladder(
    member: Member, severity: Severity, unified: Mapping[Severity, tuple[Way, ...]] | None
) -> tuple[Rung, ...]:
    """The rungs of the person's own ladder; none where the level has unified media for this severity."""
    rungs = () if (unified or {}).get(severity) else member.ladder.get(severity, ())
    reachable = member.reachable()
    return tuple(
        Rung(after=rung.after, ways=tuple(way for way in (_concrete(w, member) for w in rung.ways) if way in reachable))
        for rung in rungs
    )


def fallback_ways(member: Member, tried: tuple[Way, ...]) -> tuple[Way, ...]:
    """What to try after a failure: SMS and mail together, then one other chat at a time, a call at the very end.

    Empty: nothing is left. A call wakes a house; it comes sooner where a rule or the person asks for it.
    """
    left = [way for way in member.reachable() if way not in tried]
    written = tuple(way for way in left if way in ("sms", "email"))
    return written or tuple(left[:1])


def _concrete(way: Way, member: Member) -> Way:
    """`im` stands for the person's first chat platform."""
    return next(iter(member.identities), "") if way == "im" else way


def _default(member: Member) -> tuple[Way, ...]:
    return tuple(list(member.identities)[:1]) or fallback_ways(member, ())
