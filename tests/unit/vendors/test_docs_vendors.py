"""The page about vendors says what the table, the breakers and the limits are."""

from __future__ import annotations

import re
from pathlib import Path

from bot.adapters.vendors import twilio, vonage
from bot.adapters.vendors.contract import CLOCK_SKEW_S
from bot.adapters.vendors.line import CALL_S
from bot.engine import vendors
from bot.engine.model import MINUTE, SECOND
from bot.engine.regions import REGIONS

PAGE = (Path(__file__).parents[3] / "docs" / "vendors.md").read_text()
NAMES = {
    "aliyun": "Alibaba",
    "tencent": "Tencent",
    "huawei": "Huawei",
    "twilio": "Twilio",
    "vonage": "Vonage",
    "aws": "AWS",
}


def test_every_region_is_listed_once_and_no_other():
    where = " ".join(PAGE.split("## Where")[1].split("## When")[0].split())
    listed = re.findall(r"\+([0-9]+) ([^·,|.*+]+)", where)
    found = {code: name.strip() for code, name in listed}
    assert len(found) == len({code for code, _ in listed})
    assert found == {code: region.name for code, region in REGIONS.items()}


def test_the_orders_are_those_of_the_table():
    rows = {
        "+86 Mainland China": REGIONS["86"],
        "+852 Hong Kong, +853 Macao, +886 Taiwan": REGIONS["852"],
        "Asia (below)": REGIONS["65"],
        "the rest (below)": REGIONS["49"],
    }
    for name, region in rows.items():
        sms, voice = (", ".join(NAMES[vendor] for vendor in order) for order in (region.sms, region.voice))
        assert f"| {name} | {sms} | {voice} |" in PAGE


def test_the_numbers_are_those_of_the_code():
    assert (vendors.FAILURES_TO_OPEN, vendors.REST_FIRST, vendors.REST_MAX) == (3, 30 * SECOND, 10 * MINUTE)
    assert vendors.ACCOUNT_REST == 10 * MINUTE
    assert vendors.PROVEN_WITHIN == {"sms": 60 * SECOND, "voice": 45 * SECOND}
    assert (vendors.HEDGE_AFTER, CALL_S, CLOCK_SKEW_S, twilio.RING_S, vonage.CALLBACK_MAX) == (2_500, 5.0, 300, 30, 100)
    for said in ("Three failures", "30 seconds", "10 minutes", "2.5 seconds", "60 s (text), 45 s (call)", "5 seconds"):
        assert said in PAGE
