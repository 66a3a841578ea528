"""What a manifest may say of mail, and what `doctor` says of it."""

from __future__ import annotations

import asyncio

import pytest

from bot.cli.mail_diagnosis import mail_findings
from bot.manifest.load import Loaded, read
from bot.manifest.problems import ManifestError
from bot.playground.imap import ImapEmulator
from bot.settings import Settings, SettingsError, from_environment
from tests.unit.mail.house import DOMAIN, KEY, TOKEN, house
from webhooks.mail.addresses import token_of
from webhooks.sources import SOURCES

BASE = """
organization: Acme
members: {{ann: {{name: Ann, identities: {{telegram: "1"}}}}}}
channels:
  web: {{name: Web, rules: [{{name: All, levels: [{{notify: ["member:ann"]}}]}}]}}
catch_all: ["member:ann"]
platforms: {{telegram: {{token: "1:a"}}}}
integrations:
  nas: {{source: {source}, channel: web, key: {key}, email: {email}}}
{more}
"""


def loaded(email: str = "{}", more: str = f"mail: {{domain: {DOMAIN}}}", source: str = "email") -> Loaded:
    text = BASE.format(email=email, more=more, source=source, key=KEY)
    return read(text, file="tocsin.yaml", env={"SECRET": "hunter2"}, sources=SOURCES, now=1_790_000_000_000)


def test_rules_arrive_where_the_source_reads_them():
    email = (
        '{mode: rules, address: nas, senders: ["@Mon.example"], alert_key: {field: from, regex: x},'
        " close_rules: [{field: subject, op: contains, value: UP}],"
        ' trigger_rules: [{field: body, op: regex, value: "a.b", severity: Critical}]}'
    )
    config = loaded(email).world.integrations["nas"].config["email"]
    assert config == {
        "mode": "rules",
        "address": "nas",
        "senders": ["@mon.example"],
        "close_rules": [{"field": "subject", "op": "contains", "value": "UP"}],
        "trigger_rules": [{"field": "body", "op": "regex", "value": "a.b", "severity": "Critical"}],
        "alert_key": {"field": "from", "regex": "x"},
        "discard_unmatched": False,
    }
    assert loaded().world.mail_domain == DOMAIN


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("{mode: sometimes}", "literal_error"),
        ("{mode: rules}", "no_mail_rules"),
        ("{close_rules: [{field: subject, op: contains, value: x}]}", "idle_rules"),
        (
            "{mode: rules, discard_unmatched: true, close_rules: [{field: subject, op: contains, value: x}]}",
            "no_trigger",
        ),
        ('{mode: rules, trigger_rules: [{field: subject, op: regex, value: "("}]}', "pattern"),
        ('{mode: rules, trigger_rules: [{field: subject, op: regex, value: "(?=x)"}]}', "pattern"),
        ("{mode: rules, trigger_rules: [{field: to, op: contains, value: x}]}", "literal_error"),
        ("{address: reply}", "mail_alias"),
        ("{address: Ab}", "mail_alias"),
        ("{address: a@b}", "mail_alias"),
        ("{senders: [example.com]}", "sender"),
    ],
)
def test_mistakes_are_told(email, code):
    with pytest.raises(ManifestError) as found:
        loaded(email)
    assert code in [problem.code for problem in found.value.problems], found.value.problems


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("mail: {}", "missing"),
        ("mail: {domain: Alerts.Example}", "domain"),
        (f"mail: {{domain: {DOMAIN}, imap: {{host: i.example, username: a, password: x, tls: false}}}}", "plain_imap"),
        (f"mail: {{domain: {DOMAIN}, imap: {{host: i.example, username: a, password: x, every: 1s}}}}", "out_of_range"),
    ],
)
def test_mistakes_about_the_way_in_are_told(more, code):
    with pytest.raises(ManifestError) as found:
        loaded(more=more)
    assert [problem.code for problem in found.value.problems] == [code]


def test_a_password_is_never_repeated():
    with pytest.raises(ManifestError) as found:
        loaded(more=f"mail: {{domain: {DOMAIN}, imap: {{host: i.example, username: a, password: [hunter2]}}}}")
    assert "hunter2" not in str(found.value.problems)


def test_only_sources_of_mail_have_rules_for_mail():
    assert loaded(source="monit")
    with pytest.raises(ManifestError):
        loaded(source="standard")


def test_two_integrations_have_two_addresses():
    twin = "  twin: {source: email, channel: web, key: twin-key-0123456789, email: {address: nas}}"
    with pytest.raises(ManifestError) as found:
        loaded("{address: nas}", more=twin)
    assert [problem.code for problem in found.value.problems] == ["same_address"]


def test_the_long_address_is_made_from_the_key_and_stays():
    assert TOKEN == token_of(KEY) == "fs3w7rj5exdp5tlo6jpsmoarpo"
    assert len({token_of(f"{KEY}{number}") for number in range(1000)}) == 1000


def findings(settings: Settings, known: Loaded) -> list[tuple[bool, str]]:
    return [(each.ok, f"{each.check}: {each.detail}") for each in mail_findings(settings, known)]


async def test_doctor_shows_addresses_and_looks_at_the_port():
    known = loaded("{address: nas}")
    async with house() as here:
        settings = Settings(smtp_host="127.0.0.1", smtp_port=here.port)
        assert await asyncio.to_thread(findings, settings, known) == [
            (True, f"mail: nas: send to {TOKEN}@{DOMAIN} or nas@{DOMAIN}"),
            (True, f"smtp 127.0.0.1:{here.port}: answers for {DOMAIN}, without TLS (TOCSIN_SMTP_CERTIFICATE)"),
        ]
        other = loaded(more="mail: {domain: other.example}")
        said = (await asyncio.to_thread(findings, settings, other))[1]
        assert (said[0], said[1].endswith(f"{DOMAIN} answers there, and not other.example")) == (False, True)
    said = (await asyncio.to_thread(findings, settings, known))[1]
    assert (said[0], "nothing answers" in said[1]) == (False, True)


def test_doctor_says_when_no_mail_can_arrive():
    assert findings(Settings(), loaded(more=""))[0][1] == "mail: nas: no address without a domain"
    assert findings(Settings(), loaded())[1][1].startswith("mail: no mail can arrive")
    nothing = loaded(source="standard", email="null", more="")
    assert findings(Settings(), nothing) == []


async def test_doctor_looks_into_the_mailbox():
    server = ImapEmulator()
    await server.start()
    server.put(b"x")

    def with_password(password: str) -> Loaded:
        account = f"host: 127.0.0.1, port: {server.port}, username: alerts, password: {password}, tls: false"
        return loaded(more=f"mail: {{domain: {DOMAIN}, imap: {{{account}}}}}")

    try:
        good = (await asyncio.to_thread(findings, Settings(), with_password("playground")))[1]
        assert good == (True, f"imap alerts at 127.0.0.1:{server.port}: INBOX can be read, unseen mails: 1")
        bad = (await asyncio.to_thread(findings, Settings(), with_password("wrong-one")))[1]
        assert (bad[0], "wrong-one" in bad[1]) == (False, False)
    finally:
        await server.stop()


def test_settings_of_the_mail_server(certificate):
    names = {"TOCSIN_SMTP_CERTIFICATE": str(certificate[0]), "TOCSIN_SMTP_KEY": str(certificate[1])}
    settings = from_environment({"TOCSIN_SMTP_LISTEN": "[::]:25", **names})
    assert (settings.smtp_host, settings.smtp_port) == ("::", 25)
    assert (settings.smtp_certificate, settings.smtp_key) == certificate
    assert from_environment({}).smtp_host == ""
    for wrong in (
        {"TOCSIN_SMTP_LISTEN": "25"},
        {"TOCSIN_SMTP_KEY": str(certificate[1])},
        {"TOCSIN_SMTP_CERTIFICATE": "/nowhere.pem", "TOCSIN_SMTP_KEY": str(certificate[1])},
    ):
        with pytest.raises(SettingsError) as found:
            from_environment(wrong)
        assert len(found.value.sentences) == 1
