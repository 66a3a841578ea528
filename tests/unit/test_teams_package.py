"""The app package for Teams: complete, the same every time, and with icons that Teams takes."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from bot.adapters.teams.package import COMMANDS, app_package
from bot.cli import app
from bot.commands.vocabulary import VERBS

APP = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
URL = "https://toc.example.com"


def opened(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_package_has_everything_it_names_at_its_top():
    files = opened(app_package(APP, URL))
    manifest = json.loads(files["manifest.json"])
    named = {manifest["icons"]["color"], manifest["icons"]["outline"]}
    named |= {each["file"] for each in manifest["localizationInfo"]["additionalLanguages"]}
    assert set(files) == {"manifest.json", *named}
    assert manifest["bots"][0]["botId"] == APP
    assert manifest["validDomains"] == ["toc.example.com"]
    assert app_package(APP, URL) == app_package(APP, f"{URL}/")


def test_the_icons_are_those_that_teams_asks_for():
    files = opened(app_package(APP, URL))
    colour, outline = (Image.open(io.BytesIO(files[name])) for name in ("color.png", "outline.png"))
    assert (colour.size, colour.mode) == ((192, 192), "RGB")
    assert (outline.size, outline.mode) == ((32, 32), "RGBA")
    shades = [pixel for _, pixel in outline.getcolors()]
    assert {pixel[:3] for pixel in shades} == {(255, 255, 255)}
    alphas = {pixel[3] for pixel in shades}
    assert {0, 255} <= alphas
    assert len(colour.getcolors(100_000)) > 10  # smooth edges
    assert colour.getpixel((0, 0)) == (0xB4, 0x23, 0x2A)
    assert colour.getpixel((96, 96)) == (255, 255, 255)


def test_every_command_of_the_menu_is_one_in_both_languages():
    assert len(COMMANDS) <= 10
    for title, english, chinese in COMMANDS:
        assert title in VERBS
        assert len(title) <= 32
        assert 0 < len(english) <= 128
        assert re.search(r"[\u4e00-\u9fff]", chinese)


def test_the_verb_writes_the_package_or_prints_the_manifest(tmp_path: Path):
    out = tmp_path / "tocsin.zip"
    given = ["manifest", "teams", "--app-id", APP, "--url", URL]
    written = CliRunner().invoke(app, [*given, "--out", str(out)])
    assert written.exit_code == 0, written.output
    assert out.read_bytes() == app_package(APP, URL)
    printed = CliRunner().invoke(app, [*given, "--json"])
    assert json.loads(printed.stdout)["id"] == APP


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("--url", URL), "--app-id"),
        (("--app-id", APP), "HTTPS"),
        (("--app-id", APP, "--url", "http://toc.example.com"), "HTTPS"),
        (("--app-id", APP, "--url", URL, "--out", "/nowhere/x.zip"), "cannot be written"),
    ],
)
def test_the_verb_says_what_is_missing(given: tuple[str, ...], sentence: str):
    refused = CliRunner().invoke(app, ["manifest", "teams", *given])
    assert refused.exit_code == 2
    assert sentence in refused.output
