"""The verbs that run the product: all of it, or the part that a process of the Procfile runs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.app import App
    from bot.manifest.load import Loaded
    from bot.settings import Settings

Manifest = Annotated[Path | None, typer.Option("--manifest", "-m", help="The manifest; default TOCSIN_MANIFEST.")]


def demo(
    port: Annotated[int, typer.Option(help="Where the playground page is.", min=0, max=65_535)] = 8400,
    folder: Annotated[Path | None, typer.Option(help="Scratch folder; default: a new one.")] = None,
) -> None:
    """Run the whole product on this machine with no account, and show it on one page."""
    from bot.cli.demo import run_demo

    run_demo(port, folder)


def serve(manifest: Manifest = None) -> None:
    """Run everything in one process: web, worker and stream."""
    _serve(manifest, web=True, worker=True, stream=True)


def web(manifest: Manifest = None) -> None:
    """Run the HTTP part: alerts, callbacks, links, pages."""
    _serve(manifest, web=True, worker=False, stream=False)


def worker(manifest: Manifest = None) -> None:
    """Run the working part: intake, timers, deliveries."""
    _serve(manifest, web=False, worker=True, stream=False)


def stream(manifest: Manifest = None) -> None:
    """Run the listening part: platforms that need no public URL (sockets, polling)."""
    _serve(manifest, web=False, worker=False, stream=True)


def _serve(manifest: Path | None, *, web: bool, worker: bool, stream: bool) -> None:
    from bot import observe
    from bot.cli import boot
    from bot.cli.watch import watcher

    settings = boot.settings()
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not boot.listening())
    observe.configure(settings.log_level, as_json=as_json)
    file = manifest or settings.manifest
    loaded = boot.manifest(file)
    store = boot.store_of(settings.database, migrate=web and worker)
    app = boot.build(settings, loaded, store)

    def begin() -> None:
        if worker:
            app.work()
        if stream:
            app.listen()
            _poll(app, loaded)
        app.follow(watcher(app, file))

    try:
        if web:
            _run_web(app, settings, begin)
        else:
            asyncio.run(_run_bare(app, begin))
    finally:
        store.close()


def _poll(app: App, loaded: Loaded) -> None:
    """Look into the mailbox that the manifest names, if it names one."""
    from webhooks.mail.serving import poller

    if loaded.manifest.mail is not None and loaded.manifest.mail.imap is not None:
        app.also("imap", poller(app, loaded.manifest.mail.imap))


def _run_web(app: App, settings: Settings, begin: Callable[[], None]) -> None:
    import uvicorn

    from webhooks.app import web_app

    config = uvicorn.Config(
        web_app(app, begin, settings),
        host=settings.listen_host,
        port=settings.listen_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    uvicorn.Server(config).run()


async def _run_bare(app: App, begin: Callable[[], None]) -> None:
    """A process without HTTP: start, run until told to stop, stop cleanly."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await app.start()
    begin()
    try:
        await stopped.wait()
    finally:
        await app.stop()
