"""Slack's own type declarations judge what Tocsin draws: `@slack/types` and `@slack/web-api`, by the vendor's compiler.

They know every property and every word of Block Kit, and no lengths: those are judged in test_slack_models.
`make oracles` fetches them; where that was not done, or there is no node, these tests are skipped and say so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.adapters.slack.manifest import app_manifest
from bot.adapters.slack.webhook import one_way
from bot.cards.slack import render, render_form
from tests.oracles.slack_payloads import Enemy, messages, views

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
COMPILER = MODULES / ".bin" / "tsc"
HOSTILE = 150

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(not COMPILER.exists(), reason="what the vendors publish is not here: make oracles"),
]

HEAD = """\
import type { HomeView, KnownBlock, MessageAttachment, ModalView } from '@slack/types';
import type { ChatPostMessageArguments } from '@slack/web-api/dist/types/request/chat';
import type { Manifest } from '@slack/web-api/dist/types/request/manifest';
export interface Hooked {
  text?: string; unfurl_links?: boolean; unfurl_media?: boolean; blocks?: KnownBlock[];
  attachments?: MessageAttachment[];
}
"""


def complaints(folder: Path, lines: list[str]) -> str:
    """What the compiler says about typed constants, one a line; empty when it is content."""
    options = {
        "strict": True, "noEmit": True, "skipLibCheck": True, "target": "es2022", "module": "preserve",
        "moduleResolution": "bundler", "types": [], "paths": {
            "@slack/types": [str(MODULES / "@slack/types/dist/index.d.ts")],
            "@slack/web-api/*": [str(MODULES / "@slack/web-api/*.d.ts")],
        },
    }  # fmt: skip
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["payloads.ts"]}))
    (folder / "payloads.ts").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run([COMPILER, "-p", folder], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in {0, 1, 2}, done.stderr
    return done.stdout + done.stderr if done.returncode else ""


def constant(number: int, kind: str, value: object) -> str:
    return f"export const c{number}: {kind} = {json.dumps(value)};"


def test_everything_has_the_vendors_types(tmp_path: Path):
    enemy = Enemy(41)
    posted = [message for _, message in messages()] + [render(enemy.card()) for _ in range(HOSTILE)]
    opened = [view for _, view in views()] + [render_form(enemy.form()) for _ in range(HOSTILE)]
    typed = [("ChatPostMessageArguments", {"channel": "C1", **message}) for message in posted]
    typed += [("HomeView" if view["type"] == "home" else "ModalView", view) for view in opened]
    typed += [("Hooked", one_way(message)) for message in posted]
    # the vendor's views and messages also take any object with a type, so the blocks are judged on their own as well
    surfaces = [*opened, *posted, *(each for message in posted for each in message.get("attachments", ()))]
    typed += [("KnownBlock[]", surface["blocks"]) for surface in surfaces if "blocks" in surface]
    for socket_mode in (False, True):
        typed.append(("Manifest", app_manifest("https://toc.example", socket_mode=socket_mode)))
    lines = [constant(number, kind, value) for number, (kind, value) in enumerate(typed)]
    assert complaints(tmp_path, lines) == ""


@pytest.mark.parametrize(
    ("kind", "wrong", "why"),
    [
        ("ModalView", {"type": "modal", "title": {"type": "mrkdwn", "text": "x"}, "blocks": []}, "plain_text"),
        ("HomeView", {"type": "home", "blocks": [{"type": "headline", "text": "x"}]}, "text"),
        ("KnownBlock[]", [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "mrkdwn"),
        ("KnownBlock[]", [{"type": "actions", "elements": [{"type": "button", "style": "danger"}]}], "text"),
        ("ChatPostMessageArguments", {"channel": "C1", "txt": "x"}, "txt"),
        ("Manifest", {"display_information": {"nam": "x"}}, "nam"),
    ],
)
def test_the_compiler_is_no_rubber_stamp(tmp_path: Path, kind: str, wrong: object, why: str):
    assert why in complaints(tmp_path, [constant(0, kind, wrong)])
