"""STOP, and what follows from it at once: no more texts, other ways instead, and everybody concerned is told.

A text that a vendor refuses because the number is on its list of blocked ones means the same.
"""

from __future__ import annotations

from bot import optouts
from bot.cards.i18n import knows, listing, say
from bot.engine.events import PageFailed
from bot.engine.model import Instant
from bot.engine.world import Member
from bot.observe import log
from bot.service import Service
from bot.store.base import Tx

REASON = "recipient_blocked"
OPEN_MAX = 200
"""So many of a person's open incidents have their texts handed over to another way at once."""


def silenced(tx: Tx, service: Service, phone: str, now: Instant) -> bool:
    """Send no texts to a number any more: pages that wait there fail, so that the next way takes over.

    Its people and the operators are told by another way. False when all that was known already.
    """
    if not optouts.stop(tx, phone, now):
        return False
    log.warning("texts_stopped", phone=phone)
    for member in service.world().members.values():
        if member.phone == phone:
            _hand_over(tx, service, member)
            _tell(tx, service, member, now)
    return True


def _hand_over(tx: Tx, service: Service, member: Member) -> None:
    """Whatever waits for a text to arrive need not wait."""
    for incident in tx.list_incidents(open_only=True, limit=OPEN_MAX, responder=member.id):
        for watch in incident.watches:
            if watch.member == member.id and any(pending.way == "sms" for pending in watch.pending):
                news = PageFailed(member=member.id, firing=watch.firing, way="sms", reason=REASON)
                service.happen(tx, incident.id, news)


def _tell(tx: Tx, service: Service, member: Member, now: Instant) -> None:
    service.tell(tx, member, f"sms_stopped:{member.id}:{now}", say(member.lang, "stopped.you"), about="sms")
    lang = "en"  # as every alarm
    left = [way for way in member.reachable() if way != "sms"]
    ways = listing([say(lang, f"way.{way}") if knows(f"way.{way}") else way for way in left], lang)
    text = say(lang, "stopped.admins", name=member.name, ways=ways or say(lang, "stopped.none"))
    service.alarm(tx, f"sms_stopped:{member.id}", text, about="sms")
