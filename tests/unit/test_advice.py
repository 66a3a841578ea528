"""What to check next: every reason that a message can fail for leads to steps, in both languages."""

from __future__ import annotations

import re

import pytest

from bot.cards.i18n import LANGUAGES, TABLES
from bot.commands.advice import advice, region_of_number
from bot.engine.vendors import Why

MEDIA = ("im", "sms", "voice", "email")
REASONS = sorted(key.removeprefix("failure.") for key in TABLES["en"] if key.startswith("failure."))
STATES = ("queued", "sent", "delivered")
KEYS = sorted(key for key in TABLES["en"] if key.startswith("advice."))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("medium", MEDIA)
def test_every_reason_and_state_has_steps(medium: str, lang: str):
    for reason in (*REASONS, *STATES, "never_heard_of", ""):
        steps = advice(medium, reason, "CN", lang)
        assert steps
        assert all(step.strip() for step in steps)


def test_what_is_known_is_more_than_the_last_resort():
    other = advice("sms", "never_heard_of")
    vague = {reason for reason in REASONS if advice("sms", reason) == advice("voice", reason) == other}
    choices = {each.value for each in Why}  # why a vendor was chosen, which nobody has to mend
    about_chats = {"card_invalid", "chat_moved", "chat_unreachable", "conflict", "edit_target_gone"}
    assert vague <= about_chats | choices | {"internal_error", "refused"}


@pytest.mark.parametrize("key", KEYS)
def test_every_line_is_reached_and_both_languages_have_as_many(key: str):
    _, medium, reason, *region = key.split(".")
    for lang in LANGUAGES:
        steps = advice("voice" if medium == "any" else medium, reason, *region, lang=lang)
        assert "\n".join(steps).endswith(TABLES[lang][key])
    assert TABLES["en"][key].count("\n") == TABLES["zh"][key].count("\n")


def test_reasons_are_words_of_the_product():
    reasons = {key.split(".")[2] for key in KEYS} - {"outage", "other", *STATES}
    assert reasons <= set(REASONS)


def test_a_region_adds_what_is_special_there():
    plain, local = advice("sms", "not_delivered"), advice("sms", "not_delivered", "US")
    assert local[: len(plain)] == plain
    assert "10DLC" in local[-1]
    assert advice("sms", "not_delivered", "FR") == plain
    assert advice("email", "not_delivered", "US") == advice("email", "not_delivered")


@pytest.mark.parametrize(
    ("number", "region"),
    [("+12025550100", "US"), ("+8613912345678", "CN"), ("+919812345678", "IN"), ("+442079460000", ""), ("", "")],
)
def test_the_region_of_a_number(number: str, region: str):
    assert region_of_number(number) == region


def test_nothing_is_advised_that_does_not_exist():
    from bot.commands.vocabulary import VERBS

    for lang in LANGUAGES:
        for key in KEYS:
            for word in re.findall(r"/toc (\w+)", TABLES[lang][key]):
                assert word in VERBS, key
