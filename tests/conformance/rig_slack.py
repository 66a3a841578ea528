"""Slack, once with callbacks by HTTP and once by Socket Mode."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from bot.adapters.base import Json
from bot.adapters.slack import SlackAdapter, SlackSettings
from bot.cards.card import Card
from bot.cards.slack import render
from bot.playground.hub import Hub
from bot.playground.slack import SlackChannel, SlackConfig, SlackEmulator, SlackGroup, SlackUser
from tests.conformance.platform_kit import OpenRig, Stage, at_work, stage, until

SECRET = "a-signing-secret"
PEOPLE = (
    SlackUser("U1ANN", "ann", "Ann Lee", "ann@example.com"),
    SlackUser("U2BO", "bo", "Bo Ray", "bo@example.com"),
    SlackUser("U3LI", "li", "Li Wei", "li@example.com", language="zh-CN"),
    SlackUser("U9GONE", "gone", "Gone Away", "gone@example.com", deleted=True),
)


@dataclass(slots=True)
class SlackRig:
    stage: Stage
    adapter: SlackAdapter
    by_http: bool
    config: SlackConfig
    chat: str = "C1OPS"
    ann: str = "U1ANN"
    bo: str = "U2BO"
    unreachable: str = "U9GONE"
    nowhere: str = "C0NOWHERE"
    missing_ref: str = "C1OPS:1700000000.000100"
    signs_time: bool = True

    def another(self, *, base_url: str = "", timeout_s: float = 7.0, listens: bool = False) -> SlackAdapter:
        settings = self.adapter.settings
        return SlackAdapter(
            SlackSettings(
                bot_token=settings.bot_token,
                signing_secret=settings.signing_secret,
                app_token=settings.app_token if listens else "",
                base_url=base_url or settings.base_url,
                clock=settings.clock,
                timeout_s=timeout_s,
            )
        )

    def render(self, card: Card) -> Json:
        return render(card)

    def card(self, text: str, token: str = "") -> Json:
        escaped = html.escape(text, quote=False)
        blocks: list[Json] = [{"type": "section", "text": {"type": "mrkdwn", "text": escaped}}]
        if token:
            button = {
                "type": "button",
                "action_id": "act",
                "text": {"type": "plain_text", "text": "Act"},
                "value": token,
            }
            blocks.append({"type": "actions", "elements": [button]})
        return {"text": escaped, "blocks": blocks}

    def broken_card(self) -> Json:
        return {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]}

    async def seen(self, address: str) -> list[str]:
        places = (await self.stage.state())["channels"]
        messages = [place["messages"] for place in places if address in {place["id"], place.get("user")}]
        return [html.unescape(m["text"]) for place in messages for m in place if "bot_id" in m]

    async def below(self, ref: str) -> list[str]:
        channel, _, ts = ref.partition(":")
        places = (await self.stage.state())["channels"]
        messages = next(place["messages"] for place in places if place["id"] == channel)
        return [html.unescape(m["text"]) for m in messages if m.get("thread_ts") == ts and m["ts"] != ts]

    async def whispers(self, user: str) -> list[str]:
        ephemerals = (await self.stage.state())["ephemerals"]
        return [html.unescape(note["message"]["text"]) for note in ephemerals if note["user"] == user]

    async def press(self, ref: str, user: str) -> bool:
        channel, _, ts = ref.partition(":")
        messages = [place["messages"] for place in (await self.stage.state())["channels"] if place["id"] == channel]
        message = next(message for message in messages[0] if message["ts"] == ts)
        surfaces = [message, *message.get("attachments", [])]
        blocks = [block for surface in surfaces for block in surface.get("blocks", []) if block["type"] == "actions"]
        action = blocks[0]["elements"][0]["action_id"]
        return bool((await self.stage.act("press", channel=channel, ts=ts, action_id=action, user=user))["ok"])

    async def command(self, text: str, user: str) -> bool:
        return bool((await self.stage.act("slash", text=f"/toc {text}", user=user, channel=self.chat))["ok"])

    async def answer_to(self, ref: str, text: str, user: str) -> None:
        channel, _, ts = ref.partition(":")
        await self.stage.act("say", text=f"<@UB> {text}", user=user, channel=channel, thread_ts=ts)

    async def listeners(self, count: int) -> None:
        if not self.by_http:
            await until(self.stage.state, lambda state: state["sockets"] == count, f"never {count} sockets")

    async def cut(self) -> None:
        await self.stage.act("disconnect")
        await self.listeners(0)
        await self.listeners(1)

    def press_body(self, token: str) -> bytes:
        action = {"type": "button", "action_id": "act", "block_id": "b", "action_ts": "1.2", "value": token}
        payload = {"type": "block_actions", "user": {"id": self.ann}, "team": {"id": "T1"}, "actions": [action]}
        return urlencode({"payload": json.dumps(payload)}).encode()

    def signed(self, body: bytes, *, age_s: float = 0.0, secret: str = SECRET) -> dict[str, str]:
        stamp = str(int(time.time() - age_s))
        digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        kind = "application/json" if body[:1] in {b"{", b"["} else "application/x-www-form-urlencoded"
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}", "Content-Type": kind}

    def forged(self, body: bytes) -> Iterable[dict[str, str]]:
        good = self.signed(body)
        yield {"Content-Type": good["Content-Type"]}
        yield self.signed(body, secret="another secret")
        yield self.signed(body + b" ")
        for name, value in (("Signature", "v0="), ("Signature", "v0=\u00e4"), ("Request-Timestamp", "soon"),
                            ("Request-Timestamp", "9" * 400), ("Request-Timestamp", "\u0663")):  # fmt: skip
            yield {**good, f"X-Slack-{name}": value}


@asynccontextmanager
async def _open(*, by_http: bool) -> AsyncIterator[SlackRig]:
    config = SlackConfig(
        signing_secret=SECRET,
        users=PEOPLE,
        channels=(
            SlackChannel("C1OPS", "ops", ("U1ANN", "U2BO", "U3LI", "UB")),
            SlackChannel("C2SECRET", "secret-ops", ("U1ANN", "UB"), is_private=True),
            SlackChannel("C3FOREIGN", "foreign", ("U1ANN",)),
            SlackChannel("C5BOARD", "board", ("U1ANN",)),
            SlackChannel("C4MUSEUM", "museum", ("U1ANN", "UB"), is_archived=True),
        ),
        groups=(SlackGroup("S1DB", "db-oncall", "DB on call", ("U2BO",)),),
        webhooks={"T1/B1/s3cret": "C1OPS", "T1/B2/s3cret": "C4MUSEUM", "T1/B3/s3cret": "C5BOARD"},
        shortcuts=frozenset({"toc_keep"}),
        commands=frozenset({"/toc"}),
        event_retry_delays_s=(),
    )

    def make(hub: Hub, base: str, callback_url: str) -> SlackEmulator:
        config.public_url = f"{base}/slack"
        config.callback_url = callback_url if by_http else ""
        return SlackEmulator(hub, config)

    async with stage(make) as (place, adapters):
        settings = SlackSettings(
            bot_token=config.bot_token,
            signing_secret=SECRET,
            app_token="" if by_http else config.app_token,
            base_url=f"{place.base}/slack/api/",
            clock=place.hub.now,
        )
        adapter = SlackAdapter(settings)
        adapters.append(adapter)
        async with at_work(adapter, place.desk):
            rig = SlackRig(place, adapter, by_http, config)
            await rig.listeners(1)
            yield rig


RIGS: dict[str, OpenRig] = {
    "slack_http": lambda: _open(by_http=True),
    "slack_socket": lambda: _open(by_http=False),
}
