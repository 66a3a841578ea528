"""Huawei Cloud on loopback: batchSendSms with the WSSE digest recomputed, errors inside a 200, reports as forms.

https://support.huaweicloud.com/intl/en-us/api-msgsms/sms_05_0001.html · …/sms_05_0050.html (errors) ·
…/sms_05_0051.html (states of a report)
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.hub import Json, Outage
from bot.playground.vendors.exchange import Exchange, Heard, Refused, remember

SKEW_S: Final = 86_400
EXTEND_MAX: Final = 128
VALUE_MAX: Final = 20
_WSSE: Final = re.compile(
    r'UsernameToken Username="([^"]+)", ?PasswordDigest="([^"]+)", ?Nonce="([^"]+)", ?Created="([^"]+)"'
)


@dataclass(slots=True, kw_only=True)
class HuaweiEmulator(Exchange):
    """One application. `channels` maps a channel number to its signature, `templates` a template to its variables."""

    app_key: str
    app_secret: str
    channels: Mapping[str, str]
    templates: Mapping[str, int]
    abroad: Sequence[str] = ()
    """Templates for numbers outside the mainland; all others are for the mainland only."""
    _nonces: set[str] = field(default_factory=set)
    name: ClassVar[str] = "huawei"
    errors: ClassVar[Mapping[str, tuple[int, str]]] = {
        "E000000": (200, "System error."),
        "E000001": (200, "Authorization not contained in the HTTP header."),
        "E000004": (200, "The value of realm in Authorization must be SDP."),
        "E000007": (200, "X-WSSE not contained in the HTTP header."),
        "E000102": (200, "Invalid app_key."),
        "E000103": (200, "Invalid app_key status, or a wrong digest."),
        "E000106": (200, "The caller's address is not on the list."),
        "E000112": (200, "The user is frozen."),
        "E000503": (200, "Parameter format error."),
        "E000629": (200, "The package is used up."),
        "E200015": (200, "The volume of messages exceeds the limit."),
        "E200018": (200, "The channel does not fit the application."),
        "E200024": (200, "International messages are not supported."),
        "E200028": (200, "The variables of the template are wrong."),
        "E200029": (200, "The type of the template does not fit."),
        "E200030": (200, "The template is not active."),
        "E200041": (200, "The number is there twice."),
    }
    faults: ClassVar[Mapping[Outage, str]] = {
        Outage.RATE_LIMITED: "E200015",
        Outage.REVOKED: "E000102",
        Outage.BLOCKED: "E000106",
    }

    def routes(self) -> Sequence[BaseRoute]:
        """`POST /sms/batchSendSms/v1`."""
        return (Route("/sms/batchSendSms/v1", self._called, methods=["POST"]),)

    async def _called(self, request: Request) -> Response:
        return await self.judge(request, self._take, _refusal)

    def _take(self, request: Request, body: bytes) -> Response:
        self._check_proof(request)
        if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
            raise Refused("E000503", "The body is a form.")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if any(not form.get(name) for name in ("from", "to", "templateId")):
            raise Refused("E000503", "from, to and templateId are mandatory.")
        if form["from"] not in self.channels or form.get("signature") != self.channels[form["from"]]:
            raise Refused("E200018")
        numbers = form["to"].split(",")
        if len(set(numbers)) != len(numbers):
            raise Refused("E200041")
        if len(numbers) != 1 or not re.fullmatch(r"\+[1-9][0-9]{6,14}", form["to"]):
            raise Refused("E000503", "to: one E.164 number is taken here.")
        if form["to"].startswith("+86") is (form["templateId"] in self.abroad):
            raise Refused("E200029")
        said = self._filled(form)
        if len(form.get("extend", "")) > EXTEND_MAX:
            raise Refused("E000503", "extend is too long.")
        found = f"{secrets.token_hex(16)}_{secrets.randbelow(10**8)}"
        kept = {"extend": form.get("extend", ""), "callback": form.get("statusCallback", "")}
        self.keep(found, "text", form["to"], said, **kept)
        row = {"originTo": form["to"], "from": form["from"], "status": "000000", "smsMsgId": found}
        row["createTime"] = datetime.fromtimestamp(self.hub.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return JSONResponse({"code": "000000", "description": "Success", "result": [row]})

    def _filled(self, form: Mapping[str, str]) -> str:
        if form["templateId"] not in self.templates:
            raise Refused("E200030")
        try:
            values = json.loads(form.get("templateParas", "[]"))
        except ValueError:
            raise Refused("E000000") from None
        wanted = self.templates[form["templateId"]]
        if not isinstance(values, list) or len(values) != wanted:
            raise Refused("E200028")
        if not all(isinstance(value, str) and 0 < len(value) <= VALUE_MAX and "://" not in value for value in values):
            raise Refused("E200028")
        return f"[{form['templateId']}] " + " ".join(values)

    def _check_proof(self, request: Request) -> None:
        login = request.headers.get("authorization", "")
        if not login:
            raise Refused("E000001")
        if login != 'WSSE realm="SDP",profile="UsernameToken",type="Appkey"':
            raise Refused("E000004")
        found = _WSSE.fullmatch(request.headers.get("x-wsse", ""))
        if found is None:
            raise Refused("E000007")
        who, digest, nonce, created = found.groups()
        if who != self.app_key:
            raise Refused("E000102")
        said = hashlib.new("sha256")
        for part in (nonce, created, self.app_secret):
            said.update(part.encode())
        try:
            at = datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise Refused("E000103") from None
        if base64.b64decode(digest) != said.digest() or abs(at - self.hub.now()) > SKEW_S or nonce in self._nonces:
            raise Refused("E000103")
        remember(self._nonces, nonce)

    async def reported(self, item: Json) -> None:
        """A status report, to the address that the request named: …/sms_05_0003.html"""
        if not item["callback"]:
            return
        form = {
            "smsMsgId": item["id"],
            "total": "1",
            "sequence": "1",
            "status": "DELIVRD" if item["status"] == "delivered" else "UNDELIV",
            "source": "2",
            "updateTime": "2026-01-01T00:00:01Z",
            "orgCode": "000",
            "extend": item["extend"],
            "to": item["to"],
        }
        await self._post(item["callback"], form)

    async def said(self, person: str, text: str) -> Heard:
        """A person's text, to the address of the console: https://support.huaweicloud.com/api-msgsms/sms_05_0004.html"""
        form = {"from": person, "to": "1069000000000", "body": text, "smsMsgId": secrets.token_hex(16)}
        return await self._post(self.callback_url, form)

    async def _post(self, url: str, form: Mapping[str, str]) -> Heard:
        return await self.call_back(
            url, urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        )


def _refusal(code: str, message: str, status: int) -> Response:
    return JSONResponse({"code": code, "description": message}, status)
