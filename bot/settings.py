"""The environment → Settings: what differs between machines. What a team declares is in the manifest.

Plain standard library, so that reading the settings costs no time at start.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

SECRET_MIN = 32
"""Characters of a signing key; `openssl rand -base64 32` prints 44."""
_LEVELS = ("debug", "info", "warning", "error")
_FORMATS = ("auto", "json", "text")
_DATABASES = re.compile(r"(?:sqlite:///.+|postgresql(?:\+\w+)?://.+)")
_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>\d{1,5})")


class SettingsError(Exception):
    """Settings that cannot be used: one sentence each, with the key and the cure."""

    def __init__(self, sentences: list[str]) -> None:
        """Keep the sentences."""
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What Tocsin knows of the machine that it runs on. docs/settings.md explains each."""

    manifest: Path = Path("tocsin.yaml")
    database: str = field(default="sqlite:///tocsin.db", repr=False)
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    smtp_host: str = ""
    smtp_port: int = 0
    """Where mail comes in; without a host, no mail is received by SMTP."""
    smtp_certificate: Path | None = None
    smtp_key: Path | None = None
    """PEM files for STARTTLS, both or neither."""
    public_url: str = ""
    """Overrides the manifest's; without a slash at the end."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Signing keys: the first signs, all verify. Empty: the app makes one up and keeps it in the database."""
    log_level: str = "info"
    log_format: str = "auto"
    """`auto` is text on a terminal and JSON elsewhere."""


def from_environment(env: Mapping[str, str]) -> Settings:
    """Read every TOCSIN_ variable that is set and not empty. Raises SettingsError with everything that is wrong."""
    return _Reader(env).settings()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, where plain HTTP and SMTP hurt nobody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class _Reader:
    """Collects what is wrong, so that a person mends it in one go."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.wrong: list[str] = []
        self.known: list[str] = []

    def settings(self) -> Settings:
        host, port = self.listen("TOCSIN_LISTEN", "127.0.0.1:8080")
        smtp_host, smtp_port = self.listen("TOCSIN_SMTP_LISTEN", "", example="0.0.0.0:2525")
        certificate, key = self.pair("TOCSIN_SMTP_CERTIFICATE", "TOCSIN_SMTP_KEY")
        settings = Settings(
            manifest=Path(self.get("TOCSIN_MANIFEST", "tocsin.yaml")),
            database=self.database("TOCSIN_DATABASE", "sqlite:///tocsin.db"),
            listen_host=host,
            listen_port=port,
            smtp_host=smtp_host,
            smtp_port=smtp_port,
            smtp_certificate=certificate,
            smtp_key=key,
            public_url=self.url("TOCSIN_PUBLIC_URL"),
            secrets=self.secrets("TOCSIN_SECRET"),
            log_level=self.one_of("TOCSIN_LOG_LEVEL", _LEVELS, "info"),
            log_format=self.one_of("TOCSIN_LOG_FORMAT", _FORMATS, "auto"),
        )
        self.near_misses()
        if self.wrong:
            raise SettingsError(self.wrong)
        return settings

    def get(self, key: str, default: str) -> str:
        self.known.append(key)
        return self.env.get(key, "").strip() or default

    def database(self, key: str, default: str) -> str:
        url = self.get(key, default)
        if not _DATABASES.fullmatch(url):
            scheme = url.partition(":")[0]
            self.wrong.append(
                f"{key} begins with {scheme!r}, which is no database that Tocsin knows. "
                "Write sqlite:///path/to/tocsin.db or postgresql://user:password@host/name."
            )
        return url

    def listen(self, key: str, default: str, *, example: str = "127.0.0.1:8080") -> tuple[str, int]:
        text = self.get(key, default)
        if not text:
            return "", 0
        match = _LISTEN.fullmatch(text)
        if not match or not 0 <= int(match["port"]) <= 65535:
            self.wrong.append(f"{key} is {text!r}, which is not an address to listen on. Write {example}.")
            return "", 0
        return match["host"].strip("[]"), int(match["port"])

    def pair(self, certificate: str, key: str) -> tuple[Path | None, Path | None]:
        """A certificate and its key: files that are there, both or neither."""
        found = [self.get(name, "") for name in (certificate, key)]
        if bool(found[0]) != bool(found[1]):
            self.wrong.append(f"{certificate} and {key} go together: a certificate, and its private key. Set both.")
        for name, text in zip((certificate, key), found, strict=True):
            if text and not Path(text).is_file():
                self.wrong.append(f"{name} is {text!r}, and there is no such file. Name a PEM file.")
        return (Path(found[0]), Path(found[1])) if all(found) else (None, None)

    def url(self, key: str) -> str:
        text = self.get(key, "").rstrip("/")
        parts = urlsplit("")
        try:
            parts = urlsplit(text)
            whole = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and parts.port != 0
        except ValueError:
            whole = False
        if text and not whole:
            self.wrong.append(f"{key} is {text!r}, which is not a base URL. Write https://tocsin.example.com.")
        elif text.startswith("http:") and not is_loopback(parts.hostname or ""):
            self.wrong.append(f"{key} is {text!r}: plain HTTP would show action links on the way. Write https://…")
        return text

    def secrets(self, key: str) -> tuple[str, ...]:
        found = tuple(part.strip() for part in self.get(key, "").split(",") if part.strip())
        if short := [number for number, secret in enumerate(found, 1) if len(secret) < SECRET_MIN]:
            self.wrong.append(
                f"{key} has a key (number {short[0]}) of fewer than {SECRET_MIN} characters, which could be guessed. "
                "Make one with `openssl rand -base64 32`; to rotate, write new,old."
            )
        return found

    def one_of(self, key: str, choices: tuple[str, ...], default: str) -> str:
        text = self.get(key, default).lower()
        if text not in choices:
            self.wrong.append(f"{key} is {text!r}. Write one of {', '.join(choices)}.")
        return text

    def near_misses(self) -> None:
        """A variable that is almost one of ours is a slip; others may be there for `env:NAME` in the manifest."""
        for name in sorted(self.env):
            close = difflib.get_close_matches(name, self.known, n=1, cutoff=0.92)
            if name.startswith("TOCSIN_") and name not in self.known and close:
                self.wrong.append(f"{name} is not a setting. Did you mean {close[0]}? Rename it, or unset it.")
