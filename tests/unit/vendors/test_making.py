"""A vendor is made from plain settings, and only its own module is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.adapters.vendors import making
from bot.adapters.vendors.making import VENDORS, make
from bot.engine.regions import REGIONS

SHARED = {"contract", "line", "making"}
WITH = {"twilio_voice": {"twilio"}}
"""What a module needs of another vendor's: the calls of Twilio share its account."""


@pytest.mark.parametrize("place", sorted(VENDORS))
def test_no_other_vendor_is_imported(place: tuple[str, str]):
    module = VENDORS[place].module
    asked = (
        "import sys, dataclasses; from importlib import import_module; "
        "from bot.adapters.vendors.making import make, VENDORS; "
        f"made = VENDORS[{place!r}]; module = import_module('bot.adapters.vendors.' + made.module); "
        "names = {f.name for c in (made.account, made.vendor) for f in dataclasses.fields(getattr(module, c))"
        " if f.default is dataclasses.MISSING}; "
        f"make({place[0]!r}, dict.fromkeys(names, 'x') | {{'vendor': {place[1]!r}, 'slots': ()}}, 'https://x'); "
        "print(*(n.rpartition('.')[2] for n in sys.modules if n.startswith('bot.adapters.vendors.')))"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert set(told.stdout.split()) <= {module, *WITH.get(module, ())} | SHARED


def test_every_vendor_of_a_region_can_be_made_and_the_other_way_round():
    used = {
        (medium, name) for region in REGIONS.values() for medium in ("sms", "voice") for name in region.vendors(medium)
    }
    assert used == set(VENDORS)


def test_settings_of_others_are_left_out_and_unknown_vendors_are_none():
    settings = {"vendor": "twilio", "account_sid": "AC1", "auth_token": "t", "sender": "+1", "medium": "voice", "x": 1}
    vendor = make("sms", settings, "https://tocsin.example")
    assert (vendor.name, vendor.medium) == ("twilio", "sms")
    with pytest.raises(KeyError):
        make("voice", settings | {"vendor": "aws"}, "")
    assert making.VENDORS["voice", "twilio"].module == "twilio_voice"
