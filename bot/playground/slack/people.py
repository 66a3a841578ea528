"""What people do in the played Slack: press, choose, type, submit; and what they then see.

Payloads: https://docs.slack.dev/reference/interaction-payloads and
https://docs.slack.dev/interactivity/implementing-slash-commands
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from bot.playground.emulator import ActRefused
from bot.playground.hub import Json
from bot.playground.slack.callbacks import Answer, AppLink
from bot.playground.slack.config import SlackUser
from bot.playground.slack.modals import checked_view, filled_state
from bot.playground.slack.refusals import SlackRefusal
from bot.playground.slack.responses import say
from bot.playground.slack.surfaces import Surfaces, element_at, entry, surface_state, surfaces_of
from bot.playground.slack.workspace import Conversation, ResponseUrl, Workspace

TIMED_OUT = "operation timed out"


@dataclass(slots=True)
class People:
    """The acts; each returns `{"ok", "seen", ...}` where `seen` is the sentence or message shown to the person."""

    space: Workspace
    link: AppLink

    async def press(
        self, channel: str, ts: str, action_id: str, user: str, option: str | None = None, block_id: str | None = None
    ) -> Json:
        """Use the very element of a shown message: a button, or a menu with the `option` of that value.

        Raises `ActRefused` when the message is not visible to the person or has no such element.
        """
        place, person = self._entered(channel, user)
        message, ephemeral = self._visible(place, ts, user)
        block, element, own = element_at(surfaces_of(message), action_id, block_id)
        action = self._action(block, element, option)
        payload: Json = {
            **self._interaction("block_actions", person),
            "container": {**own, "message_ts": ts, "channel_id": place.id, "is_ephemeral": ephemeral},
            "channel": {"id": place.id, "name": place.name or "directmessage"},
            "state": {"values": surface_state(surfaces_of(message), action)},
            "response_url": self._response_url(place, user, ts), "actions": [action],
        }  # fmt: skip
        if not ephemeral:
            payload["message"] = message
        answer = await self.link.interactive(payload)
        return self._outcome(answer, user, "button")

    async def press_in_view(
        self, view_id: str, action_id: str, user: str, option: str | None = None, block_id: str | None = None
    ) -> Json:
        """Use an element of an open modal or of the Home tab: the payload carries the view instead of a message."""
        home = self.space.homes.get(user)
        view = home if home and home["id"] == view_id else self._open_view(view_id, user)
        surfaces: Surfaces = [(view["blocks"], {"type": "view", "view_id": view_id})]
        block, element, container = element_at(surfaces, action_id, block_id)
        action = self._action(block, element, option)
        view = {**view, "state": {"values": surface_state(surfaces, action)}}
        payload: Json = {**self._interaction("block_actions", self.space.users[user]), "container": container,
                         "view": view, "actions": [action]}  # fmt: skip
        answer = await self.link.interactive(payload)
        return self._outcome(answer, user, "button")

    def _action(self, block: Json, element: Json, option: str | None) -> Json:
        action: Json = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"],
                        "action_ts": self.space.next_ts()}  # fmt: skip
        if element["type"] == "button":
            return action | {name: element[name] for name in ("text", "value", "style") if name in element}
        if option is None:
            raise ActRefused("A menu needs the option that is chosen.")
        many = element["type"] in {"multi_static_select", "multi_users_select", "checkboxes"}
        return action | entry(element, [option] if many else option)

    def _interaction(self, kind: str, person: SlackUser) -> Json:
        """The fields that every interaction payload has."""
        config = self.space.config
        return {
            "type": kind, "team": {"id": config.team_id, "domain": config.team_domain},
            "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": config.team_id},
            "api_app_id": config.app_id, "token": config.verification_token, "enterprise": None,
            "is_enterprise_install": False, "trigger_id": self.space.new_trigger(person.id),
        }  # fmt: skip

    async def slash(self, text: str, user: str, channel: str) -> Json:
        """Type a slash command, e.g. `/oncall who`; the app's body is shown to the person or to the channel."""
        place, person = self._entered(channel, user)
        command, _, rest = text.strip().partition(" ")
        if command not in self.space.config.commands:
            raise ActRefused(f"{command} is not a valid command.")
        config = self.space.config
        payload: Json = {
            "token": config.verification_token, "team_id": config.team_id, "team_domain": config.team_domain,
            "channel_id": place.id, "channel_name": place.name or "directmessage", "user_id": user,
            "user_name": person.name, "command": command, "text": rest.strip(), "api_app_id": config.app_id,
            "is_enterprise_install": "false", "response_url": self._response_url(place, user, None),
            "trigger_id": self.space.new_trigger(user),
        }  # fmt: skip
        answer = await self.link.command(payload)
        outcome = self._outcome(answer, user, command)
        body: Json = answer.payload or ({"text": answer.text} if answer.text.strip() else {})
        if answer.trouble or not body:
            return outcome
        try:
            shown = say(self.space, ResponseUrl(place.id, user, 0.0), body)
        except SlackRefusal as refusal:
            return self._trouble(user, command, f"failed because the app's answer was refused: {refusal.code}")
        return {**outcome, "seen": shown["message"]}

    async def say(self, text: str, user: str, channel: str, thread_ts: str | None = None) -> Json:
        """Write a message; the app hears it when it is mentioned, or in its direct message with the person."""
        place, _ = self._entered(channel, user)
        config = self.space.config
        message: Json = {"type": "message", "user": user, "team": config.team_id, "text": text,
                         "ts": self.space.next_ts()}  # fmt: skip
        if thread_ts is not None:
            message["thread_ts"] = thread_ts
        if place.is_archived:
            raise ActRefused("This channel is archived.")
        self.space.keep(place, message)
        event: Json = {**message, "channel": place.id, "event_ts": message["ts"]}
        if place.user is not None:
            return await self._event({**event, "channel_type": "im"}, user)
        if f"<@{config.bot_user_id}>" in text and config.bot_user_id in place.members:
            return await self._event({**event, "type": "app_mention"}, user)
        return {"ok": True, "seen": "", "ts": message["ts"]}

    async def mention(self, text: str, user: str, channel: str) -> Json:
        """Write `@bot text` in a channel; raises `ActRefused` when the bot is not a member and so hears nothing."""
        bot = self.space.config.bot_user_id
        place, _ = self._entered(channel, user)
        if bot not in place.members:
            raise ActRefused(f"@{self.space.config.bot_name} is not in this channel: invite it first.")
        return await self.say(text if f"<@{bot}>" in text else f"<@{bot}> {text}", user, channel)

    async def submit(self, view_id: str, values: Json, user: str) -> Json:
        """Submit an open modal; `values` maps block id, then action id, to what was entered.

        The modal closes, stays with the app's `errors` beside its fields, or becomes the view that the app answers.
        """
        view = self._open_view(view_id, user)
        view["state"] = filled_state(view, values)
        common = self._interaction("view_submission", self.space.users[user])
        payload: Json = {**common, "view": view, "response_urls": []}
        answer = await self.link.interactive(payload)
        if answer.trouble:
            return self._trouble(user, "form", "We had some trouble connecting. Try again?")
        return self._after_submit(view, answer, user)

    async def open_home(self, user: str) -> Json:
        """Open the app's Home tab: https://docs.slack.dev/reference/events/app_home_opened."""
        place = self.space.direct(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": place.id, "tab": "home",
                       "event_ts": self.space.next_ts()}  # fmt: skip
        if user in self.space.homes:
            event["view"] = self.space.homes[user]
        return await self._event({**event, "ts": event["event_ts"]}, user)

    async def shortcut(self, channel: str, ts: str, callback_id: str, user: str) -> Json:
        """Choose a shortcut in the menu of a message.

        Payload: https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
        """
        place, person = self._entered(channel, user)
        message, _ = self._visible(place, ts, user)
        if callback_id not in self.space.config.shortcuts:
            raise ActRefused(f"The app has no message shortcut {callback_id!r}.")
        payload: Json = {
            **self._interaction("message_action", person), "callback_id": callback_id,
            "channel": {"id": place.id, "name": place.name or "directmessage"}, "message_ts": ts, "message": message,
            "action_ts": self.space.next_ts(), "response_url": self._response_url(place, user, ts),
        }  # fmt: skip
        return self._outcome(await self.link.interactive(payload), user, "shortcut")

    async def close(self, view_id: str, user: str) -> Json:
        """Cancel an open modal; the app hears of it if the view asked for `notify_on_close`."""
        view = self._open_view(view_id, user)
        self.space.close_view(view_id)
        if view["notify_on_close"]:
            payload = {**self._interaction("view_closed", self.space.users[user]), "view": view, "is_cleared": False}
            await self.link.interactive(payload)
        return {"ok": True, "seen": ""}

    def _after_submit(self, view: Json, answer: Answer, user: str) -> Json:
        # https://docs.slack.dev/surfaces/modals#response_actions
        body = answer.payload or {}
        action = body.get("response_action")
        if action is None or action == "clear":
            self.space.close_view(view["id"])
            return {"ok": True, "seen": "", "closed": True}
        if action == "errors":
            errors = body.get("errors")
            inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
                return self._trouble(user, "form", "We had some trouble connecting. Try again?")
            self.space.publish("view_errors", {"view_id": view["id"], "user": user, "errors": errors})
            return {"ok": False, "seen": errors, "errors": errors, "closed": False}
        if action in {"update", "push"}:
            try:
                fresh = checked_view(self.space, body, replacing=view if action == "update" else None)
            except SlackRefusal as refusal:
                detail = "; ".join(refusal.messages)
                return self._trouble(user, "form", f"We had some trouble connecting. ({refusal.code}: {detail})")
            self.space.show_view(fresh, user)
            return {"ok": True, "seen": fresh, "closed": False}
        return self._trouble(user, "form", f"We had some trouble connecting. (unknown response_action {action})")

    async def _event(self, event: Json, user: str) -> Json:
        config = self.space.config
        payload: Json = {
            "token": config.verification_token, "team_id": config.team_id, "api_app_id": config.app_id, "event": event,
            "type": "event_callback", "event_id": self.space.fresh_id("Ev"), "event_time": int(self.space.hub.now()),
            "authorizations": [{"enterprise_id": None, "team_id": config.team_id, "user_id": config.bot_user_id,
                                "is_bot": True, "is_enterprise_install": False}],
            "is_ext_shared_channel": False,
        }  # fmt: skip
        answer = await self.link.event(payload)
        if answer.trouble:
            self.space.publish("trouble", {"what": "event", "user": user, "reason": answer.trouble})
        return {"ok": not answer.trouble, "seen": "", "ts": event["ts"], "event_id": payload["event_id"]}

    def _outcome(self, answer: Answer, user: str, what: str) -> Json:
        if answer.trouble == "http_timeout":
            return self._trouble(user, what, TIMED_OUT)
        if answer.trouble:
            reason = f"status {answer.status}" if answer.status else answer.text or "no connection"
            return self._trouble(user, what, f"the app did not accept it ({reason})")
        return {"ok": True, "seen": "", "status": answer.status}

    def _trouble(self, user: str, what: str, sentence: str) -> Json:
        self.space.publish("trouble", {"what": what, "user": user, "seen": sentence})
        return {"ok": False, "seen": sentence}

    def _entered(self, channel: str, user: str) -> tuple[Conversation, SlackUser]:
        person = self.space.users.get(user)
        place = self.space.channels.get(channel)
        if person is None or person.deleted or person.is_bot:
            raise ActRefused(f"There is no active person {user} in this workspace.")
        if place is None or user not in place.members:
            raise ActRefused(f"{person.name} is not in the conversation {channel}.")
        return place, person

    def _visible(self, place: Conversation, ts: str, user: str) -> tuple[Json, bool]:
        if ts in place.messages:
            return place.messages[ts], False
        for note in self.space.ephemerals:
            if note["message"]["ts"] == ts and note["user"] == user and note["channel"] == place.id:
                return note["message"], True
        raise ActRefused(f"The message {ts} is not there any more.")

    def _open_view(self, view_id: str, user: str) -> Json:
        shown = self.space.views.get(view_id)
        if shown is None or shown["user"] != user:
            raise ActRefused("This form is not open for this person.")
        view: Json = json.loads(json.dumps(shown["view"]))
        return view

    def _response_url(self, place: Conversation, user: str, ts: str | None) -> str:
        if not self.space.config.public_url:
            raise ActRefused("The played Slack does not know its own address yet: set SlackConfig.public_url.")
        return f"{self.space.config.public_url}/respond/{self.space.new_response_url(place.id, user, ts)}"
