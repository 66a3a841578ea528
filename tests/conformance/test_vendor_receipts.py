"""What vendors report on the real App: by callback or by question, late, twice, or forged; and the mainland's own ways.

Forged callbacks are answered 401 and change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.engine.effects import Reason
from bot.playground.hosting import loopback_socket, url_of
from bot.playground.hub import Json, Outage
from tests.conformance.vendor_house import ANN, BO, CALLS, TEXTS, WEI, XIA, House, house, on_call
from tests.emulators.vendor_world import SECRET

ASKED_AFTER_S = 6.1
SILENCE_S = 6.5
"""Longer than any vendor is waited for."""
CHINESE = {"aliyun", "tencent", "huawei", "aliyun_voice", "tencent_voice"}
PEOPLE = {
    "ann": on_call(ANN, "sms"),
    "bo": on_call(BO, "voice"),
    "wei": on_call(WEI, "sms"),
    "xia": on_call(XIA, "voice"),
}


async def all_proven(home: House, *members: str) -> None:
    wanted = set(members)
    await home.shows(lambda: wanted <= {who for who, _, _ in home.told(Reason.PROVEN)}, f"{wanted} were not all proven")


async def test_the_mainland_is_reached_by_its_own_vendors_alone_by_template_and_without_a_link(tmp_path: Path):
    members = {"wei": PEOPLE["wei"], "xia": PEOPLE["xia"]}
    async with house(tmp_path, members, dead=["aliyun", "tencent", "aliyun_voice"]) as home:
        await home.town.fire()
        await all_proven(home, "wei")
        await home.rings(XIA)
        assert home.took(WEI) == ["huawei"]
        assert home.took(XIA) == ["tencent_voice"]
        said = [item["said"] for number in (WEI, XIA) for kind in CHINESE for item in home.items(kind, number)]
        assert len(said) == 2
        assert all(text.startswith("[") and "://" not in text and "www." not in text for text in said), said


async def test_with_no_vendor_of_the_mainland_left_no_other_one_is_asked(tmp_path: Path):
    members = {
        "wei": on_call(WEI, "sms", email="wei@example.com"),
        "xia": on_call(XIA, "voice", email="xia@example.com"),
    }
    async with house(tmp_path, members, dead=[kind for kind in (*TEXTS, *CALLS) if kind in CHINESE]) as home:
        await home.town.fire()
        for one in members:
            await home.shows(lambda one=one: home.town.mails(f"{one}@example.com"), "the next medium did not take over")
        assert home.took(WEI) == []
        assert home.took(XIA) == []


async def test_receipts_come_by_signed_callback_or_behind_the_secret_path(tmp_path: Path):
    """Each vendor first in turn: what it took is proven without a question asked."""
    async with house(tmp_path, {"ann": PEOPLE["ann"], "wei": PEOPLE["wei"], "bo": PEOPLE["bo"]}) as home:
        await home.town.fire()
        await all_proven(home, "ann", "wei")
        assert SECRET in home.exchanges["aliyun"].callback_url
        await home.key(BO, "1")
        await all_proven(home, "bo")


async def test_a_forged_callback_is_refused_and_changes_nothing(tmp_path: Path):
    async with house(tmp_path, PEOPLE) as home:
        home.lie()
        await home.town.fire()
        ids = {who: (await home.tried(who, way, bool))[0].provider_id
               for who, way in (("ann", "sms"), ("bo", "voice"), ("wei", "sms"), ("xia", "voice"))}  # fmt: skip
        before = await settled_state(home)
        for path, body, headers in forged(ids):
            async with home.town.http.post(f"{home.town.product}/callbacks/{path}", data=body, headers=headers) as got:
                assert got.status == 401, (path, await got.text())
        assert await settled_state(home) == before


def forged(ids: Mapping[str, str]) -> list[tuple[str, str, dict[str, str]]]:
    """Reports of success, keys and texts that nobody signed, or that do not know the secret."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bad = form | {"X-Twilio-Signature": "bm9ib2R5IHNpZ25lZCB0aGlz"}
    json = {"Content-Type": "application/json"}
    key = f'[{{"call_id":"{ids["xia"]}","out_id":"","status_code":"300000","dtmf":"1"}}]'
    report = f'[{{"phone_number":"13800000001","success":true,"err_code":"DELIVERED","biz_id":"{ids["wei"]}"}}]'
    return [
        ("sms/twilio", f"MessageSid={ids['ann']}&MessageStatus=delivered", form),
        ("sms/twilio", f"MessageSid={ids['ann']}&MessageStatus=delivered", bad),
        ("sms/twilio", "MessageSid=SM1&From=%2B14155550101&Body=1a", bad),
        ("voice/twilio", f"CallSid={ids['bo']}&CallStatus=in-progress&Digits=1&msg=Gather+End", bad),
        ("voice/vonage", f'{{"dtmf":{{"digits":"1"}},"uuid":"{ids["bo"]}"}}', json | {"Authorization": "Bearer a.b.c"}),
        ("sms/vonage", '{"messageId":"1","status":"delivered","msisdn":"14155550101","sig":"00"}', json),
        ("sms/aliyun", report, json),
        (f"sms/aliyun/{SECRET[:-1]}", report, json),
        (f"voice/aliyun/{SECRET}x", key, json),
        ("sms/tencent/wrong", '[{"report_status":"SUCCESS","sid":"1","mobile":"1","nationcode":"86"}]', json),
        ("sms/huawei/wrong", "smsMsgId=1&status=DELIVRD&from=1&to=2", form),
    ]


async def settled_state(home: House) -> tuple[Any, ...]:
    """All that a callback could change, once the next request has been answered after it."""
    tries = {
        who: home.tries(who, way) for who, way in (("ann", "sms"), ("bo", "voice"), ("wei", "sms"), ("xia", "voice"))
    }
    incident = home.town.incident()
    assert incident
    return tries, incident.progress, incident.responders, home.told(Reason.PROVEN), home.told(Reason.ACKED)


async def test_a_receipt_that_comes_twice_or_after_another_vendor_proved_it_changes_nothing(tmp_path: Path):
    async with house(tmp_path, {"wei": PEOPLE["wei"]}) as home:
        console = home.exchanges["aliyun"].callback_url
        home.lie()
        await home.town.fire()
        await home.tried("wei", "sms", lambda tries: [one.verdict for one in tries] == ["taken"])
        home.town.later(12.1)
        await all_proven(home, "wei")
        assert home.took(WEI) == ["aliyun", "tencent"]
        home.exchanges["aliyun"].callback_url = console
        before = home.told(Reason.PROVEN)
        for kind in ("aliyun", "aliyun", "tencent", "tencent"):
            item = home.items(kind, WEI)[0]
            item["status"] = "delivered"
            await home.exchanges[kind].reported(item)
            assert home.exchanges[kind].heard[-1].status == 200
        item["status"] = "undelivered"  # and then the opposite
        await home.exchanges["tencent"].reported(item)
        home.town.later(200.0)
        await home.town.app.inquiries.step()
        assert home.told(Reason.PROVEN) == before
        assert home.took(WEI) == ["aliyun", "tencent"]
        assert not home.told(Reason.FALLBACK_FAILED)


@pytest.mark.parametrize("callbacks", ["lost", "none"])
async def test_what_nobody_reports_is_asked_for(tmp_path: Path, callbacks: str):
    """Callbacks go to where nobody listens; or there is no public address, and none are asked for."""
    nowhere = closed_address()

    def change(declared: Json) -> Json:
        declared.pop("public_url")
        if callbacks == "lost":
            declared["public_url"] = nowhere
        for side in ("slack", "telegram", "teams"):
            declared["platforms"].pop(side)
        declared["channels"]["pay"]["chats"] = []
        return declared

    members = {"ann": PEOPLE["ann"], "bo": PEOPLE["bo"]}
    async with house(tmp_path, members, texts=["twilio"], calls=["twilio_voice"], change=change) as home:
        await home.town.fire()
        await home.tried("ann", "sms", lambda tries: [one.verdict for one in tries] == ["taken"])
        kind, call = await home.rings(BO)
        await home.exchanges[kind].act("press", {"id": call, "key": ""})  # somebody answers, and presses nothing
        await home.shows(lambda: home.town.phones.state()["messages"][0]["status"] == "delivered", "not delivered")
        assert not home.told(Reason.PROVEN)
        home.town.later(ASKED_AFTER_S)
        await home.town.app.inquiries.step()
        await all_proven(home, "ann", "bo")
        home.town.later(200.0)
        await home.shows(lambda: not home.told(Reason.FALLBACK_FAILED), "a proven page was given up")
        assert home.took(ANN) + home.took(BO) == ["twilio", "twilio_voice"]


def closed_address() -> str:
    """Where every connection is refused."""
    with loopback_socket() as bound:
        return url_of(bound)


async def test_a_text_that_arrived_although_its_vendor_never_answered_is_not_sent_again(tmp_path: Path):
    """The receipt names the text by our own mark, and overtakes the end of our patience."""
    async with house(tmp_path, {"ann": PEOPLE["ann"]}) as home:
        home.town.hub.slow_s = SILENCE_S
        home.town.hub.switch("twilio", Outage.SLOW)
        await home.town.fire()
        await all_proven(home, "ann")
        tries = await home.tried("ann", "sms", bool)
        assert [(one.vendor, one.verdict, one.proven) for one in tries] == [("twilio", "unknown", True)]
        home.town.later(ASKED_AFTER_S)
        assert home.took(ANN) == ["twilio"]
