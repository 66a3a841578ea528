"""The JSON Schema is current, agrees with the loader on the example, and docs/manifest.md explains every key."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest

from bot.manifest import load
from bot.manifest.schema import as_text, manifest_schema
from bot.manifest.source import parse
from tests.unit.manifests import SMALL, problems_of, small

ROOT = Path(__file__).parents[2]


def complaints(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(manifest_schema())
    return [error.json_path for error in validator.iter_errors(parse(text, "t").data)]


def test_the_file_is_current():
    cure = "Run: .venv/bin/python -m bot.manifest.schema > docs/tocsin.schema.json"
    assert (ROOT / "docs/tocsin.schema.json").read_text(encoding="utf-8") == as_text(), cure


def test_it_is_a_schema_and_the_examples_fit():
    jsonschema.Draft202012Validator.check_schema(manifest_schema())
    assert complaints((ROOT / "tocsin.example.yaml").read_text(encoding="utf-8")) == []
    assert complaints(SMALL) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"colour": 1}, "$"),
        ({"catch_all": ["ann"]}, "$.catch_all[0]"),
        ({"members": {"ann": {"notify": {"info": ["fax"]}}}}, "$.members.ann.notify.info[0]"),
        ({"channels": {"pay": {"auto_close": 5}}}, "$.channels.pay.auto_close"),
        ({"schedules": {"s": {"layers": [{"start": "x", "unit": "weeks"}]}}}, "$.schedules.s.layers[0].unit"),
    ],
)
def test_it_finds_what_an_editor_should_underline(change, path):
    assert complaints(small(change)) == [path]


def test_durations_have_defaults_that_people_can_read():
    level = manifest_schema()["$defs"]["Level"]["properties"]["escalate_after"]
    assert (level["default"], level["$comment"]) == ("30m", "1m to 12h, in steps of 1s")


def test_every_key_has_a_description_in_the_schema_and_in_the_docs():
    schema = manifest_schema()
    docs = (ROOT / "docs/manifest.md").read_text(encoding="utf-8")
    parts = {"": schema, **schema["$defs"]}
    undescribed = [
        f"{n}.{k}" for n, p in parts.items() for k, v in p.get("properties", {}).items() if not v.get("description")
    ]
    assert undescribed == []
    keys = {key for part in parts.values() for key in part.get("properties", {})}
    assert sorted(key for key in keys if f"`{key}`" not in docs) == []


def test_the_manifest_in_the_docs_is_a_good_one():
    docs = (ROOT / "docs/manifest.md").read_text(encoding="utf-8")
    whole, rules, phones = re.findall(r"```yaml\n(.*?)```", docs, re.DOTALL)
    env = {"TOCSIN_KEY": "k" * 16, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    assert load.read(whole, file="docs/manifest.md", env=env).world.channels["web"].rules
    shown = parse(rules, "docs/manifest.md").data["rules"]
    people = {"teams": {"dba": {"name": "DBA", "members": ["ann"]}}, "platforms": {"sms": SMS}}
    schedule = {"schedules": {"dba": {"name": "DBA", "timezone": "UTC", "layers": [{"start": "2026-01-05T09:00",
                "members": ["ann"]}]}}}  # fmt: skip
    assert problems_of(small({"channels": {"pay": {"rules": shown}}} | people | schedule)) == ()
    twilio = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM": "+12025550100"}
    names = dict.fromkeys(("VONAGE_KEY", "VONAGE_SECRET", "VONAGE_SIGNING"), "x")
    declared = load.read(small(parse(phones, "docs/manifest.md").data), file="docs", env=twilio | names).platforms
    assert [each["vendor"] for each in declared.settings()["sms"]["vendors"]] == ["twilio", "vonage"]
    assert declared.settings()["voice"]["vendors"][0]["sender"] == "+12025550100"


SMS = {"vendor": "twilio", "account_sid": "AC" + "0" * 32, "auth_token": "t", "from": "+12025550100"}
