"""What people get back in Telegram: toasts, messages, questions, and the pages that their presses turn.

Nothing here decides anything; a press that only turns a page never leaves the adapter.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from html import escape
from typing import TYPE_CHECKING

from bot.adapters.base import Answer, Form, Json, Permanent, RateLimited, SendError, Sent
from bot.adapters.telegram.decode import Heard
from bot.adapters.telegram.hidden import Page
from bot.adapters.telegram.outcome import UNCHANGED, outcome
from bot.adapters.telegram.words import sentence

if TYPE_CHECKING:
    from telegram import Bot

ANSWER_WAIT_MAX_S = 30.0
TURN_WAIT_MAX_S = 3.0
"""How long a person may look at a button that spins before they are told to press again."""
TOAST_MAX = 200  # https://core.telegram.org/bots/api#answercallbackquery
NAME_SHOWN = 64
INVISIBLE = "\u200c"

Post = Callable[[str, Json], Awaitable[Sent]]

log = logging.getLogger(__name__)


class Answering:
    """Says what there is to say, where it belongs. All methods run in the loop of the adapter."""

    def __init__(self, bot: Callable[[], Bot], post: Post, timeout_s: float) -> None:
        """`bot` gives the open session, `post` sends a message to an address."""
        self._bot = bot
        self._post = post
        self._timeout_s = timeout_s

    async def turn(self, heard: Heard) -> None:
        """Turn the page that a press asked for, or send a question away. No press is left without its toast."""
        if heard.dismissed:
            await self._toast(heard, Answer())
            await self._remove(heard)
        elif heard.page is not None:
            await self._toast(heard, await self._open(heard, heard.page))
        else:
            await self._toast(heard, Answer(toast=sentence(heard.lang, "too_old"), alert=True))

    async def say(self, heard: Heard, task: asyncio.Task[Answer]) -> None:
        """Pass on what an emit answered: to a press as a toast, to words as a message, and a question as a question."""
        answer = await task
        if heard.query:
            await self._toast(heard, _as_toast(answer))
        if answer.form is not None and await self._ask(heard, answer.form):
            return
        if answer.errors:
            await self._refuse(heard, answer)
            return
        if heard.query and isinstance(heard.inbound, Form):
            await self._remove(heard)  # it is answered: nobody shall press it once more
        messages = [] if answer.message is None else [answer.message]
        if answer.toast and not heard.query:
            messages.insert(0, {"text": answer.toast})
        for message in messages:
            await self._tell(heard, message, here=answer.here or heard.private)

    async def _open(self, heard: Heard, page: Page) -> Answer:
        """Show a page; what to say of it: the question that it asks, or why it did not open."""
        if page.changed:
            try:
                try:
                    await self._redraw(heard, page)
                except RateLimited as error:
                    if error.after_s > TURN_WAIT_MAX_S:
                        raise
                    await asyncio.sleep(error.after_s)
                    await self._redraw(heard, page)
            except RateLimited as error:
                wait = sentence(heard.lang, "busy", seconds=max(1, round(error.after_s)))
                return Answer(toast=wait, alert=True)
            except SendError as error:
                if UNCHANGED not in error.detail.lower():
                    log.warning("A menu of a card could not be opened in Telegram (%s).", error)
                    return Answer(toast=sentence(heard.lang, "no_menu"), alert=True)
        return Answer(toast=page.question)

    async def _redraw(self, heard: Heard, page: Page) -> None:
        markup = {"reply_markup": {"inline_keyboard": page.keyboard}}
        async with outcome(self._timeout_s, address=heard.chat):
            chat = heard.chat.partition("/")[0]
            await self._bot().edit_message_reply_markup(chat, int(heard.message), api_kwargs=markup)

    async def _ask(self, heard: Heard, form: Json) -> bool:
        """Ask in the chat where it was pressed, of that person alone: who is mentioned gets the reply box.

        False where the chat takes no question; the answer says how to type the same.
        """
        name = heard.name.encode("utf-8", "replace").decode()[:NAME_SHOWN] or "\u2026"
        mention = f'<a href="tg://user?id={heard.user}">{escape(name, quote=False)}</a>\n'
        try:
            await self._patiently(heard.chat or heard.user, {**form, "text": mention + form["text"]})
        except Permanent as error:
            log.warning("A question could not be asked in Telegram (%s).", error)
            return False
        return True

    async def _refuse(self, heard: Heard, answer: Answer) -> None:
        """Say in the chat what is wrong with an answer, as a reply to it, and ask the same again."""
        if heard.query:
            return  # the toast has said it, and the question still stands
        plain = "\n".join(answer.errors.values()).encode("utf-8", "replace").decode()
        said = answer.message or {"text": escape(plain, quote=False), "parse_mode": "HTML"}
        message: Json = {
            **said,
            "reply_parameters": {"message_id": int(heard.message), "allow_sending_without_reply": True},
        }
        if heard.again and said.get("parse_mode") == "HTML":
            message["text"] = f'<a href="{escape(heard.again)}">{INVISIBLE}</a>{said["text"]}'
            message["reply_markup"] = {"force_reply": True, "selective": True}
        await self._patiently(heard.chat, message)

    async def _remove(self, heard: Heard) -> None:
        """Take a question away that has had its answer; one that is gone or too old to be deleted does no harm."""
        try:
            async with outcome(self._timeout_s, address=heard.chat):
                await self._bot().delete_message(heard.chat.partition("/")[0], int(heard.message))
        except SendError as error:
            log.info("A question could not be taken away any more (%s).", error)

    async def _toast(self, heard: Heard, answer: Answer) -> None:
        """Every press is answered, if only to stop the spinner; one that waited too long cannot be any more."""
        text = answer.toast if len(answer.toast) <= TOAST_MAX else answer.toast[: TOAST_MAX - 1] + "…"
        try:
            async with outcome(self._timeout_s):
                await self._bot().answer_callback_query(heard.query, text=text or None, show_alert=answer.alert)
        except Permanent as error:
            log.info("A press could not be answered any more (%s).", error.detail)

    async def _tell(self, heard: Heard, message: Json, *, here: bool) -> None:
        """In the chat, or to the person alone where they ever pressed Start: else in the chat after all."""
        if not here:
            try:
                await self._patiently(heard.user, message)
                return
            except Permanent as error:
                if error.reason != "recipient_unreachable":
                    raise
        await self._patiently(heard.chat or heard.user, message)

    async def _patiently(self, address: str, message: Json) -> None:
        """A person waits for this, so a busy chat is waited out once: a group takes 20 messages a minute."""
        try:
            await self._post(address, message)
        except RateLimited as error:
            await asyncio.sleep(min(error.after_s, ANSWER_WAIT_MAX_S))
            await self._post(address, message)


def _as_toast(answer: Answer) -> Answer:
    """What a press shows at once: what is wrong with a picked answer goes before everything else."""
    wrong = "\n".join(answer.errors.values())
    return Answer(toast=wrong, alert=True) if wrong else answer
