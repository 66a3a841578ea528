"""Each house rule bites: a planted offence is found, and what looks like one but is none is let through."""

from __future__ import annotations

import ast

import pytest

from tests import tidy_rules as rules


def test_a_file_of_401_lines_is_too_long():
    assert list(rules.long_file("\n" * 401))
    assert not list(rules.long_file("\n" * 400))


def test_a_function_of_71_lines_is_too_long():
    def source(lines: int) -> ast.Module:
        return ast.parse("async def night():\n" + "    watch()\n" * (lines - 1))

    assert list(rules.long_functions(source(71)))
    assert not list(rules.long_functions(source(70)))


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "X" * 3])
def test_a_loose_end_is_found(word):
    assert list(rules.loose_ends(f"done\n# {word}: later"))
    assert not list(rules.loose_ends(f"{word}S, {word.lower()}, S{word}"))


@pytest.mark.parametrize("name", [*rules.REGISTRIES, rules.ELSEWHERE])
def test_an_outside_name_is_found(name):
    assert list(rules.outside_names(f"--index-url https://{name}/simple"))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("bot/service.py", "import slack_sdk"),
        ("bot/adapters/telegram.py", "from slack_sdk.web.async_client import AsyncWebClient"),
        ("bot/adapters/sms.py", "def send():\n    from twilio.rest import Client"),
        ("webhooks/app.py", "if TYPE_CHECKING:\n    from sqlmodel import Session"),
        ("bot/cards/email.py", "import aiosmtplib as smtp"),
    ],
)
def test_an_sdk_away_from_home_is_found(path, source):
    assert list(rules.strangers(path, ast.parse(source)))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("bot/adapters/slack.py", "import slack_sdk"),
        ("bot/adapters/slack/socket.py", "def start():\n    from slack_bolt.async_app import AsyncApp"),
        ("bot/store/sql.py", "import sqlmodel"),
        ("bot/service.py", "import json"),
        ("bot/cards/slack.py", "from . import telegram"),
    ],
)
def test_an_sdk_at_home_is_not(path, source):
    assert not list(rules.strangers(path, ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.now(UTC)",
        "from datetime import datetime as dt\nfield(default_factory=dt.utcnow)",
        "import datetime\ndatetime.date.today()",
        "import time\ntime.time()",
        "from time import monotonic as tick\ntick()",
        "import uuid\nuuid.uuid4().hex",
        "def pick():\n    import random\n    return random.choice(people)",
    ],
)
def test_an_own_clock_is_found(source):
    assert list(rules.own_clocks("bot/service.py", ast.parse(source)))
    assert not list(rules.own_clocks("bot/clock.py", ast.parse(source)))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("bot/service.py", "clock.now()"),
        ("bot/service.py", "from datetime import datetime\ndatetime.fromtimestamp(at, tz)"),
        ("bot/service.py", "import time\ntime.strftime"),
        ("bench/intake.py", "import time\ntime.perf_counter()"),
    ],
)
def test_a_clock_that_was_handed_in_is_not(path, source):
    assert not list(rules.own_clocks(path, ast.parse(source)))


def test_a_measurement_may_time_but_not_date():
    assert list(rules.own_clocks("bench/intake.py", ast.parse("import time\ntime.time()")))


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio",
        "from pathlib import Path",
        "import yaml",
        "from bot.settings import Settings",
        "from urllib.request import urlopen",
        "async def step(): ...",
        "print('paged')",
        "def step():\n    import socket",
        "import re2",
    ],
)
def test_an_impure_engine_is_found(source):
    assert list(rules.impurities("bot/engine/incident.py", ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    ["import re, json, zoneinfo", "from bot.engine.model import Incident", "from urllib.parse import quote"],
)
def test_a_pure_engine_is_not(source):
    assert not list(rules.impurities("bot/engine/incident.py", ast.parse(source)))


def test_a_guest_of_the_engine_stays_in_its_room():
    assert not list(rules.impurities("bot/engine/patterns.py", ast.parse("import re2")))
    assert list(rules.impurities("bot/engine/patterns.py", ast.parse("import yaml")))


@pytest.mark.parametrize("source", ["import time\ntime.sleep(1)", "from time import sleep\nsleep(1)"])
def test_a_sleeping_test_is_found(source):
    assert list(rules.sleeps(ast.parse(source)))


def test_environment_names_are_whole_strings_in_capitals():
    tree = ast.parse("a = env['TOCSIN_DATABASE']; b = 'Set TOCSIN_KEY first'; c = 'INFO'; D_E = 1")
    assert rules.environment_names(tree) == {"TOCSIN_DATABASE"}


def test_only_the_top_level_of_a_module_defines():
    assert rules.defines(ast.parse("SOURCE = Source(name='beacon')"), "SOURCE")
    assert rules.defines(ast.parse("def parse(request): ..."), "parse")
    assert not rules.defines(ast.parse("class A:\n    SOURCE = 1"), "SOURCE")
