"""Slack's own SDK judges what Tocsin draws: the product's cards and forms, and ten thousand that an enemy filled in.

`slack_sdk.models` knows the lengths and shapes of most of Block Kit; what it does not know is asked of the emulator,
which is written from the vendor's pages.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_sdk.models.attachments import BlockAttachment
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.cards.slack import render, render_form
from bot.playground.slack.blockkit import check_blocks
from bot.playground.slack.contents import message_content
from bot.playground.slack.findings import Findings
from bot.playground.slack.modals import _check
from tests.oracles.slack_payloads import Enemy, messages, views

SEEDS = range(10)
CASES = 500
"""Of each seed, cards and as many forms: 10,000 in all."""


def judge_message(message: dict[str, Any]) -> None:
    json.dumps(message, ensure_ascii=False).encode()  # no half characters
    assert 0 < len(message["text"]) <= 40_000
    for attachment in message.get("attachments", ()):
        judge_blocks(attachment["blocks"], 50)
        judged = BlockAttachment(
            blocks=Block.parse_all(attachment["blocks"]), color=attachment["color"], fallback=attachment["fallback"]
        )
        judged.to_dict()
    judge_blocks(message.get("blocks", []), 50)
    message_content(message)


def judge_blocks(blocks: list[dict[str, Any]], most: int) -> None:
    assert len(blocks) <= most
    parsed = Block.parse_all(blocks)
    assert len(parsed) == len(blocks)
    for block, source in zip(parsed, blocks, strict=True):
        again = block.to_dict()  # this is where the SDK raises for a length or a shape
        assert again["type"] == source["type"]


def judge_view(view: dict[str, Any]) -> None:
    json.dumps(view, ensure_ascii=False).encode()
    judge_blocks(view["blocks"], 100)
    View(**view).to_dict()
    found = Findings()
    _check(found, view, view["type"])
    check_blocks(found, view["blocks"], "/blocks", modal=True)
    assert found.messages == []


@pytest.mark.parametrize(("name", "message"), list(messages()))
def test_every_card_of_the_product(name: str, message: dict[str, Any]):
    judge_message(message)


@pytest.mark.parametrize(("name", "view"), list(views()))
def test_every_form_of_the_product(name: str, view: dict[str, Any]):
    judge_view(view)


@pytest.mark.parametrize("seed", SEEDS)
def test_hostile_cards(seed: int):
    enemy = Enemy(seed)
    for _ in range(CASES):
        judge_message(render(enemy.card()))


@pytest.mark.parametrize("seed", SEEDS)
def test_hostile_forms(seed: int):
    enemy = Enemy(seed)
    for _ in range(CASES):
        judge_view(render_form(enemy.form()))
