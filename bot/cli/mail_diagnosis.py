"""What `doctor` says of mail that comes in: the addresses, the port, and the mailbox that is polled."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

from bot.adapters.base import Finding
from bot.engine.world import World
from bot.manifest.load import Loaded
from bot.manifest.mail import Imap
from bot.settings import Settings
from webhooks.mail.addresses import addresses, takes_mail
from webhooks.mail.imap import ImapBox, ImapTrouble

ANSWER_S = 5.0


def mail_findings(settings: Settings, loaded: Loaded) -> Iterator[Finding]:
    """Every finding; none where no mail comes in."""
    world, mail = loaded.world, loaded.manifest.mail
    boxes = [each for each in world.integrations.values() if takes_mail(each)]
    if boxes and not world.mail_domain:
        detail = f"{', '.join(each.id for each in boxes)}: no address without a domain"
        cure = "Add mail: {domain: alerts.example.com} to the manifest (docs/mail-in.md); a webhook gateway needs none."
        yield Finding(check="mail", ok=False, detail=detail, cure=cure)
        return
    for each in boxes:
        places = " or ".join(addresses(each, world.mail_domain))
        yield Finding(check=f"mail: {each.id}", ok=True, detail=f"send to {places}", cure="")
    imap = mail.imap if mail else None
    if settings.smtp_host:
        yield _port(settings, world)
    elif boxes and imap is None:
        detail = "no mail can arrive: no mail server listens, and no mailbox is polled"
        cure = "Set TOCSIN_SMTP_LISTEN=0.0.0.0:2525, or write mail.imap in the manifest (docs/mail-in.md)."
        yield Finding(check="mail", ok=False, detail=detail, cure=cure)
    if imap is not None:
        yield _mailbox(imap)


def _port(settings: Settings, world: World) -> Finding:
    """Whether the mail server of a running Tocsin answers where the settings say, by its name."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.smtp_host, settings.smtp_host)  # noqa: S104 - compared
    place = f"smtp {settings.smtp_host}:{settings.smtp_port}"
    if not world.mail_domain:
        cure = "Add mail: {domain: alerts.example.com} to the manifest."
        return Finding(check=place, ok=False, detail="every mail is refused: no domain is declared", cure=cure)
    try:
        with smtplib.SMTP(host, settings.smtp_port, local_hostname="doctor.invalid", timeout=ANSWER_S) as server:
            said = server.ehlo()[1].decode("utf-8", "replace").split("\n")
    except (OSError, smtplib.SMTPException) as error:
        cure = "Start tocsin serve (or web); then let port 25 of the host lead there."
        return Finding(check=place, ok=False, detail=f"nothing answers: {error}", cure=cure)
    if said[0] != world.mail_domain:
        cure = "End what listens there, or choose another port in TOCSIN_SMTP_LISTEN."
        return Finding(check=place, ok=False, detail=f"{said[0]} answers there, and not {world.mail_domain}", cure=cure)
    offers = "with STARTTLS" if "STARTTLS" in said else "without TLS (TOCSIN_SMTP_CERTIFICATE)"
    return Finding(check=place, ok=True, detail=f"answers for {world.mail_domain}, {offers}", cure="")


def _mailbox(settings: Imap) -> Finding:
    place = f"imap {settings.username} at {settings.host}:{settings.port}"
    try:
        with ImapBox(settings) as box:
            waiting = len(box.unseen(1_000))
            box.log_out()
    except ImapTrouble as error:
        cure = "Check host, port, username, password and folder under mail.imap; many providers want an app password."
        return Finding(check=place, ok=False, detail=str(error), cure=cure)
    return Finding(check=place, ok=True, detail=f"{settings.folder} can be read, unseen mails: {waiting}", cure="")
