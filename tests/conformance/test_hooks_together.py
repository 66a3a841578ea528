"""The whole product with a chat behind every webhook, and people who have nothing but push on their phones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.adapters.base import Answer, Slash
from bot.app import App, Parts
from bot.clock import Ids, SystemClock
from bot.engine.model import Incident, Progress
from bot.manifest import load
from bot.playground.hub import Outage
from bot.store.memory import MemoryStore
from tests.conformance.hook_house import ANN, BO, MAKERS, TOKEN, House, eventually, house
from tests.unit.manifests import small

PLATFORMS = {
    "discord": {"webhooks": {"ops": "https://discord.com/api/webhooks/1/s3cret"}},
    "mattermost": {"webhooks": {"ops": "https://chat.example/hooks/abc"}},
    "google_chat": {"webhooks": {"ops": "https://chat.googleapis.com/v1/spaces/OPS/messages?key=key&token=s3cret"}},
    "ntfy": {"server": "https://ntfy.example", "token": "tk_tocsin"},
    "pushover": {"token": TOKEN},
}
GROUPS = ("discord", "mattermost", "google_chat")
WORLD = load.read(
    small(
        {
            "public_url": "https://tocsin.example",
            "members": {
                "ann": {"identities": {"pushover": ANN, "ntfy": "tocsin-ann"}, "notify": {"critical": ["pushover"]}},
                "bo": {"name": "Bo", "identities": {"pushover": BO, "ntfy": "tocsin-bo"}},
            },
            "channels": {"pay": {"chats": [{"platform": name, "id": "ops"} for name in GROUPS]}},
            "platforms": {**PLATFORMS, "slack": None},
        }
    ).replace("      slack: U1\n", ""),
    file="t",
    env={},
).world


@dataclass
class Product:
    rig: House
    app: App
    said: int = 0

    async def says(self, user: str, text: str) -> Answer:
        self.said += 1
        return await self.app.emit(Slash(platform="pushover", user=user, text=text, key=f"test:{self.said}"))

    def incident(self, num: int = 1) -> Incident:
        found = self.app.parts.store.read(lambda tx: tx.incident_by_num(num))
        assert found is not None
        return found

    def card(self) -> str:
        """What the Discord channel shows of the incident now."""
        messages = self.rig.discord.messages.get("1", [])
        return str(messages[0]["embeds"]) if messages else ""


@pytest.fixture
async def product() -> AsyncIterator[Product]:
    async with house() as rig:
        rig.google_chat.rate_limits = False
        adapters = {name: make(rig) for name, make in MAKERS.items()}
        parts = Parts(world=WORLD, store=MemoryStore(), adapters=adapters, parsers={}, key=b"k" * 32,
                      clock=SystemClock(), ids=Ids(7))  # fmt: skip
        app = App(parts)
        await app.start()
        app.work()
        yield Product(rig, app)
        await app.stop()


async def test_an_alert_reaches_every_webhook_and_rings_until_it_is_acknowledged_on_the_phone(product: Product):
    rig = product.rig
    await product.says(BO, "trigger @everyone the shop is down in pay sev critical")
    ringing = await eventually(lambda: rig.pushover.state()["ringing"], "no phone rings")
    await eventually(product.card, "Discord shows nothing")
    await eventually(lambda: rig.mattermost.posts.get("ops"), "Mattermost shows nothing")
    await eventually(lambda: rig.google_chat.messages.get("OPS"), "Google Chat shows nothing")
    assert rig.discord.messages["1"][0]["pings"] == rig.google_chat.messages["OPS"][0]["pings"] == []
    assert rig.mattermost.posts["ops"][0]["mentions"] == []
    assert product.incident().progress is Progress.TRIGGERED
    await rig.pushover.act("acknowledge", {"receipt": ringing[0]})
    await eventually(lambda: product.incident().progress is Progress.PROCESSING, "nobody has it")
    assert [each.member for each in product.incident().responders if each.acked_at] == ["ann"]
    await eventually(lambda: "Processing" in product.card(), "the card in Discord is stale")
    assert not rig.pushover.state()["ringing"]
    assert len(rig.mattermost.posts["ops"]) == 1  # what cannot be edited is not posted again


async def test_the_phone_falls_silent_when_somebody_else_has_it(product: Product):
    rig = product.rig
    await product.says(BO, "trigger the shop is down in pay sev critical")
    await eventually(lambda: rig.pushover.state()["ringing"], "no phone rings")
    await product.says(BO, "ack 1")
    await eventually(lambda: not rig.pushover.state()["ringing"], "it rings on")
    assert [each.member for each in product.incident().responders if each.acked_at] == ["bo"]


async def test_where_pushover_is_down_ntfy_takes_over(product: Product):
    rig = product.rig
    rig.hub.switch("pushover", Outage.REVOKED)
    await product.says(BO, "trigger the shop is down in pay sev critical")

    def pages() -> list[dict]:  # besides, Ann is told that Pushover refuses
        return [each for each in rig.ntfy.topics.get("tocsin-ann", []) if each["priority"] == 5]

    (page,) = await eventually(pages, "nobody was paged")
    assert page["actions"][0]["label"] == "Acknowledge"
    assert page["actions"][0]["url"].startswith("https://tocsin.example/a/")


async def test_a_person_may_ask_for_a_test_of_each_way(product: Product):
    await product.says(ANN, "test")
    await eventually(lambda: product.rig.ntfy.topics.get("tocsin-ann"), "no test by ntfy")
    await eventually(lambda: product.rig.pushover.messages, "no test by Pushover")
    assert product.rig.pushover.state()["ringing"] == []
