"""What a manifest says of mail that comes in: the domain of the addresses, a mailbox to poll, and what mails mean."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from bot.engine import patterns
from bot.engine.dynamic import MAIL_ADDRESS
from bot.engine.model import HOUR, SECOND, Span
from bot.manifest.parts import Part
from bot.manifest.problems import refusal
from bot.manifest.values import Duration, Secret, Setting, checked
from bot.settings import is_loopback

RULES_MAX = 50
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_ALIAS = re.compile(r"(?!(?:reply|bounce|postmaster|abuse)\Z)[a-z0-9](?:[a-z0-9._-]{1,38}[a-z0-9])")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?|::1")

Value = Annotated[str, Field(min_length=1, max_length=patterns.PATTERN_MAX)]
Where = Literal["subject", "body", "from"]


def _pattern(text: str) -> str:
    if why := patterns.fault(text):
        raise refusal("pattern", why, "Write a regular expression of RE2, shorter or simpler (docs/filters.md).")
    return text


def _sender(text: str) -> str:
    address = text if not text.startswith("@") else f"anybody{text}"
    if not MAIL_ADDRESS.fullmatch(address):
        raise refusal("sender", "that is no sender", "Write an address, or @example.com for everybody there.")
    return text.lower()


class MailRule(Part):
    """One condition on one part of a mail."""

    field: Where
    """What is looked at: `subject`, `body` or `from` (name and address)."""
    op: Literal["contains", "not_contains", "regex"]
    """`contains`, `not_contains`, or `regex` (RE2, anywhere in the first 16 KB). Capitals count."""
    value: Value
    """The words, or the pattern."""

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        if self.op == "regex":
            _pattern(self.value)
        return self


class TriggerRule(MailRule):
    """A condition that makes a mail an alert."""

    severity: Literal["Critical", "Warning", "Info"] = "Warning"
    """How bad that is."""


class MailKey(Part):
    """Which alert a mail is about: what a pattern finds."""

    field: Where
    """Where it looks: `subject`, `body` or `from`."""
    regex: Annotated[Value, AfterValidator(_pattern)]
    """A regular expression (RE2); its first group is the key, or all of it where it has none."""


class MailFeed(Part):
    """What the mails of an integration mean."""

    mode: Literal["each", "subject", "rules"] = "each"
    """`each` mail is a new alert; mails of one `subject` are one alert; or `rules` tell."""
    trigger_rules: Annotated[tuple[TriggerRule, ...], Field(max_length=RULES_MAX)] = ()
    """Any of these makes the mail an alert; the first that holds gives the severity. Looked at after `close_rules`."""
    close_rules: Annotated[tuple[MailRule, ...], Field(max_length=RULES_MAX)] = ()
    """Any of these makes the mail a recovery."""
    alert_key: MailKey | None = None
    """Which alert it is, with `rules`; where this finds nothing, the subject tells."""
    discard_unmatched: StrictBool = False
    """With `rules`: leave out mails that no rule takes, instead of making them alerts."""
    senders: Annotated[tuple[Annotated[str, AfterValidator(_sender)], ...], Field(max_length=100)] = ()
    """Whose mails count: addresses, or `@example.com`; absent: everybody's."""
    address: (
        Annotated[
            str,
            checked(
                _ALIAS,
                "mail_alias",
                "that is no name of a mailbox",
                "Use 3 to 40 of a-z, 0-9, dots, - and _: not reply.",
            ),
        ]
        | None
    ) = None
    """A name of its own before the @, beside the one that nobody can guess."""

    @model_validator(mode="after")
    def _rules_are_used(self) -> Self:
        ruled = bool(self.trigger_rules or self.close_rules or self.alert_key or self.discard_unmatched)
        if ruled and self.mode != "rules":
            raise refusal("idle_rules", f"mode {self.mode} has no rules", "Write mode: rules, or remove them.")
        if self.mode == "rules" and not (self.trigger_rules or self.close_rules):
            raise refusal("no_mail_rules", "mode rules has no rules", "Add trigger_rules or close_rules.")
        if self.discard_unmatched and not self.trigger_rules:
            cure = "Add trigger_rules, or remove discard_unmatched."
            raise refusal("no_trigger", "nothing would ever become an alert", cure)
        return self

    def to_config(self) -> dict[str, Any]:
        """The same as the source reads it."""
        return self.model_dump(mode="json", exclude_none=True)


class Imap(Part):
    """A mailbox that is polled, where no mail server can hand mail over by SMTP."""

    host: Annotated[Setting, checked(_HOST, "host", "that is not a host name", "Write a name: imap.example.com.")]
    """Its IMAP server."""
    port: Annotated[StrictInt, Field(ge=1, le=65535)] = 993
    """993 is TLS from the first byte; on any other port STARTTLS is asked for."""
    username: Setting
    """Whose mailbox it is."""
    password: Secret
    """An app password, where the provider has those."""
    folder: Annotated[str, Field(min_length=1, max_length=200)] = "INBOX"
    """The folder to read; mails in it that are not marked as seen are taken, and then marked."""
    every: Annotated[Span, Duration(10 * SECOND, HOUR)] = 60 * SECOND
    """How often to look."""
    tls: StrictBool = True
    """Encrypt before anything is said. Only a server on this machine may do without."""

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if not self.tls and not is_loopback(self.host):
            raise refusal("plain_imap", "plain IMAP would show mail and password on the way", "Remove tls: false.")
        return self


class MailIn(Part):
    """Mail that comes in."""

    domain: Annotated[
        Setting,
        checked(_DOMAIN, "domain", "that is no domain", "Write it in lower case, such as alerts.example.com."),
    ]
    """What stands behind the @ of the addresses of integrations; mail for any other is refused."""
    imap: Imap | None = None
    """A mailbox to poll."""
