"""From Slack to the app: signs and sends a callback, by HTTP or by an open socket, and judges the answer by the clock.

Sources: https://docs.slack.dev/authentication/verifying-requests-from-slack and
https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

from bot.playground.emulator import ActRefused
from bot.playground.hub import Json, Outage
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.workspace import Workspace
from bot.playground.waiting import until

ANSWER_BYTES_MAX = 500_000
HTTP_OK = 200
USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app said: `trouble` is empty when it answered 2xx in time, else the reason word of the Events API.

    `payload` is the JSON object of the answer, `text` its plain text if it was no JSON.
    """

    status: int = 0
    text: str = ""
    payload: Json | None = None
    trouble: str = ""
    no_retry: bool = False


@dataclass(slots=True)
class AppLink:
    """The way to the app; `start` opens the one client session, `stop` closes it and ends pending retries."""

    space: Workspace
    sockets: Sockets
    _session: aiohttp.ClientSession | None = None
    _retries: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Open the client session."""
        timeout = aiohttp.ClientTimeout(total=self.space.config.deadline_s)
        self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)

    async def stop(self) -> None:
        """Close the session, the sockets and every pending retry."""
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        await self.sockets.disconnect("link_disabled")
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def interactive(self, payload: Json) -> Answer:
        """A click or a submission: a form with one field `payload`."""
        return await self._send("interactive", payload, urlencode({"payload": json.dumps(payload)}), {})

    async def command(self, payload: Json) -> Answer:
        """A slash command: a plain form."""
        return await self._send("slash_commands", payload, urlencode(payload), {})

    async def event(self, payload: Json) -> Answer:
        """An event: JSON; repeated in the background up to three times until the app acknowledges it.

        Source: https://docs.slack.dev/apis/events-api#retries
        """
        answer = await self._send("events_api", payload, json.dumps(payload), {})
        if answer.trouble and not answer.no_retry:
            task = asyncio.get_running_loop().create_task(self._repeat(payload, answer.trouble))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)
        return answer

    async def verify_url(self, challenge: str) -> bool:
        """Whether the request URL echoes the challenge: https://docs.slack.dev/reference/events/url_verification."""
        payload: Json = {"type": "url_verification", "token": self.space.config.verification_token,
                         "challenge": challenge}  # fmt: skip
        answer = await self._post(json.dumps(payload), "application/json", {})
        echoed = answer.payload.get("challenge") if answer.payload else answer.text.strip()
        return not answer.trouble and echoed == challenge

    async def _repeat(self, payload: Json, reason: str) -> None:
        for number, delay_s in enumerate(self.space.config.event_retry_delays_s, start=1):
            await self._pause(self.space.hub.now() + delay_s)
            headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
            answer = await self._send("events_api", payload, json.dumps(payload), headers)
            if not answer.trouble or answer.no_retry:
                return
            reason = answer.trouble
        given_up: Json = {"what": "event", "reason": reason, "event_id": payload["event_id"], "given_up": True}
        self.space.publish("trouble", given_up)

    async def _pause(self, due: float) -> None:
        hub = self.space.hub
        await until(lambda: hub.now() >= due and hub.outage("slack") is not Outage.DOWN)

    async def _send(self, kind: str, payload: Json, body: str, headers: dict[str, str]) -> Answer:
        outage = self.space.hub.outage("slack")
        if outage is Outage.DOWN:
            raise ActRefused("Slack is down: nothing a person does there reaches anyone.")
        if outage is Outage.SLOW:
            await asyncio.sleep(self.space.hub.slow_s)
        self.space.publish("callback", {"kind": kind, "payload": payload, **({"retry": headers} if headers else {})})
        if self.sockets.connected():
            answer = await self._by_socket(kind, payload, headers)
        elif self.space.config.callback_url:
            form = kind != "events_api"
            content_type = "application/x-www-form-urlencoded" if form else "application/json"
            answer = await self._post(body, content_type, headers)
        else:
            answer = Answer(trouble="connection_failed", text="no request URL is set and no socket is connected")
        self.space.publish("answer", {"kind": kind, "status": answer.status, "body": answer.payload or answer.text,
                                      "trouble": answer.trouble})  # fmt: skip
        return answer

    async def _by_socket(self, kind: str, payload: Json, headers: dict[str, str]) -> Answer:
        retry: Json = {}
        if kind == "events_api":
            retry = {"retry_attempt": int(headers.get("X-Slack-Retry-Num", "0")),
                     "retry_reason": headers.get("X-Slack-Retry-Reason", "")}  # fmt: skip
        ack = await self.sockets.deliver(kind, payload, self.space.config.deadline_s, retry)
        if ack is None:
            return Answer(trouble="http_timeout")
        reply = ack.get("payload")
        if isinstance(reply, dict) and reply:
            return Answer(HTTP_OK, payload=reply)
        return Answer(HTTP_OK, reply if isinstance(reply, str) else "")

    async def _post(self, body: str, content_type: str, headers: dict[str, str]) -> Answer:
        if self._session is None:
            raise ActRefused("The played Slack is not running.")
        config = self.space.config
        stamp = str(int(self.space.hub.now()))
        digest = hmac.new(config.signing_secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        signed = {"Content-Type": content_type, "User-Agent": USER_AGENT, "X-Slack-Request-Timestamp": stamp,
                  "X-Slack-Signature": f"v0={digest}", **headers}  # fmt: skip
        try:
            async with self._session.post(config.callback_url, data=body.encode(), headers=signed) as response:
                raw = await response.content.read(ANSWER_BYTES_MAX)
                return _judged(response.status, raw.decode(errors="replace"), response.headers.get("X-Slack-No-Retry"))
        except TimeoutError:
            return Answer(trouble="http_timeout")
        except aiohttp.ClientError as error:
            return Answer(trouble="connection_failed", text=str(error))


def _judged(status: int, text: str, no_retry: str | None) -> Answer:
    try:
        parsed = json.loads(text) if text.strip() else None
    except ValueError:
        parsed = None
    payload = parsed if isinstance(parsed, dict) else None
    trouble = "" if HTTP_OK <= status < 300 else "http_error"
    return Answer(status, "" if payload is not None else text, payload, trouble, no_retry == "1")
