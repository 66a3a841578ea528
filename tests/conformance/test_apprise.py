"""Apprise: the cure where the library is missing, and what becomes of its one word where it is there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.base import AuthBroken, Json, Permanent, Transient
from bot.adapters.hooks import AppriseAdapter, AppriseSettings
from bot.cards.push import apprise as renderer
from bot.cards.sample import STATES, sample_card
from bot.playground.hosting import serving
from tests.conformance.platform_kit import Desk, at_work

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""The library's own, of the many services that it loads."""
CARD = renderer.render(sample_card("triggered", "en", "apprise"))


async def test_without_the_library_the_cure_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    adapter = AppriseAdapter(AppriseSettings(urls={"ops": "json://127.0.0.1/"}))
    async with at_work(adapter, Desk()):
        with pytest.raises(AuthBroken) as missing:
            await adapter.send("ops", CARD, key="k")
        assert missing.value.reason == "library_missing"
        assert "pip install 'tocsin[apprise]'" in missing.value.detail
        (found,) = await adapter.check()
    assert not found.ok
    assert "pip install 'tocsin[apprise]'" in found.cure


def test_the_library_is_imported_by_nobody_before_it_is_used():
    adapter = AppriseAdapter(AppriseSettings(urls={"ops": "json://u:secret@127.0.0.1/"}))
    assert "secret" not in repr(adapter.settings)
    assert not adapter.caps.edit
    assert adapter.caps.proof == "accepted"


class Service:
    """Somebody who takes JSON, in the shape that Apprise posts it."""

    def __init__(self) -> None:
        self.got: list[Json] = []
        self.status = 200
        self.free = asyncio.Event()
        self.free.set()
        self.url = ""

    async def take(self, request: Request) -> Response:
        await self.free.wait()
        self.got.append(await request.json())
        return Response(status_code=self.status)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    pytest.importorskip("apprise", reason="the extra is not installed: pip install 'tocsin[apprise]'")
    one = Service()
    async with serving(Starlette(routes=[Route("/x", one.take, methods=["POST"])])) as base:
        one.url = base.replace("http://", "json://") + "/x"
        yield one


async def test_every_state_is_taken(service: Service):
    async with at_work(AppriseAdapter(AppriseSettings(urls={"ops": service.url})), Desk()) as adapter:
        for state in STATES:
            sent = await adapter.send("ops", renderer.render(sample_card(state, "zh", "apprise")), key="k")
            assert (sent.ref, sent.provider_id) == ("", "")
    assert [each["type"] for each in service.got] == ["failure", "info", "info", "success"]
    assert all("结算接口" in each["title"] for each in service.got)


async def test_its_failures_are_named(service: Service):
    urls = {"ops": service.url, "odd": "nosuchservice://x"}
    async with at_work(AppriseAdapter(AppriseSettings(urls=urls, timeout_s=0.5)), Desk()) as adapter:
        for address in ("odd", "nobody"):
            with pytest.raises(Permanent) as unknown:
                await adapter.send(address, CARD, key="k")
            assert unknown.value.reason == "chat_unreachable"
        service.status = 500
        with pytest.raises(Transient) as down:
            await adapter.send("ops", CARD, key="k")
        assert (down.value.reason, down.value.ambiguous) == ("platform_down", True)
        service.free.clear()
        with pytest.raises(Transient) as slow:
            await adapter.send("ops", CARD, key="k")
        assert slow.value.reason == "timeout"
        service.free.set()


async def test_the_doctor_reads_each_url_and_sends_nothing(service: Service):
    urls = {"ops": service.url, "odd": "nosuchservice://x"}
    async with at_work(AppriseAdapter(AppriseSettings(urls=urls)), Desk()) as adapter:
        assert [finding.ok for finding in await adapter.check()] == [True, False]
    assert service.got == []
