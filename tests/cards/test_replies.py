"""Every reply of the product has a true sentence in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bot
from bot.cards.build import CODES, reply_card, reply_text, text_card
from bot.cards.card import Tone
from bot.cards.i18n import LANGUAGES
from bot.engine.effects import Reply

NOW = 1_795_168_800_000
NAMES = {"ann": "Ann Lee", "bo": "Bo Novak"}
FULL = {
    "by": "bo", "at": str(NOW - 4000), "until": str(NOW + 7_200_000), "level": "2", "members": "ann,bo", "num": "142",
    "severity": "Critical", "hours": "24", "max": "100", "word": "akc", "suggestion": "ack", "usage": "ack #142",
    "name": "Zoe",
}  # fmt: skip


def said(code: str, facts: dict[str, str], lang: str = "en", you: str = "") -> str:
    return reply_text(code, facts, lang, names=NAMES, you=you, zone="UTC", now=NOW)


def codes_in_the_product() -> set[str]:
    """Every literal code of `Reply(code=…)`, wherever it is made."""
    found: set[str] = set()
    for path in Path(bot.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reply":
                code = next((k.value for k in node.keywords if k.arg == "code"), node.args[0] if node.args else None)
                found |= {code.value} if isinstance(code, ast.Constant) else set()
    return found


def test_no_reply_is_without_words():
    found = codes_in_the_product()
    assert {"acked", "already_acked", "escalated_meanwhile"} <= found
    assert found - CODES.keys() == set()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_every_code_makes_a_sentence_with_and_without_facts(code: str, lang: str):
    for facts in ({}, FULL):
        text = said(code, facts, lang)
        assert text
        assert "{" not in text


@pytest.mark.parametrize(
    ("code", "facts", "you", "sentence"),
    [
        ("acked", {}, "ann", "You have it now."),
        (
            "acked_too",
            {"by": "bo", "at": str(NOW - 4000)},
            "ann",
            "You have it too. Bo Novak acknowledged it 4 s before you.",
        ),
        ("already_acked", {"by": "ann", "at": str(NOW - 60_000)}, "ann", "You have it already, since 09:59."),
        (
            "already_acked",
            {"by": "bo", "at": str(NOW - 60_000)},
            "ann",
            "You have it already; Bo Novak acknowledged first, 1 min ago.",
        ),
        (
            "already_closed",
            {"by": "bo", "at": str(NOW - 4000)},
            "ann",
            "Nothing was changed: Bo Novak closed it 4 s ago.",
        ),
        (
            "already_closed",
            {"by": "", "at": str(NOW - 4000)},
            "ann",
            "Nothing was changed: it closed by itself 4 s ago.",
        ),
        ("already_closed", {"by": "ann", "at": str(NOW - 4000)}, "ann", "Nothing was changed: you closed it 4 s ago."),
        (
            "snoozed",
            {"until": str(NOW + 7_200_000)},
            "ann",
            "Quiet until 12:00. Then it pages again unless it is closed.",
        ),
        ("escalated", {"level": "2", "members": "bo"}, "ann", "Level 2 is being paged now: Bo Novak."),
        ("escalated", {"level": "2", "members": ""}, "ann", "Level 2 is being paged now."),
        ("assigned", {"members": "ann,bo"}, "", "It is with Ann Lee and Bo Novak now; they are being paged."),
        ("unacked", {}, "ann", "You no longer have it. Nobody else does, so paging starts again."),
        ("unacked", {"by": "bo", "at": "1"}, "ann", "You no longer have it. Bo Novak still does."),
        (
            "severity_set",
            {"severity": "Warning", "via": "slack"},
            "ann",
            "It is Warning now; alerts no longer change that.",
        ),
        ("unknown_command", {"word": "akc", "suggestion": "ack"}, "", "There is no command akc. Did you mean ack?"),
        ("made_up", {}, "", "Tocsin answers “made_up”."),
    ],
)
def test_sentences(code: str, facts: dict[str, str], you: str, sentence: str):
    assert said(code, facts, you=you) == sentence


def test_hostile_facts_stay_facts():
    text = said("unknown_command", {"word": "{by}\u202e\nx", "suggestion": ""})
    assert text == "There is no command {by} x. Send `help` for what there is."


def test_cards_of_replies():
    done, not_done = (reply_card(Reply(code="acked", done=done), "en") for done in (True, False))
    assert (done.tone, not_done.tone) == (Tone.INFO, Tone.WARNING)
    assert done.fallback == "You have it now."
    assert text_card("You have it now.", "zh", about=142).fallback == "#142：You have it now."
    assert len(text_card("one\ntwo", "en").body[0].lines) == 2
