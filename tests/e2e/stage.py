"""A company that is large enough for a storm: many channels, each with a chat of its own and somebody on call.

Platforms limit what one chat and one app may be sent, and the product keeps to it; so a storm is spread over chats.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.playground.hosting import hosted, loopback_socket, url_of
from bot.playground.hub import Hub, Json, Outage
from bot.playground.mail import MailEmulator
from bot.playground.server import Playground
from bot.playground.slack import SlackChannel, SlackConfig, SlackEmulator, SlackUser
from bot.playground.telegram import TelegramChat, TelegramConfig, TelegramEmulator, TelegramUser

KEPT = 100_000
ANSWER_S = 0.15
"""What each platform takes for an answer, as real ones do: a kill then finds calls under way."""
SLACK_EVERY = 6
"""Each sixth channel's chat is in Slack, which takes 4 messages a second of an app; Telegram takes 20."""
WAYS = ("email", "telegram", "email", "telegram", "email", "slack")
"""How the people of successive channels are paged."""
WARDEN = "warden@storm.example"
SIGNING_SECRET = "storm-signing-secret-of-slack"


Arrival = tuple[str, str, float, str]
"""A new message at a platform: carrier, address as the product knows it, when, and the whole of it as text."""


@dataclass(frozen=True, slots=True)
class Place:
    """One channel of the company: its integration's key, its chat, and whom it pages by which way."""

    index: int
    only_slack: bool = False

    @property
    def id(self) -> str:
        return f"storm-{self.index:03d}"

    @property
    def key(self) -> str:
        return f"storm-integration-key-{self.index:03d}"

    @property
    def platform(self) -> str:
        return "slack" if self.only_slack or self.index % SLACK_EVERY == 0 else "telegram"

    @property
    def chat(self) -> str:
        return f"C0STORM{self.index:03d}" if self.platform == "slack" else str(-1_000_000_000_000 - self.index)

    @property
    def way(self) -> str:
        return WAYS[self.index % len(WAYS)]

    @property
    def member(self) -> str:
        return f"m{self.index:03d}"

    @property
    def slack_user(self) -> str:
        return f"U0STORM{self.index:03d}"

    @property
    def telegram_user(self) -> int:
        return 700_000 + self.index

    @property
    def email(self) -> str:
        return f"{self.member}@storm.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The emulators as they run, and everything that they were sent."""

    base: str
    hub: Hub
    slack: SlackEmulator
    telegram: TelegramEmulator
    mail: MailEmulator
    places: tuple[Place, ...]

    def manifest(self, product: str) -> str:
        """The company as tocsin.yaml. JSON is YAML, and leaves nothing to be quoted."""
        return json.dumps(_manifest(self.places, self.base, self.mail.port, product), indent=1, ensure_ascii=False)

    def arrivals(self) -> list[Arrival]:
        """Every new message, in order; edits of what is there already are none."""
        users = {c.id: c.user for c in self.slack.space.channels.values() if c.user is not None}
        found = []
        for notice in tuple(self.hub.notices):
            data, at = notice["data"], float(notice["at"])
            match notice["platform"], notice["kind"]:
                case "slack", "message":
                    channel = data["channel"]
                    found.append(("slack", users.get(channel, channel), at, json.dumps(data["message"])))
                case "telegram", "message":
                    found.append(("telegram", str(data["chat_id"]), at, json.dumps(data["message"])))
                case "smtp", "mail":
                    found.append(("email", str(data["to"]), at, str(data["subject"])))
        return found


@contextmanager
def stage(places: tuple[Place, ...], product: str, answer_s: float = ANSWER_S) -> Iterator[Stage]:
    """Play every platform in a thread of this process, without their rate limits, and keep all that arrives."""
    bound, smtp = loopback_socket(), loopback_socket()
    base = url_of(bound)
    hub = Hub(now=time.time, notices=deque())
    slack = SlackEmulator(hub, _slack(places, base, product))
    telegram = TelegramEmulator(hub, _telegram(places))
    mail = MailEmulator(hub, port=smtp.getsockname()[1])
    smtp.close()
    hub.slow_s = answer_s
    for platform in ("slack", "telegram", "smtp") if answer_s else ():
        hub.switch(platform, Outage.SLOW)
    with hosted(Playground(hub, [slack, telegram, mail]).app, bound):
        yield Stage(base=base, hub=hub, slack=slack, telegram=telegram, mail=mail, places=places)


def _slack(places: tuple[Place, ...], base: str, product: str) -> SlackConfig:
    rooms = [place for place in places if place.platform == "slack"]
    return SlackConfig(
        callback_url=f"{product}/callbacks/slack",
        public_url=f"{base}/slack",
        signing_secret=SIGNING_SECRET,
        users=tuple(SlackUser(p.slack_user, p.member, p.member, p.email) for p in places),
        channels=tuple(SlackChannel(p.chat, p.id, ("UB", p.slack_user)) for p in rooms),
        rate_limits=False,
        messages_kept=KEPT,
    )


def _telegram(places: tuple[Place, ...]) -> TelegramConfig:
    rooms = [place for place in places if place.platform == "telegram"]
    return TelegramConfig(
        users=tuple(TelegramUser(p.telegram_user, p.member, started=True) for p in places),
        chats=tuple(TelegramChat(int(p.chat), p.id, members=(p.telegram_user,)) for p in rooms),
        rate_limits=False,
        messages_kept=KEPT,
    )


def _manifest(places: tuple[Place, ...], base: str, smtp_port: int, product: str) -> Json:
    return {
        "organization": "Storm",
        "public_url": product,
        "members": {
            "warden": {"name": "Warden", "email": WARDEN},
            **{place.member: _member(place) for place in places},
        },
        "channels": {place.id: _channel(place) for place in places},
        "integrations": {place.id: {"source": "prometheus", "channel": place.id, "key": place.key} for place in places},
        "catch_all": ["member:warden"],
        "platforms": {
            "slack": {
                "bot_token": "xoxb-playground",
                "signing_secret": SIGNING_SECRET,
                "base_url": f"{base}/slack/api",
            },
            "telegram": {"token": "42:AAplayground", "mode": "polling", "base_url": f"{base}/telegram/bot"},
            "email": {"host": "127.0.0.1", "port": smtp_port, "from": "tocsin@storm.example", "starttls": False},
        },
    }


def _member(place: Place) -> Json:
    """Each has one way that pages first, and another to fall back on."""
    on_slack = place.way == "slack"
    identities = {"slack": place.slack_user} if on_slack else {"telegram": str(place.telegram_user)}
    return {
        "name": f"Member {place.index}",
        "email": place.email,
        "identities": identities,
        "notify": {"critical": [place.way]},
    }


def _channel(place: Place) -> Json:
    return {
        "name": f"Storm {place.index}",
        "group_by": ["burst"],
        "chats": [{"platform": place.platform, "id": place.chat}],
        "rules": [{"name": "Everything", "levels": [{"notify": [f"member:{place.member}"], "escalate_after": "720m"}]}],
    }
