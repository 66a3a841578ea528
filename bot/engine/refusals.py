"""Cards that a platform did not take: said in the incident's timeline, once for each place and reason.

A page that fails has a fallback (`fallback`); a chat has none, so people must be able to read why it shows nothing.
"""

from __future__ import annotations

from bot.engine.draft import Draft
from bot.engine.effects import Kind, Reason
from bot.engine.events import CardRefused
from bot.engine.model import Chat


def card_refused(draft: Draft, news: CardRefused) -> None:
    """A chat shows no card, or shows it as bare text; or a person got the bare text."""
    reason = Reason.CARD_AS_TEXT if news.as_text else Reason.CARD_REFUSED
    fault = f"{news.platform}:{news.member or news.address}:{reason if news.as_text else news.reason}"
    known = draft.incident.card_faults
    if fault in known:
        return
    draft.change(card_faults=(*known, fault))
    member = draft.member(news.member)
    place = member.name if member else _name(draft, news)
    facts = {"platform": news.platform, "chat": place, "why": news.reason}
    draft.log(Kind.DELIVERY, reason, member=news.member, way=news.platform, facts=facts)


def _name(draft: Draft, news: CardRefused) -> str:
    """What people call a chat: as the channel, a level or a war room names it; else the platform's own id of it."""
    incident, channel = draft.incident, draft.world.channels.get(draft.incident.channel)
    chats = [*(channel.chats if channel else ())]
    for level in incident.rule.levels:
        chats += level.chats
    chats += (Chat(platform=room.platform, address=room.address, name=room.name) for room in incident.rooms)
    named = (c.name for c in chats if c.name and (c.platform, c.address) == (news.platform, news.address))
    return next(named, news.address)
