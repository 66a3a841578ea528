"""`/i/NUM`: what the card tells, with links that can be pressed and text that stays text."""

from __future__ import annotations

import asyncio

import httpx

from bot.app import App, Parts
from bot.cards.token import mint
from bot.clock import Ids, VirtualClock
from bot.engine.model import Link
from bot.store.memory import MemoryStore
from tests.conformance.store.samples import incident
from tests.scenarios.company import company
from tests.sim.world import instant
from webhooks.app import web_app

KEY = b"the page's own key"


def test_the_links_of_an_incident_are_links_and_its_words_are_words():
    store = MemoryStore()
    links = (
        Link(text="Runbook <1>", href="https://wiki.example/a?b=1&c=2"),
        Link(text="Bad", href="javascript:alert(1)"),
    )
    one = incident("c0ffee0000000007", num=7, channel="pay", title="<b>Lift</b>", links=links)
    store.run(lambda tx: tx.put_incident(one, None))
    world, clock = company(), VirtualClock(instant("2026-03-03T02:00"))
    parts = Parts(world=world, store=store, adapters={}, parsers={}, key=KEY, clock=clock, ids=Ids(seed=1))
    site = web_app(App(parts), lambda: None)

    async def asked() -> str:
        asking = httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://127.0.0.1")
        async with site.router.lifespan_context(site), asking as client:
            return (await client.get(f"/i/7?t={mint(KEY, 'view', one.id, 0)}")).raise_for_status().text

    page = asyncio.run(asked())
    assert '<a href="https://wiki.example/a?b=1&amp;c=2" rel="noopener noreferrer">Runbook &lt;1&gt;</a>' in page
    assert "<h1>&lt;b&gt;Lift&lt;/b&gt;</h1>" in page
    assert "javascript:" not in page
