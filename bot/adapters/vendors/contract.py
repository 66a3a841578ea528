"""What every vendor of texts and calls promises: a signed request, a verdict on the answer, verified callbacks.

All of it is pure: the clock, the nonce and the certificates come in as arguments, so that every signature is a test.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

from bot.adapters.base import (
    AuthBroken,
    Finding,
    HttpAnswer,
    HttpRequest,
    Permanent,
    RateLimited,
    Receipt,
    SendError,
    Sent,
    Transient,
)

Json = dict[str, Any]

CLOCK_SKEW_S = 300
"""How old a signed callback may be: a captured one is of no use later, and a slow vendor's retry still counts."""

_LINK = re.compile(r"\s*\b(?:https?://|www\.)\S+", re.IGNORECASE)
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a person gets to read or to hear: `text` where a vendor takes free text, `values` where it has templates.

    `values` has the names that a vendor's settings refer to: severity, incident, title, channel, attempt.
    """

    text: str
    values: Mapping[str, str] = field(default_factory=dict)
    lang: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One signed request. `url` is sent byte for byte, because the query is part of most signatures."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPress:
    """Somebody pressed a key in a call; an empty `key` means that the time for it ran out.

    `attempt` is the mark that the request carried, where the vendor gives it back: see `mark`.
    """

    carrier: str
    provider_id: str
    key: str
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A vendor asks whether callbacks are welcome here: yes is a GET of `url`, which was checked to be the vendor's."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A person sent a text to one of our numbers. `user` is theirs in E.164, `key` the vendor's id of the text."""

    carrier: str
    user: str
    text: str
    key: str


News = Receipt | KeyPress | Said | Subscription


class Forged(Exception):
    """A callback is not the vendor's: answer 401 and believe nothing of it. The text says what was wrong."""


class CertificateNeeded(Exception):
    """A callback can be judged only with the certificate at `url`, an address that was checked to be the vendor's."""

    def __init__(self, url: str) -> None:
        """Keep where the certificate is."""
        super().__init__(url)
        self.url = url


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One variable of an approved template: its name there, the name in `Words.values`, the longest value allowed."""

    name: str
    value: str
    length_max: int


class Vendor(Protocol):
    """One vendor for one medium. Everything but the network."""

    name: str
    medium: str
    replies: bool
    """Whether `answer` carries a reply to a `Said`; where not, a reply is a text like any other."""

    def request(self, to: str, words: Words, *, key: str, callback_url: str, at: int, nonce: str) -> Outgoing:
        """The signed request that sends `words` to the E.164 number `to`. `at` is in seconds since the epoch.

        `key` is the same on every try; no vendor here takes an idempotency key, so it only marks the callbacks.
        Raises `Permanent` for what the vendor could never take.
        """
        ...

    def outcome(self, status: int, body: bytes, headers: Mapping[str, str]) -> Sent | SendError:
        """What the vendor's answer means. A 200 with an error inside is an error. Header names are lower-case."""
        ...

    def receipt(self, request: HttpRequest, *, at: int) -> tuple[News, ...]:
        """What a callback tells, which may be nothing, or several things at once.

        Doubled and late ones are told again: whoever keeps the deliveries knows what is old. Raises `Forged` for what
        the vendor did not send, `CertificateNeeded` when that cannot be said yet.
        """
        ...

    def answer(
        self, news: Sequence[News], said: str, lang: str, again: Words | None = None, callback_url: str = ""
    ) -> HttpAnswer:
        """What goes back to the vendor. After a key `said` is spoken, and the call ends (empty: nothing is spoken).

        With `again`, these words are spoken after it, and a key is awaited once more at `callback_url`. After a text
        `said` is the reply, where the vendor's answer can carry one: see `replies`. A vendor whose calls speak from
        templates says what those say.
        """
        ...

    def poll(self, provider_id: str, *, at: int, nonce: str) -> Outgoing | None:
        """The request that asks what became of a message; None where the vendor answers no such question."""
        ...

    def polled(self, status: int, body: bytes, headers: Mapping[str, str]) -> Receipt | None:
        """What the answer to `poll` tells, as a callback would have told it; None for no news, and for no answer.

        Its `provider_id` is empty where the vendor's answer does not repeat it: whoever asked knows.
        """
        ...

    def balance(self, *, at: int, nonce: str) -> Outgoing | None:
        """A request that proves the credentials and sends nothing, for `doctor`; None where the vendor has none."""
        ...

    def checked(self, status: int, body: bytes, headers: Mapping[str, str]) -> Finding:
        """What the answer to `balance` proves."""
        ...


# --- what the answers mean: the one taxonomy of all vendors ---------------------------------------------------------


def bad_number(detail: str) -> SendError:
    """The number does not exist or cannot receive: no vendor will do better."""
    return Permanent("recipient_unreachable", detail)


def blocked(detail: str) -> SendError:
    """The person, or a list of the country's, refuses our messages: no vendor should try."""
    return Permanent("recipient_blocked", detail)


def unfit(detail: str) -> SendError:
    """This vendor will not carry this: the sender, the template, the words or the region. Another one may."""
    return Permanent("sender_refused", detail)


def no_balance(detail: str) -> SendError:
    """The account is empty: nothing goes out until somebody tops it up."""
    return AuthBroken("no_balance", detail)


def bad_account(detail: str) -> SendError:
    """The credentials are refused, or the account is closed."""
    return AuthBroken("auth_broken", detail)


def throttled(after_s: float, detail: str, *, whole: bool) -> SendError:
    """Too much at once: for the whole account, or (`whole` false) for this number only."""
    return RateLimited(after_s, detail, whole=whole)


def down(detail: str) -> SendError:
    """The vendor failed and said that nothing was sent."""
    return Transient("unavailable", detail)


def unclear(detail: str) -> SendError:
    """The vendor failed and may have sent it all the same."""
    return Transient("unavailable", detail, ambiguous=True)


def finding(medium: str, vendor: str, *, detail: str = "", cure: str = "", error: SendError | None = None) -> Finding:
    """A line of `doctor` about an account: refused with `error`, or well unless there is something to cure."""
    check = f"{medium}: {vendor} account"
    if error is None:
        return Finding(check=check, ok=not cure, detail=detail, cure=cure)
    return Finding(check=check, ok=False, detail=str(error), cure=_CURES.get(error.reason, _CURE))


_CURE: Final = "Try again; if it stays, see what the vendor's console and status page say."
_CURES: Final = {
    "auth_broken": "Compare the credentials with the vendor's console.",
    "no_balance": "Top up the account in the vendor's console.",
    "sender_refused": "Give the key the right to ask for this in the vendor's console, or look at the account there.",
}


# --- small tools that several vendors share -------------------------------------------------------------------------


def mark(key: str, length: int = 15) -> str:
    """A short name of a try, the same for the same key: lower-case letters and digits.

    15 is what Alibaba allows for `OutId` of a call (https://help.aliyun.com/zh/vms/developer-reference/api-ivrcall).
    """
    return base64.b32encode(hashlib.sha256(key.encode()).digest()).decode().lower()[:length]


def marked(url: str, key: str) -> str:
    """A callback's address that gives the mark of a try back: see `mark_in`. Nothing stays nothing."""
    return f"{url}?try={mark(key)}" if url else ""


def mark_in(request: HttpRequest) -> str:
    """The mark that `marked` put into an address."""
    return parse_qs(request.query).get("try", [""])[0]


def fill(slots: Sequence[Slot], values: Mapping[str, str]) -> list[tuple[str, str]]:
    """The variables of a template in order: links are taken out, because mainland templates refuse them, and each
    value is cut to its length; an empty one becomes a dash, because vendors refuse empty variables.

    Raises `Permanent` for words that have no values at all: a text of dashes would tell nobody anything.
    """
    if slots and not values:
        raise Permanent("sender_refused", "This vendor sends templates, and these words fit none.")
    filled = []
    for slot in slots:
        plain = " ".join(_LINK.sub("", values.get(slot.value, "")).split())
        cut = plain if len(plain) <= slot.length_max else plain[: max(0, slot.length_max - 1)].rstrip() + "…"
        filled.append((slot.name, cut[: slot.length_max] or "-"))
    return filled


def template_for(to: str, mainland: str, abroad: str) -> str:
    """The approved template for a number: Chinese vendors keep those of the mainland and of the world apart.

    Raises `Permanent` where there is none, which sends the page to the next vendor without a call.
    """
    chosen = mainland if to.startswith("+86") else abroad
    if not chosen:
        raise Permanent("sender_refused", "No template of this vendor is set up for where the number is.")
    return chosen


def is_chinese(words: Words) -> bool:
    """Whether a voice should speak Chinese: by the words themselves first, since a title may be in either language."""
    return bool(_CJK.search(words.text)) or words.lang.startswith("zh")


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in the same time for every input."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def check_secret_path(request: HttpRequest, secret: str) -> None:
    """Raise `Forged` unless the callback came in at the address that ends in `secret`.

    Alibaba, Tencent and Huawei do not sign what they push, so an unguessable address is all there is.
    """
    if len(secret) < 24 or not same(request.path.rstrip("/").rpartition("/")[2], secret):
        raise Forged("The callback's address does not end in the configured secret.")


def decoded(body: bytes) -> Json:
    """The JSON object in a body, or an empty one."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def rows(body: bytes) -> list[Json]:
    """The JSON objects in a body that is a list of them, or one of them."""
    try:
        value = json.loads(body)
    except ValueError:
        return []
    return [row for row in (value if isinstance(value, list) else [value]) if isinstance(row, dict)]


def whole(value: object) -> int:
    """A whole number out of a JSON value that may be text, or missing (then 0)."""
    text = str(value if value is not None else "").strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else 0


def wait_s(headers: Mapping[str, str], default: float = 1.0) -> float:
    """The seconds in Retry-After; a date, or nothing, counts as `default`."""
    text = headers.get("retry-after", "")
    return float(text) if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]+)?", text) else default


def acknowledged(body: Json) -> HttpAnswer:
    """A JSON answer, compact."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return HttpAnswer(body=text.encode(), content_type="application/json; charset=utf-8")
