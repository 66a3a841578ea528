"""What people do in the played Teams: press, write, fill in a dialog, install, block; and what they then see.

Payloads: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-actions,
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots and
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events
"""

from __future__ import annotations

import html
import secrets
from typing import Any, Final

from bot.playground.emulator import ActRefused
from bot.playground.hub import Json
from bot.playground.teams.callbacks import Answer, AppLink
from bot.playground.teams.cards import CARD_TYPE, buttons, check_card, inputs
from bot.playground.teams.config import TeamsUser
from bot.playground.teams.refusals import TeamsRefusal
from bot.playground.teams.world import Conversation, World

WRONG: Final = "Something went wrong. Please try again."
TOAST_TYPE: Final = "application/vnd.microsoft.activity.message"
ERROR_TYPE: Final = "application/vnd.microsoft.error"
DIALOGS_MAX: Final = 50


class People:
    """The acts; each returns `{"ok", "seen", ...}` where `seen` is what the person is shown as the result."""

    def __init__(self, world: World, link: AppLink) -> None:
        """People act in this world, and the app hears of it over this link."""
        self.world = world
        self.link = link

    async def press(
        self,
        conversation: str,
        message_id: str,
        action: Json,
        user: str,
        inputs: Json | None = None,
        *,
        old_client: bool = False,
    ) -> Json:
        """Press a button that the message shows, given as it stands on the card.

        `old_client` knows no Action.Execute and uses its fallback. Raises `ActRefused` where there is no such button.
        """
        place, person = self._entered(conversation, user)
        message = place.messages.get(message_id)
        if message is None:
            raise ActRefused("This message is not there any more.")
        cards = [each["content"] for each in message.get("attachments", [])]
        card = next((each for each in cards if action in list(buttons(each))), None)
        if card is None:
            raise ActRefused("The message has no such button.")
        if action["type"] == "Action.OpenUrl":
            return {"ok": True, "seen": "", "opens": action["url"]}
        if old_client and action["type"] == "Action.Execute":
            action = action["fallback"]
        data = {**action.get("data", {}), **_filled(card, inputs or {})}
        root = _root_of(message)
        if action["type"] == "Action.Execute":
            value = {
                "action": {"type": "Action.Execute", "title": action["title"], "verb": action["verb"], "data": data},
                "trigger": "manual",
            }
            return await self._executed(place, person, message_id, value, root)
        if data.get("msteams", {}).get("type") == "task/fetch":
            value = {"data": data, "context": {"theme": "default"}}
            answer = await self._invoke("task/fetch", place, person, value, root, replyToId=message_id)
            return self._dialog(answer, place, person, root)
        more = {"value": data, "replyToId": message_id}
        answer = await self.link.post(self.link.activity("message", place, person, root=root, **more))
        return self._outcome(answer, user)

    async def submit(self, dialog: str, values: Json, user: str) -> Json:
        """Send the form of an open dialog; `values` by the ids of its inputs."""
        shown = self._open(dialog, user)
        person = self.world.users[user]
        place, _ = self._entered(shown["conversation"], user)
        card = shown["card"]
        sending = next(each for each in buttons(card) if each["type"] == "Action.Submit")
        data = {**sending.get("data", {}), **_filled(card, values)}
        value = {"data": data, "context": {"theme": "default"}}
        answer = await self._invoke("task/submit", place, person, value, shown["root"])
        if not answer.trouble:
            self._close(dialog)
        return self._dialog(answer, place, person, shown["root"])

    async def close(self, dialog: str, user: str) -> Json:
        """Close a dialog without sending it: the app does not hear of it."""
        self._open(dialog, user)
        self._close(dialog)
        return {"ok": True, "seen": ""}

    async def say(self, text: str, user: str, conversation: str, thread: str = "", reply_to: str = "") -> Json:
        """Write a message. The bot hears what mentions it, and everything in the chat of one person with it.

        `thread` is the root of a thread of a channel; `reply_to` quotes a message of a chat.
        """
        place, person = self._entered(conversation, user)
        config = self.world.config
        mentions = [(f"@{config.bot_name}", {"id": config.bot_id, "name": config.bot_name})]
        mentions += [(f"@{each.name}", self._mentioned(each)) for each in self.world.users.values()]
        shown, entities = html.escape(text, quote=False), []
        for typed, person_shown in mentions:
            if typed in shown:
                tag = f"<at>{person_shown['name']}</at>"
                shown = shown.replace(typed, tag)
                entities.append({"type": "mention", "mentioned": person_shown, "text": tag})
        sender = {**self.world.account(person), "role": "user"}
        kept = self.world.keep(place, {"type": "message", "from": sender, "text": text,
                                       "timestamp": self.world.hub.now()}, thread)  # fmt: skip
        heard = place.kind == "personal" or (place.installed and f"@{config.bot_name}" in text)
        if not heard:
            return {"ok": True, "seen": "", "id": kept["id"], "heard": False}
        activity = self.link.activity("message", place, person, root=_root_of(kept), text=shown, textFormat="plain")
        activity["id"] = kept["id"]
        activity["entities"] += entities
        if reply_to:
            quoted = (
                f'<blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="{reply_to}"></blockquote>'
            )
            activity["attachments"] = [{"contentType": "text/html", "content": f"{quoted}<p>{shown}</p>"}]
        answer = await self.link.post(activity)
        return {**self._outcome(answer, user), "id": kept["id"], "heard": True}

    async def install(self, user: str, *, installed: bool = True) -> Json:
        """Add the app for a person, or remove it; the app hears of it either way."""
        person = self.world.change(self._person(user), installed=installed)
        place = self.world.personal(person)
        bot = {"id": self.world.config.bot_id}
        verb = "add" if installed else "remove"
        if installed:
            await self.link.post(self.link.activity("conversationUpdate", place, person, membersAdded=[bot]))
        answer = await self.link.post(self.link.activity("installationUpdate", place, person, action=verb))
        return self._outcome(answer, user)

    async def block(self, user: str, *, blocked: bool = True) -> Json:
        """Block the bot, or take the block back; nobody tells the app."""
        self.world.change(self._person(user), blocked=blocked)
        return {"ok": True, "seen": ""}

    async def welcome(self, conversation: str, user: str, *, installed: bool = True) -> Json:
        """Add the app to a team or a group chat, or remove it."""
        place, person = self._entered(conversation, user)
        place.installed = installed
        bot = [{"id": self.world.config.bot_id}]
        change = {"membersAdded": bot} if installed else {"membersRemoved": bot}
        answer = await self.link.post({**self.link.activity("conversationUpdate", place, person), **change})
        return self._outcome(answer, user)

    async def _executed(self, place: Conversation, person: TeamsUser, message_id: str, value: Json, root: str) -> Json:
        """An Action.Execute, and its answer: a toast, a card for this person alone, or an error."""
        answer = await self._invoke("adaptiveCard/action", place, person, value, root, replyToId=message_id)
        body = answer.body
        if answer.trouble or not isinstance(body, dict) or not isinstance(body.get("statusCode"), int):
            return self._trouble(person.id, answer.trouble or "the answer is none of Action.Execute")
        said = body.get("value")
        if body.get("type") == TOAST_TYPE and isinstance(said, str):
            return self._toast(person.id, said)
        if body.get("type") == ERROR_TYPE and isinstance(said, dict):
            return self._toast(person.id, str(said.get("message", WRONG)), ok=False)
        if body.get("type") == CARD_TYPE and not self._refused(said):
            self.world.publish("view", {"message": message_id, "user": person.id, "card": said})
            return {"ok": True, "seen": said}
        return self._trouble(person.id, f"unexpected response type {body.get('type')}")

    async def _invoke(
        self, name: str, place: Conversation, person: TeamsUser, value: Json, root: str, **more: Any
    ) -> Answer:
        return await self.link.post(
            self.link.activity("invoke", place, person, root=root, name=name, value=value, **more)
        )

    def _dialog(self, answer: Answer, place: Conversation, person: TeamsUser, root: str) -> Json:
        """What a `task/fetch` or `task/submit` leads to: nothing, a message, or a dialog with a card."""
        if answer.trouble:
            return self._trouble(person.id, answer.trouble)
        if answer.body is None or answer.body == {}:
            return {"ok": True, "seen": ""}
        task = answer.body.get("task") if isinstance(answer.body, dict) else None
        value = task.get("value") if isinstance(task, dict) else None
        if isinstance(task, dict) and task.get("type") == "message" and isinstance(value, str) and value:
            return self._toast(person.id, value)
        card = value.get("card", {}) if isinstance(value, dict) else {}
        fault = self._refused(card.get("content")) or ("" if card.get("contentType") == CARD_TYPE else "no card")
        if not isinstance(task, dict) or task.get("type") != "continue" or not isinstance(value, dict) or fault:
            return self._trouble(person.id, fault or "the answer is no task")
        dialog: Json = {"id": secrets.token_hex(6), "user": person.id, "conversation": place.id, "root": root,
                        "title": value.get("title", ""), "card": card["content"]}  # fmt: skip
        self.world.dialogs[dialog["id"]] = dialog
        while len(self.world.dialogs) > DIALOGS_MAX:
            self._close(next(iter(self.world.dialogs)))
        self.world.publish("dialog", dialog)
        return {"ok": True, "seen": dialog["title"], "dialog": dialog["id"]}

    def _refused(self, card: Any) -> str:
        try:
            check_card(card)
        except TeamsRefusal as refusal:
            return refusal.message
        return ""

    def _toast(self, user: str, text: str, *, ok: bool = True) -> Json:
        if text:
            self.world.toasts.append({"user": user, "text": text})
            self.world.publish("toast", {"user": user, "text": text})
        return {"ok": ok, "seen": text}

    def _outcome(self, answer: Answer, user: str) -> Json:
        return self._trouble(user, answer.trouble) if answer.trouble else {"ok": True, "seen": ""}

    def _trouble(self, user: str, why: str) -> Json:
        self.world.publish("trouble", {"user": user, "seen": WRONG, "why": why})
        return {"ok": False, "seen": WRONG, "why": why}

    def _mentioned(self, user: TeamsUser) -> Json:
        return {"id": self.world.config.account_of(user.id), "name": user.name}

    def _person(self, user: str) -> TeamsUser:
        person = self.world.users.get(user)
        if person is None:
            raise ActRefused(f"There is nobody called {user} in this tenant.")
        return person

    def _entered(self, conversation: str, user: str) -> tuple[Conversation, TeamsUser]:
        person = self._person(user)
        place = self.world.personal(person) if conversation == user else self.world.conversations.get(conversation)
        if place is None or user not in place.members:
            raise ActRefused(f"{person.name} is not in this conversation.")
        return place, person

    def _open(self, dialog: str, user: str) -> Json:
        shown = self.world.dialogs.get(dialog)
        if shown is None or shown["user"] != user:
            raise ActRefused("This dialog is not open for this person.")
        return shown

    def _close(self, dialog: str) -> None:
        self.world.dialogs.pop(dialog, None)
        self.world.publish("dialog_closed", {"id": dialog})


def _filled(card: Json, values: Json) -> Json:
    """The values of every input, as a client sends them. Raises `ActRefused` for what the client would not let go."""
    filled: Json = {}
    for each in inputs(card):
        value = str(values.get(each["id"], each.get("value", "")))
        if each.get("isRequired") and not value.strip():
            raise ActRefused(each.get("errorMessage") or f"{each['label']} is required.")
        if len(value) > each.get("maxLength", len(value)):
            raise ActRefused(f"{each['label']} is too long.")
        if value or not each.get("isMultiSelect"):
            filled[each["id"]] = value
    if strange := set(values) - {each["id"] for each in inputs(card)}:
        raise ActRefused(f"The form has no input {min(strange)}.")
    return filled


def _root_of(message: Json) -> str:
    return str(message["conversation"].partition(";messageid=")[2])
