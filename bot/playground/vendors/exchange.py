"""A telephone exchange: what all vendors of texts and calls have in common once their own words are taken away.

Messages and calls are kept, phones can be off, a number can be in trouble with any of the vendor's documented errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import aiohttp
import yarl
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from bot.playground.emulator import ActRefused
from bot.playground.hub import Hub, Json, Outage

KEPT_MAX: Final = 500
CALLBACK_S: Final = 5.0
ANSWER_BYTES_MAX: Final = 64_000
NONCES_MAX: Final = 5_000


class Refused(Exception):
    """The vendor says no, with one of its documented codes; `detail` replaces the documented message."""

    def __init__(self, code: str, detail: str = "") -> None:
        """Keep the code of the vendor's own table."""
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Heard:
    """What the application answered to a callback; status 0 when nobody answered."""

    status: int
    content_type: str
    text: str


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One vendor's account. `people` maps E.164 numbers to names; `callback_url` is what its console is set to."""

    hub: Hub
    people: Mapping[str, str] = field(default_factory=dict)
    callback_url: str = ""
    step_s: float = 0.0
    ring_s: float = 0.0
    """After so many real seconds nobody takes a call any more; 0: it rings until somebody acts."""
    items: list[Json] = field(default_factory=list)
    """Texts and calls, oldest first: `{id, kind, to, said, status, at, ...}`; a call that waits for a key listens."""
    troubles: dict[str, str] = field(default_factory=dict)
    """Number → the vendor's error code that it is refused with."""
    off: set[str] = field(default_factory=set)
    heard: list[Heard] = field(default_factory=list)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None
    name: ClassVar[str] = ""
    errors: ClassVar[Mapping[str, tuple[int, str]]] = {}
    """The vendor's documented errors: code → HTTP status and message."""
    faults: ClassVar[Mapping[Outage, str]] = {}
    """Which of them stands for a switched outage."""

    def routes(self) -> Sequence[BaseRoute]:
        """The vendor's API."""
        return ()

    async def start(self) -> None:
        """Open the client session that carries the callbacks."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALLBACK_S))

    async def stop(self) -> None:
        """End what is under way, and close the session."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def state(self) -> Json:
        """`{people: [{number, name, on}], items, errors}`."""
        phones = [{"number": each, "name": who, "on": each not in self.off} for each, who in self.people.items()]
        return {"people": phones, "items": self.items, "errors": sorted(self.errors)}

    async def act(self, act: str, data: Json) -> Json:
        """`power {number, on}`, `trouble {number, code}` (empty: none), and what becomes of a call that rings.

        `press {id, key}`, `miss {id}`, or `machine {id}`: a mailbox answers. `say {from, text}`: a text.
        """
        if act == "power":
            number, on = str(data.get("number", "")), bool(data.get("on"))
            (self.off.discard if on else self.off.add)(number)
            self.hub.publish(self.name, "power", {"number": number, "name": self.people.get(number, number), "on": on})
            return {"on": on}
        if act == "trouble":
            code = str(data.get("code", ""))
            if code and code not in self.errors:
                raise ActRefused(f"{self.name} has no error '{code}'; it knows {', '.join(sorted(self.errors))}.")
            self.troubles[str(data.get("number", ""))] = code
            return {"code": code}
        if act in ("press", "miss", "machine"):
            found = next((item for item in self.items if item["id"] == data.get("id")), None)
            ringing = found is not None and found["kind"] == "call" and found["status"] == "ringing"
            listening = found is not None and act == "press" and found["status"] == "listening"
            if found is None or not (ringing or listening):
                raise ActRefused("There is no such call ringing.")
            if not listening:
                found["status"] = "missed" if act == "miss" else "answered"
            match act:
                case "press":
                    heard = await self.pressed(found, str(data.get("key", "")))
                case "machine":
                    heard = await self.recorded(found)
                case _:
                    heard = await self.missed(found)
            self.tell(found, key=str(data.get("key", "")))
            return {"status": heard.status, "text": heard.text}
        if act == "say":
            heard = await self.said(str(data.get("from", "")), str(data.get("text", "")))
            return {"status": heard.status, "text": heard.text}
        raise ActRefused(f"A phone cannot do '{act}'; it knows power, trouble, press, miss, machine and say.")

    async def pressed(self, item: Json, key: str) -> Heard:
        """The person answered and pressed a key (empty: none in time): the vendor's callback for it."""
        raise ActRefused(f"{self.name} has no calls.")

    async def recorded(self, item: Json) -> Heard:
        """A mailbox answered, and nobody will press a key: the vendor's callbacks for it."""
        raise ActRefused(f"{self.name} does not tell a mailbox from a person.")

    async def said(self, person: str, text: str) -> Heard:
        """A person sent a text to the account: the vendor's callback for it."""
        raise ActRefused(f"{self.name} does not pass texts on.")

    async def missed(self, item: Json) -> Heard:
        """Nobody answered: the vendor's callback for it."""
        raise ActRefused(f"{self.name} has no calls.")

    async def reported(self, item: Json) -> None:
        """A text came to its end: the vendor's receipt for it."""

    async def passed_on(self, item: Json) -> None:
        """A text is on its way: the vendor's word of it, where there is any."""

    # --- for the vendors --------------------------------------------------------------------------------------------

    async def judge(
        self,
        request: Request,
        take: Callable[[Request, bytes], Response],
        refuse: Callable[[str, str, int], Response],
    ) -> Response:
        """Outages first, then the vendor's own judgement; `refuse(code, message, status)` draws its error body."""
        outage = self.hub.outage(self.name)
        if outage is Outage.DOWN:
            return PlainTextResponse("Service Unavailable", 503)
        try:
            body = await request.body()
            response = take(request, body) if outage not in self.faults else self._faulty(outage)
        except Refused as refused:
            status, message = self.errors[refused.code]
            self.hub.publish(self.name, "refused", {"code": refused.code, "detail": refused.detail or message})
            response = refuse(refused.code, refused.detail or message, status)
        if outage is Outage.SLOW:
            await asyncio.sleep(self.hub.slow_s)  # taken already: a caller that gives up cannot know
        return response

    def _faulty(self, outage: Outage) -> Response:
        raise Refused(self.faults[outage])

    def keep(self, identity: str, kind: str, to: str, said: str, **facts: Any) -> Json:
        """Take a text or a call; refuses a number that is in trouble."""
        if self.troubles.get(to):
            raise Refused(self.troubles[to])
        status = "ringing" if kind == "call" else "sent"
        item: Json = {"id": identity, "kind": kind, "to": to, "said": said, "status": status, "at": self.hub.now()}
        item |= facts
        self.items.append(item)
        del self.items[:-KEPT_MAX]
        self.tell(item, kind=kind)
        if kind == "text":
            self.later(self._deliver(item))
        elif self.ring_s:
            self.later(self._rung_out(item))
        return item

    def tell(self, item: Json, *, kind: str = "", key: str = "") -> None:
        """A notice of `kind`, by default what the text or call has come to."""
        name = self.people.get(item["to"], item["to"])
        self.hub.publish(self.name, kind or item["status"], item | {"name": name, "key": key})

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something after the answer went out."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def call_back(self, url: str, body: bytes, headers: Mapping[str, str], method: str = "POST") -> Heard:
        """Call the application, byte for byte as given; one try."""
        if self._session is None:
            raise RuntimeError(f"The {self.name} emulator was not started: call start() in the running loop first.")
        target = yarl.URL(url, encoded=True)
        try:
            async with self._session.request(
                method, target, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                text = (await response.content.read(ANSWER_BYTES_MAX)).decode("utf-8", "replace")
                heard = Heard(response.status, response.headers.get("content-type", ""), text)
        except (aiohttp.ClientError, TimeoutError):
            heard = Heard(0, "", "")
        self.heard.append(heard)
        del self.heard[:-KEPT_MAX]
        if not 200 <= heard.status < 300:
            self.hub.publish(self.name, "callback_failed", {"status": heard.status})
        return heard

    async def _rung_out(self, item: Json) -> None:
        await asyncio.sleep(self.ring_s)
        if item["status"] == "ringing":
            item["status"] = "missed"
            self.tell(item)
            await self.missed(item)

    async def _deliver(self, item: Json) -> None:
        await self.passed_on(item)
        await asyncio.sleep(self.step_s)
        item["status"] = "undelivered" if item["to"] in self.off else "delivered"
        self.tell(item)
        await self.reported(item)


def remember(used: set[str], once: str) -> None:
    """Keep what may be used once; after very many all are forgotten, which is lenient, but bounded."""
    if len(used) >= NONCES_MAX:
        used.clear()
    used.add(once)
