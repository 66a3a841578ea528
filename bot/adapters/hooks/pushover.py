"""Pushover: pages as notifications, and the gravest as emergencies that ring until they are acknowledged on the phone.

Acknowledging there acknowledges the incident, in the name of whoever did. Source: https://pushover.net/api and
https://pushover.net/api/receipts
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs

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
    RateLimited,
    Receipt,
    SendError,
    Sent,
    Slash,
    Transient,
)
from bot.adapters.hooks.line import Line, Said, broken
from bot.adapters.hooks.receipts import RECEIPT, TRIES_MAX, Receipts, Watched, flag

log = logging.getLogger(__name__)

CAPABILITIES = Capabilities(
    direct=True,
    edit=True,
    per_chat=Budget(per_s=1.0, burst=3),
    # No rate is published, only to keep to two calls at a time (https://pushover.net/api#friendly); this is our own.
    overall=Budget(per_s=4.0, burst=10),
    edit_gap_s=0.2,  # while it should ring an edit is no call at all, and a phone shall fall silent at once
)
EMERGENCY = 2
RETRY_MIN_S, EXPIRE_MAX_S = 30, 10_800
"""https://pushover.net/api#priority."""
POLL_S = 5.0
WAIT_DEFAULT_S = 5.0
"""https://pushover.net/api#friendly: "no faster than once every 5 seconds" after a failure."""
SEAL_CHARS = 32
_KEY = re.compile(r"[A-Za-z0-9]{30}")
_TAG = re.compile(r"incident-(\d{1,12})")
TOKEN_CURE = "Copy the API Token of your application from https://pushover.net, 30 letters and digits."  # noqa: S105
USER_CURE = "Copy the person's User Key from https://pushover.net, and let them install the app on a device."


@dataclass(frozen=True, slots=True, kw_only=True)
class PushoverSettings:
    """The application, and how an emergency repeats: every `retry_s` seconds, for `expire_s` at most."""

    token: str = field(repr=False)
    retry_s: int = 60
    expire_s: int = 1800
    base_url: str = "https://api.pushover.net"
    callback_base: str = ""
    """The public URL; with it Pushover tells of an acknowledgement at once, without it the receipts are polled."""
    people: tuple[str, ...] = ()
    """User keys that doctor looks at."""
    poll_s: float = POLL_S
    timeout_s: float = 7.0


class PushoverAdapter:
    """Sends to user keys; a ref is the receipt of an emergency, and an edit is the end of its ringing."""

    name = "pushover"
    caps = CAPABILITIES

    def __init__(self, settings: PushoverSettings) -> None:
        """Open nothing yet."""
        self.settings = settings
        self._line = Line(settings.timeout_s)
        self._receipts = Receipts(settings.poll_s, self._look)
        self._emit: Emit | None = None
        self._notice: Notice | None = None

    async def start(self, emit: Emit, notice: Notice) -> None:
        """Open the session."""
        self._emit, self._notice = emit, notice
        self._line.open()

    async def listen(self) -> None:
        """Receipts are asked about where they are waited for, in the process that sent the emergency."""

    async def stop(self) -> None:
        """End the asking, then close the session."""
        await self._receipts.stop()
        await self._line.close()

    async def send(self, address: str, message: Json, *, key: str) -> Sent:
        """Send. An emergency has a receipt, by which it is watched and ended; other messages have nothing."""
        del key
        said = await self._line.call("POST", self._url("messages.json"), data=self._fields(address, message))
        told = said.json()
        if said.status != 200 or not flag(told, "status"):
            raise _refused(said)
        receipt = told.get("receipt")
        if not isinstance(receipt, str) or not RECEIPT.fullmatch(receipt):
            return Sent(ref="", provider_id=str(told.get("request", ""))[:64])
        self._receipts.watch(receipt, _number(message), self.settings.expire_s)
        return Sent(ref=receipt, provider_id=receipt)

    async def edit(self, ref: str, message: Json) -> Sent:
        """What is shown on a phone stays; what still rings stops as soon as the message would ring no more.

        While it still should, the receipt is watched on: after a restart this is how it is found again.
        """
        if self._receipts.is_settled(ref):
            return Sent(ref=ref, provider_id=ref)
        if message.get("priority") == EMERGENCY:
            self._receipts.watch(ref, _number(message), self.settings.expire_s)
            return Sent(ref=ref, provider_id=ref)
        url = self._url(f"receipts/{ref}/cancel.json")
        said = await self._line.call("POST", url, data={"token": self.settings.token}, writes=False)
        if said.status != 200 and (trouble := _passing(said)):
            raise trouble
        self._receipts.settle(ref)  # any other refusal means that nothing rings any more
        return Sent(ref=ref, provider_id=ref)

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Pushover says that somebody acknowledged. It signs nothing, so its word is only a reason to ask."""
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        number, seal = query.get("n", ""), query.get("k", "")
        if request.method != "POST" or not hmac.compare_digest(self._seal(number).encode(), seal.encode()):
            return HttpAnswer(status=403, body=b"this is not from Pushover")
        posted = parse_qs(request.body.decode("utf-8", "replace"))
        receipt = posted.get("receipt", [""])[0]
        if not RECEIPT.fullmatch(receipt):
            return HttpAnswer(status=400, body=b"there is no receipt in it")
        if not self._receipts.is_settled(receipt):
            await self._receipts.ask(receipt, Watched(number=number, until=0.0))
        return HttpAnswer(body=b"ok")

    async def check(self) -> list[Finding]:
        """The application's token and what is left of its month, and whether each person has a device."""
        params = {"token": self.settings.token}
        try:
            said = await self._line.call("GET", self._url("apps/limits.json"), params=params, writes=False)
            if said.status != 200:
                raise _refused(said)
        except SendError as error:
            return [Finding(check="application", ok=False, detail=str(error), cure=TOKEN_CURE)]
        left = said.json().get("remaining")
        good = not isinstance(left, int) or left > 0
        cure = "" if good else "Wait for the next month, or buy messages at https://pushover.net."
        found = [Finding(check="application", ok=good, detail=f"messages left this month: {left}", cure=cure)]
        return found + [await self._person(user) for user in dict.fromkeys(self.settings.people)]

    async def _person(self, user: str) -> Finding:
        """https://pushover.net/api#validate: nothing is sent."""
        check = f"person {user[:4]}…"
        fields = {"token": self.settings.token, "user": user}
        try:
            said = await self._line.call("POST", self._url("users/validate.json"), data=fields, writes=False)
            if said.status != 200 or not flag(said.json(), "status"):
                raise _refused(said)
        except SendError as error:
            return Finding(check=check, ok=False, detail=str(error), cure=USER_CURE)
        devices = said.json().get("devices")
        count = len(devices) if isinstance(devices, list) else 0
        return Finding(check=check, ok=True, detail=f"known, with devices: {count}")

    async def _look(self, receipt: str, watched: Watched) -> bool:
        """Ask about one receipt; whether there is nothing more to learn of it."""
        url = self._url(f"receipts/{receipt}.json")
        try:
            said = await self._line.call("GET", url, params={"token": self.settings.token}, writes=False)
        except SendError as error:
            log.info("A receipt of Pushover could not be asked about: %s", error)
            return False
        told = said.json()
        if said.status != 200 or not flag(told, "status"):
            return _passing(said) is None
        if flag(told, "acknowledged"):
            return await self._acknowledged(receipt, watched, str(told.get("acknowledged_by", "")))
        return flag(told, "expired")

    async def _acknowledged(self, receipt: str, watched: Watched, user: str) -> bool:
        """Somebody has it: proof that it arrived, and their acknowledgement of the incident. Whether it was saved."""
        if self._emit is None or self._notice is None or not _KEY.fullmatch(user):
            return True
        text = f"ack {watched.number}".strip()
        # The key makes it count once, whoever brings it first: the callback, a round, or another process.
        ack = Slash(platform=self.name, user=user, text=text, key=f"receipt:{receipt}", reply_to=receipt)
        # The proof first: the acknowledgement queues a refresh of this very message.
        await self._notice(Receipt(carrier=self.name, provider_id=receipt, state="delivered"))
        answer = await self._emit(ack)
        watched.tries += 1
        return not answer.alert or watched.tries >= TRIES_MAX

    def _fields(self, user: str, message: Json) -> dict[str, str]:
        if not _KEY.fullmatch(user):
            raise Permanent("recipient_unreachable", "that is not a user key")
        fields = {name: str(value) for name, value in message.items()}
        fields |= {"token": self.settings.token, "user": user}
        if message.get("priority") == EMERGENCY:
            fields |= {"retry": str(self.settings.retry_s), "expire": str(self.settings.expire_s)}
            if self.settings.callback_base:
                number = _number(message)
                place = f"{self.settings.callback_base}/callbacks/{self.name}"
                fields["callback"] = f"{place}?n={number}&k={self._seal(number)}"
        return fields

    def _seal(self, number: str) -> str:
        """Proves that a callback's address was made here."""
        key, text = self.settings.token.encode(), f"tocsin pushover callback {number}".encode()
        return hmac.new(key, text, hashlib.sha256).hexdigest()[:SEAL_CHARS]

    def _url(self, path: str) -> str:
        return f"{self.settings.base_url}/1/{path}"


def _number(message: Json) -> str:
    """The incident's number out of the tag that its card bears."""
    found = _TAG.fullmatch(str(message.get("tags", "")))
    return found[1] if found else ""


def _passing(said: Said) -> SendError | None:
    """The failure that goes away by itself, if it is one."""
    if said.status == 429:
        return RateLimited(said.seconds("Retry-After", WAIT_DEFAULT_S), "HTTP 429")
    return broken(said, writes=False)


def _refused(said: Said) -> SendError:
    told = said.json()
    errors = told.get("errors")
    detail = f"HTTP {said.status} " + "; ".join(map(str, errors if isinstance(errors, list) else []))[:150]
    if said.status == 429:
        if said.headers.get("X-Limit-App-Remaining", "1") == "0":
            return Permanent("quota_exhausted", f"{detail}: the application's messages of this month are used up")
        return RateLimited(said.seconds("Retry-After", WAIT_DEFAULT_S), detail, whole=True)
    if told.get("token") == "invalid" or said.status == 401:
        return AuthBroken("auth_broken", detail)
    if "user" in told or "device" in told:
        return Permanent("recipient_unreachable", detail)
    if 400 <= said.status < 500:
        return Permanent("card_invalid", detail)
    if said.status == 200:
        return Transient("bad_answer", "the answer was not Pushover's", ambiguous=True)
    return broken(said) or Permanent("refused", detail)
