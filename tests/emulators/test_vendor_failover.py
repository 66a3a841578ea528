"""A page to mainland China through three vendors that misbehave: the decisions of the engine, the real requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from bot.adapters.base import RateLimited, SendError, Transient
from bot.adapters.vendors.line import Line, verdict_of
from bot.engine.model import MINUTE, Severity
from bot.engine.regions import region_of
from bot.engine.vendors import FAILURES_TO_OPEN, Attempt, Breaker, Page, Send, Stop, Wait, Why, next_step
from bot.playground.hub import Outage
from tests.emulators.vendor_world import WEI, Rig, rig, vendor_of


@pytest.fixture
async def china() -> AsyncIterator[dict[str, Rig]]:
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(rig(name)) for name in ("aliyun", "tencent", "huawei")}


async def carry(rigs: dict[str, Rig], breakers: dict[str, Breaker], now: int) -> tuple[list[tuple[str, Why]], Why]:
    """Do what `next_step` says until it waits or stops: the vendors in order with the reason of each, and the end."""
    region = region_of(WEI)
    assert region is not None
    page = Page(medium="sms", order=region.sms, severity=Severity.CRITICAL)
    attempts: list[Attempt] = []
    used: list[tuple[str, Why]] = []
    while isinstance(step := next_step(page, attempts, breakers, now), Send):
        breakers[step.vendor] = breakers.get(step.vendor, Breaker()).begun(now)
        try:
            outcome = await rigs[step.vendor].send()
        except SendError as error:
            outcome = error
        verdict, wait = verdict_of(outcome), 0
        if isinstance(outcome, RateLimited):
            wait = int(outcome.after_s * 1_000)
        whole = not isinstance(outcome, RateLimited) or outcome.whole
        breakers[step.vendor] = breakers[step.vendor].after(verdict, now, wait=wait, whole=whole)
        attempts.append(Attempt(vendor=step.vendor, began_at=now, verdict=verdict, ended_at=now))
        used.append((step.vendor, step.why))
    assert isinstance(step, Wait | Stop)
    return used, step.why


async def test_the_page_arrives_by_the_third(china: dict[str, Rig]):
    china["aliyun"].hub.switch("aliyun", Outage.DOWN)
    china["tencent"].hub.switch("tencent", Outage.RATE_LIMITED)
    used, end = await carry(china, {}, 0)
    assert used == [
        ("aliyun", Why.FIRST),
        ("tencent", Why.FAILED_OVER),
        ("huawei", Why.FAILED_OVER),
    ]
    assert end is Why.PROOF_AWAITED
    assert [len(each.emulator.items) for each in china.values()] == [0, 0, 1]


async def test_a_broken_one_rests_and_is_found_again(china: dict[str, Rig]):
    breakers: dict[str, Breaker] = {}
    china["aliyun"].hub.switch("aliyun", Outage.DOWN)
    for _ in range(FAILURES_TO_OPEN):
        used, _ = await carry(china, breakers, 0)
        assert used[0][0] == "aliyun"
    assert await carry(china, breakers, 1) == ([("tencent", Why.FIRST)], Why.PROOF_AWAITED)
    china["aliyun"].hub.switch("aliyun", Outage.NONE)
    assert await carry(china, breakers, MINUTE) == ([("aliyun", Why.PROBE)], Why.PROOF_AWAITED)
    assert await carry(china, breakers, MINUTE) == ([("aliyun", Why.FIRST)], Why.PROOF_AWAITED)


async def test_a_bad_number_is_tried_once(china: dict[str, Rig]):
    await china["aliyun"].emulator.act("trouble", {"number": WEI, "code": "isv.MOBILE_NUMBER_ILLEGAL"})
    assert await carry(china, {}, 0) == ([("aliyun", Why.FIRST)], Why.BAD_NUMBER)


async def test_when_nobody_takes_it_the_next_medium_has_to(china: dict[str, Rig]):
    for name, code in (("aliyun", "isv.AMOUNT_NOT_ENOUGH"), ("huawei", "E200028")):
        await china[name].emulator.act("trouble", {"number": WEI, "code": code})
    china["tencent"].hub.switch("tencent", Outage.REVOKED)
    used, end = await carry(china, {}, 0)
    assert [vendor for vendor, _ in used] == ["aliyun", "tencent", "huawei"]
    assert end is Why.NEXT_ROUND, "all of them may be mended: the next medium goes meanwhile"


async def test_a_line_fetches_a_certificate_and_believes_only_a_200():
    application = web.Application()

    async def pem(_request: web.Request) -> web.Response:
        return web.Response(body=b"-----BEGIN CERTIFICATE-----")

    async def gone(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/pem")

    application.router.add_get("/pem", pem)
    application.router.add_get("/moved", gone)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    line = Line(vendor=vendor_of("aws", "", ""), now=lambda: 0)
    await line.start()
    try:
        assert await line.fetch(f"{base}/pem") == b"-----BEGIN CERTIFICATE-----"
        with pytest.raises(Transient, match="302"):
            await line.fetch(f"{base}/moved")
    finally:
        await line.stop()
        await runner.cleanup()
