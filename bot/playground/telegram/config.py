"""Who is on the played Telegram, and the credentials that the bot and the platform share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TelegramUser:
    """A person; `started` says whether they ever pressed Start in the bot's private chat."""

    id: int
    first_name: str
    username: str = ""
    language_code: str = "en"
    started: bool = False
    blocked: bool = False
    deactivated: bool = False


@dataclass(frozen=True, slots=True)
class TelegramChat:
    """A group (negative id); the flags are the bot's place and rights in it.

    `kind` is `group` or `supergroup`; `is_forum` groups have topics; `members` are the ids of the people.
    `members_may_write` is the permission of everybody who is no administrator, the bot among them.
    """

    id: int
    title: str
    members: tuple[int, ...] = ()
    kind: str = "supergroup"
    is_forum: bool = False
    bot_in: bool = True
    bot_is_admin: bool = True
    can_manage_topics: bool = True
    can_pin_messages: bool = True
    can_delete_messages: bool = True
    members_may_write: bool = True


@dataclass(slots=True)
class TelegramConfig:
    """Everything the played Telegram must know.

    `rate_limits=False` switches off the vendor's quotas (for a load measurement), and nothing else.
    `privacy_mode` is BotFather's setting: on, a bot that is no admin hears only commands and replies to itself
    (https://core.telegram.org/bots/features#privacy-mode).
    `query_life_s` is how long a callback query can be answered; Telegram does not publish the number.
    `webhook_retry_delays_s` are the waits before each repeat of an undelivered update; Telegram only promises "a
    reasonable amount of attempts" (https://core.telegram.org/bots/api#setwebhook).
    `content_life_s` is the age after which a pressed message comes without its content, as an InaccessibleMessage
    (https://core.telegram.org/bots/api#inaccessiblemessage); the number is not published.
    """

    token: str = "42:AAplayground"
    bot_username: str = "tocsin_bot"
    bot_name: str = "Tocsin"
    users: tuple[TelegramUser, ...] = ()
    chats: tuple[TelegramChat, ...] = ()
    rate_limits: bool = True
    privacy_mode: bool = True
    query_life_s: float = 30.0
    webhook_timeout_s: float = 10.0
    webhook_retry_delays_s: tuple[float, ...] = (1.0, 2.0, 5.0, 15.0, 60.0)
    messages_kept: int = 200
    content_life_s: float = 48 * 3_600

    @property
    def bot_id(self) -> int:
        """The number before the colon of the token."""
        return int(self.token.partition(":")[0])
