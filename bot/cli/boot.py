"""From settings and manifest to an `App`: what every verb that runs something has in common."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import typer

from bot.adapters.base import Adapter
from bot.app import App, Parts
from bot.clock import Clock, Ids, SystemClock, new_secret
from bot.engine.model import SECOND
from bot.engine.world import World
from bot.manifest.load import Loaded, load
from bot.manifest.platforms import Platforms
from bot.manifest.problems import ManifestError
from bot.manifest.values import SecretsLater
from bot.registry import CARRIERS
from bot.settings import Settings, SettingsError, from_environment
from bot.store.base import Store, StoreUnavailable, Tx
from webhooks.parsers import parsers
from webhooks.sources import SOURCES

FOUND, MISUSE = 1, 2
SECRET = "secret"  # noqa: S105 (the name of the row, not the secret)


def refuse(*sentences: str) -> NoReturn:
    """Say why not, on standard error, and exit 2."""
    for sentence in sentences:
        typer.echo(sentence, err=True)
    raise typer.Exit(MISUSE)


def contents(file: Path, option: str) -> str:
    """The text of a file that the command line names. Refuses what cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"{option} {file} cannot be read: {error.strerror}. Name a file that is there.")
    except UnicodeDecodeError as error:
        refuse(f"{option} {file} is not UTF-8 (byte {error.start}). Save it as UTF-8.")


def settings() -> Settings:
    """The settings of this machine, or the reasons why not."""
    try:
        return from_environment(os.environ)
    except SettingsError as error:
        refuse(*error.sentences)


def manifest(file: Path, *, secrets: bool = True) -> Loaded:
    """A manifest that is in order, or every error with its line; without `secrets`, for a look at it only."""
    try:
        return load(file, os.environ if secrets else SecretsLater(os.environ), SOURCES)
    except ManifestError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(MISUSE) from error


def world_of(file: Path) -> World:
    """The world of a manifest. Raises ManifestError."""
    return load(file, SecretsLater(os.environ), SOURCES).world


def store_of(url: str, *, migrate: bool) -> Store:
    """The store at a URL. `migrate` brings its schema up first; otherwise an old schema is refused."""
    from bot.store import migrations
    from bot.store.opening import open_store

    try:
        if migrate:
            migrations.migrate(url)
        elif migrations.pending(url):
            refuse(f"The database {url} is older than this release. Run: tocsin migrate")
        return open_store(url)
    except (ValueError, StoreUnavailable) as error:
        refuse(f"The database cannot be opened: {error}")


def key_of(store: Store, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """The keys that seal buttons and links: from the settings, or one that the first start made up and kept."""
    if secrets:
        return tuple(secret.encode() for secret in secrets)

    def kept(tx: Tx) -> str:
        secret = tx.get_meta(SECRET)
        if not secret:
            secret = new_secret()
            tx.put_meta(SECRET, secret)
        return secret

    return (store.run(kept).encode(),)


def adapters(
    platforms: Platforms,
    public_url: str,
    clock: Clock,
    chats: Mapping[str, tuple[str, ...]] | None = None,
    people: Mapping[str, tuple[str, ...]] | None = None,
    *,
    mail_domain: str = "",
    mail_key: tuple[bytes, ...] = (),
) -> Mapping[str, Adapter]:
    """An adapter for each platform and vendor that the manifest declares; an undeclared SDK is never imported.

    `chats` and `people` are the addresses of each platform that doctor is to look at. `mail_domain` is where mail comes
    in, and `mail_key` makes the names of mails unguessable.
    """
    made: dict[str, Adapter] = {}
    for name, declared in platforms.settings().items():
        webhook = declared.get("mode") == "webhook"
        place = {
            "clock": lambda: clock.now() / SECOND,
            "callback_base": public_url,
            "polling": not webhook,
            "webhook_url": f"{public_url}/callbacks/{name}" if webhook else "",
            "chats": (chats or {}).get(name, ()),
            "people": (people or {}).get(name, ()),
            "mail_domain": mail_domain,
            "mail_key": mail_key,
        }
        made[name] = CARRIERS[name].make({**place, **declared})
    return made


def build(settings: Settings, loaded: Loaded, store: Store, clock: Clock | None = None) -> App:
    """Put an application together; nothing runs yet."""
    clock = clock or SystemClock()
    url = settings.public_url or loaded.world.url
    world = replace(loaded.world, url=url)
    key = key_of(store, settings.secrets)
    return App(
        Parts(
            world=world,
            store=store,
            adapters=adapters(loaded.platforms, url, clock, mail_domain=world.mail_domain, mail_key=key),
            parsers=parsers(),
            key=key,
            clock=clock,
            ids=Ids(),
        )
    )


def listening() -> bool:
    """Whether standard error is a person at a terminal."""
    return sys.stderr.isatty()
