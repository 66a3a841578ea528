"""Every way in which a call by Vonage ends, as its documentation lists them: what each means for the page.

https://developer.vonage.com/en/voice/voice-api/webhook-reference (event webhook, `status`).
"""

from __future__ import annotations

import json

import pytest

from bot.adapters.base import Receipt
from bot.adapters.vendors.vonage_voice import VonageApplication, VonageVoice
from tests.emulators.vendor_world import OWN, rsa_pair

ENDS = {
    "busy": ("failed", "busy"),
    "timeout": ("failed", "no_answer"),
    "unanswered": ("failed", "no_answer"),
    "rejected": ("failed", "recipient_unreachable"),
    "failed": ("failed", "not_delivered"),
    "cancelled": ("failed", "not_delivered"),
    "machine": ("failed", "answered_by_machine"),
    "human": ("delivered", ""),
    "ringing": ("alive", ""),
    "answered": ("alive", ""),
    "completed": ("alive", ""),
}


@pytest.fixture(scope="module")
def vendor() -> VonageVoice:
    account = VonageApplication(
        application_id="app-1", private_key=rsa_pair()[0], sender=OWN, api_key="abcd1234", signature_secret="s"
    )
    return VonageVoice(application=account)


@pytest.mark.parametrize("status", ENDS)
def test_what_a_state_of_a_call_means(vendor: VonageVoice, status: str):
    state, reason = ENDS[status]
    told = vendor.polled(200, json.dumps({"uuid": "c1", "status": status}).encode(), {})
    assert told == Receipt(carrier="voice", provider_id="c1", state=state, reason=reason)


@pytest.mark.parametrize("status", ["started", "disconnected", "something_new"])
def test_what_tells_nothing(vendor: VonageVoice, status: str):
    assert vendor.polled(200, json.dumps({"uuid": "c1", "status": status}).encode(), {}) is None
