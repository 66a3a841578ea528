"""The numbers that people should know, and what a month may cost: the manifest's `numbers` and `quotas`."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, model_validator

from bot.engine.numbers import CallerNumber
from bot.engine.quotas import Quota, Quotas
from bot.manifest.parts import Part
from bot.manifest.problems import refusal
from bot.manifest.values import Id, PlainText, Zone, checked, international, once

NUMBERS_MAX = 20
MONTH_MAX = 10_000_000
_SHORT = re.compile(r"\d{3,20}")  # the longest senders of texts, China's 106 numbers, have 20 digits
_ISO = re.compile(r"[A-Z]{2}|001")
_CURRENCY = re.compile(r"[A-Z]{3}")


def _caller(text: str) -> str:
    return text if _SHORT.fullmatch(text) else international(text)


class Number(Part):
    """A number that texts or calls come from."""

    number: Annotated[PlainText, AfterValidator(_caller)]
    """In full with the country code, `+12025550100`; or a short number of 3 to 20 digits, which needs a `region`."""
    region: Annotated[
        str | None, checked(_ISO, "region", "that is not a region", "Write two letters (ISO 3166): US.")
    ] = None
    """Where people see it, two letters: `US`; by default the country of the number."""
    use: Annotated[tuple[Literal["sms", "voice"], ...], Field(min_length=1), AfterValidator(once)] = ("sms", "voice")
    """What comes from it: `sms`, `voice`; by default both."""

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not self.number.startswith("+") and not self.region:
            raise refusal("no_region", "a short number means something in one country only", "Add region: US.")
        return self

    def to_engine(self) -> CallerNumber:
        """The number with its region."""
        return caller(self.number, self.use, self.region)


def caller(number: str, use: tuple[str, ...], region: str | None = None) -> CallerNumber:
    """A number as the engine has it, the region read off the number where none is given."""
    if region is None:
        try:
            region = phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
        except phonenumbers.NumberParseException:
            region = ""
    return CallerNumber(number=number, region=region, use=use)


def distinct(numbers: tuple[Number, ...]) -> tuple[Number, ...]:
    """A check that no number is there twice."""
    once(tuple(each.number for each in numbers))
    return numbers


class QuotaPart(Part):
    """What one medium may carry in a calendar month."""

    per_month: Annotated[StrictInt, Field(ge=1, le=MONTH_MAX)]
    """How many: segments of texts, calls, mails."""
    reserve: Annotated[StrictInt, Field(ge=0, le=MONTH_MAX)] = 0
    """The last so many of `per_month` are for Critical alone."""
    hard: StrictBool = False
    """`true`: Critical pages do not go beyond it either. By default a Critical page is never refused."""
    price: dict[Id, Annotated[StrictFloat | StrictInt, Field(ge=0)]] = Field(default_factory=dict)
    """What a vendor asks for one, for estimates: `{twilio: 0.0079}`."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.reserve > self.per_month:
            cure = "Write a reserve that is no larger than per_month."
            raise refusal("reserve", "the reserve is a part of per_month", cure)
        return self

    def to_engine(self) -> Quota:
        """The quota."""
        prices = {vendor: float(price) for vendor, price in self.price.items()}
        return Quota(per_month=self.per_month, reserve=self.reserve, hard=self.hard, prices=prices)


class QuotasPart(Part):
    """What the organization may use of each medium in a calendar month; what is absent has no limit."""

    timezone: Zone = "UTC"
    """Whose midnight begins a month."""
    currency: Annotated[
        str, BeforeValidator(str), checked(_CURRENCY, "currency", "that is not a currency", "Write ISO 4217: USD.")
    ] = "USD"
    """The currency of the prices, three letters."""
    sms: QuotaPart | None = None
    """Texts, by segments."""
    voice: QuotaPart | None = None
    """Calls."""
    email: QuotaPart | None = None
    """Mails."""

    def to_engine(self) -> Quotas:
        """The quotas that are declared."""
        media = {"sms": self.sms, "voice": self.voice, "email": self.email}
        declared = {medium: part.to_engine() for medium, part in media.items() if part is not None}
        return Quotas(zone=self.timezone, currency=self.currency, media=declared)
