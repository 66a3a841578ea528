"""The house keeps itself tidy: sizes, purity, clocks, SDKs in their place, and docs that list everything there is.
The rules are in tidy_rules.py; here they are applied to the tree, and proved on planted offences."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import tidy_rules as rules

ROOT = Path(__file__).parent.parent
HOUSE = ("bot/", "webhooks/", "tests/", "bench/")
PRODUCT = ("bot/", "webhooks/")
NOT_OURS = (".git", ".venv", ".demo", "artifacts", "build", "node_modules", "__pycache__")


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is, or could be, committed; in a tree without git, every file outside caches."""
    listing = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0 and (ROOT / ".git").exists():
        found = [ROOT / name.decode() for name in listing.stdout.split(b"\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not set(path.relative_to(ROOT).parts) & set(NOT_OURS)]
    return tuple(sorted(path for path in found if path.is_file()))


@cache
def modules() -> dict[str, ast.Module]:
    """Path from the root → syntax tree, for every Python file of the house."""
    names = (path.relative_to(ROOT).as_posix() for path in project_files() if path.suffix == ".py")
    return {name: ast.parse((ROOT / name).read_text(), filename=name) for name in names if name.startswith(HOUSE)}


@cache
def docs() -> str:
    """Everything that people are given to read, in one string."""
    pages = (path for path in project_files() if path.suffix == ".md" and path.is_relative_to(ROOT / "docs"))
    return "\n".join(path.read_text() for path in (ROOT / "README.md", *pages))


@cache
def configuration() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def texts() -> Iterator[tuple[str, str]]:
    for path in project_files():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text()
        except UnicodeDecodeError:
            continue  # pictures and raw payloads


def say(findings: list[str]) -> str:
    return "\n".join(["", *findings])


# --- the tree ---------------------------------------------------------------------------------------------------------


def test_files_and_functions_fit_a_sitting_and_a_screen():
    found = [f"{name}: {what}" for name in modules() for what in rules.long_file((ROOT / name).read_text())]
    found += [f"{name}: {what}" for name, tree in modules().items() for what in rules.long_functions(tree)]
    assert not found, say(found)


def test_no_loose_ends():
    ours = (".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".html", ".css", ".js")
    found = [f"{name}: {what}" for name, text in texts() if name.endswith(ours) for what in rules.loose_ends(text)]
    assert not found, say(found)


def test_a_clone_depends_on_nothing_that_is_named_by_place():
    found = [f"{name}: {what}" for name, text in texts() for what in rules.outside_names(text)]
    assert not found, say(found)


def test_each_third_party_stays_at_home():
    found = [
        f"{name}: {what}"
        for name, tree in modules().items()
        if name.startswith(PRODUCT)
        for what in rules.strangers(name, tree)
    ]
    assert not found, say(found)


def test_time_and_chance_come_from_the_clock():
    found = [f"{name}: {what}" for name, tree in modules().items() for what in rules.own_clocks(name, tree)]
    assert not found, say(found)


def test_the_engine_is_pure():
    engine = {name: tree for name, tree in modules().items() if name.startswith("bot/engine/")}
    assert engine
    found = [f"{name}: {what}" for name, tree in engine.items() for what in rules.impurities(name, tree)]
    assert not found, say(found)


def test_tests_do_not_sleep():
    found = [
        f"{name}: {what}"
        for name, tree in modules().items()
        if name.startswith("tests/")
        for what in rules.sleeps(tree)
    ]
    assert not found, say(found)


def test_an_sdk_that_nobody_configured_costs_nothing():
    entrances = [name for name in ("bot.app", "bot.cli", "bot.registry", "webhooks.app") if is_there(name)]
    if not entrances:
        pytest.skip("there is no entrance to import yet")
    program = (
        f"import importlib, sys\nfor name in {entrances!r}: importlib.import_module(name)\n"
        f"print(*[sdk for sdk in {rules.LAZY!r} if sdk in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr
    assert not loaded.stdout.split(), f"importing {', '.join(entrances)} also imports {loaded.stdout}"


def is_there(module: str) -> bool:
    path = ROOT / module.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_every_module_has_its_place_in_the_import_contract():
    contract = next(each for each in configuration()["tool"]["importlinter"]["contracts"] if each["id"] == "house")
    placed = set(re.findall(r"bot\.(\w+)", " ".join(contract["layers"])))
    names = {name.split("/")[1].removesuffix(".py") for name in modules() if name.startswith("bot/")}
    assert names - placed - {"__init__", "__main__", "playground"} == set()


def test_every_dependency_is_pinned():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    project = configuration()["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9._-]+", each)[0].lower().replace("_", "-") for each in wanted}
    assert names - pinned == set()


# --- the docs ---------------------------------------------------------------------------------------------------------


def test_the_docs_list_every_command():
    if not is_there("bot.cli"):
        pytest.skip("there is no command line yet")
    missing = [verb for verb in verbs() if not re.search(rf"\b(?:tocsin|python -m bot) {verb}\b", docs())]
    assert not missing, f"no page under docs/ shows: {', '.join(f'tocsin {verb}' for verb in missing)}"


def verbs() -> list[str]:
    """Every visible command of the command line, groups spelled out: `oncall`, `key rotate`."""
    import typer.main

    from bot.cli import app

    def below(group, prefix: str) -> Iterator[str]:
        for name, command in group.commands.items():
            if command.hidden:
                continue
            if hasattr(command, "commands"):
                yield from below(command, f"{prefix}{name} ")
            else:
                yield f"{prefix}{name}"

    return sorted(below(typer.main.get_command(app), ""))


def test_the_docs_list_every_alert_source():
    from webhooks.sources import SOURCES

    missing = [
        source
        for source in SOURCES
        if not re.search(rf"(?:/in/|`)(?:{source}|{source.replace('_', '-')})(?:/|`)", docs())
    ]
    assert not missing, f"no page under docs/ shows /in/… for: {', '.join(missing)}"


def test_every_alert_source_is_reached():
    from webhooks.sources import SOURCES

    written = {
        Path(name).stem
        for name, tree in modules().items()
        if name.startswith("webhooks/sources/") and rules.defines(tree, "SOURCE")
    }
    assert written - set(SOURCES) == set(), "these files parse what no address leads to"


def test_the_docs_list_every_environment_variable():
    settings = [tree for name, tree in modules().items() if name.startswith("bot/settings")]
    if not settings:
        pytest.skip("there are no settings yet")
    names = set().union(*(rules.environment_names(tree) for tree in settings))
    assert names, "the settings name no environment variable: the rule in tidy_rules.py no longer fits them"
    missing = sorted(name for name in names if not re.search(rf"\b{name}\b", docs()))
    assert not missing, f"no page under docs/ explains: {', '.join(missing)}"


def test_the_configuration_in_the_readme_is_a_good_one(tmp_path: Path):
    if not is_there("bot.cli"):
        pytest.skip("there is no command line yet")
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert example, "the README shows no configuration"
    manifest = tmp_path / "tocsin.yaml"
    manifest.write_text(example[1])
    secrets = dict.fromkeys(re.findall(r"env:(\w+)", example[1]), "k" * 32)
    secrets |= {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    command = [sys.executable, "-m", "bot", "check", str(manifest), "--json"]
    checked = subprocess.run(command, cwd=ROOT, env=os.environ | secrets, capture_output=True, text=True, check=False)
    assert checked.returncode in (0, 1), checked.stderr
    assert json.loads(checked.stdout)["errors"] == []


def test_the_docs_have_no_dead_links():
    links = (
        (path, target)
        for path in project_files()
        if path.suffix == ".md"
        for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)[^)]*\)", path.read_text())
        if not re.match(r"[a-z]+:", target)
    )
    dead = [f"{path.relative_to(ROOT)}: {target}" for path, target in links if not (path.parent / target).exists()]
    assert not dead, say(dead)


def test_the_changelog_has_room_for_the_next_release():
    assert re.search(r"^## \[Unreleased\]$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
