"""Teams and trust: tokens for us, keys for them, and callbacks that are for somebody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from bot.adapters.base import AuthBroken
from bot.adapters.teams import TeamsAdapter, TeamsSettings
from bot.playground.hub import Outage
from bot.playground.teams.login import SigningKey
from tests.conformance.platform_kit import at_work
from tests.conformance.rig_teams import ANN, BO, CHANNEL, TeamsRig, bearer, opened, settings_of

GROUP = "19:group@thread.v2"


@pytest.fixture
async def rig() -> AsyncIterator[TeamsRig]:
    async with opened() as made:
        yield made


async def test_one_token_serves_many_calls_at_once(rig: TeamsRig):
    await asyncio.gather(*(rig.adapter.send(place, rig.card("x"), key="k") for place in (GROUP, CHANNEL, ANN, BO)))
    assert rig.emulator.login.token_calls == 1


async def test_a_token_that_the_connector_forgot_is_fetched_anew(rig: TeamsRig):
    sent = await rig.adapter.send(GROUP, rig.card("one"), key="k1")
    rig.emulator.login.tokens.clear()
    await rig.adapter.edit(sent.ref, rig.card("two"))
    assert await rig.seen(GROUP) == ["two"]
    assert rig.emulator.login.token_calls == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_secret": "no"}, "AADSTS7000215"),
        ({"app_id": "00000000-0000-0000-0000-000000000000"}, "AADSTS700016"),
        ({"tenant_id": "00000000-0000-0000-0000-000000000000"}, "AADSTS90002"),
        ({"single_tenant": False}, "AADSTS90002"),
    ],
)
async def test_wrong_credentials_are_told_in_the_words_of_the_login_service(rig: TeamsRig, wrong: dict, words: str):
    adapter = TeamsAdapter(settings_of(rig.emulator, rig.emulator.config.public_url, **wrong))
    async with at_work(adapter, rig.stage.desk):
        with pytest.raises(AuthBroken) as failure:
            await adapter.send(GROUP, rig.card("x"), key="k1")
        assert words in failure.value.detail
        finding = (await adapter.check())[0]
    assert not finding.ok
    assert words in finding.detail
    assert finding.cure


async def test_a_multi_tenant_bot_gets_its_token_from_the_shared_tenant(rig: TeamsRig):
    rig.emulator.config.single_tenant = False
    adapter = TeamsAdapter(settings_of(rig.emulator, rig.emulator.config.public_url, single_tenant=False))
    async with at_work(adapter, rig.stage.desk):
        await adapter.send(GROUP, rig.card("x"), key="k1")


def test_a_bot_without_an_id_does_not_start():
    for wrong in ({"app_id": ""}, {"tenant_id": ""}):
        given = {"app_id": "a", "tenant_id": "t", "client_secret": "s", "clock": time.time} | wrong
        with pytest.raises(ValueError, match="Teams needs"):
            TeamsAdapter(TeamsSettings(**given))


async def test_callbacks_for_somebody_else_are_refused(rig: TeamsRig):
    now, body = int(time.time()), rig.press_body("t")
    good = bearer(rig.token())
    assert await rig.stage.post(body, bearer(rig.token(exp=now - 290))) == 200  # clocks may differ by five minutes
    assert await rig.stage.post(body, bearer(rig.token(nbf=now + 290))) == 200
    heard = len(rig.stage.desk.heard)
    refused = [
        (body, bearer(rig.token(exp=now - 310))),
        (body, bearer(rig.token(nbf=now + 310))),
        (body, bearer(rig.token(exp="soon"))),
        (body, bearer(rig.token(serviceurl="https://smba.example.com/"))),
        (body, bearer(rig.token(serviceurl=None))),
        (rig.press_body("t", serviceUrl="https://evil.example/"), good),
        (rig.press_body("t", channelId="webchat"), good),
        (rig.press_body("t", channelData={"tenant": {"id": "another"}}), good),
    ]
    for request, headers in refused:
        assert await rig.stage.post(request, headers) == 401, (request, headers)
    assert len(rig.stage.desk.heard) == heard
    assert "https://evil.example/" not in rig.adapter.places.urls.values()


async def test_a_key_of_another_channel_vouches_for_nothing(rig: TeamsRig):
    other = SigningKey.made("webchat")
    rig.emulator.login.keys.append(other)
    assert await rig.stage.post(rig.press_body("t"), bearer(rig.token(other))) == 401
    assert rig.stage.desk.heard == []


async def test_rolled_keys_are_fetched_once_and_made_up_ones_no_more_than_that(rig: TeamsRig):
    body, login = rig.press_body("t"), rig.emulator.login
    assert await rig.stage.post(body, rig.signed(body)) == 200
    assert login.key_calls == 1
    for _ in range(3):
        assert await rig.stage.post(body, bearer(rig.token(SigningKey.made()))) == 401
    assert login.key_calls == 1  # looked a moment ago
    rig.adapter._opened.keys._looked_at = float("-inf")
    login.roll()
    assert await rig.stage.post(body, rig.signed(body)) == 200
    assert login.key_calls == 2


async def test_without_keys_nobody_is_trusted_and_nobody_is_sent_away(rig: TeamsRig):
    settings = settings_of(rig.emulator, rig.emulator.config.public_url, metadata_url="http://127.0.0.1:1/x")
    blind = TeamsAdapter(settings)
    body = rig.press_body("t")
    async with at_work(blind, rig.stage.desk):
        rig.stage.calls.clear()
        await rig.stage.post(body, rig.signed(body))
        rig.stage.desk.heard.clear()
        answer = await blind.receive(rig.stage.calls[-1])
        assert answer.status == 503
        assert rig.stage.desk.heard == []
        assert [finding.check for finding in await blind.check() if not finding.ok] == ["callback keys"]


async def test_what_is_no_business_of_ours_is_acknowledged(rig: TeamsRig):
    strange = (
        {"type": "messageReaction"},
        {"type": "typing"},
        {"name": "composeExtension/query"},
        {"type": "message", "text": "  ", "value": None},
        {"value": {"action": {"data": {"other": 1}}}},
    )
    for more in strange:
        body = rig.press_body("t", **more)
        assert await rig.stage.post(body, rig.signed(body)) == 200, more
    assert rig.stage.desk.heard == []


@pytest.mark.parametrize("base", ["", "http://tocsin.example.com", "https://127.0.0.1:1"])
async def test_the_doctor_knows_that_teams_calls_over_https_only(rig: TeamsRig, base: str):
    adapter = TeamsAdapter(settings_of(rig.emulator, rig.emulator.config.public_url, callback_base=base))
    async with at_work(adapter, rig.stage.desk):
        (finding,) = [each for each in await adapter.check() if each.check == "callbacks"]
    assert finding.ok == base.startswith("https")
    assert bool(finding.cure) != finding.ok


async def test_slow_calls_hold_up_nothing_else(rig: TeamsRig):
    """The SDK's own transport would fill the loop's few threads, where names are looked up for everybody."""
    await rig.adapter.send(GROUP, rig.card("warm"), key="k0")
    rig.emulator.config.rate_limits = False
    await rig.stage.outage(Outage.SLOW)
    loop = asyncio.get_running_loop()
    sends = [asyncio.create_task(rig.adapter.send(GROUP, rig.card("x"), key=f"k{n}")) for n in range(20)]
    began, worst = time.monotonic(), 0.0
    while not all(task.done() for task in sends):
        asked = time.monotonic()
        await loop.getaddrinfo("127.0.0.1", 80)
        await asyncio.sleep(0.01)
        worst = max(worst, time.monotonic() - asked)
    assert time.monotonic() - began < 2 * rig.stage.hub.slow_s  # all at once
    assert worst < rig.stage.hub.slow_s / 2
    assert [type(task.exception()) for task in sends] == [type(None)] * 20
