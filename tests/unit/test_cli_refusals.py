"""What the command line says to somebody who mistyped: a sentence with the name and the cure, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.store import migrations
from bot.store.opening import open_store
from tests.conformance.store.samples import incident
from tests.unit.manifests import small


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest, and a database with #7 that nobody was asked about."""
    (tmp_path / "tocsin.yaml").write_text(small({}), encoding="utf-8")
    url = f"sqlite:///{tmp_path}/tocsin.db"
    migrations.migrate(url)
    store = open_store(url)
    store.run(lambda tx: tx.put_incident(incident("c0ffee0000000007", num=7), None))
    store.close()
    monkeypatch.setenv("TOCSIN_DATABASE", url)
    monkeypatch.setenv("TOCSIN_MANIFEST", str(tmp_path / "tocsin.yaml"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{bad", encoding="utf-8")
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    (tmp_path / "latin1.txt").write_bytes("caf\xe9".encode("latin-1"))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("render slack --card none.json", "--card none.json cannot be read: No such file or directory."),
        ("render slack --card list.json", "--card is no card: it: "),
        ("render slack --card broken.json", "--card is no card: it: Invalid JSON"),
        ("render sms --template none.txt", "--template none.txt cannot be read: No such file or directory."),
        ("render sms --template .", "--template . cannot be read: Is a directory."),
        ("render sms --template latin1.txt", "--template latin1.txt is not UTF-8 (byte 3)."),
        ("parse standard --headers none.json", "--headers none.json cannot be read: No such file or directory."),
        ("parse standard --headers broken.json", "--headers broken.json is no JSON: "),
        ("parse standard --config list.json", "--config list.json holds no JSON object."),
        ("oncall --from 2026-11-29T09:00 --to 2026-11-20T09:00", "--to 2026-11-20T09:00 is not after --from"),
        ("oncall --at 2026-11-29T09:00 --from 2026-11-29T09:00 --to 2026-12-20T09:00", "Give --at, or --from and --to"),
        ("oncall --at notatime", "'notatime' is not a time."),
        ("oncall nosuch", "There is no schedule 'nosuch'; there are s."),
        ("why 7 nobody", "There is no member 'nobody'; there are "),
        ("why 8", "There is no incident 8"),
        ("demo --port 99999", "less than or equal to 65535"),
    ],
)
def test_a_slip_is_refused_with_its_cure(folder: Path, words: str, told: str):
    ran = CliRunner().invoke(app, words.split(), input="{}")
    assert ran.exit_code == 2, (ran.output, ran.exception)
    assert told in ran.stderr
    assert not ran.stdout
