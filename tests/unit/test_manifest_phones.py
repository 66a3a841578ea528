"""Who carries texts and calls: what a manifest takes for each vendor, what the vendor is made from, what is refused."""

from __future__ import annotations

import pytest

from bot.adapters.vendors.contract import Slot, Words
from bot.adapters.vendors.making import VENDORS, make
from bot.manifest import load
from tests.unit.manifests import problems_of, small

SECRET = "s" * 24
PEM = "-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----"
GUID = "00000000-0000-4000-8000-000000000001"
SLOTS = [{"name": "what", "value": "incident", "length_max": 6}, {"name": "how", "value": "severity", "length_max": 8}]
TWILIO = {"vendor": "twilio", "account_sid": "AC" + "0" * 32, "auth_token": "t", "from": "+12025550100"}
VONAGE = {"vendor": "vonage", "api_key": "k", "api_secret": "s", "signature_secret": "g", "from": "Tocsin"}
AWS = {
    "vendor": "aws", "access_key": "AKID", "secret_key": "s", "region": "eu-west-1", "from": "pool-1",
    "configuration_set": "tocsin", "topic_arn": "arn:aws:sns:eu-west-1:000000000000:tocsin",
}  # fmt: skip
ALIYUN = {
    "vendor": "aliyun", "access_key": "AKID", "secret_key": "s", "callback_secret": SECRET, "template": "SMS_1",
    "slots": SLOTS,
}  # fmt: skip
TENCENT = {
    "vendor": "tencent", "secret_id": "AKID", "secret_key": "s", "callback_secret": SECRET, "app_id": 1400006666,
    "template": 449739, "slots": SLOTS,
}  # fmt: skip
SMS = {
    "twilio": TWILIO,
    "vonage": VONAGE,
    "aws": AWS,
    "aliyun": {**ALIYUN, "signature": "示例", "template_abroad": "SMS_9"},
    "tencent": {**TENCENT, "signature": "示例"},
    "huawei": {
        "vendor": "huawei", "app_key": "k", "app_secret": "s", "callback_secret": SECRET, "channel": "8820000000",
        "signature": "示例", "template": "t1", "slots": SLOTS,
    },
}  # fmt: skip
VOICE = {
    "twilio": TWILIO,
    "vonage": {
        "vendor": "vonage", "application_id": GUID, "private_key": PEM, "api_key": "k", "signature_secret": "g",
        "from": "+447700900001",
    },
    "aliyun": {**ALIYUN, "show_number": "057100000000", "taken_template": "TTS_2"},
    "tencent": TENCENT,
}  # fmt: skip
EVERY = [(medium, name) for medium, listed in (("sms", SMS), ("voice", VOICE)) for name in listed]


def declared(**platforms):
    return load.read(small({"platforms": platforms}), file="t", env={})


def test_the_manifest_knows_every_vendor_that_there_is():
    assert sorted(EVERY) == sorted(VENDORS)


@pytest.mark.parametrize(("medium", "name"), EVERY)
@pytest.mark.parametrize("listed", [True, False])
def test_what_is_declared_is_what_the_vendor_is_made_from(medium: str, name: str, listed: bool):
    one = {"sms": SMS, "voice": VOICE}[medium][name]
    settings = declared(**{medium: {"vendors": [one]} if listed else one}).platforms.settings()[medium]
    vendor = make(medium, settings["vendors"][0], "https://tocsin.example")
    assert (vendor.name, vendor.medium) == (name, medium)
    if "slots" in one:
        assert vendor.slots == tuple(Slot(**slot) for slot in SLOTS)
    if name == "twilio":
        assert vendor.account.callback_base == "https://tocsin.example"
    if (medium, name) == ("voice", "vonage"):
        assert vendor.application.private_key == PEM.replace("\\n", "\n")
    else:
        words = Words(text="Critical INC-7", values={"incident": "INC-7", "severity": "Critical"})
        to = "+8613800000001"
        asked = vendor.request(to, words, key="k", callback_url="https://tocsin.example/callbacks", at=0, nonce="n")
        assert asked.url.startswith("https://")


def test_all_of_them_at_once_with_an_order_of_ones_own():
    order = {"86": ["tencent", "aliyun"], 1: ["vonage"], "+1242": ["twilio", "vonage"]}
    loaded = declared(sms={"vendors": list(SMS.values()), "order": order}, voice={"vendors": list(VOICE.values())})
    sms = loaded.platforms.settings()["sms"]
    assert [each["vendor"] for each in sms["vendors"]] == list(SMS)
    assert sms["order"] == {"86": ("tencent", "aliyun"), "1": ("vonage",), "1242": ("twilio", "vonage")}
    assert loaded.platforms.settings()["voice"]["order"] == {}
    numbers = {each.number: each.use for each in loaded.world.numbers}
    assert numbers == {"+12025550100": ("sms", "voice"), "+447700900001": ("voice",), "+8657100000000": ("voice",)}


def sms(**changes: object) -> dict:
    return {"sms": {**TWILIO, **changes}}


def listed(*vendors: dict, **more: object) -> dict:
    return {"sms": {"vendors": list(vendors), **more}}


ALI = SMS["aliyun"]
AT = "platforms.sms"


@pytest.mark.parametrize(
    ("change", "path", "code", "said", "cure"),
    [
        (sms(vendor="acme"), f"{AT}.vendor", "literal_error", "'acme'", "aliyun"),
        (listed({"vendor": "twillio"}), f"{AT}.vendors[0].vendor", "literal_error", "'twillio'", "twilio"),
        (listed({"from": "x"}), f"{AT}.vendors[0].vendor", "missing", "is missing", "vendor:"),
        ({"voice": {**AWS}}, "platforms.voice.vendor", "literal_error", "'aws'", "twilio"),
        (sms(account_sid="AC1"), f"{AT}.account_sid", "account_sid", "'AC1'", "32 digits"),
        (sms(colour="red"), f"{AT}.colour", "unknown_key", "not a key", "auth_token"),
        (sms(auth_tokn="red"), f"{AT}.auth_tokn", "unknown_key", "not a key", "`auth_token`"),
        ({"sms": {"vendor": "twilio"}}, f"{AT}.auth_token", "missing", "is missing", "auth_token:"),
        ({"sms": {}}, f"{AT}.vendors", "missing", "is missing", "vendors:"),
        (listed(), f"{AT}.vendors", "too_short", "is empty", "at least one"),
        (listed(TWILIO, TWILIO), f"{AT}.vendors", "twice", "twilio twice", "one of them"),
        (listed(TWILIO, {**AWS, "region": "EU"}), f"{AT}.vendors[1].region", "aws_region", "'EU'", "eu-west-1"),
        (listed({**AWS, "topic_arn": "tocsin"}), f"{AT}.vendors[0].topic_arn", "topic_arn", "'tocsin'", "arn:aws:sns"),
        (listed({**ALI, "callback_secret": "short"}), f"{AT}.vendors[0].callback_secret", "secret_shape", "", "24"),
        (
            listed({**ALI, "slots": [{"name": "a", "value": "link", "length_max": 6}]}),
            f"{AT}.vendors[0].slots[0].value", "literal_error", "'link'", "'severity'",
        ),
        (
            listed({**ALI, "slots": [{"name": "a", "value": "title", "length_max": 0}]}),
            f"{AT}.vendors[0].slots[0].length_max", "greater_than_equal", "below 1 (0)", "1 or more",
        ),
        (
            listed({**ALI, "slots": [{"name": "a", "value": "title"}]}),
            f"{AT}.vendors[0].slots[0].length_max", "missing", "is missing", "length_max:",
        ),
        (
            listed({**ALI, "slots": [{"value": "title", "length_max": 6}]}),
            f"{AT}.vendors[0]", "slot_name", "have names", "Add name:",
        ),
        (listed({**ALI, "slots": SLOTS[:1] * 2}), f"{AT}.vendors[0]", "twice", "what twice", "one of them"),
        (sms(order={"86": ["acme"]}), f"{AT}.order", "unknown_vendor", "for +86 it names 'acme'", "twilio"),
        (sms(order={"86": []}), f"{AT}.order.86", "too_short", "is empty", "at least one"),
        (sms(order={"999": ["twilio"]}), f"{AT}.order.999", "prefix", "no country", "44"),
        (sms(order={"China": ["twilio"]}), f"{AT}.order.China", "prefix", "not a calling code", "86"),
        ({"voice": {**TWILIO, "from": "Tocsin"}}, "platforms.voice.from", "sender", "'Tocsin'", "+1202"),
        ({"voice": VOICE["vonage"] | {"private_key": "x"}}, "platforms.voice.private_key", "secret_shape", "", "BEGIN"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_place_and_cure(change: dict, path: str, code: str, said: str, cure: str):
    text = small({"platforms": change | {"slack": {"bot_token": "xoxb-1", "app_token": "xapp-1"}}})
    found = {(problem.path, problem.code): problem for problem in problems_of(text)}
    assert (path, code) in found, "\n".join(map(str, found.values()))
    assert code == "missing" or len(found) == 1, found
    problem = found[path, code]
    assert said in problem.message
    assert cure in problem.cure
    assert SECRET not in str(problem)
    line = text.splitlines()[problem.line - 1].strip()
    assert code == "missing" or line.strip("'").startswith(("- ", path.rpartition(".")[2].partition("[")[0])), line


def test_no_secret_is_shown_when_it_is_wrong():
    for name in ("auth_token", "api_secret", "signature_secret", "secret_key", "app_secret", "callback_secret"):
        text = small({"platforms": {"sms": {**TWILIO, name: {"value": "my-secret"}}}})
        assert not any("my-secret" in str(problem) for problem in problems_of(text))
