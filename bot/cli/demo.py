"""`tocsin demo`: the product on SQLite in a scratch folder, and beside it a playground that plays every platform."""

from __future__ import annotations

import asyncio
import os
import signal
import smtplib
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import typer

from bot import observe
from bot.app import App
from bot.cli import boot
from bot.clock import SystemClock
from bot.engine.model import SECOND
from bot.manifest.load import read
from bot.playground import scene
from bot.playground.hosting import loopback_socket, serving, url_of
from bot.playground.hub import Hub
from bot.playground.server import Playground
from bot.settings import Settings
from webhooks.app import web_app
from webhooks.sources import SOURCES

POST_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A running demo."""

    page: str
    product: str
    smtp: int
    """The port on which the product takes mail."""
    app: App
    playground: Playground
    clock: SystemClock


def run_demo(port: int, folder: Path | None) -> None:
    """Run until interrupted."""
    observe.configure("warning", as_json=False)
    scratch = folder or Path(tempfile.mkdtemp(prefix="tocsin-demo-"))
    scratch.mkdir(parents=True, exist_ok=True)
    asyncio.run(_until_stopped(port, scratch))


async def _until_stopped(port: int, folder: Path) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with demonstrate(folder, port) as demo:
        typer.echo(f"The playground is at {demo.page}  (Ctrl-C ends it; its database is in {folder})")
        typer.echo(f"A mail to {scene.MAILBOX}, by SMTP at 127.0.0.1:{demo.smtp}, is an alert too.")
        await stopped.wait()


@asynccontextmanager
async def demonstrate(folder: Path, port: int = 0, *, rate_limits: bool = True) -> AsyncIterator[Demo]:
    """The whole demo in this event loop; `port` 0 takes a free one. The clock of everything in it can be moved."""
    clock = SystemClock()
    page_socket, product_socket = _bound(port), loopback_socket()
    base, product = url_of(page_socket), url_of(product_socket)
    hub = Hub(now=lambda: clock.now() / SECOND)
    emulators, mail = scene.emulators(hub, base=base, product=product, rate_limits=rate_limits)
    mail.port, smtp_port = _free_ports()
    text = scene.manifest(base=base, product=product, smtp_port=mail.port)
    (folder / "tocsin.yaml").write_text(text, encoding="utf-8")
    loaded = read(text, file=str(folder / "tocsin.yaml"), env=os.environ, sources=SOURCES)
    database = f"sqlite:///{(folder / 'tocsin.db').absolute()}"
    store = boot.store_of(database, migrate=True)
    settings = Settings(database=database, smtp_host="127.0.0.1", smtp_port=smtp_port)
    app = boot.build(settings, loaded, store, clock)

    def advance(seconds: float) -> None:
        clock.advance(int(seconds * SECOND))
        app.wake()

    async def fire(name: str) -> object:
        if name == "mail":
            return await asyncio.to_thread(_mail, settings.smtp_port, scene.sample_mail(hub.now()))
        payload = scene.alertmanager_payload(name, hub.now())
        timeout = aiohttp.ClientTimeout(total=POST_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(product + scene.ALERTMANAGER_PATH, json=payload) as response,
        ):
            return {"status": response.status}

    def begin() -> None:
        app.work()
        app.listen()

    playground = Playground(hub, emulators, advance=advance, fire=fire, samples=scene.SAMPLES)
    try:
        async with serving(playground.app, page_socket), serving(web_app(app, begin, settings), product_socket):
            yield Demo(page=base, product=product, smtp=smtp_port, app=app, playground=playground, clock=clock)
    finally:
        store.close()


def _free_ports() -> tuple[int, int]:
    """Two ports that are free now."""
    with loopback_socket() as one, loopback_socket() as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def _mail(port: int, raw: bytes) -> object:
    """Send a mail to the product, as a storage box would. Raises SMTPException or OSError."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="nas.acme.example", timeout=POST_S) as client:
        client.sendmail("nas@acme.example", [scene.MAILBOX], raw)
    return {"status": 250}


def _bound(port: int) -> socket.socket:
    if not port:
        return loopback_socket()
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        boot.refuse(f"Port {port} is taken; end what uses it, or choose another: tocsin demo --port 8500")
    return bound
