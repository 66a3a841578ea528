"""Who carries texts and calls: several vendors of a medium, each with its own credentials, and their order by country.

One vendor may stand there by itself, without a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from bot.engine.regions import REGIONS
from bot.manifest.carrier import Carrier
from bot.manifest.phone_vendors import (
    AliyunCalls,
    AliyunTexts,
    AwsTexts,
    HuaweiTexts,
    PhoneVendor,
    TencentCalls,
    TencentTexts,
    TwilioCalls,
    TwilioTexts,
    VonageCalls,
    VonageTexts,
)
from bot.manifest.problems import choose, refusal
from bot.manifest.values import once

VENDORS_MAX = 6
ORDERS_MAX = 100
_PREFIX = re.compile(r"[1-9][0-9]{0,6}")


def _digits(value: object) -> object:
    """`+86`, `"86"` and `86` are the same."""
    return str(value).removeprefix("+") if isinstance(value, str | int) and not isinstance(value, bool) else value


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise refusal("prefix", "that is not a calling code", 'Write the digits: "86", or more of them: "1242".')
    if not any(text.startswith(code) for code in REGIONS):
        raise refusal("prefix", "no country has that calling code", 'Write a country\'s calling code first: "44".')
    return text


Prefix = Annotated[str, BeforeValidator(_digits), AfterValidator(_prefix)]


def _each_once(vendors: tuple[PhoneVendor, ...]) -> tuple[PhoneVendor, ...]:
    once(tuple(each.vendor for each in vendors))
    return vendors


class Phone(Carrier):
    """One medium over its vendors."""

    vendors: tuple[Any, ...]
    """The vendors, each at most once. Where several go to a number, the region's order decides: docs/vendors.md."""
    order: dict[
        Prefix, Annotated[tuple[str, ...], Field(min_length=1, max_length=VENDORS_MAX), AfterValidator(once)]
    ] = Field(default_factory=dict, max_length=ORDERS_MAX)
    """Calling code, or more digits of a number → vendors, first choice first, instead of the region's order."""

    @model_validator(mode="before")
    @classmethod
    def _one_by_itself(cls, data: Any) -> Any:
        """`vendor: twilio` with its settings beside it is a list of one."""
        if not isinstance(data, dict) or "vendor" not in data or "vendors" in data:
            return data
        alone = {name: value for name, value in data.items() if name != "order"}
        return {"vendors": [alone]} | ({"order": data["order"]} if "order" in data else {})

    @field_validator("order", mode="after")
    @classmethod
    def _names_vendors(cls, order: dict[str, tuple[str, ...]], info: ValidationInfo) -> dict[str, tuple[str, ...]]:
        vendors: Iterable[PhoneVendor] | None = info.data.get("vendors")
        if vendors is None:  # refused already, with reasons of its own
            return order
        known = [each.vendor for each in vendors]
        for prefix, names in order.items():
            for name in names:
                if name not in known:
                    said = f"for +{prefix} it names {name!r}, which is not one of the vendors here"
                    raise refusal("unknown_vendor", said, choose(name, known, "one of the vendors"))
        return order

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A list of vendors, or one by itself."""
        listed = handler(schema)
        whole = handler.resolve_ref_schema(listed)
        return {"anyOf": [listed, whole["properties"]["vendors"]["items"]]}

    def listed(self) -> tuple[PhoneVendor, ...]:
        """The vendors."""
        return self.vendors

    def settings(self) -> dict[str, object]:
        """Plain values: `vendors` as they stand, `order` by calling code."""
        return {"vendors": tuple(each.settings() for each in self.listed()), "order": dict(self.order)}

    def numbers(self) -> tuple[str, ...]:
        """The numbers that people see, in E.164, as far as they are numbers of the vendors' settings."""
        return tuple(dict.fromkeys(number for each in self.listed() if (number := each.number())))


class Sms(Phone):
    """Who carries texts."""

    vendors: Annotated[
        tuple[
            Annotated[
                TwilioTexts | VonageTexts | AwsTexts | AliyunTexts | TencentTexts | HuaweiTexts,
                Field(discriminator="vendor"),
            ],
            ...,
        ],
        Field(min_length=1, max_length=VENDORS_MAX),
        AfterValidator(_each_once),
    ]
    """The vendors, each at most once. Where several go to a number, the region's order decides: docs/vendors.md."""


class Voice(Phone):
    """Who places calls."""

    vendors: Annotated[
        tuple[
            Annotated[TwilioCalls | VonageCalls | AliyunCalls | TencentCalls, Field(discriminator="vendor")],
            ...,
        ],
        Field(min_length=1, max_length=VENDORS_MAX),
        AfterValidator(_each_once),
    ]
    """The vendors, each at most once. Where several go to a number, the region's order decides: docs/vendors.md."""
