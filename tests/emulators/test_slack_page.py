"""The Slack window of the playground page in a browser: the Home tab, and the shortcut of a message."""

from __future__ import annotations

from tests.emulators.test_playground_page import post_card, pytestmark, stage

__all__ = ["pytestmark", "stage"]

BEARER = {"Authorization": "Bearer xoxb-playground"}


def click(stage, selector):
    """In one step: the page draws its lists anew whenever something happens, and what was found may be gone."""
    script = "const node = document.querySelector(arguments[0]); node?.click(); return Boolean(node);"
    stage.wait(lambda: stage.browser.execute_script(script, selector), selector)


def reads(stage, selector, text):
    script = "return document.querySelector(arguments[0])?.innerText ?? '';"
    stage.wait(lambda: text in stage.browser.execute_script(script, selector), f"{selector} {text!r}")


def test_the_home_tab_is_drawn_and_left_again(stage):
    click(stage, "[data-testid=slack-open-home]")
    reads(stage, "[data-testid=slack-home]", "Nothing is published")
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Wake"}, "value": "1"}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Your shifts* &lt;img&gt;"}},
        {"type": "actions", "elements": [button]},
    ]
    body = {"user_id": "U1", "view": {"type": "home", "blocks": blocks}}
    assert stage.api.post("/slack/api/views.publish", json=body, headers=BEARER).json()["ok"]
    reads(stage, "[data-testid=slack-home]", "Your shifts <img>")
    click(stage, "[data-testid=slack-home] button")
    stage.wait(lambda: stage.kinds("slack").count("callback") >= 2, "the press reached nobody")
    post_card(stage, "Back in the channel")
    click(stage, "[data-testid=slack-chat-C1]")
    reads(stage, "[data-testid=slack-message]", "Back in the channel")


def test_a_message_of_a_person_offers_the_shortcut(stage):
    stage.slack.config.shortcuts = frozenset({"toc_keep"})
    said = {"platform": "slack", "act": "say", "user": "U2", "channel": "C1", "text": "it is the disk"}
    assert stage.api.post("/pg/act", json=said).is_success
    post_card(stage, "A card offers none")
    stage.see("[data-testid=slack-message]", "A card offers none")
    assert len(stage.find("[data-testid=slack-shortcut]")) == 1
    click(stage, "[data-testid=slack-shortcut]")
    stage.wait(
        lambda: any(
            notice["kind"] == "callback" and notice["data"]["payload"].get("callback_id") == "toc_keep"
            for notice in stage.playground.hub.notices
        ),
        "the shortcut reached nobody",
    )
