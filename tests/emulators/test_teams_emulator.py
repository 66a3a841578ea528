"""The played Teams is as strict as the real one: tokens, addresses, sizes, cards, and who may act on what."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jwt
import pytest

from bot.playground.emulator import ActRefused
from bot.playground.hosting import serving
from bot.playground.hub import Hub, Outage
from bot.playground.server import Playground
from bot.playground.teams import TeamsConfig, TeamsConversation, TeamsEmulator, TeamsUser
from bot.playground.teams.cards import check_card
from bot.playground.teams.refusals import TeamsRefusal

ANN, BO = "0000000a-0000-4000-8000-000000000000", "0000000b-0000-4000-8000-000000000000"
CHANNEL, GROUP = "19:ops@thread.tacv2", "19:chat@thread.v2"
SCOPE = "https://api.botframework.com/.default"


class Place:
    """An emulator behind HTTP, and a token."""

    def __init__(self, emulator: TeamsEmulator, base: str, http: aiohttp.ClientSession) -> None:
        self.emulator, self.base, self.http, self.token = emulator, base, http, ""

    async def login(self, tenant: str = "", **other: str) -> tuple[int, Any]:
        config = self.emulator.config
        form = {"grant_type": "client_credentials", "client_id": config.app_id, "client_secret": config.app_secret,
                "scope": SCOPE} | other  # fmt: skip
        url = f"{self.base}/login/{tenant or config.tenant_id}/oauth2/v2.0/token"
        async with self.http.post(url, data=form) as response:
            return response.status, await response.json()

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        bearer = {"Authorization": f"Bearer {self.token}"} | headers
        url = f"{self.base}/smba/v3/conversations{path}"
        async with self.http.request(method, url, json=body, headers=bearer) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if response.content_type == "application/json" else None


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with opened() as made:
        yield made


@asynccontextmanager
async def opened(**more: Any) -> AsyncIterator[Place]:
    config = TeamsConfig(
        users=(TeamsUser(ANN, "Ann Lee", "ann@example.com"), TeamsUser(BO, "Bo Ray", installed=False)),
        conversations=(TeamsConversation(CHANNEL, "ops", (ANN,)), TeamsConversation(GROUP, "chat", (ANN,)),
                       TeamsConversation("19:x@thread.v2", "elsewhere", (BO,), installed=False)),
        **more,
    )  # fmt: skip
    emulator = TeamsEmulator(Hub(now=time.time), config)
    async with serving(Playground(emulator.world.hub, [emulator]).app) as base, aiohttp.ClientSession() as http:
        config.public_url = f"{base}/teams"
        made = Place(emulator, config.public_url, http)
        made.token = (await made.login())[1]["access_token"]
        yield made


def message(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"type": "message", "text": text, **more}


def attached(*body: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = {"type": "AdaptiveCard", "version": "1.5", "body": list(body), **more}
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive",
                                                "content": content}]}  # fmt: skip


# -- the login service and the keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 400, "unauthorized_client"),
        ({"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"tenant": "botframework.com"}, 400, "invalid_request"),
    ],
)
async def test_the_login_service_refuses_what_is_wrong(place: Place, other: dict[str, str], status: int, error: str):
    answered, body = await place.login(**other)
    assert (answered, body["error"]) == (status, error)
    assert "AADSTS" in body["error_description"]


async def test_a_token_ends(place: Place):
    assert (await place.call("POST", f"/{GROUP}/activities", message()))[0] == 201
    place.emulator.login.now = lambda: time.time() + 3600
    assert (await place.call("POST", f"/{GROUP}/activities", message()))[0] == 401
    status, body = await place.call("POST", f"/{GROUP}/activities", message(), Authorization="Bearer made-up")
    assert (status, body) == (401, {"message": "Authorization has been denied for this request."})


async def test_the_published_keys_verify_a_callback(place: Place):
    async with place.http.get(f"{place.base}/openid/v1/.well-known/openidconfiguration") as response:
        metadata = await response.json()
    async with place.http.get(metadata["jwks_uri"]) as response:
        (key,) = (await response.json())["keys"]
    token = place.emulator.login.signed(place.emulator.config.service_url)
    assert key["endorsements"] == ["msteams"]
    claims = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["RS256"], audience=place.emulator.config.app_id)
    assert (claims["iss"], claims["serviceurl"]) == (metadata["issuer"], place.emulator.config.service_url)


# -- conversations ----------------------------------------------------------------------------------------------------


def one_to_one(place: Place, member: str, **more: Any) -> dict[str, Any]:
    return {"isGroup": False, "members": [{"id": member}], "tenantId": place.emulator.config.tenant_id, **more}


async def test_a_chat_with_a_person_has_one_id_for_ever(place: Place):
    ann = place.emulator.config.account_of(ANN)
    first = await place.call("POST", "", one_to_one(place, ann))
    assert first[0] == 201
    assert first[1]["id"].startswith("a:")
    assert await place.call("POST", "", one_to_one(place, ann)) == first
    assert (await place.call("POST", f"/{first[1]['id']}/activities", message()))[0] == 201


async def test_what_cannot_begin_a_conversation_is_refused(place: Place):
    ann = place.emulator.config.account_of(ANN)
    wrong = (
        one_to_one(place, ANN),  # an object id is no account
        one_to_one(place, "29:nobody"),
        one_to_one(place, ann, tenantId="another"),
        {"isGroup": False, "members": [{"id": ann}]},
        one_to_one(place, ann, isGroup=True),
        {**one_to_one(place, ann), "members": [{"id": ann}, {"id": ann}]},
        {"isGroup": True, "channelData": {"channel": {"id": CHANNEL}}},
        {"isGroup": True, "channelData": {"channel": {"id": GROUP}}, "activity": message()},
    )
    for body in wrong:
        status, answer = await place.call("POST", "", body)
        assert (status, answer["error"]["code"]) == (400, "BadSyntax"), body
    bo = place.emulator.config.account_of(BO)
    status, answer = await place.call("POST", "", one_to_one(place, bo))
    assert (status, answer["error"]["code"]) == (403, "BotNotInConversationRoster")


async def test_a_message_in_a_channel_begins_a_thread(place: Place):
    body = {"isGroup": True, "channelData": {"channel": {"id": CHANNEL}}, "activity": message("root")}
    status, made = await place.call("POST", "", body)
    assert (status, made["id"]) == (201, f"{CHANNEL};messageid={made['activityId']}")
    await place.call("POST", f"/{made['id']}/activities", message("reply"))
    shown = place.emulator.state()["conversations"][0]["messages"]
    assert [each["conversation"] for each in shown] == [made["id"]] * 2
    assert (await place.call("POST", f"/{CHANNEL};messageid=42/activities", message()))[0] == 404


async def test_only_its_own_messages_can_be_edited(place: Place):
    _, made = await place.call("POST", f"/{GROUP}/activities", message("one"))
    assert (await place.call("PUT", f"/{GROUP}/activities/{made['id']}", message("two")))[0] == 200
    said = await place.emulator.act("say", {"text": "mine", "user": ANN, "conversation": GROUP})
    for number in (said["id"], "42"):
        status, answer = await place.call("PUT", f"/{GROUP}/activities/{number}", message("no"))
        assert (status, answer["error"]["code"]) == (404, "ActivityNotFoundInConversation")
    assert (await place.call("DELETE", f"/{GROUP}/activities/{made['id']}"))[0] == 200
    assert [each["text"] for each in place.emulator.state()["conversations"][1]["messages"]] == ["mine"]


async def test_members_are_found_by_account_and_object_id(place: Place):
    for named in (ANN, place.emulator.config.account_of(ANN)):
        status, member = await place.call("GET", f"/{GROUP}/members/{named}")
        assert (status, member["aadObjectId"], member["email"]) == (200, ANN, "ann@example.com")
    assert (await place.call("GET", f"/{GROUP}/members/{BO}"))[0] == 404
    assert (await place.call("GET", "/19:x@thread.v2/members/x"))[0] == 403
    assert len((await place.call("GET", f"/{GROUP}/pagedmembers"))[1]["members"]) == 1


async def test_somebody_who_blocked_the_app_cannot_be_written_to(place: Place):
    _, chat = await place.call("POST", "", one_to_one(place, place.emulator.config.account_of(ANN)))
    await place.emulator.act("block", {"user": ANN})
    status, answer = await place.call("POST", f"/{chat['id']}/activities", message())
    assert (status, answer["errorCode"]) == (403, 209)
    assert json.loads(answer["message"])["subCode"] == "MessageWritesBlocked"


@pytest.mark.parametrize("outage", [Outage.DOWN, Outage.RATE_LIMITED, Outage.REVOKED])
async def test_an_outage_is_one_of_the_connector(place: Place, outage: Outage):
    place.emulator.world.hub.switch("teams", outage)
    status, _ = await place.call("POST", f"/{GROUP}/activities", message())
    assert status == {"down": 503, "rate_limited": 429, "revoked": 401}[outage]
    assert (await place.login())[0] == (401 if outage is Outage.REVOKED else 200)


async def test_the_quota_counts_each_window(place: Place):
    clock = [1000.0]
    place.emulator.login.now = lambda: clock[0]
    place.token = (await place.login())[1]["access_token"]
    place.emulator.connector._meter.now = lambda: clock[0]
    statuses = [(await place.call("POST", f"/{GROUP}/activities", message()))[0] for _ in range(8)]
    assert statuses == [201] * 7 + [429]
    clock[0] += 1.1
    statuses = [(await place.call("POST", f"/{GROUP}/activities", message()))[0] for _ in range(2)]
    assert statuses == [201, 429]  # eight in two seconds


# -- messages and cards -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (message(""), 400, "BadSyntax"),
        ({"type": "shout", "text": "x"}, 400, "BadSyntax"),
        (message(colour="red"), 400, "BadArgument"),
        (message("x" * 15_000), 413, "MessageSizeTooBig"),
        (message(attachments=[{"contentType": "image/svg", "content": {}}]), 400, "BadArgument"),
        (attached(), 400, "BadArgument"),
        (attached({"type": "Marquee"}), 400, "BadArgument"),
        ([], 400, "BadSyntax"),
    ],
)
async def test_a_message_that_is_wrong_is_refused(place: Place, body: Any, status: int, code: str):
    answered, answer = await place.call("POST", f"/{GROUP}/activities", body)
    assert (answered, answer["error"]["code"]) == (status, code)
    assert place.emulator.state()["conversations"][1]["messages"] == []


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": words, **more}


def execute(**more: Any) -> dict[str, Any]:
    return {"type": "Action.Execute", "title": "Ack", "verb": "ack", **more}


@pytest.mark.parametrize(
    ("card", "fault"),
    [
        ({"body": [text("x")], "version": "1.6"}, "version"),
        ({"body": [text("x", colour="red")]}, "unknown property"),
        ({"body": [text("x", color="red")]}, "is none of"),
        ({"body": [text("x", wrap="yes")]}, "must be of type bool"),
        ({"body": [text("")]}, "text: is missing"),
        ({"body": [{"type": "TextRun", "text": "x"}]}, "cannot stand here"),
        ({"body": [execute()]}, "cannot stand here"),
        ({"body": [{"type": "ActionSet", "actions": [text("x")]}]}, "cannot stand here"),
        ({"body": [{"type": "ActionSet", "actions": [execute()] * 7}]}, "7 actions"),
        ({"body": [{"type": "ActionSet", "actions": [{"type": "Action.Execute", "title": "x"}]}]}, "verb: is missing"),
        ({"body": [{"type": "Input.Text", "label": "x"}]}, "id: is missing"),
        ({"body": [{"type": "Input.Text", "label": "x", "id": "a"}] * 2}, "is taken"),
        ({"body": [{"type": "Input.Text", "id": "a"}]}, "label: is missing"),
        ({"body": [{"type": "FactSet", "facts": [{"title": "x"}]}]}, "title and value"),
        ({"body": [text("hi <at>Ann</at>")]}, "has no entity"),
        ({"body": [text("x")], "msteams": {"entities": [{"type": "mention", "text": "<at>A</at>",
                                                         "mentioned": {"id": "29:1"}}]}}, "is not on the card"),
        ({"body": [text("{{TIME(tomorrow)}}")]}, "cannot be read"),
        ({"body": [], "actions": []}, "shows nothing"),
        ({"body": [], "actions": [{"type": "Action.OpenUrl", "title": "x", "url": "javascript:x"}]}, "address"),
    ],
)  # fmt: skip
def test_a_card_with_a_fault_is_refused(card: dict[str, Any], fault: str):
    with pytest.raises(TeamsRefusal, match=fault):
        check_card({"type": "AdaptiveCard", "version": "1.5", **card})


# -- people -----------------------------------------------------------------------------------------------------------


async def test_people_can_only_do_what_they_see(place: Place):
    _, made = await place.call("POST", f"/{GROUP}/activities", attached({"type": "ActionSet", "actions": [execute()]}))
    press = {"conversation": GROUP, "message_id": made["id"], "action": execute(), "user": ANN}
    acts = (
        ("press", {**press, "action": execute(data={"token": "made up"})}, "no such button"),
        ("press", {**press, "user": BO}, "not in this conversation"),
        ("press", {**press, "user": "nobody"}, "nobody called"),
        ("press", {**press, "message_id": "42"}, "not there any more"),
        ("submit", {"dialog": "x", "values": {}, "user": ANN}, "not open"),
        ("dance", {}, "Nobody can"),
        ("press", {}, "wrong arguments"),
    )
    for act, data, why in acts:
        with pytest.raises(ActRefused, match=why):
            await place.emulator.act(act, data)
    answer = await place.emulator.act("press", press)
    assert not answer["ok"]  # there is no app to answer
