"""How Twilio calls an application: a signed form POST, a second try when nobody answers, and TwiML to read.

The URL is signed and requested exactly as it was given.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urldefrag
from xml.etree import ElementTree as ET

import aiohttp
import yarl

from bot.playground.twilio_rules import TwilioError

# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides: 15 s in total, one retry of a connection
TIMEOUT_S: Final = 15.0
TRIES: Final = 2
TWIML_BYTES_MAX: Final = 64_000  # https://www.twilio.com/docs/api/errors/11750


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application answered to a webhook."""

    status: int
    content_type: str
    text: str


@dataclass(slots=True)
class Webhook:
    """The client side of every webhook of one account."""

    auth_token: str
    _session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the client session inside the running loop."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))

    async def close(self) -> None:
        """Close the session; safe when it was never opened."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, url: str, form: Mapping[str, str]) -> Answer | None:
        """POST a signed form; None when nobody answered. A failed connection is tried once more, an answer never."""
        if self._session is None:
            raise RuntimeError("The Twilio emulator was not started: call start() in the running loop first.")
        headers = {"X-Twilio-Signature": sign(self.auth_token, url, form), "User-Agent": "TwilioProxy/1.1"}
        target = yarl.URL(urldefrag(url).url, encoded=True)
        for _ in range(TRIES):
            try:
                return await self._post_once(self._session, target, dict(form), headers)
            except (aiohttp.ClientConnectionError, TimeoutError):
                continue
        return None

    async def _post_once(
        self, session: aiohttp.ClientSession, target: yarl.URL, form: dict[str, str], headers: dict[str, str]
    ) -> Answer:
        body = bytearray()
        async with session.post(target, data=form, headers=headers, allow_redirects=False) as response:
            async for chunk in response.content.iter_chunked(8_192):
                body += chunk
                if len(body) > TWIML_BYTES_MAX:
                    break
        return Answer(response.status, response.headers.get("content-type", ""), body.decode("utf-8", "replace"))


def sign(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """The value of `X-Twilio-Signature` for a form POST to exactly this URL.

    Base64 of the HMAC-SHA1 of the URL followed by every name and value, sorted by name
    (https://www.twilio.com/docs/usage/security#validating-requests).
    """
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def read_twiml(answer: Answer | None) -> list[str]:
    """The texts to send back, from what the application answered to an incoming message.

    Plain text is one message; TwiML is every `<Message>`, with the text inside it or inside its `<Body>`
    (https://www.twilio.com/docs/messaging/twiml). Raises `TwilioError` with the debugger's code: 11200 no answer or an
    HTTP error, 11750 too large, 12100 not well-formed, 12102 no `<Response>`, 12200 no such verb, 12300 content type.
    """
    if answer is None or not 200 <= answer.status < 300:
        raise TwilioError(11200, "HTTP retrieval failure", 502)
    if len(answer.text.encode()) > TWIML_BYTES_MAX:
        raise TwilioError(11750, "TwiML response body too large", 502)
    kind = answer.content_type.partition(";")[0].strip().lower()
    if answer.status == 204 or not answer.text.strip():
        return []
    if kind == "text/plain":
        return [answer.text]
    if kind not in ("text/xml", "application/xml", "text/html"):
        raise TwilioError(12300, f"Invalid Content-Type: {kind or 'none'}", 502)
    if "<!DOCTYPE" in answer.text:
        raise TwilioError(12100, "Document parse failure: TwiML has no document type", 502)
    try:
        root = ET.fromstring(answer.text)  # noqa: S314  # without a document type there are no entities to expand
    except ET.ParseError as error:
        raise TwilioError(12100, f"Document parse failure: {error}", 502) from error
    return _messages(root)


def _messages(root: ET.Element) -> list[str]:
    if root.tag != "Response":
        raise TwilioError(12102, f"Schema validation: the root element is <{root.tag}>, not <Response>", 502)
    texts: list[str] = []
    for verb in root:
        if verb.tag != "Message":
            raise TwilioError(12200, f"Schema validation: <{verb.tag}> is not a messaging verb known here", 502)
        body = verb.find("Body")
        texts.append(((verb if body is None else body).text or "").strip())
    return [text for text in texts if text]
