"""A channel's own words on its cards and texts; and what happens when they fail at night."""

from __future__ import annotations

from bot.engine.world import World
from tests.scenarios.company import company
from tests.scenarios.story import Story, changed


def worded(**templates: str) -> World:
    return changed(company(), "ops", templates=templates)


def test_cards_and_pages_are_in_the_channels_own_words():
    world = worded(im="Look at {{ labels.service|upper }}, {{ alerts_open }} open", sms="{{ labels.service }} burns")
    story = Story(world).unreachable("bo", "slack", "telegram").fire("disk full", svc="db", text="97 % used")
    story.want("0s").card("#ops", "Look at DB, 1 open", hides="97 % used")
    texts = [page.text for page in story.want("10s").seen() + story.between("0s", "1m").seen("bo", "sms")]
    assert any("Critical #1 db burns" in text for text in texts), texts


def test_a_card_that_changes_is_worded_anew():
    story = Story(worded(im="{{ holders|join|default('nobody') }} looks"))
    story.fire("disk full").want("0s").card("#ops", "nobody looks")
    story.say("bo", "ack 1")
    story.want("1m").card("#ops", "Bo Berg looks")


def test_a_template_that_fails_leaves_the_built_in_words_and_says_so_once():
    story = Story(worded(im="{{ 1 / (alerts_total - 1) }}"))
    story.fire("disk full", svc="db", text="97 % used")
    story.want("0s").card("#ops", "97 % used").page("bo")
    story.say("bo", "ack 1")
    story.at("10m")
    assert story.kinds().count("i_delivery:template_failed") == 1
    story.say("bo", "why 1")
    assert "template for im failed (it failed with ZeroDivisionError); the built-in words were sent" in str(
        story.said.card
    )


def test_each_medium_says_so_for_itself():
    story = Story(worded(im="{{ 1 / 0 }}", sms="{{ 1 / 0 }}")).unreachable("bo", "slack", "telegram")
    story.fire("disk full").between("0s", "1m").page("bo", "sms")
    assert story.kinds().count("i_delivery:template_failed") == 2
    assert story.incident().template_faults == ("im", "sms")


def test_what_an_alert_says_is_no_template():
    story = Story(worded(im="{{ title }}"))
    story.fire("{{ 1 / 0 }} <!channel>", svc="db")
    story.want("0s").card("#ops", "{{ 1 / 0 }}")
    assert "i_delivery:template_failed" not in story.kinds()
