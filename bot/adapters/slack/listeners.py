"""The Bolt app: one listener for each way a person speaks to us, and what is said back, in time or a little later.

Slack wants every answer within three seconds: https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any

from bot.adapters.base import Answer, Emit, Errands, Inbound, Json, Slash
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
RESPONSE_FIELDS = ("text", "blocks", "attachments", "unfurl_links", "unfurl_media")
"""What a `response_url` and the body of an answer understand, of the fields that chat.postMessage does."""

log = logging.getLogger(__name__)


def bolt_app(web: AsyncWebClient, emit: Emit, errands: Errands, session: aiohttp.ClientSession) -> AsyncApp:
    """An app whose listeners decode nothing themselves: the adapter puts the `Inbound` into the context first.

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
    app.event("app_mention")(talk.on_line)
    app.event("message")(talk.on_line)
    return app


class _Talk:
    """The listeners. Each emits, acknowledges, and leaves what is left to say to an errand."""

    def __init__(self, web: AsyncWebClient, emit: Emit, errands: Errands, session: aiohttp.ClientSession) -> None:
        self._web = web
        self._emit = emit
        self._errands = errands
        self._session = session

    async def on_press(self, ack: AsyncAck, body: Json, context: AsyncBoltContext) -> None:
        """A button or menu: acknowledged silently, answered through the response_url, or with a form."""
        task = await self._handled(context)
        await ack()
        self._errands.begin(self._after_press(task, body))

    async def on_command(self, ack: AsyncAck, body: Json, context: AsyncBoltContext) -> None:
        """A slash command: answered in the body of the acknowledgement when the answer is there in time."""
        task = await self._handled(context)
        said = spoken(task.result()) if task.done() else []
        await (ack(said[0]) if said else ack())
        if not task.done() or said[1:]:
            self._errands.begin(self._respond(task, str(body.get("response_url", "")), skip=len(said[:1])))

    async def on_form(self, ack: AsyncAck, body: Json, context: AsyncBoltContext) -> None:
        """A form: stays open beside bad news, else gives way to the answer, or closes when there is none."""
        task = await self._handled(context)
        if task.done():
            await _close_form(ack, body["view"], task.result())
            return
        await ack()
        self._errands.begin(self._after_form(task, str(body["user"]["id"])))

    async def on_line(self, context: AsyncBoltContext) -> None:
        """A mention or a direct line: events have no response_url, so the answer goes to the place itself."""
        task = await self._handled(context)
        self._errands.begin(self._after_line(task, context["inbound"]))

    async def _handled(self, context: AsyncBoltContext) -> asyncio.Task[Answer]:
        """The emit, finished or still under way; raises what it raised, so that Slack learns that nothing was saved."""
        inbound: Inbound = context["inbound"]
        task = await self._errands.within(_awaited(self._emit, inbound), EMIT_S)
        if task.done():
            task.result()
        return task

    async def _after_press(self, task: asyncio.Task[Answer], body: Json) -> None:
        answer = await task
        if answer.message is not None and answer.message.get("type") == "modal":
            # a trigger_id lives for three seconds: https://docs.slack.dev/surfaces/modals
            async with outcome(REPLY_S):
                await self._web.views_open(trigger_id=body.get("trigger_id"), view=answer.message)
            return
        await self._respond(task, str(body.get("response_url", "")))

    async def _respond(self, task: asyncio.Task[Answer], url: str, *, skip: int = 0) -> None:
        """Say the answer at a response_url: five uses within half an hour; the SDK does not raise, so look."""
        from slack_sdk.webhook.async_client import AsyncWebhookClient

        bodies = spoken(await task)[skip:]
        if not bodies or not url:
            return
        client = AsyncWebhookClient(url, session=self._session, retry_handlers=[])
        for body in bodies:
            async with outcome(REPLY_S):
                reply = await client.send_dict(body)
            if reply.status_code != 200:
                log.warning("Slack refused an answer at the response_url: HTTP %s %.80s", reply.status_code, reply.body)

    async def _after_form(self, task: asyncio.Task[Answer], user: str) -> None:
        """The form is closed already and has no response_url: the answer comes as a direct message."""
        for body in spoken(await task):
            async with outcome(REPLY_S):
                await self._web.api_call("chat.postMessage", json={"channel": user, **_content(body)})

    async def _after_line(self, task: asyncio.Task[Answer], line: Slash) -> None:
        answer = await task
        thread = {"thread_ts": line.reply_to.partition(":")[2]} if line.reply_to else {}
        for body in spoken(answer):
            message = {"channel": line.chat, **thread, **_content(body)}
            private = not answer.here and not line.chat.startswith("D")
            async with outcome(REPLY_S):
                if private:
                    await self._web.api_call("chat.postEphemeral", json={**message, "user": line.user})
                else:
                    await self._web.api_call("chat.postMessage", json=message)


async def _awaited(emit: Emit, inbound: Inbound) -> Answer:
    return await emit(inbound)


def spoken(answer: Answer) -> list[Json]:
    """The answer as bodies for a response_url: first the toast, then the message; for one person unless `here`."""
    shown: Json = {"response_type": "in_channel" if answer.here else "ephemeral", "replace_original": False}
    bodies = [{"text": escaped(answer.toast), **shown}] if answer.toast else []
    if answer.message is not None:
        bodies.append({**_content(answer.message), **shown})
    return bodies


def _content(message: Json) -> Json:
    return {name: message[name] for name in RESPONSE_FIELDS if name in message}


def escaped(text: str) -> str:
    """Plain text for a place that reads markup: https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _close_form(ack: AsyncAck, view: Json, answer: Answer) -> None:
    """https://docs.slack.dev/surfaces/modals#response_actions; errors can stand beside input blocks only."""
    inputs = [str(block["block_id"]) for block in view.get("blocks", []) if block.get("type") == "input"]
    if answer.alert and answer.toast and inputs:
        await ack(response_action="errors", errors={inputs[0]: answer.toast})
        return
    blocks: list[Any] = (
        [{"type": "section", "text": {"type": "plain_text", "text": answer.toast}}] if answer.toast else []
    )
    if answer.message is not None:
        blocks.extend(answer.message.get("blocks", []))
    if not blocks:
        await ack()
        return
    await ack(response_action="update", view={"type": "modal", "title": view["title"], "blocks": blocks})
