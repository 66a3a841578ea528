"""Slack's people through the real SDK: linked by mail address, and kept in the user group of who is on call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.accounts import Accounts
from bot.app import App, Parts
from bot.cli import app as cli
from bot.clock import Ids, VirtualClock
from bot.directory import Directory
from bot.engine.model import HOUR, Target, TargetKind
from bot.engine.world import Member, Override, Schedule, World
from bot.playground.hub import Outage
from bot.store import migrations
from bot.store.memory import MemoryStore
from bot.store.opening import open_store
from bot.usergroups import GroupSync
from tests.conformance.platform_kit import until
from tests.conformance.rig_slack import RIGS, SlackRig

NOW = 1_800_000_000_000


@pytest.fixture
async def rig() -> AsyncIterator[SlackRig]:
    async with RIGS["slack_http"]() as opened:
        assert isinstance(opened, SlackRig)
        yield opened


def world() -> World:
    """Ann and Bo have mail addresses alone; Gus has one that Slack does not know. Ann is on call for an hour."""
    people = {name: Member(id=name, name=name.title()) for name in ("ann", "bo", "gus")}
    plan = Schedule(
        id="db", name="DB", zone="UTC", user_groups={"slack": "db-oncall"},
        overrides=(Override(id="o", start=NOW - HOUR, end=NOW + HOUR, member="ann", role="primary"),),
    )  # fmt: skip
    emails = {f"{name}@example.com": name for name in people}
    return World(
        members=people, teams={}, schedules={"db": plan}, channels={}, integrations={},
        catch_all=(Target(kind=TargetKind.MEMBER, id="ann"),), by_email=emails,
    )  # fmt: skip


async def no_pause(_seconds: float) -> None:
    return


def accounts(rig: SlackRig, store: MemoryStore) -> tuple[Accounts, Directory]:
    clock = VirtualClock(NOW)
    directory = Directory(world(), clock, Ids(seed=1))

    async def transact(work):
        return store.run(work)

    return Accounts(directory, {"slack": rig.adapter}, transact, clock, no_pause), directory


async def group(rig: SlackRig) -> list[str]:
    users: list[str] = (await rig.stage.state())["groups"]["db-oncall"]
    return users


async def test_members_are_linked_by_their_mail_address(rig: SlackRig):
    made, directory = accounts(rig, MemoryStore())
    found = {outcome.member: (outcome.code, outcome.user) for outcome in await made.link("slack")}
    assert found == {"ann": ("linked", "U1ANN"), "bo": ("linked", "U2BO"), "gus": ("no_such_account", "")}
    assert directory.member("slack", "U1ANN").id == "ann"


async def test_without_the_scope_the_missing_one_is_named(rig: SlackRig):
    rig.config.scopes -= {"users:read.email"}
    made, _ = accounts(rig, MemoryStore())
    first, *rest = await made.link("slack")
    assert (first.code, {each.code for each in rest}) == ("auth_broken", {"not_asked"})
    assert "users:read.email" in first.detail


async def test_while_slack_is_down_everybody_is_asked_and_named(rig: SlackRig):
    await rig.stage.outage(Outage.DOWN)
    made, _ = accounts(rig, MemoryStore())
    assert {outcome.code for outcome in await made.link("slack")} == {"platform_down"}


async def test_the_user_group_holds_whoever_is_on_call(rig: SlackRig):
    made, directory = accounts(rig, MemoryStore())
    sync = GroupSync({"slack": rig.adapter})
    assert await sync.step(directory.world(), NOW) == 0  # Ann has no account yet
    assert await group(rig) == [rig.bo]
    await made.link("slack")
    assert await sync.step(directory.world(), NOW) == 1
    assert await group(rig) == [rig.ann]
    assert await sync.step(directory.world(), NOW + HOUR) == 0  # nobody is on call any more
    assert await group(rig) == [rig.ann]


async def test_a_running_worker_links_and_fills_the_group_by_itself(rig: SlackRig):
    parts = Parts(
        world=world(), store=MemoryStore(), adapters={"slack": rig.another()}, parsers={}, key=b"key",
        clock=VirtualClock(NOW), ids=Ids(seed=1),
    )  # fmt: skip
    app = App(parts)
    await app.start()
    try:
        app.work()
        await until(lambda: asyncio.sleep(0, app.directory.member("slack", "U1ANN")), bool, "Ann was not linked")
        app.hints.ring("user_groups")
        await until(lambda: group(rig), lambda users: users == [rig.ann], "the group was not set")
    finally:
        await app.stop()


MANIFEST = """
organization: Acme
members:
  ann: {name: Ann, email: ann@example.com}
  gus: {name: Gus, email: gus@example.com}
  bo: {name: Bo, email: bo@example.com, identities: {slack: U2BO}}
channels:
  web: {name: Web, rules: [{name: All, levels: [{notify: ["member:ann"]}]}]}
catch_all: ["member:ann"]
platforms:
  slack: {bot_token: TOKEN, signing_secret: SECRET, base_url: BASE}
"""


async def test_the_command_line_links_everybody_and_says_who_was_not(
    rig: SlackRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = rig.adapter.settings
    file = tmp_path / "tocsin.yaml"
    text = MANIFEST.replace("TOKEN", "env:SLACK_BOT_TOKEN").replace("SECRET", "env:SLACK_SIGNING_SECRET")
    file.write_text(text.replace("BASE", settings.base_url))
    url = f"sqlite:///{tmp_path / 'tocsin.db'}"
    migrations.migrate(url)
    monkeypatch.setenv("TOCSIN_MANIFEST", str(file))
    monkeypatch.setenv("TOCSIN_DATABASE", url)
    monkeypatch.setenv("SLACK_BOT_TOKEN", settings.bot_token)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", settings.signing_secret)

    async def run(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, cli, ["link", *words])
        return result.exit_code, result.output

    code, said = await run("--dry-run")
    assert (code, "ann  would be linked: U1ANN" in said) == (1, True)
    code, said = await run("--platform", "slack")
    assert code == 1
    assert said.splitlines() == [
        "slack  ann  linked: U1ANN",
        "slack  gus  not linked: nobody there has the address gus@example.com",
        "1 linked, 1 not. Members with an account were not asked.",
    ]
    code, said = await run("--json")
    assert [line.partition('"code": ')[2][:17] for line in said.splitlines()] == ['"no_such_account"']
    kept = open_store(url)
    assert {(row.member, row.user) for row in kept.read(lambda tx: tx.identities())} == {("ann", "U1ANN")}
    kept.close()
    assert (await run("--platform", "telegram"))[0] == 2
    assert (await run("ann", "--dry-run"))[0] == 2
    code, said = await run("gus")
    assert (code, "hand it to them alone" in said) == (0, True)
    file.write_text(
        file.read_text().replace("gus@example.com", "bo@example.com").replace(", email: bo@example.com, i", ", i")
    )
    code, said = await run()
    assert (code, "gus  not linked: U2BO, who has the address bo@example.com, is bo already" in said) == (1, True)
