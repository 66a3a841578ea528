"""`/oncall/SCHEDULE.ics`: who holds the sealed address reads the shifts, with what was changed in chat; nobody else."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import icalendar
import pytest
from httpx import ASGITransport, AsyncClient

from bot.app import App, Parts
from bot.clock import Ids, VirtualClock
from bot.store.memory import MemoryStore
from tests.scenarios.company import company
from tests.scenarios.story import Story
from tests.sim.world import instant
from webhooks.app import web_app

NOW = instant("2026-03-03T02:00")
KEY = b"the feed's own key"


@pytest.fixture
def web():
    clock = VirtualClock(NOW)
    parts = Parts(
        world=company(), store=MemoryStore(), adapters={}, parsers={}, key=KEY, clock=clock, ids=Ids(seed=1)
    )  # fmt: skip
    site = web_app(App(parts), lambda: None)

    def get(path):
        async def asked():
            async with AsyncClient(transport=ASGITransport(site), base_url="http://127.0.0.1") as client:
                return await client.get(path)

        return asyncio.run(asked())

    return get


def address(key: bytes = KEY) -> str:
    from bot.cards.feed import feed_url

    parts = urlsplit(feed_url(key, "https://tocsin.example.com/", "primary"))
    assert (parts.netloc, parts.path) == ("tocsin.example.com", "/oncall/primary.ics")
    return f"{parts.path}?{parts.query}"


def test_it_has_the_shifts_of_the_week_that_was_and_of_45_days(web):
    answer = web(address())
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    calendar = icalendar.Calendar.from_ical(answer.content)
    starts = sorted(event.decoded("dtstart").date().isoformat() for event in calendar.walk("VEVENT"))
    assert starts[0] == "2026-03-02", "the rotation begins here"
    assert starts[-1] == "2026-04-13", "the last week that touches the 45th day"


@pytest.mark.parametrize("seal", ["", "?t=", "?t=x", "forged", "other"])
def test_without_the_seal_nothing_is_told(web, seal):
    path = address(b"another key") if seal == "forged" else f"/oncall/primary.ics{seal}"
    if seal == "other":
        path = address().replace("primary.ics", "secondary.ics")
    answer = web(path)
    assert answer.status_code == 403
    assert "/toc oncall SCHEDULE" in answer.text
    assert "BEGIN" not in answer.text


def test_whoever_asks_for_one_schedule_is_offered_its_feed_and_a_stranger_is_not():
    t = Story()
    t.say("bo", "oncall primary")
    hrefs = [span.href for block in t.said.card.body for line in getattr(block, "lines", ()) for span in line]
    assert any("/oncall/primary.ics?t=ical." in href for href in hrefs)
    t.say("bo", "oncall primary --here")
    assert not any(".ics" in str(block) for block in t.said.card.body), "a chat is no place for a sealed address"
