"""What is said below a card, in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "remark.nobody": "nobody",
    "remark.quoting": "{line} {text}",
    "remark.note": "{ref} · {who} noted:",
    "remark.level": "{ref} · Escalated to level {level}. Paged now: {people}",
    "remark.round": "{ref} · Round {round} begins, at level {level}. Paged now: {people}",
    "remark.last_resort": "{ref} · No level is left: it goes to the last resort. Paged now: {people}",
    "remark.escalated": "{ref} · {who} escalated it to level {level}. Paged now: {people}",
    "remark.escalated_last": "{ref} · {who} escalated it to the last resort. Paged now: {people}",
    "remark.assigned": "{ref} · {who} reassigned it to {people}",
    "remark.added": "{ref} · {who} added {people}",
    "remark.given_back": "{ref} · {who} gave it back. Paged again: {people}",
    "remark.given_back_held": "{ref} · {who} gave it back; somebody else still has it.",
    "remark.ack_timeout": "{ref} · {had} had it for too long. Paged again: {people}",
    "remark.snooze_over": "{ref} · The snooze is over. Paged again: {people}",
    "remark.reopened": "{ref} · {who} reopened it. Paged now: {people}",
    "remark.back": "{ref} · The alert is back, and it goes on where it stood.",
    "remark.merged": "{ref} · {who} merged it into #{into}.",
    "remark.room_failed": "{ref} · No war room could be opened on {platform}: {why}.",
    "remark.exhausted": "{ref} · Nobody acknowledged, and there is nobody left to page.",
    "remark.unreachable": "{ref} · Could not be reached in any way: {people}",
    "remark.rest": "{ref} · Nothing more is said here after {max} lines. The card and its timeline have the rest.",
}
