"""Tencent Cloud on loopback: SendSms and SendTtsVoice, TC3 recomputed from the bytes that came, errors inside a 200.

https://cloud.tencent.com/document/api/382/52072 (signature) ·
https://cloud.tencent.com/document/api/382/55981 (SendSms) ·
https://cloud.tencent.com/document/api/1128/51558 (SendTtsVoice), each with its error codes
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.hub import Json, Outage
from bot.playground.vendors.exchange import Exchange, Heard, Refused

SKEW_S: Final = 300
VALUE_MAX: Final = 12
"""What this account was granted; new accounts start at 6 (https://cloud.tencent.com/document/product/382/39023)."""
CONTEXT_BYTES_MAX: Final = 512
LISTED_MAX: Final = 100
_SERVICES: Final = {
    "SendSms": ("sms", "2021-01-11"), "DescribeSmsSignList": ("sms", "2021-01-11"),
    "SendTtsVoice": ("vms", "2020-09-02"),
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class TencentEmulator(Exchange):
    """One API user. `templates` maps a template's number to how many variables it has."""

    secret_id: str
    secret_key: str
    sms_app: str
    voice_app: str
    signatures: Sequence[str]
    templates: Mapping[str, int]
    abroad: Sequence[str] = ()
    """Templates for numbers outside the mainland; all others are for the mainland only."""
    name: ClassVar[str] = "tencent"
    errors: ClassVar[Mapping[str, tuple[int, str]]] = {
        "LimitExceeded.PhoneNumberThirtySecondLimit": (200, "too many messages to one number within 30 seconds"),
        "LimitExceeded.PhoneNumberDailyLimit": (200, "the daily limit of the number is reached"),
        "LimitExceeded.PhoneNumberSameContentDailyLimit": (200, "the same content was sent too often today"),
        "FailedOperation.PhoneNumberInBlacklist": (200, "phone number in blacklist"),
        "FailedOperation.InsufficientBalanceInSmsPackage": (200, "insufficient balance in SMS package"),
        "FailedOperation.InsufficientBalanceInVoicePackage": (200, "insufficient balance in voice package"),
        "FailedOperation.SignatureIncorrectOrUnapproved": (200, "signature is incorrect or unapproved"),
        "FailedOperation.TemplateIncorrectOrUnapproved": (200, "template is incorrect or unapproved"),
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": (200, "template parameters do not match"),
        "FailedOperation.ContainSensitiveWord": (200, "the content contains sensitive words"),
        "InvalidParameterValue.TemplateParameterLengthLimit": (200, "a template parameter is too long"),
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": (200, "no URL in template parameters"),
        "InvalidParameterValue.IncorrectPhoneNumber": (200, "incorrect phone number"),
        "InvalidParameterValue.CalledNumberVerifyFail": (200, "the called number is not E.164"),
        "UnauthorizedOperation.SmsSdkAppIdVerifyFail": (200, "SmsSdkAppId verification failed"),
        "UnauthorizedOperation.VoiceSdkAppidVerifyFail": (200, "VoiceSdkAppid verification failed"),
        "UnauthorizedOperation.ServiceSuspendDueToArrears": (200, "the service is suspended for arrears"),
        "InternalError.Timeout": (200, "request timeout"),
        "InternalError.RestApiInterfaceNotExist": (200, "the REST API interface does not exist"),
        "AuthFailure.SignatureFailure": (200, "The provided credentials could not be validated."),
        "AuthFailure.SignatureExpire": (200, "Signature expired."),
        "AuthFailure.SecretIdNotFound": (200, "The SecretId is not found."),
        "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": (200, "the template is for abroad"),
        "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": (200, "the template is for the mainland"),
        "InvalidAction": (200, "The request parameter 'Action' is invalid."),
        "NoSuchVersion": (200, "The version does not exist."),
        "MissingParameter": (200, "The request is missing a required parameter."),
        "RequestLimitExceeded": (200, "Your current request times exceeds the frequency limit."),
    }  # fmt: skip
    faults: ClassVar[Mapping[Outage, str]] = {
        Outage.RATE_LIMITED: "RequestLimitExceeded",
        Outage.REVOKED: "AuthFailure.SecretIdNotFound",
        Outage.BLOCKED: "FailedOperation.PhoneNumberInBlacklist",
    }

    def routes(self) -> Sequence[BaseRoute]:
        """One address for every action."""
        return (Route("/", self._called, methods=["POST"]),)

    async def _called(self, request: Request) -> Response:
        return await self.judge(request, self._take, _refusal)

    def _take(self, request: Request, body: bytes) -> Response:
        action = request.headers.get("x-tc-action", "")
        service, version = _SERVICES.get(action, ("", ""))
        if not service:
            raise Refused("InvalidAction")
        if request.headers.get("x-tc-version") != version:
            raise Refused("NoSuchVersion")
        self._check_proof(request, service, body)
        try:
            asked = json.loads(body)
        except ValueError:
            raise Refused("MissingParameter", "The body is not JSON.") from None
        if action == "DescribeSmsSignList":
            return self._signatures(asked)
        return self._text(asked) if action == "SendSms" else self._ring(asked)

    def _signatures(self, asked: Mapping[str, Any]) -> Response:
        """https://cloud.tencent.com/document/api/382/55971"""
        if asked.get("International") not in (0, 1) or not 0 <= asked.get("Limit", 10) <= LISTED_MAX:
            raise Refused("MissingParameter", "International is 0 or 1; Limit is 0 to 100.")
        listed = [{"SignName": name, "SignId": 1, "International": 0, "StatusCode": 0} for name in self.signatures]
        return JSONResponse({"Response": {"DescribeSignListStatusSet": listed, "RequestId": secrets.token_hex(16)}})

    def _text(self, asked: Mapping[str, Any]) -> Response:
        """A refusal of one number is a state in the set, never an `Error`: a request may name 200 numbers."""
        _require(asked, "PhoneNumberSet", "SmsSdkAppId", "TemplateId", "SignName")
        if asked["SmsSdkAppId"] != self.sms_app:
            raise Refused("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
        states: list[Json] = []
        for to in asked["PhoneNumberSet"]:
            state = {"SerialNo": "", "PhoneNumber": to, "Fee": 0, "SessionContext": asked.get("SessionContext", "")}
            try:
                found = self._one_text(to, asked)
                state |= {"SerialNo": found, "Fee": 1, "Code": "Ok", "Message": "send success", "IsoCode": "CN"}
            except Refused as refused:
                message = refused.detail or self.errors[refused.code][1]
                state |= {"Code": refused.code, "Message": message, "IsoCode": ""}
            states.append(state)
        return JSONResponse({"Response": {"SendStatusSet": states, "RequestId": secrets.token_hex(16)}})

    def _one_text(self, to: str, asked: Mapping[str, Any]) -> str:
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", to):
            raise Refused("InvalidParameterValue.IncorrectPhoneNumber")
        if asked["SignName"] not in self.signatures:
            raise Refused("FailedOperation.SignatureIncorrectOrUnapproved")
        mainland, worldly = to.startswith("+86"), asked["TemplateId"] in self.abroad
        if mainland and worldly:
            raise Refused("UnsupportedOperation.GlobalTemplateToChineseMainlandPhone")
        if not mainland and not worldly:
            raise Refused("UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone")
        found = f"2019:{secrets.randbelow(10**19):019d}"
        self.keep(found, "text", to, self._filled(asked), context=asked.get("SessionContext", ""))
        return found

    def _ring(self, asked: Mapping[str, Any]) -> Response:
        _require(asked, "TemplateId", "CalledNumber", "VoiceSdkAppid")
        if asked["VoiceSdkAppid"] != self.voice_app:
            raise Refused("UnauthorizedOperation.VoiceSdkAppidVerifyFail")
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", asked["CalledNumber"]):
            raise Refused("InvalidParameterValue.CalledNumberVerifyFail")
        if asked.get("PlayTimes", 2) not in (1, 2, 3):
            raise Refused("MissingParameter", "PlayTimes is 1 to 3.")
        found = secrets.token_hex(16)
        context = asked.get("SessionContext", "")
        self.keep(found, "call", asked["CalledNumber"], self._filled(asked), context=context)
        status = {"CallId": found, "SessionContext": context}
        return JSONResponse({"Response": {"SendStatus": status, "RequestId": secrets.token_hex(16)}})

    def _filled(self, asked: Mapping[str, Any]) -> str:
        values = asked.get("TemplateParamSet", [])
        if asked["TemplateId"] not in self.templates:
            raise Refused("FailedOperation.TemplateIncorrectOrUnapproved")
        if len(values) != self.templates[asked["TemplateId"]] or not all(isinstance(v, str) and v for v in values):
            raise Refused("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")
        if any("://" in value or "www." in value for value in values):
            raise Refused("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter")
        if any(len(value) > VALUE_MAX for value in values):
            raise Refused("InvalidParameterValue.TemplateParameterLengthLimit")
        if len(str(asked.get("SessionContext", "")).encode()) >= CONTEXT_BYTES_MAX:
            raise Refused("MissingParameter", "SessionContext is too long.")
        return f"[{asked['TemplateId']}] " + " ".join(values)

    def _check_proof(self, request: Request, service: str, body: bytes) -> None:
        found = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=([^/]+)/([0-9-]{10})/([a-z]+)/tc3_request, ?"
            r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
            request.headers.get("authorization", ""),
        )
        if found is None:
            raise Refused("AuthFailure.SignatureFailure")
        who, day, claimed, signed, given = found.groups()
        stamp = request.headers.get("x-tc-timestamp", "")
        if who != self.secret_id:
            raise Refused("AuthFailure.SecretIdNotFound")
        if not stamp.isascii() or not stamp.isdigit() or abs(int(stamp) - self.hub.now()) > SKEW_S:
            raise Refused("AuthFailure.SignatureExpire")
        if day != datetime.fromtimestamp(int(stamp), UTC).date().isoformat() or claimed != service:
            raise Refused("AuthFailure.SignatureFailure")
        names = signed.split(";")
        if names != sorted(names) or not {"content-type", "host"} <= set(names):
            raise Refused("AuthFailure.SignatureFailure")
        canonical = "\n".join(
            ["POST", "/", "", *(f"{n}:{request.headers.get(n, '').strip().lower()}" for n in names), "", signed]
        )
        canonical += "\n" + hashlib.new("sha256", body).hexdigest()
        digest = hashlib.new("sha256", canonical.encode()).hexdigest()
        said = "\n".join(["TC3-HMAC-SHA256", stamp, f"{day}/{service}/tc3_request", digest])
        date_key = hmac.digest(b"TC3" + self.secret_key.encode(), day.encode(), "sha256")
        service_key = hmac.digest(date_key, service.encode(), "sha256")
        wanted = hmac.digest(hmac.digest(service_key, b"tc3_request", "sha256"), said.encode(), "sha256").hex()
        if not hmac.compare_digest(wanted, given):
            raise Refused("AuthFailure.SignatureFailure")

    # --- callbacks --------------------------------------------------------------------------------------------------

    async def reported(self, item: Json) -> None:
        """Delivery report: https://cloud.tencent.com/document/product/382/37809"""
        good = item["status"] == "delivered"
        await self._push([{
            "user_receive_time": "2026-01-01 00:00:01",
            "nationcode": "86",
            "mobile": item["to"].removeprefix("+86"),
            "report_status": "SUCCESS" if good else "FAIL",
            "errmsg": "DELIVRD" if good else "MK:0012",
            "description": "用户短信送达成功" if good else "用户空号停机",
            "sid": item["id"],
        }])  # fmt: skip

    async def pressed(self, item: Json, key: str) -> Heard:
        """The state of the call, and the key in a push of its own: https://cloud.tencent.com/document/product/1128/37700"""
        common = {"callid": item["id"], "mobile": item["to"].removeprefix("+86"), "nationcode": "86"}
        heard = await self._push({"voicekey_callback": {**common, "keypress": key}}) if key else None
        ended = await self._push({"voiceprompt_callback": {**common, "result": "0", "call_from": "", "fee": 1}})
        return heard or ended

    async def recorded(self, item: Json) -> Heard:
        """To the vendor a mailbox is somebody who presses nothing."""
        return await self.pressed(item, "")

    async def said(self, person: str, text: str) -> Heard:
        """A reply: https://www.tencentcloud.com/document/product/382/43548"""
        row = {"nationcode": "86", "mobile": person.removeprefix("+86"), "text": text, "extend": ""}
        return await self._push({**row, "sign": self.signatures[0], "time": int(self.hub.now())})

    async def missed(self, item: Json) -> Heard:
        """Result 1: nobody answered."""
        common = {"callid": item["id"], "mobile": item["to"].removeprefix("+86"), "nationcode": "86"}
        return await self._push({"voiceprompt_callback": {**common, "result": "1"}})

    async def _push(self, body: object) -> Heard:
        if not self.callback_url:
            return Heard(0, "", "")
        raw = json.dumps(body, ensure_ascii=False).encode()
        return await self.call_back(self.callback_url, raw, {"Content-Type": "application/json"})


def _refusal(code: str, message: str, status: int) -> Response:
    error = {"Code": code, "Message": message}
    return JSONResponse({"Response": {"Error": error, "RequestId": secrets.token_hex(16)}}, status)


def _require(asked: object, *names: str) -> None:
    for name in names:
        if not isinstance(asked, dict) or not asked.get(name):
            raise Refused("MissingParameter", f"The request is missing a required parameter: {name}.")
