"""Forms ask what the command needs, in both languages, and within what every platform can show."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.cards.build.forms import CHOICES_MAX, FORMS, ask, asked_about, form_card, span_word
from bot.cards.card import Field, FieldKind, FormCard
from bot.cards.i18n import LANGUAGES
from bot.cards.sample import sample_view
from bot.commands import grammar
from bot.commands.vocabulary import VERBS
from bot.engine.model import DAY, HOUR, MINUTE

WORLD = sample_view("triggered", "en", "slack").world


def form(verb: str, lang: str = "en", world=WORLD) -> FormCard:
    return form_card(verb, 142, "token", world, lang)


def field(verb: str, name: str, **more: object) -> Field:
    return next(each for each in form(verb, **more).fields if each.name == name)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verb", sorted(FORMS))
def test_every_form_speaks_and_asks_something(verb: str, lang: str):
    made = form(verb, lang)
    texts = [
        made.title,
        made.submit,
        made.cancel,
        made.intro,
        *(f.label for f in made.fields),
        *(f.hint for f in made.fields),
    ]
    texts += [option.label for f in made.fields for option in f.options]
    assert all("{" not in text and "–" not in text for text in texts)
    assert made.title
    assert len(made.title) <= 24, "Slack's title of a modal"
    assert len(made.submit) <= 24
    assert "#142" in made.title or verb == "trigger"
    assert made.fields
    assert made.fields[0].required
    assert len({f.name for f in made.fields}) == len(made.fields)
    assert verb in VERBS
    chinese = re.search(r"[\u4e00-\u9fff]", made.title + made.submit)
    assert bool(chinese) == (lang == "zh")


@pytest.mark.parametrize("verb", sorted(FORMS))
def test_choices_begin_with_one_of_them(verb: str):
    for each in form(verb).fields:
        assert (each.kind is FieldKind.CHOICE) <= (each.value in {option.token for option in each.options})
        assert len(each.options) <= CHOICES_MAX


def test_a_silence_lasts_a_day_unless_told():
    lasts = field("silence", "for")
    assert lasts.value == "1d"
    assert [option.token for option in lasts.options] == ["30m", "1h", "12h", "1d", "1w", "2w"]
    assert [option.label for option in lasts.options] == ["30 min", "1 h", "12 h", "1 d", "7 d", "14 d"]


def test_people_are_offered_where_a_platform_has_no_picker():
    offered = [(option.label, option.token) for option in field("assign", "who").options]
    assert offered[0] == ("Shop", "schedule:primary")
    assert ("Ann Lee", "@ann") in offered
    assert offered.index(("Ann Lee", "@ann")) > offered.index(("Shop backup", "schedule:secondary"))


def test_a_big_company_fits_into_a_menu():
    ann = WORLD.members["ann"]
    many = {f"m{n}": replace(ann, id=f"m{n}", name=f"Member {n}") for n in range(500)}
    channels = {f"c{n}": replace(WORLD.channels["shop"], id=f"c{n}") for n in range(500)}
    big = replace(WORLD, members=many, channels=channels)
    for name in ("who", "channel"):
        assert len(field("trigger", name, world=big).options) == CHOICES_MAX


def test_spans_are_written_as_commands_read_them():
    for span in (MINUTE, 45 * MINUTE, HOUR, 90 * MINUTE, 12 * HOUR, DAY, 36 * HOUR, 7 * DAY, 14 * DAY):
        assert grammar.span(span_word(span)) == span


def test_only_buttons_that_ask_open_a_form():
    assert asked_about(ask(142)) == 142
    assert asked_about(ask(0)) == 0
    for arg in ("", "2h", "ask", "ask-", "ask-x", "ask-1 ", "ask-1234567890"):
        assert asked_about(arg) is None
