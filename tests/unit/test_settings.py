"""The environment: defaults, what is read, and every mistake at once with its cure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, from_environment

KEY, OLD = "k" * 32, "o" * 40


def test_an_empty_environment_is_fine():
    settings = from_environment({"PATH": "/bin", "TOCSIN_LISTEN": "  "})
    assert settings == Settings()
    assert (settings.manifest, settings.database) == (Path("tocsin.yaml"), "sqlite:///tocsin.db")
    assert (settings.listen_host, settings.listen_port, settings.secrets) == ("127.0.0.1", 8080, ())


def test_everything_can_be_set():
    settings = from_environment(
        {
            "TOCSIN_MANIFEST": "/etc/tocsin.yaml",
            "TOCSIN_DATABASE": "postgresql://u:p@db/tocsin",
            "TOCSIN_LISTEN": "[::1]:9000",
            "TOCSIN_PUBLIC_URL": "https://tocsin.example.com/base/",
            "TOCSIN_SECRET": f"{KEY}, {OLD}",
            "TOCSIN_LOG_LEVEL": "DEBUG",
            "TOCSIN_LOG_FORMAT": "json",
        }
    )
    assert settings == Settings(
        manifest=Path("/etc/tocsin.yaml"),
        database="postgresql://u:p@db/tocsin",
        listen_host="::1",
        listen_port=9000,
        public_url="https://tocsin.example.com/base",
        secrets=(KEY, OLD),
        log_level="debug",
        log_format="json",
    )
    assert KEY not in repr(settings)
    assert "u:p@" not in repr(settings)


@pytest.mark.parametrize(
    ("key", "value", "cure"),
    [
        ("TOCSIN_DATABASE", "mysql://x", "Write sqlite:///"),
        ("TOCSIN_LISTEN", "8080", "Write 127.0.0.1:8080"),
        ("TOCSIN_LISTEN", "127.0.0.1:70000", "Write 127.0.0.1:8080"),
        ("TOCSIN_PUBLIC_URL", "tocsin.example.com", "Write https://"),
        ("TOCSIN_PUBLIC_URL", "https://t.example:port", "Write https://"),
        ("TOCSIN_PUBLIC_URL", "http://t.example", "Write https://"),
        ("TOCSIN_SECRET", f"{KEY},short", "openssl rand"),
        ("TOCSIN_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("TOCSIN_LOG_FORMAT", "xml", "auto, json, text"),
        ("TOCSIN_DATABSE", "sqlite:///x.db", "Did you mean TOCSIN_DATABASE?"),
    ],
)
def test_an_error_names_the_key_and_the_cure(key, value, cure):
    with pytest.raises(SettingsError) as refused:
        from_environment({key: value})
    (sentence,) = refused.value.sentences
    assert sentence.startswith(key)
    assert cure in sentence


def test_plain_http_is_fine_on_this_machine():
    assert from_environment({"TOCSIN_PUBLIC_URL": "http://127.0.0.1:8400"}).public_url == "http://127.0.0.1:8400"


def test_secrets_and_passwords_are_not_repeated():
    with pytest.raises(SettingsError) as refused:
        from_environment({"TOCSIN_SECRET": "hunter2", "TOCSIN_DATABASE": "mysql://root:hunter3@db/x"})
    assert len(refused.value.sentences) == 2
    assert "hunter" not in str(refused.value)


def test_variables_of_the_manifest_are_left_alone():
    assert from_environment({"TOCSIN_KEY_PROMETHEUS": "x", "TOCSIN_SECRET_KEY": "y"}) == Settings()


def test_reading_the_settings_imports_no_third_party():
    program = "import sys, bot.settings; print(*sorted({'pydantic', 'yaml', 'msgspec'} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
