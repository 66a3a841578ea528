"""Webhooks and push in a manifest: names that are declared, secrets that are never shown, accounts of people."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest

from bot import registry
from bot.engine.model import Severity
from bot.manifest import load
from tests.unit.manifests import ENV, problems_of, small

HOOKS = {
    "discord": {"webhooks": {"ops": ENV["DISCORD_WEBHOOK_OPS"]}},
    "mattermost": {"webhooks": {"ops": ENV["MATTERMOST_WEBHOOK_OPS"]}},
    "google_chat": {"webhooks": {"ops": ENV["GOOGLE_CHAT_WEBHOOK_OPS"]}},
    "apprise": {"urls": {"ops": ENV["APPRISE_URL_PAGER"]}},
}
PUSH = {"ntfy": {"token": "tk_1"}, "pushover": {"token": "t" * 30, "retry": "90s", "expire": "3h"}}


@pytest.mark.parametrize("name", HOOKS)
def test_a_chat_is_called_by_its_webhooks_name(name: str):
    platforms = {"platforms": {name: HOOKS[name]}}
    chat = {"channels": {"pay": {"chats": [{"platform": name, "id": "ops"}]}}}
    assert problems_of(small(platforms | chat)) == ()
    chat["channels"]["pay"]["chats"][0]["id"] = "opps"
    (problem,) = problems_of(small(platforms | chat))
    assert (problem.code, problem.path) == ("unknown_webhook", "channels.pay.chats[0].id")
    assert "ops" in problem.cure
    (undeclared,) = problems_of(small(chat))
    assert undeclared.code == "unknown_platform"


@pytest.mark.parametrize("name", HOOKS)
def test_a_secret_address_of_the_wrong_shape_is_refused_and_not_shown(name: str):
    place = "urls" if name == "apprise" else "webhooks"
    (problem,) = problems_of(small({"platforms": {name: {place: {"ops": "s3cret, and no address"}}}}))
    assert problem.path == f"platforms.{name}.{place}.ops"
    assert problem.cure
    assert "s3cret" not in json.dumps(problem.as_json())
    declared = load.read(small({"platforms": HOOKS}), file="t", env={}).platforms
    assert not re.search("secret.of", repr(declared))


@pytest.mark.parametrize("name", {**HOOKS, **PUSH})
def test_what_is_declared_is_what_the_adapter_is_made_from(name: str):
    loaded = load.read(small({"platforms": {**HOOKS, **PUSH}}), file="t", env={})
    settings = loaded.platforms.settings()[name]
    wanted = {each.name for each in fields(registry._load(registry.CARRIERS[name].settings))}
    assert settings.keys() <= wanted
    made = registry.CARRIERS[name].make(settings)
    assert {key: getattr(made.settings, key) for key in settings} == settings


def test_spans_become_the_seconds_of_the_api():
    settings = load.read(small({"platforms": PUSH}), file="t", env={}).platforms.settings()["pushover"]
    assert (settings["retry_s"], settings["expire_s"]) == (90, 10_800)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ntfy": {"username": "tocsin"}}, "half_a_login"),
        ({"ntfy": {"token": "tk_1", "username": "tocsin", "password": "p"}}, "two_logins"),
        ({"ntfy": {"server": "http://ntfy.example"}}, "plain_http"),
        ({"pushover": {"token": "t" * 30, "retry": "29s"}}, "out_of_range"),
        ({"pushover": {"token": "t" * 30, "expire": "3h1s"}}, "out_of_range"),
    ],
)
def test_what_the_vendor_would_refuse_is_refused_here(change: dict, code: str):
    assert {problem.code for problem in problems_of(small({"platforms": change}))} == {code}


def test_a_person_has_a_topic_and_a_user_key_as_accounts():
    ann = {"identities": {"ntfy": "tocsin-ann", "pushover": "u" * 30}, "notify": {"critical": ["pushover", "ntfy"]}}
    world = load.read(small({"members": {"ann": ann}, "platforms": PUSH}), file="t", env={}).world
    assert world.members["ann"].ways[Severity.CRITICAL] == ("pushover", "ntfy")
    assert set(world.members["ann"].reachable()) >= {"ntfy", "pushover"}
    (problem,) = problems_of(small({"members": {"ann": ann}, "platforms": {"ntfy": PUSH["ntfy"]}}))[:1]
    assert problem.code == "unknown_platform"


@pytest.mark.parametrize("place", ["rooms", "identities"])
def test_groups_have_no_people_and_phones_have_no_rooms(place: str):
    change = {
        "rooms": {"channels": {"pay": {"rooms": ["ntfy"]}}},
        "identities": {"members": {"ann": {"identities": {"discord": "1"}}}},
    }[place]
    assert "platform" in {problem.code for problem in problems_of(small(change | {"platforms": {**HOOKS, **PUSH}}))}
