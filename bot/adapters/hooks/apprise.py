"""Apprise, for every service that has no adapter of its own: one way, best effort, and never confirmed.

The library (https://github.com/caronc/apprise) is an optional extra, imported when the first URL is used. It calls the
network by itself, in a thread, and says no more than whether it worked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from bot.adapters.base import (
    AuthBroken,
    Budget,
    Capabilities,
    Emit,
    Finding,
    HttpAnswer,
    HttpRequest,
    Json,
    Notice,
    Permanent,
    Sent,
    Transient,
)

CAPABILITIES = Capabilities(
    groups=True,
    per_chat=Budget(per_s=0.2, burst=3),  # most of its services get one message every 5.5 s of it
    overall=Budget(per_s=2.0, burst=4),
)
AT_ONCE = 4
"""Threads: one that hangs in a service's network takes none of the others'."""
MISSING = "Apprise is not installed; run: pip install 'tocsin[apprise]'"
CURE = "Write a URL that Apprise knows: https://appriseit.com/services/"


class AppriseMissing(Exception):
    """The library is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings:
    """`urls` maps a name of your own, which is the chat's id in the manifest, to the secret Apprise URL behind it."""

    urls: Mapping[str, str] = field(repr=False)
    timeout_s: float = 7.0


class AppriseAdapter:
    """Hands a text to the library; an address is the name of a URL."""

    name = "apprise"
    caps = CAPABILITIES

    def __init__(self, settings: AppriseSettings) -> None:
        """Import nothing yet."""
        self.settings = settings
        self._threads: ThreadPoolExecutor | None = None

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Make room for the threads; nobody ever speaks back, so `emit` and `notice` are not used."""
        del emit, notice
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="apprise")

    async def listen(self) -> None:
        """Nothing is heard."""

    async def stop(self) -> None:
        """Let go of the threads: what one of them is still sending goes on, and nobody waits for it."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        self._threads = None

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Hand it over. What the library calls success means that a service took it, and nothing can be found again."""
        del key
        url = self.settings.urls.get(address, "")
        if not url:
            raise Permanent("chat_unreachable", f"no URL is called {address}")
        if self._threads is None:
            raise RuntimeError("Apprise was not started.")
        work = asyncio.get_running_loop().run_in_executor(self._threads, _notify, url, message)
        try:
            done = await asyncio.wait_for(work, self.settings.timeout_s)
        except TimeoutError as error:
            detail = f"no answer within {self.settings.timeout_s:g} s"
            raise Transient("timeout", detail, ambiguous=True) from error
        except AppriseMissing as error:
            raise AuthBroken("library_missing", MISSING) from error
        if done is None:
            raise Permanent("chat_unreachable", f"Apprise does not know what {address} is. {CURE}")
        if not done:
            raise Transient("platform_down", f"Apprise could not send to {address}: see the log", ambiguous=True)
        return Sent(ref="")

    async def edit(self, ref: str, message: Json) -> Sent:
        """Never: nothing that was sent can be found again."""
        del message
        raise Permanent("refused", f"Apprise edits nothing ({ref})")

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Nobody has a reason to call."""
        del request
        return HttpAnswer(status=404, body=b"Apprise has no callbacks")

    async def check(self) -> list[Finding]:
        """Whether the library is there and understands each URL; nothing is sent."""
        try:
            known = await asyncio.to_thread(lambda: {name: _knows(url) for name, url in self.settings.urls.items()})
        except AppriseMissing:
            cure = "Run: pip install 'tocsin[apprise]'"
            return [Finding(check="library", ok=False, detail="Apprise is not installed", cure=cure)]
        told = {True: "Apprise understands it; what it sends is never confirmed", False: "no service has such a URL"}
        return [
            Finding(check=f"URL {name}", ok=good, detail=told[good], cure="" if good else CURE)
            for name, good in known.items()
        ]


def _notify(url: str, message: Json) -> bool | None:
    """In a thread: whether it was taken; None for a URL that the library does not understand."""
    apprise = _library()
    one = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Tocsin", async_mode=False, secure_logging=True))
    if not one.add(url):
        return None
    return bool(
        one.notify(body=message["body"], title=message["title"], notify_type=message["type"], body_format="text")
    )


def _knows(url: str) -> bool:
    return bool(_library().Apprise().add(url))


def _library() -> Any:
    try:
        apprise = import_module("apprise")
    except ImportError as error:
        raise AppriseMissing from error
    logging.getLogger("apprise").setLevel(logging.WARNING)  # below it, it writes of what it sends
    return apprise
