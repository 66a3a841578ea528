"""Alibaba Cloud on loopback: SendSms and IvrCall, ACS3 recomputed from the bytes that came, reports unsigned.

https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature ·
https://help.aliyun.com/zh/sms/developer-reference/api-error-codes · https://help.aliyun.com/zh/vms/developer-reference/api-ivrcall
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Final
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.hub import Json, Outage
from bot.playground.vendors.exchange import Exchange, Heard, Refused, remember

VERSION: Final = "2017-05-25"
SKEW_S: Final = 900
OUT_ID: Final = re.compile(r"[0-9a-zA-Z]{1,15}")
"""https://help.aliyun.com/zh/vms/developer-reference/api-ivrcall: 1 to 15 bytes."""
VALUE_MAX: Final = 35
IVR_PRODUCT: Final = "11000000300005"
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_SIGNED: Final = (
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
)


@dataclass(slots=True, kw_only=True)
class AliyunEmulator(Exchange):
    """One access key. `templates` maps a template code to the names of its variables."""

    access_key: str
    secret_key: str
    signatures: Sequence[str]
    templates: Mapping[str, Sequence[str]]
    abroad: Sequence[str] = ()
    """Templates for numbers outside the mainland; all others are for the mainland only."""
    show_numbers: Sequence[str] = ()
    _nonces: set[str] = field(default_factory=set)
    name: ClassVar[str] = "aliyun"
    errors: ClassVar[Mapping[str, tuple[int, str]]] = {
        "isv.BUSINESS_LIMIT_CONTROL": (200, "触发小时级流控Permits:5"),
        "isv.MOBILE_NUMBER_ILLEGAL": (200, "非法手机号"),
        "isv.AMOUNT_NOT_ENOUGH": (200, "账户余额不足"),
        "isv.OUT_OF_SERVICE": (200, "业务停机"),
        "isv.SMS_TEMPLATE_ILLEGAL": (200, "该账号下找不到对应模板"),
        "isv.SMS_SIGNATURE_ILLEGAL": (200, "该账号下找不到对应签名"),
        "isv.TEMPLATE_MISSING_PARAMETERS": (200, "模板变量缺少对应参数值"),
        "isv.INVALID_PARAMETERS": (200, "参数异常"),
        "isv.PARAM_LENGTH_LIMIT": (200, "参数超出长度限制"),
        "isv.PARAM_NOT_SUPPORT_URL": (200, "变量不支持传入URL"),
        "isv.MOBILE_IN_BLACK": (200, "手机号在黑名单"),
        "isp.SYSTEM_ERROR": (200, "系统异常"),
        "isp.RAM_PERMISSION_DENY": (200, "RAM权限不足"),
        "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
        "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
        "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
        "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
        "InvalidVersion": (400, "Specified parameter Version is not valid."),
        "InvalidAction.NotFound": (404, "Specified api is not found, please check your url and method."),
        "MissingParameter": (400, "The input parameter that is mandatory for processing this request is not supplied."),
        "Throttling.User": (400, "Request was denied due to user flow control."),
    }
    faults: ClassVar[Mapping[Outage, str]] = {
        Outage.RATE_LIMITED: "Throttling.User",
        Outage.REVOKED: "InvalidAccessKeyId.NotFound",
        Outage.BLOCKED: "isv.MOBILE_IN_BLACK",
    }

    def routes(self) -> Sequence[BaseRoute]:
        """One address for every action."""
        return (Route("/", self._called, methods=["POST"]),)

    async def _called(self, request: Request) -> Response:
        return await self.judge(request, self._take, _refusal)

    def _take(self, request: Request, body: bytes) -> Response:
        query = request.scope["query_string"]
        self._check_proof(request, query, body)
        fields = {name.decode(): value.decode("utf-8", "replace") for name, value in _pairs(query)}
        if request.headers["x-acs-version"] != VERSION:
            raise Refused("InvalidVersion")
        match request.headers["x-acs-action"]:
            case "SendSms":
                return self._text(fields)
            case "IvrCall":
                return self._ring(fields)
            case "QuerySmsSignList":
                listed = [{"SignName": name, "AuditStatus": "AUDIT_STATE_PASS"} for name in self.signatures]
                answer: Json = {"Code": "OK", "Message": "OK", "SmsSignList": listed, "TotalCount": len(listed)}
                return JSONResponse(answer | {"CurrentPage": 1, "PageSize": 50, "RequestId": _request_id()})
            case "QueryCallDetailByCallId":
                return self._detail(fields)
            case _:
                raise Refused("InvalidAction.NotFound")

    def _text(self, fields: Mapping[str, str]) -> Response:
        _require(fields, "PhoneNumbers", "SignName", "TemplateCode")
        if fields["SignName"] not in self.signatures:
            raise Refused("isv.SMS_SIGNATURE_ILLEGAL")
        said = self._filled(fields["TemplateCode"], fields.get("TemplateParam", "{}"), "isv.SMS_TEMPLATE_ILLEGAL")
        to = _number(fields["PhoneNumbers"])
        if to.startswith("+86") is (fields["TemplateCode"] in self.abroad):
            raise Refused("isv.SMS_TEMPLATE_ILLEGAL", "the template is for other regions")
        found = f"{secrets.randbelow(10**18):018d}^0"
        self.keep(found, "text", to, said, out_id=fields.get("OutId", ""))
        return JSONResponse({"Code": "OK", "Message": "OK", "RequestId": _request_id(), "BizId": found})

    def _ring(self, fields: Mapping[str, str]) -> Response:
        _require(fields, "CalledNumber", "CalledShowNumber", "StartCode")
        if fields["CalledShowNumber"] not in self.show_numbers or not OUT_ID.fullmatch(fields.get("OutId", "x")):
            raise Refused("isv.INVALID_PARAMETERS")
        if not re.fullmatch(r"1[0-9]{10}", fields["CalledNumber"]):
            raise Refused("isv.MOBILE_NUMBER_ILLEGAL", "IvrCall reaches mainland China only")
        if fields.get("PlayTimes", "1") not in ("1", "2", "3"):
            raise Refused("isv.INVALID_PARAMETERS")
        said = self._filled(fields["StartCode"], fields.get("StartTtsParams", "{}"), "isv.SMS_TEMPLATE_ILLEGAL")
        keys = {fields[n]: fields.get(n.replace(".Key", ".Code"), "") for n in fields if n.endswith(".Key")}
        if any(code not in self.templates for code in keys.values()):
            raise Refused("isv.SMS_TEMPLATE_ILLEGAL")
        found = f"{secrets.randbelow(10**12):012d}^{secrets.randbelow(10**12):012d}"
        kept = {"out_id": fields.get("OutId", ""), "keys": keys, "state": ""}
        item = self.keep(found, "call", f"+86{fields['CalledNumber']}", said, **kept)
        self.later(self._begun(item))
        return JSONResponse({"Code": "OK", "Message": "OK", "RequestId": _request_id(), "CallId": found})

    def _detail(self, fields: Mapping[str, str]) -> Response:
        """https://help.aliyun.com/zh/vms/through-the-call-id-for-call-records"""
        _require(fields, "CallId", "ProdId", "QueryDate")
        found = next((item for item in self.items if item["id"] == fields["CallId"]), None)
        if fields["ProdId"] != IVR_PRODUCT or not fields["QueryDate"].isdigit():
            raise Refused("isv.INVALID_PARAMETERS")
        answer = {"Code": "OK", "Message": "OK", "RequestId": _request_id()}
        if found is None or not found["state"]:
            return JSONResponse(answer)
        detail = {"callee": found["to"].removeprefix("+86"), "state": found["state"], "stateDesc": found["state"]}
        return JSONResponse(answer | {"Data": json.dumps(detail | {"duration": 12})})

    def _filled(self, template: str, values_json: str, unknown: str) -> str:
        names = self.templates.get(template)
        if names is None:
            raise Refused(unknown)
        try:
            values = json.loads(values_json)
        except ValueError:
            raise Refused("isv.INVALID_PARAMETERS", "JSON参数不合法") from None
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise Refused("isv.INVALID_PARAMETERS", "JSON参数不合法,只接受字符串值")
        if set(names) - set(values) or any(not values[name] for name in names):
            raise Refused("isv.TEMPLATE_MISSING_PARAMETERS")
        if any("://" in value or "www." in value for value in values.values()):
            raise Refused("isv.PARAM_NOT_SUPPORT_URL")
        if any(len(value) > VALUE_MAX for value in values.values()):
            raise Refused("isv.PARAM_LENGTH_LIMIT")
        return f"[{template}] " + " ".join(values[name] for name in names)

    def _check_proof(self, request: Request, query: bytes, body: bytes) -> None:
        """All from the wire: the query's pairs are decoded, sorted and encoded anew, headers taken as received."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        parts = dict(part.partition("=")[::2] for part in rest.split(","))
        if scheme != "ACS3-HMAC-SHA256" or parts.get("Credential") != self.access_key:
            raise Refused("InvalidAccessKeyId.NotFound")
        signed = parts.get("SignedHeaders", "").split(";")
        if signed != sorted(signed) or not set(_SIGNED) <= set(signed):
            raise Refused("SignatureDoesNotMatch", f"SignedHeaders must be sorted and hold {', '.join(_SIGNED)}")
        digest = hashlib.new("sha256", body).hexdigest()
        canonical = bytearray(request.method.encode() + b"\n/\n")
        canonical += b"&".join(_encoded(name) + b"=" + _encoded(value) for name, value in sorted(_pairs(query))) + b"\n"
        for name in signed:
            canonical += f"{name}:{request.headers.get(name, '').strip()}\n".encode()
        canonical += f"\n{parts['SignedHeaders']}\n{digest}".encode()
        said = b"ACS3-HMAC-SHA256\n" + hashlib.new("sha256", canonical).hexdigest().encode()
        wanted = hmac.digest(self.secret_key.encode(), said, "sha256").hex()
        if request.headers["x-acs-content-sha256"] != digest or not hmac.compare_digest(wanted, parts["Signature"]):
            raise Refused("SignatureDoesNotMatch")
        try:
            at = datetime.strptime(request.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise Refused("InvalidTimeStamp.Expired") from None
        if abs(at.timestamp() - self.hub.now()) > SKEW_S:
            raise Refused("InvalidTimeStamp.Expired")
        if request.headers["x-acs-signature-nonce"] in self._nonces:
            raise Refused("SignatureNonceUsed")
        remember(self._nonces, request.headers["x-acs-signature-nonce"])

    # --- callbacks --------------------------------------------------------------------------------------------------

    async def reported(self, item: Json) -> None:
        """SmsReport: https://help.aliyun.com/zh/sms/developer-reference/smsreport-2"""
        good = item["status"] == "delivered"
        await self._push({
            "phone_number": item["to"].removeprefix("+86"),
            "send_time": "2026-01-01 00:00:00",
            "report_time": "2026-01-01 00:00:01",
            "success": good,
            "err_code": "DELIVERED" if good else "MOBILE_NOT_ON_SERVICE",
            "err_msg": "用户接收成功" if good else "用户停机空号",
            "sms_size": "1",
            "biz_id": item["id"],
            "out_id": item["out_id"],
        })  # fmt: skip

    async def pressed(self, item: Json, key: str) -> Heard:
        """VoiceCallReport at once, VoiceReport as the call ends; the first one's answer is handed back."""
        await self._live(item, "200102")
        heard = await self._live(item, "300000", dtmf=key) if key else None
        ended = await self._ended(item, "200000" if key else "200008", key)
        return heard or ended

    async def recorded(self, item: Json) -> Heard:
        """To the vendor a mailbox is somebody who presses nothing."""
        return await self.pressed(item, "")

    async def _begun(self, item: Json) -> None:
        await self._live(item, "200101")
        await self._live(item, "200201")

    async def _live(self, item: Json, code: str, **more: str) -> Heard:
        """VoiceCallReport: https://help.aliyun.com/en/vms/developer-reference/call-status-code"""
        common = {"call_id": item["id"], "out_id": item["out_id"], "status_time": "2026-01-01 00:00:00"}
        return await self._push({**common, "status_code": code, "smart_status_code": "ANSWERED", **more})

    async def _ended(self, item: Json, code: str, key: str) -> Heard:
        """VoiceReport."""
        item["state"] = code
        common = {"call_id": item["id"], "out_id": item["out_id"], "status_code": code, "dtmf": key}
        more = {"hangup_direction": "0", "duration": "12", "caller": self.show_numbers[0], "callee": item["to"]}
        return await self._push({**common, **more})

    async def missed(self, item: Json) -> Heard:
        """VoiceReport with 200003: nobody answered."""
        return await self._ended(item, "200003", "")

    async def said(self, person: str, text: str) -> Heard:
        """SmsUp: https://help.aliyun.com/zh/sms/developer-reference/smsup-http"""
        row = {"phone_number": person.removeprefix("+86").lstrip("+"), "content": text}
        more = {"send_time": "2026-01-01 00:00:00", "dest_code": "1234", "sequence_id": str(secrets.randbelow(10**10))}
        return await self._push({**row, **more})

    async def _push(self, row: Json) -> Heard:
        if not self.callback_url:
            return Heard(0, "", "")
        body = json.dumps([row], ensure_ascii=False).encode()
        return await self.call_back(self.callback_url, body, {"Content-Type": "application/json; charset=utf-8"})


def _refusal(code: str, message: str, status: int) -> Response:
    return JSONResponse({"Code": code, "Message": message, "RequestId": _request_id()}, status)


def _request_id() -> str:
    return secrets.token_hex(16).upper()


def _require(fields: Mapping[str, str], *names: str) -> None:
    for name in names:
        if not fields.get(name):
            raise Refused("MissingParameter", f"{name} is mandatory for this action.")


def _number(text: str) -> str:
    """A mainland number without its country code, or another one with it and without a plus."""
    if re.fullmatch(r"1[3-9][0-9]{9}", text):
        return f"+86{text}"
    if re.fullmatch(r"(?!86)[2-9][0-9]{7,14}", text):
        return f"+{text}"
    raise Refused("isv.MOBILE_NUMBER_ILLEGAL")


def _pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    """A plus on the wire is a space, as the vendor's own SDK sends it; in what is signed a space is %20."""
    cut = (part.replace(b"+", b"%20").partition(b"=") for part in query.split(b"&") if part)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in cut]


def _encoded(raw: bytes) -> bytes:
    return b"".join(bytes((byte,)) if byte in _UNRESERVED else b"%%%02X" % byte for byte in raw)
