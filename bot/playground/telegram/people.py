"""What people do in the played Telegram: press Start, press a button, write, block the bot; and what they then see."""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import dataclass

from bot.playground.emulator import ActRefused
from bot.playground.hub import Json, Outage
from bot.playground.telegram.keyboards import callback_buttons
from bot.playground.telegram.markup import detected
from bot.playground.telegram.methods import quoted
from bot.playground.telegram.updates import Updates
from bot.playground.telegram.world import Chat, World


@dataclass(slots=True)
class People:
    """The acts of people; each returns `{"ok", ...}` with what they see."""

    world: World
    updates: Updates

    async def press(self, chat_id: int, message_id: int, callback_data: str, user: int, wait_s: float = 3.0) -> Json:
        """Press a button that the message shows, and wait up to `wait_s` seconds for the bot's toast.

        Returns `{"ok", "callback_query_id", "answered", "seen"}` and, once the bot answered, `toast` as
        `{"text", "show_alert"}`. Raises `ActRefused` when the person cannot see the message, or it has no such button.
        """
        chat = self._entered(chat_id, user)
        message = chat.messages.get(message_id)
        if message is None:
            raise ActRefused(f"The message {message_id} is not there any more.")
        if callback_data not in callback_buttons(message):
            raise ActRefused(f"The message has no button {callback_data!r}.")
        query_id = self.world.new_query(user)
        query: Json = {"id": query_id, "from": self.world.person(user), "message": self._told(message),
                       "chat_instance": str(zlib.crc32(str(chat_id).encode())), "data": callback_data}  # fmt: skip
        self.world.publish("press", {"chat_id": chat_id, "message_id": message_id, "user": user, "data": callback_data})
        self.updates.push("callback_query", query)
        answered = self.world.queries[query_id].answered
        await asyncio.wait({answered}, timeout=wait_s)
        outcome: Json = {"ok": True, "callback_query_id": query_id, "answered": answered.done(), "seen": ""}
        if answered.done():
            toast = answered.result()
            outcome |= {"alert": toast["show_alert"]}
            outcome |= {"seen": toast["text"], "toast": {"text": toast["text"], "show_alert": toast["show_alert"]}}
        return outcome

    async def say(
        self, text: str, user: int, chat_id: int, reply_to: int | None = None, message_thread_id: int | None = None
    ) -> Json:
        """Write a message, perhaps as a reply; `/start` in the private chat presses Start.

        Returns `{"ok", "message_id", "heard"}`: with privacy mode the bot does not hear everything said in a group.
        """
        chat = self._entered(chat_id, user)
        if chat.user is not None and not self.world.users[user].started:
            if not text.startswith("/start"):
                raise ActRefused("Press Start first: a bot's private chat opens with /start.")
            self.world.change(user, started=True, blocked=False)
        content: Json = {"text": text}
        if entities := detected(text):
            content["entities"] = entities
        target = chat.messages.get(reply_to) if reply_to is not None else None
        if reply_to is not None and target is None:
            raise ActRefused(f"The message {reply_to} is not there any more.")
        if target is not None:
            content["reply_to_message"] = quoted(target)
            message_thread_id = message_thread_id or target.get("message_thread_id")
        if message_thread_id is not None:
            topic = chat.topics.get(message_thread_id)
            if topic is None or topic["closed"]:
                raise ActRefused("This topic is closed or does not exist.")
            content |= {"message_thread_id": message_thread_id, "is_topic_message": True}
        message = self.world.store(chat, self.world.person(user), content)
        heard = self._hears(chat, message) and self.updates.push("message", _copy(message))
        return {"ok": True, "message_id": message["message_id"], "heard": heard}

    async def start(self, user: int, payload: str = "") -> Json:
        """Press Start, or follow a link `https://t.me/<bot>?start=<payload>`."""
        self._known(user)
        self.world.change(user, started=True, blocked=False)
        return await self.say(f"/start {payload}".strip(), user, user)

    async def block(self, user: int, *, blocked: bool = True) -> Json:
        """Block the bot, or take the block back."""
        self._known(user)
        self.world.change(user, blocked=blocked)
        return {"ok": True}

    async def migrate(self, chat_id: int, new_id: int) -> Json:
        """A group's admin turns it into a supergroup: the old id now only points to the new one."""
        try:
            self.world.migrate(chat_id, new_id)
        except KeyError:
            raise ActRefused(f"There is no group {chat_id}.") from None
        return {"ok": True}

    def _told(self, message: Json) -> Json:
        """The pressed message, or what is left of it when it is old: https://core.telegram.org/bots/api#inaccessiblemessage."""
        if self.world.hub.now() - message["date"] <= self.world.config.content_life_s:
            return _copy(message)
        return {"chat": message["chat"], "message_id": message["message_id"], "date": 0}

    def _hears(self, chat: Chat, message: Json) -> bool:
        """Whether privacy mode lets the bot see this: https://core.telegram.org/bots/features#privacy-mode."""
        if chat.group is None or chat.group.bot_is_admin or not self.world.config.privacy_mode:
            return chat.group is None or chat.group.bot_in
        if not chat.group.bot_in:
            return False
        if message.get("reply_to_message", {}).get("from", {}).get("id") == self.world.config.bot_id:
            return True
        text: str = message["text"]
        if not text.startswith("/"):
            return False
        _, at, addressee = text.split(maxsplit=1)[0].partition("@")
        return not at or addressee.lower() == self.world.config.bot_username.lower()

    def _known(self, user: int) -> None:
        if self.world.hub.outage("telegram") is Outage.DOWN:
            raise ActRefused("Telegram is down: nothing a person does there reaches anyone.")
        if user not in self.world.users or self.world.users[user].deactivated:
            raise ActRefused(f"There is no active person {user} on this Telegram.")

    def _entered(self, chat_id: int, user: int) -> Chat:
        self._known(user)
        chat = self.world.chats.get(chat_id)
        members = () if chat is None else chat.group.members if chat.group else (chat.user,)
        if chat is None or chat.migrated_to is not None or user not in members:
            raise ActRefused(f"The person {user} is not in the chat {chat_id}.")
        return chat


def _copy(message: Json) -> Json:
    """The message as it is at this moment: what is queued must not change with later edits."""
    copy: Json = json.loads(json.dumps(message))
    return copy
