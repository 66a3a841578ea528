"""Twilio: calls by the Calls API, with TwiML that speaks and asks for a key, and detection of mailboxes beside it.

https://www.twilio.com/docs/voice/api/call-resource · https://www.twilio.com/docs/voice/twiml/gather ·
https://www.twilio.com/docs/voice/answering-machine-detection
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from bot.adapters.base import Finding, HttpAnswer, HttpRequest, Receipt, SendError, Sent
from bot.adapters.vendors.contract import KeyPress, News, Outgoing, Words, decoded, is_chinese, mark_in, marked
from bot.adapters.vendors.twilio import TwilioAccount, account_checked, ask, outcome, verified

RING_S = 30
"""Short of most mailboxes, which answer after some 25 to 30 s; the default of the vendor is 60."""
KEY_S = 8
SAID_MAX = 1_200
"""A `<Say>` takes 4096 characters; a minute and a half of speech is already more than anybody listens to."""

_FAILED = {"busy": "busy", "no-answer": "no_answer", "canceled": "not_delivered", "failed": "not_delivered"}
_UNDER_WAY = frozenset({"initiated", "ringing", "in-progress", "completed"})
"""An answered call proves nothing by itself: a mailbox answers too. `queued` only repeats that it was taken."""


@dataclass(frozen=True, slots=True)
class TwilioVoice:
    """Calls: the words are spoken twice, and one key is awaited."""

    account: TwilioAccount
    name: str = "twilio"
    medium: str = "voice"
    replies: bool = False

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """One call. Key and states go to `callback_url` with the try's mark; with none, no key is asked for.

        Detection runs beside the words (`AsyncAmd`), so that a person is not kept waiting in silence for it; without a
        callback its verdict is in the call's resource: see `poll`.
        """
        target = marked(callback_url, key)
        fields = [("To", to), ("From", self.account.sender), ("Timeout", str(RING_S))]
        fields.append(("Twiml", f"<Response>{_spoken(words, target)}</Response>"))
        fields += [("MachineDetection", "Enable"), ("AsyncAmd", "true")]
        if callback_url:
            fields += [("StatusCallback", target), ("StatusCallbackMethod", "POST")]
            fields += [("StatusCallbackEvent", each) for each in ("initiated", "ringing", "answered", "completed")]
            fields += [("AsyncAmdStatusCallback", target), ("AsyncAmdStatusCallbackMethod", "POST")]
        return ask(self.account, "/Calls", fields)

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """See `outcome` of `twilio`."""
        return outcome(status, body, headers)

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """`Digits` of a gather is a key; `AnsweredBy` says who answered; a state alone only shows that it goes on.

        Fields: https://www.twilio.com/docs/voice/twiml#request-parameters and the page on detection.
        """
        form = verified(self.account, request)
        sid = form.get("CallSid", "")
        if "Digits" in form or form.get("msg") == "Gather End":
            return (
                KeyPress(carrier=self.medium, provider_id=sid, key=form.get("Digits", ""), attempt=mark_in(request)),
            )
        told = _told(sid, form.get("CallStatus", ""), form.get("AnsweredBy", ""))
        return (replace(told, mark=mark_in(request)),) if told else ()

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """TwiML that speaks `said` after a key, then hangs up; or speaks `again`, and awaits another key."""
        pressed = next((each for each in news if isinstance(each, KeyPress)), None)
        if pressed is None:
            return HttpAnswer(status=204)
        spoken = _say(said, "zh-CN" if lang.startswith("zh") else "en-US", 1) if said else ""
        target = f"{callback_url}?{urlencode({'try': pressed.attempt})}" if callback_url else ""
        then = _spoken(again, target) if again else "<Hangup/>"
        return HttpAnswer(body=f"<Response>{spoken}{then}</Response>".encode(), content_type="text/xml; charset=utf-8")

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """GET of the Call resource."""
        return ask(self.account, f"/Calls/{provider_id}")

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """`status` and `answered_by` of the resource."""
        call = decoded(body)
        if status != 200 or not call.get("sid"):
            return None
        return _told(str(call["sid"]), str(call.get("status", "")), str(call.get("answered_by") or ""))

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """GET of the account."""
        return ask(self.account, "")

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """See `account_checked` of `twilio`."""
        return account_checked(self.medium, status, body, headers)


def _told(sid: str, status: str, answered_by: str) -> Receipt | None:
    """What a state of a call tells, and who answered it: human, machine_start, fax, unknown, or not said."""
    if answered_by == "human":
        return Receipt(carrier="voice", provider_id=sid, state="delivered")
    if answered_by == "fax" or answered_by.startswith("machine"):
        return Receipt(carrier="voice", provider_id=sid, state="failed", reason="answered_by_machine")
    if status in _FAILED:
        return Receipt(carrier="voice", provider_id=sid, state="failed", reason=_FAILED[status])
    alive = status in _UNDER_WAY or bool(answered_by)
    return Receipt(carrier="voice", provider_id=sid, state="alive") if alive else None


def _spoken(words: Words, target: str) -> str:
    """The words twice, and a key awaited that goes to `target`; with none, only the words."""
    say = _say(words.text, "zh-CN" if is_chinese(words) else "en-US", 2)
    if not target:
        return say
    return (
        f'<Gather input="dtmf" numDigits="1" timeout="{KEY_S}" finishOnKey="" actionOnEmptyResult="true" '
        f'method="POST" action={quoteattr(target)}>{say}</Gather>'
    )


def _say(text: str, language: str, times: int) -> str:
    loop = f' loop="{times}"' if times > 1 else ""
    return f'<Say language="{language}"{loop}>{escape(text[:SAID_MAX])}</Say>'
