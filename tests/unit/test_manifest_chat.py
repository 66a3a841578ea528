"""What a team declares for its chats: the snooze menu, and the numbers that pages come from."""

from __future__ import annotations

import pytest

from bot.engine.model import HOUR, MINUTE
from bot.manifest import load
from bot.manifest.problems import ManifestError
from tests.unit.manifests import small

TWILIO = {"vendor": "twilio", "account_sid": "AC" + "0" * 32, "auth_token": "secret", "from": "+12025550100"}


def world(**change: object):
    return load.read(small(change), file="tocsin.yaml", env={}, sources=["standard"]).world


def test_the_snooze_menu_is_the_teams_own():
    assert world().snooze == (2 * HOUR, 4 * HOUR, 12 * HOUR)
    assert world(snooze=["45m", "1d"]).snooze == (45 * MINUTE, 24 * HOUR)
    assert world(snooze=[]).snooze == (), "a menu with nothing but Custom…"


@pytest.mark.parametrize("wrong", [["25h"], ["30s"], ["90s"], ["2h", "120m"], ["1h"] * 11])
def test_a_snooze_menu_that_cannot_be(wrong: list[str]):
    with pytest.raises(ManifestError):
        world(snooze=wrong)


def test_the_numbers_that_pages_come_from():
    assert world().callers == ()
    assert world(platforms={"sms": TWILIO}).callers == ("+12025550100",)
    assert world(platforms={"sms": {**TWILIO, "from": "TOCSIN"}}).callers == ()
    declared = world(callers=["+12025550101", "+12025550102"], platforms={"sms": TWILIO}).callers
    assert declared == ("+12025550101", "+12025550102")
