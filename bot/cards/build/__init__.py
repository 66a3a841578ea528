"""From what the engine knows to a `Card`: pure functions, one reader at a time, no platform in sight."""

from __future__ import annotations

from bot.cards.build.actions import take_action
from bot.cards.build.incident import incident_card, page_card, why_paged
from bot.cards.build.lists import alerts_card, entry_text, help_card, list_card, oncall_card, why_card
from bot.cards.build.mailed import WrittenBack, answer_card
from bot.cards.build.notices import notice_text
from bot.cards.build.outlook import way_word
from bot.cards.build.remarks import remark_card
from bot.cards.build.replies import CODES, reply_card, reply_text, text_card
from bot.cards.build.verdicts import (
    essence,
    level_words,
    member_words,
    quiet_words,
    route_words,
    rule_words,
    target_words,
)
from bot.cards.build.view import View

__all__ = [
    "CODES",
    "View",
    "WrittenBack",
    "alerts_card",
    "answer_card",
    "entry_text",
    "essence",
    "help_card",
    "incident_card",
    "level_words",
    "list_card",
    "member_words",
    "notice_text",
    "oncall_card",
    "page_card",
    "quiet_words",
    "remark_card",
    "reply_card",
    "reply_text",
    "route_words",
    "rule_words",
    "take_action",
    "target_words",
    "text_card",
    "way_word",
    "why_card",
    "why_paged",
]
