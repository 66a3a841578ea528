"""The page about vendors says what the table, the breakers and the limits are."""

from __future__ import annotations

import re
from pathlib import Path

from bot.adapters.vendors import twilio_voice, vonage, vonage_voice
from bot.adapters.vendors.contract import CLOCK_SKEW_S
from bot.adapters.vendors.line import CALL_S
from bot.adapters.vendors.making import VENDORS
from bot.engine import vendors
from bot.engine.model import MINUTE, SECOND
from bot.engine.regions import REGIONS
from bot.manifest import load
from bot.manifest.source import parse
from tests.unit.manifests import small

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
    assert (vendors.HEDGE_AFTER, CALL_S, CLOCK_SKEW_S) == (2_500, 5.0, 300)
    assert (twilio_voice.RING_S, vonage_voice.RING_S, vonage.CALLBACK_MAX) == (30, 30, 100)
    assert (vendors.SILENT_MAX, vendors.RINGS_MAX, vendors.RING_AGAIN) == (12 * SECOND, 2, 20 * SECOND)
    assert (vendors.ROUNDS_MAX, vendors.ROUND_AFTER, vendors.ROUND_MAX) == (8, 10 * SECOND, 2 * MINUTE)
    for said in (
        "Three failures", "30 seconds", "10 minutes", "2.5 seconds", "60 s (text), 45 s (call)", "5 seconds",
        "12 seconds", "once more after 20 seconds", "after 10 seconds", "2 minutes, 8 times",
    ):  # fmt: skip
        assert said in PAGE, said


def test_every_vendor_says_how_it_is_set_up():
    for medium, name in VENDORS:
        part = PAGE.split(f"\n### {NAMES[name]}")[1].split("\n### ")[0].split("\n## ")[0]
        assert f"vendor: {name}" in part
        assert f"/callbacks/{medium}/{name}" in part


def test_every_example_of_the_page_is_a_good_manifest():
    env = dict.fromkeys(re.findall(r"env:([A-Z_]+)", PAGE), "s" * 24) | {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "VONAGE_APPLICATION": "00000000-0000-4000-8000-000000000001",
        "VONAGE_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----",
    }
    shown: set[tuple[str, str]] = set()
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        settings = load.read(small(parse(text, "docs").data), file="docs/vendors.md", env=env).platforms.settings()
        shown |= {
            (medium, settings[medium]["vendors"][0]["vendor"]) for medium in settings if medium in ("sms", "voice")
        }
    assert shown == set(VENDORS)
