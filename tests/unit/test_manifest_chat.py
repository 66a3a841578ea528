"""What a team declares for its chats: the snooze menu, and the numbers that pages come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.engine.model import HOUR, MINUTE
from bot.manifest import load
from bot.manifest.problems import ManifestError
from bot.manifest.source import parse
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


def test_the_numbers_that_pages_come_from_are_the_senders_unless_declared():
    assert world().numbers == ()
    (sender,) = world(platforms={"sms": TWILIO}).numbers
    assert (sender.number, sender.region, sender.use) == ("+12025550100", "US", ("sms",))
    assert world(platforms={"sms": {**TWILIO, "from": "TOCSIN"}}).numbers == ()
    numbers = [
        {"number": "+1 202-555-0101"},
        {"number": "+8613912345678", "region": "HK", "use": ["voice"]},
        {"number": 106900001234, "region": "CN", "use": ["sms"]},
        {"number": "+80012345678"},
    ]
    found = world(numbers=numbers, contact="Night bell", platforms={"sms": TWILIO})
    assert found.contact == "Night bell"
    assert [(each.number, each.region, each.use) for each in found.numbers] == [
        ("+12025550101", "US", ("sms", "voice")),
        ("+8613912345678", "HK", ("voice",)),
        ("106900001234", "CN", ("sms",)),
        ("+80012345678", "001", ("sms", "voice")),
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ([{"number": "12025550101"}], "no_region"),
        ([{"number": "+1202"}], "phone"),
        ([{"number": "12", "region": "US"}], "phone"),
        ([{"number": "+12025550101", "region": "us"}], "region"),
        ([{"number": "+12025550101", "use": []}], "too_short"),
        ([{"number": "+12025550101", "use": ["sms", "sms"]}], "twice"),
        ([{"number": "+12025550101"}, {"number": "+1 (202) 555-0101"}], "twice"),
        ([{"number": f"+120255501{n:02}"} for n in range(21)], "too_long"),
        (["+12025550101"], "model_type"),
    ],
)
def test_numbers_that_cannot_be(wrong: list[object], code: str):
    with pytest.raises(ManifestError) as refused:
        world(numbers=wrong)
    assert code in {problem.code for problem in refused.value.problems}


def test_quotas_as_they_are_declared():
    assert world().quotas.media == {}
    sms = {"per_month": 1000, "reserve": 100, "price": {"twilio": 0.0079, "vonage": 1}}
    found = world(quotas={"timezone": "Asia/Shanghai", "currency": "EUR", "sms": sms, "voice": {"per_month": 5}}).quotas
    assert (found.zone, found.currency, set(found.media)) == ("Asia/Shanghai", "EUR", {"sms", "voice"})
    assert (found.media["sms"].open, found.media["sms"].prices) == (900, {"twilio": 0.0079, "vonage": 1.0})
    assert found.media["sms"].hard is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"sms": {"per_month": 0}},
        {"sms": {"reserve": 5}},
        {"sms": {"per_month": 10, "reserve": 11}},
        {"sms": {"per_month": 10, "price": {"twilio": -1}}},
        {"sms": {"per_month": 10_000_001}},
        {"sms": {"per_month": 10, "hard": "no"}},
        {"fax": {"per_month": 10}},
        {"timezone": "Mars"},
        {"currency": "euro"},
    ],
)
def test_quotas_that_cannot_be(wrong: dict[str, object]):
    with pytest.raises(ManifestError):
        world(quotas=wrong)


@pytest.mark.parametrize("page", ["phone-numbers.md", "quotas.md"])
def test_the_examples_in_the_docs_are_good_ones(page: str):
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    found = world(**parse(example, page).data)
    assert found.numbers or found.quotas.media
