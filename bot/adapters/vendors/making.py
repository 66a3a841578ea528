"""The vendors by medium and name, and how one is made from plain settings: only its own module is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any, Final, cast

from bot.adapters.vendors.contract import Slot, Vendor


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Where a vendor is: the module of this package, the class of its account, and the vendor's own."""

    module: str
    account: str
    vendor: str
    held_as: str = "account"
    """The vendor's name for its account."""


VENDORS: Final[Mapping[tuple[str, str], Made]] = {
    ("sms", "twilio"): Made(module="twilio", account="TwilioAccount", vendor="TwilioSms"),
    ("sms", "vonage"): Made(module="vonage", account="VonageAccount", vendor="VonageSms"),
    ("sms", "aws"): Made(module="aws", account="AwsAccount", vendor="AwsSms"),
    ("sms", "aliyun"): Made(module="aliyun", account="AliyunAccount", vendor="AliyunSms"),
    ("sms", "tencent"): Made(module="tencent", account="TencentAccount", vendor="TencentSms"),
    ("sms", "huawei"): Made(module="huawei", account="HuaweiAccount", vendor="HuaweiSms"),
    ("voice", "twilio"): Made(module="twilio_voice", account="TwilioAccount", vendor="TwilioVoice"),
    ("voice", "vonage"): Made(
        module="vonage_voice", account="VonageApplication", vendor="VonageVoice", held_as="application"
    ),
    ("voice", "aliyun"): Made(module="aliyun", account="AliyunAccount", vendor="AliyunVoice"),
    ("voice", "tencent"): Made(module="tencent", account="TencentAccount", vendor="TencentVoice"),
}
"""(medium, vendor) → where it is."""


def make(medium: str, settings: Mapping[str, object], callback_base: str) -> Vendor:
    """The vendor that `settings` describes (`vendor` names it; the rest is as its two classes call it).

    `callback_base` is the public address that callbacks begin with, for the vendor that signs it. Settings that a class
    does not know are another's, and are left out. Raises KeyError for a vendor that has no such medium.
    """
    made = VENDORS[medium, str(settings["vendor"])]
    module = import_module(f"bot.adapters.vendors.{made.module}")
    given = {**settings, "callback_base": callback_base}
    if "slots" in given:
        given["slots"] = tuple(Slot(**each) for each in cast("tuple[dict[str, Any], ...]", given["slots"]))
    account = _filled(getattr(module, made.account), given)
    kept = {name: value for name, value in given.items() if name not in ("name", "medium", "replies")}
    return cast("Vendor", _filled(getattr(module, made.vendor), {**kept, made.held_as: account}))


def _filled(kind: Any, given: Mapping[str, object]) -> Any:
    return kind(**{each.name: given[each.name] for each in fields(kind) if each.name in given})
