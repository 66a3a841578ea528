"""The golden cards: every change of what people see is a change that somebody looked at."""

from __future__ import annotations

import pytest

from tests.cards.regenerate import GOLDEN, PICTURE_MAX, PICTURES, goldens

WANTED = dict(goldens())


@pytest.mark.parametrize("name", WANTED)
def test_golden(name: str):
    golden = (GOLDEN / name).read_text(encoding="utf-8")
    assert golden == WANTED[name], "run `make cards`, look at the pictures, and commit both"


def test_no_golden_is_left_over():
    assert {path.name for path in GOLDEN.iterdir()} == set(WANTED)


def test_every_card_has_a_small_picture():
    stems = {name.rpartition(".")[0] for name in WANTED}
    pictures = {path.stem: path.stat().st_size for path in PICTURES.glob("*.png")}
    assert set(pictures) == stems
    assert max(pictures.values()) <= PICTURE_MAX
