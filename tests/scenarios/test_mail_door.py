"""The whole way of an answer: a page by mail, written back to over SMTP, at the door that also takes alerts."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from bot.engine.model import Progress
from bot.settings import Settings
from tests.scenarios.post_office import DOMAIN, parsed, post_office, until
from webhooks.mail.serving import CannotListen, receiving


def written_back(to: str, text: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Bo <bo@example.com>", to, "Re: it"
    mail["Message-ID"] = "<answer-1@mail.example>"
    mail.set_content(text)
    return mail.as_bytes()


def post(port: int, sender: str, recipient: str, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=20) as client:
        client.sendmail(sender, [recipient], raw)


async def test_a_page_is_acknowledged_by_answering_its_mail(free_port):
    async with post_office() as office:
        settings = Settings(smtp_host="127.0.0.1", smtp_port=free_port)
        async with receiving(office.app, settings):
            await office.open()
            (page,) = await office.mails(1)
            answer = str(page["Reply-To"])
            assert answer.startswith("reply+")
            assert answer.endswith(f"@{DOMAIN}")
            raw = written_back(answer, "ack")
            await asyncio.to_thread(post, free_port, "bo@example.com", answer.upper(), raw)
            assert (await office.incident()).progress is Progress.PROCESSING
            await until(lambda: any("You have it now" in said(raw) for raw in office.relay.raws), "the answer to it")
            with pytest.raises(CannotListen, match="TOCSIN_SMTP_LISTEN"):
                async with receiving(office.app, settings):
                    pass
        with pytest.raises(OSError):
            await asyncio.to_thread(post, free_port, "bo@example.com", answer, raw)


def said(raw: bytes) -> str:
    return parsed(raw).get_body(("plain",)).get_content()


@pytest.fixture
def free_port() -> int:
    from tests.e2e.processes import free_port

    return free_port()
