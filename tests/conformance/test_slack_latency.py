"""The whole product behind Slack while its database is slow: a `trigger_id` lives three seconds, whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from bot.adapters.base import Json
from bot.adapters.slack import SlackBotAdapter, SlackBotSettings
from bot.app import App, Parts
from bot.clock import Ids, SystemClock
from bot.manifest import load
from bot.store.base import Store, Tx
from bot.store.memory import MemoryStore
from tests.conformance.platform_kit import until
from tests.conformance.rig_slack import RIGS, SlackRig
from tests.unit.manifests import small

T = TypeVar("T")

COMMIT_S = 0.2
WORLD = load.read(
    small(
        {
            "members": {
                "ann": {"identities": {"slack": "U1ANN"}},
                "bo": {"name": "Bo", "identities": {"slack": "U2BO"}},
            },
            "channels": {
                "pay": {"chats": [{"platform": "slack", "id": "C1OPS"}, {"platform": "slack_bot", "id": "board"}]}
            },
            "platforms": {"slack_bot": {"webhooks": {"board": "http://127.0.0.1/services/T1/B3/s3cret"}}},
        }
    ),
    file="t",
    env={},
).world


@dataclass
class SlowStore:
    """A store whose every commit takes its time, or waits until it may."""

    inner: Store
    free: threading.Event = field(default_factory=threading.Event)
    disk: threading.Event = field(default_factory=threading.Event)
    """Never set: a commit waits for it as long as a slow disk takes."""

    def run(self, work: Callable[[Tx], T]) -> T:
        self._wait()
        return self.inner.run(work)

    def run_all(self, works: Sequence[Callable[[Tx], T]]) -> list[T | Exception]:
        self._wait()
        return self.inner.run_all(works)

    def read(self, work: Callable[[Tx], T]) -> T:
        return self.inner.read(work)

    def close(self) -> None:
        self.inner.close()

    def _wait(self) -> None:
        self.disk.wait(COMMIT_S)
        self.free.wait()


@dataclass
class Product:
    rig: SlackRig
    store: SlowStore

    async def views(self) -> list[Json]:
        shown: list[Json] = (await self.rig.stage.state())["views"]
        return shown

    async def card(self) -> Json:
        """The newest message with a menu of further actions in the chat."""
        places = (await self.rig.stage.state())["channels"]
        messages = next(each["messages"] for each in places if each["id"] == self.rig.chat)
        return next((each for each in reversed(messages) if self.options(each)), {})

    def options(self, message: Json) -> dict[str, tuple[str, str]]:
        """Every option of every menu: its label, and how to choose it."""
        blocks = [block for each in message.get("attachments", ()) for block in each["blocks"]]
        menus = [e for block in blocks if block["type"] == "actions" for e in block["elements"] if "options" in e]
        return {o["text"]["text"]: (menu["action_id"], o["value"]) for menu in menus for o in menu["options"]}

    async def choose(self, message: Json, label: str) -> Json:
        action, option = self.options(message)[label]
        place = {"channel": self.rig.chat, "ts": message["ts"], "user": self.rig.ann}
        return await self.rig.stage.act("press", action_id=action, option=option, **place)

    async def form(self) -> Json:
        shown = await until(self.views, lambda views: len(views) == 1, "no form opened")
        return dict(shown[0]["view"])

    async def submit(self, view: Json, **values: Any) -> Json:
        given = {name: {name: value} for name, value in values.items()}
        return await self.rig.stage.act("submit", view_id=view["id"], user=self.rig.ann, values=given)

    async def triggered(self) -> Json:
        """An incident, raised by a form; its card."""
        assert await self.rig.command("trigger", self.rig.ann)
        assert (await self.submit(await self.form(), title="disk full"))["ok"]
        return dict(await until(self.card, bool, "no card"))


@pytest.fixture
async def product() -> AsyncIterator[Product]:
    async with RIGS["slack_http"]() as rig:
        assert isinstance(rig, SlackRig)
        await rig.adapter.stop()  # it was started for a desk that answers; here the product answers
        board = SlackBotAdapter(SlackBotSettings(webhooks={"board": f"{rig.stage.base}/slack/services/T1/B3/s3cret"}))
        store = SlowStore(MemoryStore())
        store.free.set()
        parts = Parts(
            world=WORLD, store=store, adapters={"slack": rig.adapter, "slack_bot": board}, parsers={}, key=b"k" * 32,
            clock=SystemClock(), ids=Ids(7),
        )  # fmt: skip
        app = App(parts)
        await app.start()
        app.work()
        yield Product(rig, store)
        store.free.set()
        await app.stop()


async def test_a_form_opens_in_time_while_each_commit_is_slow(product: Product):
    card = await product.triggered()
    began = time.monotonic()
    assert (await product.choose(card, "Add note…"))["ok"]
    view = await product.form()
    assert time.monotonic() - began < 1.0
    assert (await product.submit(view, text="disk ordered"))["closed"]
    await until(lambda: product.rig.whispers(product.rig.ann), lambda said: len(said) >= 2, "no answer to the note")


async def test_a_form_opens_in_time_while_nothing_is_committed_at_all(product: Product):
    card = await product.triggered()
    product.store.free.clear()
    began = time.monotonic()
    assert (await product.choose(card, "Add note…"))["ok"]
    view = await product.form()
    assert time.monotonic() - began < 1.0
    done = await product.submit(view, text="disk ordered")  # acknowledged in time, and answered once it is saved
    assert done["closed"]
    before = len(await product.rig.whispers(product.rig.ann))
    product.store.free.set()
    await until(lambda: product.rig.whispers(product.rig.ann), lambda said: len(said) > before, "no answer to the note")


async def test_what_is_wrong_with_a_form_stands_beside_its_field(product: Product):
    card = await product.triggered()
    assert (await product.choose(card, "Merge into…"))["ok"]
    shown = await product.submit(await product.form(), into="#99")
    assert list(shown["errors"]) == ["into"]
    assert "#99" in shown["errors"]["into"]


async def test_people_are_chosen_with_slacks_own_picker(product: Product):
    card = await product.triggered()
    assert (await product.choose(card, "Reassign…"))["ok"]
    assert (await product.submit(await product.form(), who=[product.rig.bo]))["ok"]

    async def paged() -> list[str]:
        return await product.rig.seen(product.rig.bo)

    await until(paged, bool, "Bo was not paged")


async def test_a_message_becomes_a_note_by_its_shortcut(product: Product):
    await product.triggered()
    said = await product.rig.stage.act("say", text="it is the disk", user=product.rig.bo, channel=product.rig.chat)
    place = {"channel": product.rig.chat, "ts": said["ts"], "user": product.rig.ann}
    assert (await product.rig.stage.act("shortcut", callback_id="toc_keep", **place))["ok"]
    view = await product.form()
    assert (await product.submit(view, ref="99"))["errors"].keys() == {"ref"}
    assert (await product.submit(view, ref="#1"))["closed"]
    incident = product.store.read(lambda tx: tx.incident_by_num(1))
    assert incident is not None
    notes = product.store.read(lambda tx: [entry.facts for entry in tx.timeline(incident.id)])
    assert any("it is the disk" in str(facts) for facts in notes)


async def test_the_home_tab_shows_the_person_what_they_have(product: Product):
    await product.triggered()
    assert (await product.rig.stage.act("open_home", user=product.rig.ann))["ok"]

    async def home() -> str:
        return str((await product.rig.stage.state())["homes"].get(product.rig.ann, ""))

    await until(home, lambda shown: "disk full" in shown, "the Home tab does not name the incident")


async def test_a_webhook_shows_the_card_once_and_is_never_edited(product: Product):
    async def board() -> list[Json]:
        places = (await product.rig.stage.state())["channels"]
        return list(next(each["messages"] for each in places if each["id"] == "C5BOARD"))

    card = await product.triggered()
    (posted,) = await until(board, bool, "nothing on the board")
    assert "disk full" in str(posted)
    assert '"actions"' not in str(posted)
    assert await product.rig.press(f"{product.rig.chat}:{card['ts']}", product.rig.ann)
    changed = f"{product.rig.chat}:{card['ts']}"

    async def edited() -> bool:
        place, ts = changed.split(":")
        places = (await product.rig.stage.state())["channels"]
        return any("edited" in m for each in places if each["id"] == place for m in each["messages"] if m["ts"] == ts)

    await until(edited, bool, "the card in the channel was not edited")
    assert await board() == [posted]


async def test_a_war_room_is_opened_filled_and_kept(product: Product):
    async def rooms() -> list[Json]:
        places = (await product.rig.stage.state())["channels"]
        return [each for each in places if each.get("name", "").startswith("1-disk-full")]

    card = await product.triggered()
    assert await product.rig.press(f"{product.rig.chat}:{card['ts']}", product.rig.ann)  # Ann has it
    assert await product.rig.command("room 1", product.rig.ann)
    (room,) = await until(
        rooms, lambda found: bool(found and found[0]["pins"] and product.rig.ann in found[0]["members"]), "no room"
    )
    await product.rig.stage.act("say", text="the disk is new", user=product.rig.ann, channel=room["id"])
    assert await product.rig.command("room 1 close", product.rig.ann)
    await until(rooms, lambda found: found[0]["is_archived"], "the room stays open")
    incident = product.store.read(lambda tx: tx.incident_by_num(1))
    assert incident is not None

    async def kept() -> str:
        return str(product.store.read(lambda tx: tx.timeline(incident.id)))

    await until(kept, lambda told: "the disk is new" in told, "nothing was kept of what was said")
