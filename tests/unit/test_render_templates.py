"""`tocsin render --template`: a template tried out on the sample, and on an incident of the past."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from bot.cards import sample
from bot.cards.card import Facts, Paragraph, Quote
from bot.cli import app
from bot.store import migrations
from bot.store.opening import open_store
from tests.conformance.store.samples import alert, incident
from tests.unit.manifests import small


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with #7 of the channel `pay`, and a folder for templates."""
    manifest = tmp_path / "tocsin.yaml"
    manifest.write_text(small({"channels": {"pay": {"templates": {"im": "the channel's own"}}}}))
    url = f"sqlite:///{tmp_path}/tocsin.db"
    monkeypatch.setenv("TOCSIN_MANIFEST", str(manifest))
    monkeypatch.setenv("TOCSIN_DATABASE", url)
    migrations.migrate(url)
    store = open_store(url)
    old = incident("c0ffee0000000007", num=7, channel="pay", title="Lift stuck", description="door 3", alerts_total=1)
    store.run(
        lambda tx: (
            tx.put_incident(old, None),
            tx.put_alerts([alert("a", incident="c0ffee0000000007", title="Door 3 jammed")]),
        )
    )
    store.close()
    return tmp_path


def rendered(*words: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, ["render", *words])
    return ran.exit_code, ran.stdout, ran.stderr


def template(folder: Path, text: str) -> str:
    (folder / "words.txt").write_text(text)
    return str(folder / "words.txt")


@pytest.mark.parametrize("platform", ["slack", "teams", "telegram", "sms", "email"])
def test_a_card_of_ones_own(tmp_path: Path, platform: str):
    own = replace(sample.sample_card("triggered", "en", platform), title="Lift <stuck>")
    assert {type(block) for block in own.body} == {Facts, Paragraph, Quote}
    (tmp_path / "card.json").write_bytes(msgspec.json.encode(own))
    code, out, err = rendered(platform, "--card", str(tmp_path / "card.json"))
    assert code == 0, err
    assert "Lift" in out
    assert out != rendered(platform)[1]


def test_on_the_sample(tmp_path: Path):
    code, out, _ = rendered(
        "sms", "--template", template(tmp_path, "{{ labels.service }} burns"), "--state", "triggered"
    )
    assert (code, out.splitlines()[0]) == (0, "Critical #142 checkout-api burns")


def test_on_an_incident_of_the_past(past: Path):
    words = template(past, "{% for a in alerts %}{{ a.title|upper }}{% endfor %} on {{ labels.host }}")
    code, out, err = rendered("slack", "--template", words, "--incident", "7")
    assert code == 0, err
    assert "DOOR 3 JAMMED on db1" in out
    assert "Lift stuck" in out
    assert "door 3" not in out


def test_without_a_template_a_past_incident_has_its_channels_words(past: Path):
    code, out, err = rendered("telegram", "--incident", "7")
    assert code == 0, err
    assert "the channel's own" in out


def test_one_that_fails_shows_the_built_in_words_and_why(past: Path):
    code, out, err = rendered("slack", "--template", template(past, "{{ 1 / 0 }}"), "--incident", "7")
    assert code == 1
    assert "door 3" in out
    assert "ZeroDivisionError" in err


def test_one_that_cannot_be_read_says_where(tmp_path: Path):
    code, _, err = rendered("email", "--template", template(tmp_path, "a\n{{ titel }}"))
    assert code == 1
    assert "line 2: nothing is called titel" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("slack", "--incident", "8"), "There is no incident #8."),
        (("slack", "--card", "card.json", "--incident", "7"), "leave out --template and --incident"),
        (("fax",), "There is no renderer for 'fax'"),
    ],
)
def test_misuse_is_a_sentence(past: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str):
    (past / "card.json").write_text("{}")
    monkeypatch.chdir(past)
    code, _, err = rendered(*words)
    assert code == 2
    assert said in err
