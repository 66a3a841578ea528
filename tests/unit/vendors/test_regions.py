"""Where a number is and who carries what there."""

from __future__ import annotations

import phonenumbers
import pytest

from bot.engine.regions import PREFIX_MAX, REGIONS, Region, region_of

CHINESE = {"aliyun", "tencent", "huawei"}


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("+8613800000000", "Mainland China"),
        ("+85251234567", "Hong Kong"),
        ("+85366123456", "Macao"),
        ("+886912345678", "Taiwan"),
        ("+12025550123", "United States and Canada"),
        ("+12425550123", "Bahamas"),
        ("+447700900123", "United Kingdom"),
        ("+6591234567", "Singapore"),
        ("+35312345678", "Ireland"),
    ],
)
def test_the_longest_prefix_wins(number: str, name: str):
    region = region_of(number)
    assert region is not None
    assert region.name == name


@pytest.mark.parametrize("number", ["+999123456", "", "+", "+1", "+86", "nonsense"])
def test_what_is_no_number_of_the_table_has_no_region(number: str):
    assert region_of(number) is None


def test_mainland_china_is_for_chinese_vendors_and_templates_only():
    china = REGIONS["86"]
    assert set(china.sms) <= CHINESE
    assert set(china.voice) <= CHINESE
    assert china.templates
    assert len(china.voice) >= 2, "one vendor calls a number at most once a minute and five times an hour"
    assert [code for code, region in REGIONS.items() if region.templates] == ["86"]


def test_no_chinese_vendor_calls_abroad():
    assert not any(set(region.voice) & CHINESE for code, region in REGIONS.items() if code != "86")


def test_every_region_has_a_second_choice_or_none_at_all():
    for code, region in REGIONS.items():
        for medium in ("sms", "voice"):
            order = region.vendors(medium)
            assert len(order) == len(set(order)), code
            assert len(order) != 1, f"{code} {medium}: nobody takes over"


def test_every_key_is_a_prefix_that_the_numbering_plan_knows():
    codes = set(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    for code in REGIONS:
        assert code.isdigit()
        assert len(code) <= PREFIX_MAX
        assert int(code) in codes or code.startswith("1"), code


def test_hardly_a_country_is_left_out():
    """By example numbers of the numbering plan, which are not our own table."""
    missing = set()
    for region in phonenumbers.SUPPORTED_REGIONS:
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if example is not None:
            number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            if region_of(number) is None:
                missing.add(region)
    # Falkland Islands, Saint Helena and Tristan da Cunha, and small islands of the Pacific: no vendor lists them.
    assert missing <= {"FK", "SH", "TA", "AC", "IO", "PM", "TK", "TV", "WF", "NU", "NR", "NF"}, missing


def test_an_operator_may_have_another_table():
    table = {"44": Region(name="Here", sms=("vonage",), voice=())}
    assert region_of("+447700900123", table) == table["44"]
    assert region_of("+8613800000000", table) is None
