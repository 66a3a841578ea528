"""Microsoft Teams: callbacks by HTTP only, because Teams knows no other way in."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import jwt

from bot.adapters.base import Json
from bot.adapters.teams import TeamsAdapter, TeamsSettings
from bot.cards.card import Card
from bot.cards.teams import render
from bot.playground.hub import Hub
from bot.playground.teams import TeamsConfig, TeamsConversation, TeamsEmulator, TeamsUser
from bot.playground.teams.cards import buttons, words
from bot.playground.teams.login import ISSUER, SigningKey
from tests.conformance.platform_kit import OpenRig, Stage, at_work, stage

ANN, BO, CY = (f"0000000{number}-aaaa-4bbb-8ccc-000000000000" for number in (1, 2, 3))
PEOPLE = (
    TeamsUser(ANN, "Ann Lee", "ann@example.com"),
    TeamsUser(BO, "Bo Ray", "bo@example.com", locale="de-DE"),
    TeamsUser(CY, "Cy Gone", "cy@example.com", installed=False),
)
CHANNEL = "19:ops@thread.tacv2"


@dataclass(slots=True)
class TeamsRig:
    stage: Stage
    adapter: TeamsAdapter
    emulator: TeamsEmulator
    by_http: bool = True
    chat: str = CHANNEL
    ann: str = ANN
    bo: str = BO
    unreachable: str = CY
    nowhere: str = "19:nowhere@thread.tacv2"
    missing_ref: str = f"{CHANNEL};messageid=1700000000000|1700000000000"
    signs_time: bool = False
    """A token is good for an hour, not for minutes: test_teams_ways.py has the times."""

    def another(self, *, base_url: str = "", timeout_s: float = 7.0, listens: bool = False) -> TeamsAdapter:
        return TeamsAdapter(settings_of(self.emulator, base_url or self.emulator.config.public_url, timeout_s))

    def render(self, card: Card) -> Json:
        return render(card)

    def card(self, text: str, token: str = "") -> Json:
        body: list[Json] = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]}]
        if token:
            press = {"type": "Action.Execute", "title": "Act", "verb": "act", "data": {"token": token}}
            body.append({"type": "ActionSet", "actions": [press]})
        content = {"type": "AdaptiveCard", "version": "1.5", "body": body}
        kind = "application/vnd.microsoft.card.adaptive"
        return {"type": "message", "attachments": [{"contentType": kind, "content": content}]}

    def broken_card(self) -> Json:
        card = self.card("x")
        card["attachments"][0]["content"]["body"][0]["type"] = "Marquee"
        return card

    async def seen(self, address: str) -> list[str]:
        places = (await self.stage.state())["conversations"]
        personal = [p for p in places if p["kind"] == "personal" and p["members"] == [address]]
        messages = [m for p in places if p["id"] == address or p in personal for m in p["messages"]]
        return [shown(m) for m in messages if m["from"].get("role") == "bot"]

    async def below(self, ref: str) -> list[str]:
        thread, _, number = ref.rpartition("|")
        places = (await self.stage.state())["conversations"]
        messages = next(each["messages"] for each in places if each["id"] == thread.partition(";")[0])
        return [shown(m) for m in messages if m["conversation"] == thread and m["id"] != number]

    async def whispers(self, user: str) -> list[str]:
        toasts = (await self.stage.state())["toasts"]
        return [toast["text"] for toast in toasts if toast["user"] == user] + await self.seen(user)

    async def press(self, ref: str, user: str, **more: Any) -> bool:
        return bool((await self.pressed(ref, user, **more))["ok"])

    async def pressed(self, ref: str, user: str, number: int = 0, **more: Any) -> Json:
        place, message = await self.message(ref)
        actions = [each for card in message.get("attachments", []) for each in buttons(card["content"])]
        what = {"conversation": place, "message_id": message["id"], "action": actions[number], "user": user}
        return await self.stage.act("press", **what, **more)

    async def message(self, ref: str) -> tuple[str, Json]:
        conversation, _, number = ref.rpartition("|")
        place = conversation.partition(";")[0]
        found = next(each for each in (await self.stage.state())["conversations"] if each["id"] == place)
        return place, next(each for each in found["messages"] if each["id"] == number)

    async def command(self, text: str, user: str) -> bool:
        return bool((await self.stage.act("say", text=f"@Tocsin {text}", user=user, conversation=self.chat))["ok"])

    async def answer_to(self, ref: str, text: str, user: str) -> None:
        conversation, _, number = ref.rpartition("|")
        place = conversation.partition(";")[0]
        await self.stage.act("say", text=f"@Tocsin {text}", user=user, conversation=place, thread=number)

    async def listeners(self, count: int) -> None:
        """Nobody listens: Teams calls."""

    async def cut(self) -> None:
        raise AssertionError("there is no connection to cut")

    def press_body(self, token: str, **more: Any) -> bytes:
        config = self.emulator.config
        activity = {
            "type": "invoke",
            "name": "adaptiveCard/action",
            "id": "f:4711",
            "serviceUrl": config.service_url,
            "channelId": "msteams",
            "from": {"id": config.account_of(ANN), "name": "Ann Lee", "aadObjectId": ANN},
            "recipient": {"id": config.bot_id, "name": config.bot_name},
            "conversation": {"id": f"{CHANNEL};messageid=1", "conversationType": "channel"},
            "channelData": {"tenant": {"id": config.tenant_id}},
            "value": {"action": {"type": "Action.Execute", "verb": "act", "data": {"token": token}}},
            **more,
        }
        return json.dumps(activity).encode()

    def token(self, key: SigningKey | None = None, *, algorithm: str = "RS256", **claims: Any) -> str:
        """A callback's token as Teams makes it, with other claims; a claim that is `None` is left out."""
        key, config, now = key or self.emulator.login.keys[0], self.emulator.config, int(time.time())
        whole = {"iss": ISSUER, "aud": config.app_id, "nbf": now - 300, "exp": now + 3600,
                 "serviceurl": config.service_url} | claims  # fmt: skip
        kept = {name: value for name, value in whole.items() if value is not None}
        signing: Any = key.private if algorithm != "none" else None
        return jwt.encode(kept, signing, algorithm=algorithm, headers={"kid": key.kid})

    def signed(self, body: bytes, *, age_s: float = 0.0) -> dict[str, str]:
        return bearer(self.token())

    def forged(self, body: bytes) -> Iterable[dict[str, str]]:
        genuine = self.token()
        own = self.emulator.login.keys[0]
        stranger = SigningKey.made()
        yield {"Content-Type": "application/json"}
        for header in (
            "",
            "Bearer",
            "Bearer ",
            f"Basic {genuine}",
            genuine,
            "Bearer x",
            "Bearer a.b.c",
            "Bearer \u00e4",
        ):
            yield {"Authorization": header, "Content-Type": "application/json"}
        yield bearer(self.token(stranger))
        yield bearer(self.token(SigningKey(own.kid, stranger.private)))
        yield bearer(self.token(algorithm="none"))
        yield bearer(genuine[:-4] + "AAAA")
        yield bearer(self.token(aud="00000000-0000-0000-0000-000000000000"))
        yield bearer(self.token(iss="https://login.example.com"))
        yield bearer(self.token(exp=int(time.time()) - 400))
        yield bearer(self.token(exp=None))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}


def shown(message: Json) -> str:
    cards = [line for each in message.get("attachments", []) for line in words(each["content"])]
    return "\n".join([*cards, *([message["text"]] if message.get("text") else [])])


def settings_of(emulator: TeamsEmulator, base: str, timeout_s: float = 7.0, **more: Any) -> TeamsSettings:
    config = emulator.config
    settings = {
        "app_id": config.app_id,
        "client_secret": config.app_secret,
        "tenant_id": config.tenant_id,
        "callback_base": config.callback_url.removesuffix("/callbacks"),
        "service_url": f"{base.rstrip('/')}/smba/",
        "login_url": f"{base.rstrip('/')}/login",
        "metadata_url": f"{base.rstrip('/')}/openid/v1/.well-known/openidconfiguration",
        "clock": time.time,
        "timeout_s": timeout_s,
    }
    return TeamsSettings(**(settings | more))


@asynccontextmanager
async def opened() -> AsyncIterator[TeamsRig]:
    config = TeamsConfig(
        users=PEOPLE,
        conversations=(
            TeamsConversation(CHANNEL, "ops", (ANN, BO)),
            TeamsConversation("19:group@thread.v2", "night watch", (ANN, BO)),
            TeamsConversation("19:closed@thread.tacv2", "not ours", (ANN, CY), installed=False),
        ),
    )
    emulators: list[TeamsEmulator] = []

    def make(hub: Hub, base: str, callback_url: str) -> TeamsEmulator:
        config.public_url, config.callback_url = f"{base}/teams", callback_url
        emulators.append(TeamsEmulator(hub, config))
        return emulators[0]

    async with stage(make) as (place, adapters):
        adapter = TeamsAdapter(settings_of(emulators[0], config.public_url, roster=CHANNEL))
        adapters.append(adapter)
        async with at_work(adapter, place.desk):
            yield TeamsRig(place, adapter, emulators[0])


RIGS: dict[str, OpenRig] = {"teams": opened}
