"""What is said back: in the body of the answer while Teams waits, else in the chat with the person, or in the thread.

Shapes: https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model#response-format and
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.adapters.base import Answer, Emit, Errands, Form, Inbound, Json, Permanent, RateLimited, SendError, Slash
from bot.adapters.teams.decode import Heard, Reply
from bot.adapters.teams.dialogs import Dialogs
from bot.adapters.teams.places import Places
from bot.adapters.teams.post import Post

if TYPE_CHECKING:
    from botbuilder.core import TurnContext

EMIT_S = 4.0
"""How long an emit may take before it is acknowledged without its answer."""
LOOK_S = 1.5
"""How long a mentioned person is looked up before the line is taken as it is."""
REPLY_S = 7.0
ANSWER_WAIT_MAX_S = 30.0
TOAST = "application/vnd.microsoft.activity.message"
_ACCOUNT = re.compile(r"@(29:[\w-]+)")


class Talk:
    """Emits what was heard and answers it."""

    def __init__(self, emit: Emit, errands: Errands, post: Post, places: Places) -> None:
        """`errands` keep what takes longer than Teams waits."""
        self._emit = emit
        self._errands = errands
        self._post = post
        self._places = places
        self._dialogs = Dialogs()

    def turn(self, heard: Heard, inbound: Inbound) -> Callable[[TurnContext], Awaitable[None]]:
        """The turn of one activity, for the SDK. It raises what emit raised: what is not saved is not called so."""

        async def logic(context: TurnContext) -> None:
            task = await self._errands.within(self._emitted(heard, inbound), EMIT_S)
            answer = task.result() if task.done() else None
            if heard.reply is Reply.NOTHING:
                self._errands.begin(self._after(heard, task, said=Answer()))
                return
            body, said = self._body(heard.reply, answer or Answer(), inbound)
            await context.send_activity(_invoke_response(body))
            self._errands.begin(self._after(heard, task, said=said if answer else Answer()))

        return logic

    def _body(self, reply: Reply, answer: Answer, inbound: Inbound) -> tuple[Json | None, Answer]:
        """The body of the answer to an invoke, and the part of the answer that it says."""
        if reply is Reply.ACTION:
            title = str(answer.form.get("title", "")) if answer.form is not None else ""
            return {"statusCode": 200, "type": TOAST, "value": answer.toast or title}, Answer(toast=answer.toast)
        if answer.form is not None:
            self._dialogs.opened(inbound.user, answer.form)
            return _task("continue", answer.form), Answer(form=answer.form)
        if isinstance(inbound, Form):
            if answer.errors and (again := self._dialogs.again(inbound, dict(answer.errors))):
                return _task("continue", again), Answer(toast=answer.toast, message=answer.message)
            self._dialogs.closed(inbound)
        return _told(answer)

    async def _emitted(self, heard: Heard, inbound: Inbound) -> Answer:
        if isinstance(inbound, Slash) and _ACCOUNT.search(inbound.text):
            inbound = replace(inbound, text=await self._known(heard, inbound.text))
        return await self._emit(inbound)

    async def _known(self, heard: Heard, text: str) -> str:
        """Mentioned people by their object ids, as the rest of the house knows them."""
        for account in dict.fromkeys(_ACCOUNT.findall(text)):
            user = self._places.objects.get(account, "")
            if not user:
                deadline = asyncio.get_running_loop().time() + LOOK_S
                try:
                    member = await self._post.member(heard.conversation.partition(";")[0], account, deadline)
                except SendError:
                    continue
                user = str(member.aad_object_id or "")
                if user:
                    self._places.meet(user, account=account)
            text = text.replace(f"@{account}", f"@{user or account}")
        return text

    async def _after(self, heard: Heard, task: asyncio.Task[Answer], *, said: Answer) -> None:
        """Everything of the answer that was not said in the body: in the open, or to the person alone."""
        answer = await task
        messages = [] if not answer.toast or answer.toast == said.toast else [_text(answer.toast)]
        form = answer.form if answer.form is not said.form else None
        if form is not None:
            messages.append({"type": "message", "summary": str(form.get("title", "")), "attachments": [form["card"]]})
        elif answer.message is not None and answer.message is not said.message and said.form is None:
            messages.append(answer.message)
        for message in messages:
            await self._tell(heard, message, here=answer.here and form is None)

    async def _tell(self, heard: Heard, message: Json, *, here: bool) -> None:
        """In the conversation, or to the person alone where the app may write to them: else there after all."""
        if not here and not heard.personal:
            try:
                await self._patiently(heard.user, message)
                return
            except Permanent as error:
                if error.reason != "recipient_unreachable":
                    raise
        await self._patiently(heard.conversation, message)

    async def _patiently(self, address: str, message: Json) -> None:
        """A person waits for this, so a busy conversation is waited out once."""
        loop = asyncio.get_running_loop()
        try:
            await self._post.send(address, message, loop.time() + REPLY_S)
        except RateLimited as error:
            await asyncio.sleep(min(error.after_s, ANSWER_WAIT_MAX_S))
            await self._post.send(address, message, loop.time() + REPLY_S)


def _told(answer: Answer) -> tuple[Json | None, Answer]:
    """What a dialog shows that asks nothing more: a card, a sentence, or nothing; what is for all is said elsewhere."""
    card = _card_of(answer.message)
    if card is not None and not answer.here:
        title = answer.toast or str((answer.message or {}).get("summary", ""))
        info = {"title": title[:60], "width": "medium", "height": "medium", "card": card}
        return _task("continue", info), Answer(toast=answer.toast, message=answer.message)
    text = str((answer.message or {}).get("text", "")) if not answer.here else ""
    words = answer.toast or text
    if not words:
        return None, Answer()
    return _task("message", words), Answer(toast=answer.toast, message=answer.message if text else None)


def _card_of(message: Json | None) -> Json | None:
    attachments = (message or {}).get("attachments")
    return attachments[0] if isinstance(attachments, list) and attachments else None


def _task(kind: str, value: Any) -> Json:
    return {"task": {"type": kind, "value": value}}


def _text(words: str) -> Json:
    return {"type": "message", "textFormat": "plain", "text": words}


def _invoke_response(body: Json | None) -> Any:
    from botbuilder.core import InvokeResponse
    from botbuilder.schema import Activity

    return Activity(type="invokeResponse", value=InvokeResponse(status=200, body=body))
