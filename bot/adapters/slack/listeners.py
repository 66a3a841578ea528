"""The Bolt app: one listener for each way a person speaks to us, and what is said back, in time or a little later.

Slack wants every answer within three seconds: https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.adapters.base import Answer, Emit, Errands, Inbound, Json, Permanent, SendError, Slash
from bot.adapters.slack.answers import KEEP_FAILED, content, faults, home_view, keep_form, spoken, words
from bot.adapters.slack.decode import ME, PLATFORM, Remark
from bot.adapters.slack.locales import Locales
from bot.adapters.slack.outcome import outcome

if TYPE_CHECKING:
    import aiohttp
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_bolt.context.async_context import AsyncBoltContext
    from slack_sdk.web.async_client import AsyncWebClient

EMIT_S = 2.4
"""How long an emit may take before it is acknowledged without its answer: three seconds less the network's share."""
REPLY_S = 7.0
ANYTHING = re.compile("")

log = logging.getLogger(__name__)


def bolt_app(web: AsyncWebClient, emit: Emit, errands: Errands, session: aiohttp.ClientSession) -> AsyncApp:
    """An app whose listeners decode nothing themselves: the adapter puts what was decoded into the context first.

    It answers before it returns (`process_before_response`), so that a listener that fails after its acknowledgement
    cannot hold the request for three seconds, and no listener runs on unseen. Requests are verified by the adapter.
    """
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=web.token)

    quiet = logging.getLogger(f"{__name__}.bolt")
    quiet.setLevel(logging.ERROR)  # its warnings quote whole bodies, with what people wrote and the response_url
    app = AsyncApp(
        name="tocsin",
        logger=quiet,
        client=web,
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
    )
    talk = _Talk(web, emit, errands, session)
    app.action(ANYTHING)(talk.on_press)
    app.view(ANYTHING)(talk.on_form)
    app.command(ANYTHING)(talk.on_command)
    app.shortcut(ANYTHING)(talk.on_shortcut)
    app.event("app_mention")(talk.on_line)
    app.event("message")(talk.on_line)
    app.event("app_home_opened")(talk.on_home)
    return app


class _Talk:
    """The listeners. Each emits, acknowledges, and leaves what is left to say to an errand."""

    def __init__(self, web: AsyncWebClient, emit: Emit, errands: Errands, session: aiohttp.ClientSession) -> None:
        self._web = web
        self._emit = emit
        self._errands = errands
        self._session = session
        self._locales = Locales(web, errands)

    async def on_press(self, ack: AsyncAck, body: Json, context: AsyncBoltContext) -> None:
        """A button or menu: acknowledged silently, answered through the response_url, or with a form."""
        task = await self._handled(context["inbound"])
        await ack()
        self._errands.begin(self._after_press(task, body, context["inbound"]))

    async def on_command(self, ack: AsyncAck, body: Json, context: AsyncBoltContext) -> None:
        """A slash command: answered in the body of the acknowledgement when the answer is there in time."""
        task = await self._handled(context["inbound"])
        if not task.done() or task.result().form is not None:
            await ack()
            self._errands.begin(self._after_press(task, body, context["inbound"]))
            return
        said = spoken(task.result())
        await (ack(said[0]) if said else ack())
        if said[1:]:
            self._errands.begin(self._respond(said[1:], str(body.get("response_url", ""))))

    async def on_form(self, ack: AsyncAck, body: Json, context: AsyncBoltContext) -> None:
        """A form: stays open beside what is wrong with it, else closes, and the answer comes as a message."""
        inbound: Inbound = context["inbound"]
        task = await self._handled(inbound)
        if task.done() and (wrong := faults(body["view"], task.result())):
            await ack(response_action="errors", errors=wrong)
            return
        await ack(response_action="clear")
        self._errands.begin(self._after_form(task, inbound))

    async def on_shortcut(self, ack: AsyncAck, body: Json, context: AsyncBoltContext) -> None:
        """A message is to be kept: acknowledged, and asked of which incident."""
        remark: Remark = context["inbound"]
        await ack()
        self._errands.begin(self._ask(remark, body))

    async def on_line(self, context: AsyncBoltContext) -> None:
        """A mention or a direct line: events have no response_url, so the answer goes to the place itself."""
        task = await self._handled(context["inbound"])
        self._errands.begin(self._after_line(task, context["inbound"]))

    async def on_home(self, context: AsyncBoltContext) -> None:
        """Somebody opens the Home tab: shown anew each time, also when Slack repeats the event."""
        opened: Slash = context["inbound"]
        task = await self._handled(_fresh(opened))
        self._errands.begin(self._after_home(task, opened.user))

    async def _handled(self, inbound: Inbound) -> asyncio.Task[Answer]:
        """The emit, finished or still under way; raises what it raised, so that Slack learns that nothing was saved."""
        spoken_in = replace(inbound, lang=self._locales.of(inbound.user))
        task = await self._errands.within(_awaited(self._emit, spoken_in), EMIT_S)
        if task.done():
            task.result()
        return task

    async def _after_press(self, task: asyncio.Task[Answer], body: Json, inbound: Inbound) -> None:
        answer = await task
        if answer.form is not None and await self._opened(answer.form, body, inbound.chat):
            return
        if url := str(body.get("response_url", "")):
            await self._respond(spoken(answer), url)
        else:
            await self._direct(answer, inbound.user)
        if (body.get("view") or {}).get("type") == "home":
            again = Slash(platform=PLATFORM, user=inbound.user, text=ME, key=inbound.key, chat=inbound.chat)
            await self._after_home(await self._handled(_fresh(again)), inbound.user)

    async def _opened(self, form: Json, body: Json, chat: str) -> bool:
        """Open a form, which remembers its chat; False where the `trigger_id` is too old, or Slack refuses."""
        view = {**form, "private_metadata": f"{form.get('private_metadata', '')} {chat}".rstrip()}
        try:
            async with outcome(REPLY_S, ambiguous=False):
                await self._web.views_open(trigger_id=str(body.get("trigger_id", "")), view=view)
        except SendError as error:
            log.warning("Slack opened no form (%s): the person is told what to type instead.", error)
            return False
        return True

    async def _ask(self, remark: Remark, body: Json) -> None:
        lang = self._locales.of(remark.user)
        if not await self._opened(keep_form(remark, lang), body, remark.chat):
            sorry = Answer(toast=words(lang)[KEEP_FAILED])
            await self._respond(spoken(sorry), str(body.get("response_url", "")))

    async def _respond(self, bodies: list[Json], url: str) -> None:
        """Say the answer at a response_url: five uses within half an hour; the SDK does not raise, so look."""
        from slack_sdk.webhook.async_client import AsyncWebhookClient

        if not bodies or not url:
            return
        client = AsyncWebhookClient(url, session=self._session, retry_handlers=[])
        for body in bodies:
            async with outcome(REPLY_S):
                reply = await client.send_dict(body)
            if reply.status_code != 200:
                log.warning("Slack refused an answer at the response_url: HTTP %s %.80s", reply.status_code, reply.body)

    async def _after_form(self, task: asyncio.Task[Answer], inbound: Inbound) -> None:
        """A form has no response_url: the answer comes where the form was opened, for this person only, or directly."""
        answer = await task
        if not inbound.chat or inbound.chat.startswith("D"):
            await self._direct(answer, inbound.chat or inbound.user)
            return
        try:
            await self._place(answer, inbound.chat, inbound.user, {})
        except Permanent:  # the bot may have left the chat, or the person
            await self._direct(answer, inbound.user)

    async def _after_line(self, task: asyncio.Task[Answer], line: Slash) -> None:
        answer = await task
        thread = {"thread_ts": line.reply_to.partition(":")[2]} if line.reply_to else {}
        await self._place(answer, line.chat, line.user, thread)

    async def _after_home(self, task: asyncio.Task[Answer], user: str) -> None:
        view = home_view(await task)
        async with outcome(REPLY_S, ambiguous=False):
            await self._web.views_publish(user_id=user, view=view)

    async def _direct(self, answer: Answer, address: str) -> None:
        for body in spoken(answer):
            async with outcome(REPLY_S):
                await self._web.api_call("chat.postMessage", json={"channel": address, **content(body)})

    async def _place(self, answer: Answer, chat: str, user: str, thread: Json) -> None:
        """Say it in a chat, seen by one person only unless the answer is for everybody."""
        private = not answer.here and not chat.startswith("D")
        for body in spoken(answer):
            message = {"channel": chat, **thread, **content(body)}
            async with outcome(REPLY_S):
                if private:
                    await self._web.api_call("chat.postEphemeral", json={**message, "user": user})
                else:
                    await self._web.api_call("chat.postMessage", json=message)


async def _awaited(emit: Emit, inbound: Inbound) -> Answer:
    return await emit(inbound)


def _fresh(asked: Slash) -> Slash:
    """The same question under a new key: it changes nothing, so a repetition is answered and not called handled."""
    return replace(asked, key=f"{asked.key}:{secrets.token_hex(4)}")
