"""The contact with the numbers that pages come from: a vCard, its page, its code and its verb, read by strangers."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import segno
import vobject
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from bot.app import App, Parts
from bot.cards.vcard import vcard
from bot.cli import app as cli
from bot.clock import Ids, VirtualClock
from bot.engine.numbers import CallerNumber
from bot.engine.world import World
from bot.store.memory import MemoryStore
from tests.cards.hostile import unhurried
from tests.scenarios.company import company
from tests.sim.world import instant
from tests.unit.manifests import small
from webhooks.app import web_app
from webhooks.pages.contact import QR_OCTETS_MAX, photo, qr_svg, qr_text

NUMBERS = (
    CallerNumber(number="+12025550199", region="US"),
    CallerNumber(number="106900001234", region="CN", use=("sms",)),
    CallerNumber(number="+442079460000", region="GB", use=("voice",)),
)
WORLD = replace(company(), numbers=NUMBERS, organization="Acme; Söhne, GmbH \\ Co", contact="Tocsin on-call")


def read(text: str) -> vobject.base.Component:
    card = vobject.readOne(text)
    assert card.validate(raiseException=True)
    return card


def asked(world: World, path: str, language: str = "en") -> httpx.Response:
    clock = VirtualClock(instant("2026-03-03T02:00"))
    parts = Parts(world=world, store=MemoryStore(), adapters={}, parsers={}, key=b"k", clock=clock, ids=Ids(seed=1))
    site = web_app(App(parts), lambda: None)

    async def get() -> httpx.Response:
        asking = httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://127.0.0.1")
        async with site.router.lifespan_context(site), asking as client:
            return await client.get(path, headers={"Accept-Language": language})

    return asyncio.run(get())


# --- the vCard --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_parser_of_somebody_elses_reads_all_of_it(lang: str):
    text = vcard(WORLD, lang, photo=photo())
    card = read(text)
    assert card.version.value == "3.0"
    assert card.fn.value == "Tocsin on-call"
    assert card.n.value.family == "Tocsin on-call"
    assert card.org.value == ["Acme; Söhne, GmbH \\ Co"]
    assert [(tel.value, set(tel.params["TYPE"])) for tel in card.tel_list] == [
        ("+12025550199", {"WORK", "VOICE", "CELL"}),
        ("106900001234", {"WORK", "CELL"}),
        ("+442079460000", {"WORK", "VOICE"}),
    ]
    assert card.url.value == "https://tocsin.example.com/vcard"
    assert "Tocsin" in card.note.value
    assert Image.open(io.BytesIO(card.photo.value)).size == (96, 96)


def test_lines_are_as_short_as_the_rfc_wants_and_end_as_it_wants():
    text = vcard(replace(WORLD, organization="数据库值班" * 11), "zh", photo=photo())
    assert text.endswith("END:VCARD\r\n")
    lines = text.encode().split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert all(line.decode() for line in lines[:-1]), "no character is cut in two"
    assert b"\n" not in b"".join(lines)


def test_the_same_organization_keeps_its_contact():
    fewer = replace(WORLD, numbers=NUMBERS[:1], contact="Night bell", url="")
    assert read(vcard(WORLD)).uid.value == read(vcard(fewer, "zh")).uid.value
    assert read(vcard(WORLD)).uid.value != read(vcard(replace(WORLD, organization="Other"))).uid.value


names = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=59)
"""What a manifest takes for a name, and a little more."""


@unhurried
@given(names, names)
def test_no_name_breaks_it(organization: str, contact: str):
    card = read(vcard(replace(WORLD, organization=organization, contact=contact)))
    assert [tel.value for tel in card.tel_list] == [each.number for each in NUMBERS]
    assert (card.fn.value, card.org.value) == (contact, [organization])


# --- the code ---------------------------------------------------------------------------------------------------------


@given(st.sampled_from(("https://tocsin.example.com/vcard/tocsin.vcf?lang=zh", vcard(WORLD, "zh"))))
def test_a_decoder_of_somebody_elses_reads_the_code(text: str):
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=4)
    (found,) = zxingcpp.read_barcodes(Image.open(picture))
    assert found.text == text


def test_the_code_leads_to_the_file_or_is_the_contact_itself():
    assert qr_text(WORLD, "zh") == "https://tocsin.example.com/vcard/tocsin.vcf?lang=zh"
    alone = replace(WORLD, url="")
    assert qr_text(alone, "en") == vcard(alone, "en")
    many = tuple(replace(NUMBERS[0], number=f"+120255501{n:02}") for n in range(20))
    assert len(vcard(replace(alone, numbers=many)).encode()) > QR_OCTETS_MAX
    assert qr_text(replace(alone, numbers=many), "en") == ""
    assert qr_svg("") == ""


# --- the page and the file --------------------------------------------------------------------------------------------


def test_the_page_has_numbers_steps_a_file_and_a_code_without_a_script():
    page = asked(WORLD, "/vcard").raise_for_status().text
    assert "US: +12025550199 (texts and calls)" in page
    assert "Emergency Bypass" in page
    assert "starred" in page
    assert 'href="/vcard/tocsin.vcf?lang=en"' in page
    assert page.count("<svg") == 1
    assert "<script" not in page
    assert "US：+12025550199（短信和电话）" in asked(WORLD, "/vcard", "zh-CN,zh;q=0.9").text
    assert "US：+12025550199（短信和电话）" in asked(WORLD, "/vcard?lang=zh").text


def test_the_file_is_a_contact_for_phones():
    answer = asked(WORLD, "/vcard/tocsin.vcf?lang=zh").raise_for_status()
    assert answer.headers["content-type"] == "text/vcard; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="tocsin.vcf"'
    assert answer.content.decode() == vcard(WORLD, "zh", photo=photo())


def test_without_numbers_there_is_nothing_to_save_and_the_page_says_so():
    bare = replace(WORLD, numbers=())
    page = asked(bare, "/vcard")
    assert page.status_code == 200
    assert "No number is published yet" in page.text
    assert "tocsin.vcf" not in page.text
    assert "<svg" not in page.text
    assert asked(bare, "/vcard/tocsin.vcf").status_code == 404


def test_what_the_manifest_names_is_text_on_the_page():
    page = asked(replace(WORLD, contact="<b>&"), "/vcard").text
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


# --- the verb ---------------------------------------------------------------------------------------------------------


def run(tmp_path: Path, manifest: str, *words: str) -> object:
    file = tmp_path / "tocsin.yaml"
    file.write_text(manifest, encoding="utf-8")
    return CliRunner(env={"TOCSIN_MANIFEST": str(file)}).invoke(cli, ["vcard", *words], catch_exceptions=False)


def test_the_verb_prints_the_contact(tmp_path: Path):
    manifest = small({"numbers": [{"number": "+12025550101"}], "public_url": "https://tocsin.example"})
    result = run(tmp_path, manifest, "--lang", "zh")
    assert result.exit_code == 0
    card = read(result.stdout_bytes.decode())
    assert (card.tel.value, card.url.value) == ("+12025550101", "https://tocsin.example/vcard")
    assert result.stdout_bytes.endswith(b"END:VCARD\r\n")


def test_the_verb_says_where_numbers_are_declared(tmp_path: Path):
    result = run(tmp_path, small({}))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "numbers in the manifest" in result.stderr
    assert run(tmp_path, small({}), "--lang", "de").exit_code == 2
