"""The timelines of docs/examples begin with their commands: `python -m tests.scenarios.examples` redoes them."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

from typer.testing import CliRunner

from bot.cli import app
from tests.unit.manifests import ENV

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/examples"


def commands(text: str) -> list[str]:
    """The lines that are commands: `$ tocsin simulate docs/examples/…`."""
    return [line for line in text.splitlines() if line.startswith("$ tocsin ")]


def told(text: str) -> str:
    """The same file with what the commands print today; lines of words (`# …`) stay above the command that follows."""
    kept: list[str] = []
    for line in text.splitlines():
        if line.startswith("# "):
            kept.append(line)
        elif line.startswith("$ tocsin "):
            kept += [line, *printed(line), ""]
    return "\n".join(kept)


def printed(command: str) -> list[str]:
    """What a command prints, line by line."""
    _, _, *words = shlex.split(command)
    words = [str(ROOT / word) if word.startswith("docs/") else word for word in words]
    result = CliRunner(env=ENV).invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [line.rstrip() for line in result.stdout.splitlines()]


def drawn(folder: Path) -> str:
    """The picture of docs/escalation.md: the first story of tiered-reporting."""
    first, *_ = commands((FOLDER / "tiered-reporting.timeline.txt").read_text(encoding="utf-8"))
    printed(f"{first} --svg {folder / 'drawn.svg'}")
    return (folder / "drawn.svg").read_text(encoding="utf-8")


def main() -> None:
    """Write every timeline anew, and the picture."""
    for file in sorted(FOLDER.glob("*.timeline.txt")):
        file.write_text(told(file.read_text(encoding="utf-8")), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        (FOLDER / "tiered-reporting.svg").write_text(drawn(Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
