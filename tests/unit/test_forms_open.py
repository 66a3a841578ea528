"""A form opens at once, whatever the database does; what is wrong with its answers comes back by field."""

from __future__ import annotations

import asyncio

from bot.adapters.base import Answer, Form, Inbound, Press, Slash
from bot.app import App, Parts
from bot.cards.build.forms import ask
from bot.cards.token import mint
from bot.clock import Ids, VirtualClock
from bot.engine.model import Severity
from bot.store.memory import MemoryStore
from tests.scenarios.company import company

KEY = b"the key of these tests"


def app() -> App:
    parts = Parts(
        world=company(), store=MemoryStore(), adapters={}, parsers={}, key=KEY, clock=VirtualClock(1_800_000_000_000),
        ids=Ids(seed=1),
    )  # fmt: skip
    return App(parts)


def emit(made: App, inbound: Inbound) -> Answer:
    return asyncio.run(made.emit(inbound))


def press(verb: str, user: str = "U0BO", incident: str = "00000000000000a1") -> Press:
    return Press(platform="slack", user=user, token=mint(KEY, verb, incident, 1, ask(7)), key="k")


def test_a_form_opens_without_a_database():
    """Nothing was started: whoever asked the database would wait for ever."""
    answer = emit(app(), press("note"))
    assert answer.form is not None
    assert answer.toast == ""
    assert "/toc note" in str(answer.message), "for where no form can be opened"


def test_a_bare_trigger_opens_a_form_and_a_full_one_does_not():
    made = app()
    bare = emit(made, Slash(platform="slack", user="U0BO", text="page", key="k"))
    assert bare.form is not None
    assert made.commands.form(Slash(platform="slack", user="U0BO", text="page disk full", key="k")) is None
    assert made.commands.form(Slash(platform="slack", user="U0BO", text="help", key="k")) is None


def test_only_who_may_act_sees_a_form():
    form = app().commands.form
    assert form(press("note")) is not None
    for user in ("U0NOBODY", "U0ED"):
        assert form(press("note", user)) is None
    forged = Press(platform="slack", user="U0BO", token=mint(b"other", "note", "0" * 16, 1, ask(7)), key="k")
    assert form(forged) is None
    assert form(Press(platform="slack", user="U0BO", token=mint(KEY, "ack", "0" * 16, 1, ask(7)), key="k")) is None


def test_errors_come_back_by_field_and_the_mended_form_counts():
    async def story() -> tuple[Answer, Answer]:
        made = app()
        await made.start()
        raised = await made.transact(
            lambda tx: made.service.open_by_hand(tx, channel="ops", title="x", severity=Severity.INFO, by="bo")
        )
        token = press("snooze", incident=raised.incident.id).token
        filled = [
            await made.emit(Form(platform="slack", user="U0BO", token=token, values={"for": text}, key="same"))
            for text in ("soon", "2h")
        ]
        await made.stop()
        return filled[0], filled[1]

    bad, good = asyncio.run(story())
    assert bad.errors == {"for": "soon is not a length of time. Write 30m, 2h or 1d."}
    assert "soon is not a length of time" in str(bad.message)
    assert good.errors == {}
    assert "Quiet until" in str(good.message)
