"""The page about chat lists every command as the commands have it."""

from __future__ import annotations

from pathlib import Path

from bot.cards.i18n import say
from bot.commands.vocabulary import VERBS

PAGE = Path(__file__).parent.parent.parent / "docs" / "chat.md"


def row(name: str) -> str:
    verb = VERBS[name]
    also = ", ".join(f"`{alias}`" for alias in verb.aliases)
    usage = verb.usage.replace("|", "\\|")
    return f"| `{usage}` | {also} | {say('en', f'help.{name}')} |"


def test_the_table_has_every_command_and_nothing_else():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    begin = lines.index("| command | also | does |") + 2
    table = lines[begin : lines.index("", begin)]
    assert table == [row(name) for name in VERBS], "\n".join(row(name) for name in VERBS)
