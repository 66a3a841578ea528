"""discord.js judges what Tocsin draws for Discord: `@discordjs/builders` knows every length, range and address.

`make oracles` fetches it; where that was not done, or there is no node, this test is skipped and says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.cards.discord import render
from bot.cards.sample import STATES, sample_card
from tests.cards.hostile import NASTY, giant
from tests.oracles.slack_payloads import Enemy

HERE = Path(__file__).parent
HOSTILE = 150

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules/@discordjs/builders").exists(), reason="what others publish is not here: make oracles"
    ),
]

JUDGE = """\
const { EmbedBuilder } = require('@discordjs/builders');
const said = [];
for (const each of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {
  try {
    const built = new EmbedBuilder().setTitle(each.title).setColor(each.color);
    if (each.description) built.setDescription(each.description);
    if (each.url) built.setURL(each.url);
    if (each.fields) built.addFields(...each.fields);
    const names = Object.keys(built.toJSON()).sort().join();
    if (names !== Object.keys(each).sort().join()) said.push(`it has ${Object.keys(each)}, and ${names} are known`);
  } catch (error) {
    said.push(`${error}: ${JSON.stringify(each).slice(0, 300)}`);
  }
}
console.log(JSON.stringify(said));
"""


def complaints(embeds: list[dict]) -> list[str]:
    asked = json.dumps(embeds)
    done = subprocess.run(
        ["node", "-e", JUDGE], input=asked, cwd=HERE, capture_output=True, text=True, check=True, timeout=60
    )
    return list(json.loads(done.stdout))


def test_every_embed_is_one_that_discord_takes():
    enemy = Enemy(7)
    cards = [sample_card(state, lang, "discord") for state in STATES for lang in ("en", "zh")]
    cards += [giant, *(enemy.card() for _ in range(HOSTILE))]
    embeds = [embed for card in cards for embed in render(card)["embeds"]]
    assert len(embeds) > len(STATES) * 2
    assert complaints(embeds) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "", "color": 0},
        {"title": "x" * 257, "color": 0},
        {"title": "x", "color": 0x1000000},
        {"title": "x", "color": 0, "url": "http://[::1"},
        {"title": "x", "color": 0, "fields": [{"name": "x", "value": "x" * 1025, "inline": True}]},
        {"title": "x", "color": 0, "description": NASTY[0] * 500},
    ],
)
def test_the_judge_can_say_no(wrong: dict):
    assert complaints([wrong])
