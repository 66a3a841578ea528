"""Texts and calls to a number, through whichever of the vendors that are set up is asked for.

Which one that is, and who comes next, is decided elsewhere: here are the route, the requests and the callbacks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.adapters.base import (
    Answer,
    Budget,
    Capabilities,
    Emit,
    Finding,
    HttpAnswer,
    HttpRequest,
    Json,
    Keyed,
    Notice,
    Permanent,
    Receipt,
    SendError,
    Sent,
    Slash,
)
from bot.adapters.vendors.contract import (
    CertificateNeeded,
    Forged,
    KeyPress,
    News,
    Said,
    Subscription,
    Words,
    mark,
)
from bot.adapters.vendors.line import Line
from bot.adapters.vendors.making import make
from bot.engine.regions import region_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSettings:
    """The vendors in the operator's order, and where callbacks reach us (empty: nowhere, so nothing is ever proven)."""

    vendors: tuple[Mapping[str, Any], ...]
    order: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Calling code or longer prefix, without the plus → the vendors to use there, instead of the built-in order."""
    callback_base: str = ""
    clock: Callable[[], float]


class PhoneAdapter:
    """One medium over several vendors; see `SmsAdapter` and `VoiceAdapter`."""

    name: str
    caps: Capabilities

    def __init__(self, settings: PhoneSettings) -> None:
        """Keep the settings and make the vendors; nothing is opened yet."""
        self._settings = settings
        self._secrets = {str(each["vendor"]): str(each.get("callback_secret", "")) for each in settings.vendors}
        made = (make(self.name, each, settings.callback_base) for each in settings.vendors)
        self._lines = {vendor.name: Line(vendor=vendor, now=lambda: int(settings.clock())) for vendor in made}
        self.receipts = bool(settings.callback_base) or all(line.can_ask() for line in self._lines.values())
        self._emit: Emit | None = None
        self._notice: Notice | None = None

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open a session for each vendor."""
        self._emit, self._notice = emit, notice
        for line in self._lines.values():
            await line.start()

    async def listen(self) -> None:
        """Vendors have no way in but callbacks."""

    async def stop(self) -> None:
        """Close the sessions."""
        for line in self._lines.values():
            await line.stop()

    def route(self, address: str) -> tuple[str, ...]:
        """The operator's order for the longest prefix that fits, else the region's, as far as they are set up."""
        digits = address.removeprefix("+")
        fitting = [prefix for prefix in self._settings.order if digits.startswith(prefix)]
        region = region_of(address)
        if fitting:
            order: Sequence[str] = self._settings.order[max(fitting, key=len)]
        else:
            order = region.vendors(self.name) if region else ()
        return tuple(vendor for vendor in order if vendor in self._lines)

    def mark(self, key: str) -> str:
        """See `contract.mark`."""
        return mark(key)

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Through the first vendor of the route, for whoever has no choice to make."""
        route = self.route(address)
        if not route:
            raise Permanent("no_vendor_for_region", "None of the vendors that are set up goes to this number.")
        return await self.call(route[0], address, message, key=key)

    async def call(self, vendor: str, address: str, message: Json, *, key: str) -> Sent:
        """One signed request."""
        return await self._lines[vendor].send(
            address, _words(message), key=key, callback_url=self._callback_url(vendor)
        )

    async def ask(self, vendor: str, provider_id: str) -> Receipt | None:
        """One question to the vendor that took it."""
        line = self._lines.get(vendor)
        receipt = await line.ask(provider_id) if line else None
        return replace(receipt, vendor=vendor) if receipt else None

    async def edit(self, ref: str, message: Json) -> Sent:
        """Neither a text nor a call can be taken back."""
        del ref, message
        raise Permanent("not_editable")

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """`/callbacks/<medium>/<vendor>[/<secret>]`: receipts, keys, replies; refused unless they are the vendor's."""
        line = self._line(request.path)
        if line is None:
            return HttpAnswer(status=404, body=b"This vendor is not set up here.")
        if self._emit is None or self._notice is None:
            return HttpAnswer(status=503, body=b"Tocsin is starting; try again.")
        try:
            news = await self._read(line, request)
        except Forged as forged:
            return HttpAnswer(status=401, body=str(forged).encode())
        said = Answer()
        for each in news:
            said = await self._take(line, each, self._emit, self._notice) or said
        message = said.message or {}
        more = bool(message.get("more"))
        return line.vendor.answer(
            news,
            "" if more else str(message.get("text") or said.toast),
            str(message.get("lang", "en")),
            again=_words(message) if more else None,
            callback_url=self._callback_url(line.vendor.name),
        )

    async def check(self) -> list[Finding]:
        """Ask each vendor something that costs nothing and proves the credentials."""
        return [await self._checked(line) for line in self._lines.values()]

    async def _checked(self, line: Line) -> Finding:
        check = f"{self.name}: {line.vendor.name}"
        if not self._settings.callback_base:
            cure = "Set public_url, so that receipts, keys and replies can come in."
            detail = "nothing can reach us: no key and no reply does anything, and pages are hardly ever proven"
            return Finding(check=check, ok=False, detail=detail, cure=cure)
        return replace(await line.check(), check=check)

    async def _read(self, line: Line, request: HttpRequest) -> tuple[News, ...]:
        now = int(self._settings.clock())
        try:
            return line.vendor.receipt(request, at=now)
        except CertificateNeeded as needed:
            line.learn(needed.url, await line.fetch(needed.url))
        return line.vendor.receipt(request, at=now)

    async def _take(self, line: Line, news: News, emit: Emit, notice: Notice) -> Answer | None:
        """Pass one piece of news on. The answer, where somebody waits for one."""
        vendor = line.vendor.name
        match news:
            case Receipt():
                await notice(replace(news, vendor=vendor))
            case Subscription(url=url):
                await line.fetch(url)
            case Said(user=user, text=text, key=key):
                answer = await emit(Slash(platform=self.name, user=user, text=text, key=f"{vendor}:{key}"))
                if not line.vendor.replies:
                    await self._reply(line, user, answer, key)
                return answer
            case KeyPress(provider_id=provider_id, key=digit, attempt=ours):
                keyed = Keyed(
                    platform=self.name,
                    vendor=vendor,
                    provider_id=provider_id,
                    mark=ours,
                    digit=digit,
                    key=f"{vendor}:{provider_id or ours}:{digit}",
                )
                if digit:  # whoever presses a key has heard it
                    await notice(_heard(keyed))
                return await emit(keyed)
        return None

    async def _reply(self, line: Line, user: str, answer: Answer, key: str) -> None:
        """Answer a text by a text, where the vendor's callback cannot carry one. Who misses a lost reply asks again."""
        message = answer.message or {"text": answer.toast}
        if not message.get("text"):
            return
        try:
            await line.send(user, _words(message), key=f"reply:{key}")
        except SendError as error:
            log.warning("The reply to a text was not taken by %s: %s", line.vendor.name, error)

    def _line(self, path: str) -> Line | None:
        """Whom a callback's path names; where there is only one vendor it need not name any."""
        rest = path.partition(f"/callbacks/{self.name}")[2].strip("/")
        name = rest.partition("/")[0]
        if not name and len(self._lines) == 1:
            return next(iter(self._lines.values()))
        return self._lines.get(name)

    def _callback_url(self, vendor: str) -> str:
        if not self._settings.callback_base:
            return ""
        secret = self._secrets[vendor]
        return f"{self._settings.callback_base}/callbacks/{self.name}/{vendor}" + (f"/{secret}" if secret else "")


class SmsAdapter(PhoneAdapter):
    """Texts."""

    name = "sms"
    caps = Capabilities(
        im=False,
        direct=True,
        vendors=True,
        proof="delivered",
        answer_within_s=15.0,  # https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides (read timeout)
        # A long code sends one segment a second; a queue of its own holds what comes faster.
        # https://help.twilio.com/articles/115002943027
        per_chat=Budget(per_s=1.0, burst=3),
        overall=Budget(per_s=10.0, burst=20),
        text_max=1600,
    )


class VoiceAdapter(PhoneAdapter):
    """Calls."""

    name = "voice"
    caps = Capabilities(
        im=False,
        direct=True,
        vendors=True,
        proof="delivered",
        answer_within_s=15.0,
        # A second call to the same telephone finds it engaged by the first: our own choice.
        per_chat=Budget(per_s=0.05, burst=2),
        # One call a second is what a new account may begin: https://www.twilio.com/docs/voice/api/call-resource
        overall=Budget(per_s=1.0, burst=5),
        text_max=1200,
    )


def _words(message: Mapping[str, Any]) -> Words:
    values = {str(name): str(value) for name, value in dict(message.get("values") or {}).items()}
    return Words(text=str(message.get("text", "")), values=values, lang=str(message.get("lang", "en")))


def _heard(keyed: Keyed) -> Receipt:
    return Receipt(
        carrier=keyed.platform,
        provider_id=keyed.provider_id,
        state="delivered",
        reason="key_pressed",
        vendor=keyed.vendor,
        mark=keyed.mark,
    )
