"""The demo's stage: who lives on the played platforms, and the alerts that a visitor can set off.

Names and ids match `tocsin.yaml` beside this file; the alerts are what a real Alertmanager would post.
"""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Final

from bot.playground.emulator import Emulator
from bot.playground.hub import Hub, Json
from bot.playground.mail import MailEmulator
from bot.playground.slack import SlackChannel, SlackConfig, SlackEmulator, SlackUser
from bot.playground.teams import TeamsConfig, TeamsConversation, TeamsEmulator, TeamsUser
from bot.playground.telegram import TelegramChat, TelegramConfig, TelegramEmulator, TelegramUser
from bot.playground.twilio import TwilioEmulator
from bot.playground.vendors.twilio_voice import TwilioVoiceEmulator
from bot.playground.vendors.vonage import VonageEmulator

ACCOUNT: Final = "AC00000000000000000000000000000001"
GROUP: Final = -1001234567890
CHANNEL: Final = "19:checkout@thread.tacv2"
_OBJECTS: Final = {
    name: f"0000000{number}-0000-4000-8000-000000000000" for number, name in enumerate(("ann", "bo", "dana"))
}
STEP_S: Final = 0.4
"""So long a text is on its way."""
RING_S: Final = 30.0
"""So long a phone rings."""
MAILBOX: Final = "checkout@alerts.acme.example"
ALERTMANAGER_PATH: Final = "/in/prometheus/demo-alertmanager-key"

_PHONES: Final = {
    "+14155550101": "Ann Lee",
    "+14155550102": "Bo Ray",
    "+14155550103": "陈伟",
    "+14155550104": "Dana Fox",
}
_MAIL: Final = {
    "ann@acme.example": "Ann Lee",
    "bo@acme.example": "Bo Ray",
    "chen@acme.example": "陈伟",
    "dana@acme.example": "Dana Fox",
}

_ALERTS: Final[dict[str, tuple[str, dict[str, str], dict[str, str]]]] = {
    "checkout": (
        "Checkout errors",
        {
            "alertname": "Checkout API 5xx above 5%",
            "service": "checkout-api",
            "region": "eu-west-1",
            "severity": "critical",
        },
        {
            "summary": "Error rate 7.3 % in eu-west-1",
            "description": "p99 is 4.1 s and rising since deploy 8123.",
            "runbook_url": "https://runbooks.example/checkout-5xx",
        },
    ),
    "disk": (
        "Disk filling",
        {
            "alertname": "Disk fills within 4 hours",
            "instance": "db-01:9100",
            "device": "/dev/vda1",
            "severity": "warning",
        },
        {"summary": "db-01 has 6 % left on /dev/vda1", "description": "At this rate it is full at 07:20."},
    ),
    "payments": (
        "支付延迟",
        {"alertname": "支付接口延迟过高", "service": "payments", "region": "cn-shanghai", "severity": "critical"},
        {"summary": "P99 延迟 3.8 秒", "description": "最近 5 分钟内 12% 的支付请求超过 3 秒。"},
    ),
}
SAMPLES: Final[list[Json]] = [
    *({"name": name, "title": title} for name, (title, _, _) in _ALERTS.items()),
    {"name": "mail", "title": "Mail from a NAS"},
    {"name": "recovery", "title": "Everything recovers"},
]


def manifest(*, base: str, product: str, smtp_port: int) -> str:
    """The demo's manifest, with the addresses of this run."""
    text = (Path(__file__).parent / "tocsin.yaml").read_text(encoding="utf-8")
    return Template(text).substitute(base=base, product=product, smtp_port=smtp_port)


def emulators(hub: Hub, *, base: str, product: str, rate_limits: bool = True) -> tuple[list[Emulator], MailEmulator]:
    """Every platform of the stage; the mail relay also by itself, for its port."""
    slack = SlackConfig(
        callback_url=f"{product}/callbacks/slack",
        public_url=f"{base}/slack",
        users=(
            SlackUser("U0ANN", "ann", "Ann Lee", "ann@acme.example", tz="Europe/Berlin"),
            SlackUser("U0BO", "bo", "Bo Ray", "bo@acme.example", tz="America/New_York"),
            SlackUser("U0DANA", "dana", "Dana Fox", "dana@acme.example", tz="Europe/London"),
        ),
        channels=(SlackChannel("C0OPS", "ops-oncall", ("UB", "U0ANN", "U0BO", "U0DANA")),),
        commands=frozenset({"/toc", "/tocsin"}),
        shortcuts=frozenset({"toc_keep"}),
        rate_limits=rate_limits,
    )
    teams = TeamsConfig(
        callback_url=f"{product}/callbacks/teams",
        public_url=f"{base}/teams",
        users=(
            TeamsUser(_OBJECTS["ann"], "Ann Lee", "ann@acme.example"),
            TeamsUser(_OBJECTS["bo"], "Bo Ray", "bo@acme.example"),
            TeamsUser(_OBJECTS["dana"], "Dana Fox", "dana@acme.example", locale="en-GB"),
        ),
        conversations=(TeamsConversation(CHANNEL, "Checkout", tuple(_OBJECTS.values())),),
        rate_limits=rate_limits,
    )
    telegram = TelegramConfig(
        users=(
            TelegramUser(7001, "Ann Lee", "ann_lee", started=True),
            TelegramUser(7003, "陈伟", "chenwei", language_code="zh-hans", started=True),
            TelegramUser(7004, "Dana Fox", "dana_fox", started=True),
        ),
        chats=(TelegramChat(GROUP, "Ops 值班群", members=(7001, 7003, 7004)),),
        rate_limits=rate_limits,
    )
    mail = MailEmulator(hub, people=_MAIL)
    return [
        SlackEmulator(hub, slack),
        TeamsEmulator(hub, teams),
        TelegramEmulator(hub, telegram),
        *_exchanges(hub, product),
        mail,
    ], mail


def _exchanges(hub: Hub, product: str) -> list[Emulator]:
    """Texts by Twilio, or by Vonage when Twilio fails; calls by Twilio."""
    twilio = TwilioEmulator(
        hub,
        account_sid=ACCOUNT,
        auth_token="playground-auth-token",
        numbers=("+14155550100",),
        people=_PHONES,
        inbound_url=f"{product}/callbacks/sms/twilio",
    )
    calls = TwilioVoiceEmulator(
        hub=hub,
        people=_PHONES,
        ring_s=RING_S,
        account_sid=ACCOUNT,
        auth_token="playground-auth-token",
        numbers=("+14155550100",),
    )
    vonage = VonageEmulator(
        hub=hub,
        people=_PHONES,
        callback_url=f"{product}/callbacks/sms/vonage",
        step_s=STEP_S,
        api_key="playground",
        api_secret="playground-api-secret",
        signature_secret="playground-signature-secret",
        application_id="",
        public_key="",
        numbers=("+14155550120",),
    )
    return [twilio, vonage, calls]


def sample_mail(now: float) -> bytes:
    """A mail as a storage box sends it, which is an alert of its own each time."""
    at = email.utils.formatdate(now)
    text = (
        f"From: NAS <nas@acme.example>\nTo: {MAILBOX}\nSubject: Volume 1 is degraded\nDate: {at}\n"
        f"Message-ID: <{now:.3f}@nas.acme.example>\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
        "<p>Disk <b>3</b> of volume 1 failed its self-test.</p><p>Two more disks of this age are in the box.</p>\n"
    )
    return text.replace("\n", "\r\n").encode()


def alertmanager_payload(name: str, now: float) -> Json:
    """What Alertmanager's webhook (version 4) posts for a sample. Raises KeyError for a name that is none."""
    names = list(_ALERTS) if name == "recovery" else [name]
    status = "resolved" if name == "recovery" else "firing"
    alerts = [_alert(_ALERTS[each], status, now) for each in names]
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{names[0]}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "tocsin",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.acme.example:9093",
        "alerts": alerts,
    }


def _alert(sample: tuple[str, dict[str, str], dict[str, str]], status: str, now: float) -> Json:
    _, labels, annotations = sample
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": at,
        "endsAt": at if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.acme.example:9090/graph",
        "fingerprint": f"{sum(map(ord, labels['alertname'])):016x}",
    }
