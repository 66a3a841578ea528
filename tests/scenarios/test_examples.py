"""Every worked example has a timeline that a person can read, and it is what Tocsin does today."""

from __future__ import annotations

import pytest

from tests.scenarios.examples import FOLDER, commands, drawn, told

NAMES = sorted(file.stem for file in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_the_timeline_is_what_happens(name):
    golden = (FOLDER / f"{name}.timeline.txt").read_text(encoding="utf-8")
    assert commands(golden), "it says by which command it was made"
    assert all(f"docs/examples/{name}.yaml" in command for command in commands(golden))
    assert told(golden) == golden, "Run: .venv/bin/python -m tests.scenarios.examples, and read what changed."


def test_the_picture_is_what_happens(tmp_path):
    assert (FOLDER / "tiered-reporting.svg").read_text(encoding="utf-8") == drawn(tmp_path)


def test_every_timeline_has_its_example():
    assert {file.name.removesuffix(".timeline.txt") for file in FOLDER.glob("*.timeline.txt")} == set(NAMES)
