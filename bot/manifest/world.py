"""Manifest → World: the same facts as the engine wants them, without a secret that it does not need."""

from __future__ import annotations

from collections.abc import Mapping

from bot.engine import model as engine
from bot.engine import world
from bot.engine.calendars import Calendar
from bot.engine.numbers import CallerNumber
from bot.manifest import model as declared
from bot.manifest.filters import to_filter
from bot.manifest.noise_world import digest_world, flapping_world, grouping_world, inhibitions_world, silences_world
from bot.manifest.numbers import caller
from bot.manifest.rota import Imports, chat_world, schedule_world, windows


def to_world(
    manifest: declared.Manifest, version: str, *, imports: Imports, calendars: Mapping[str, Calendar]
) -> world.World:
    """The engine's world. A phone or mailbox that no declared vendor can reach is left out of it."""
    carriers = manifest.platforms.declared()
    integrations = {key: _integration(key, each) for key, each in manifest.integrations.items()}
    return world.World(
        members={key: _member(key, each, carriers) for key, each in manifest.members.items()},
        teams={key: world.Team(id=key, name=each.name, members=each.members) for key, each in manifest.teams.items()},
        schedules={key: schedule_world(key, each, imports) for key, each in manifest.schedules.items()},
        channels={key: _channel(key, each) for key, each in manifest.channels.items()},
        integrations=integrations,
        catch_all=manifest.catch_all,
        by_key={each.key: each for each in integrations.values()},
        by_email={each.email.casefold(): key for key, each in manifest.members.items() if each.email},
        shared_emails=_shared(manifest),
        calendars=calendars,
        silences=silences_world(manifest),
        fields={name: each.to_engine(name) for name, each in manifest.fields.items()},
        numbers=tuple(each.to_engine() for each in manifest.numbers) or _sender(manifest),
        contact=manifest.contact,
        quotas=manifest.quotas.to_engine(),
        organization=manifest.organization,
        snooze=manifest.snooze,
        version=version,
        url=manifest.public_url or "",
        mail_domain=manifest.mail.domain if manifest.mail else "",
    )


def _shared(manifest: declared.Manifest) -> dict[str, tuple[str, ...]]:
    people: dict[str, tuple[str, ...]] = {}
    for key, each in manifest.members.items():
        if each.email:
            people[each.email.casefold()] = (*people.get(each.email.casefold(), ()), key)
    return {email: names for email, names in people.items() if len(names) > 1}


def _sender(manifest: declared.Manifest) -> tuple[CallerNumber, ...]:
    """Without declared numbers, those that the vendors send from."""
    uses: dict[str, tuple[str, ...]] = {}
    for use, phone in (("sms", manifest.platforms.sms), ("voice", manifest.platforms.voice)):
        for number in phone.numbers() if phone else ():
            uses[number] = (*uses.get(number, ()), use)
    return tuple(caller(number, use) for number, use in uses.items())


def _member(key: str, member: declared.Member, carriers: frozenset[str]) -> world.Member:
    return world.Member(
        id=key,
        name=member.name,
        lang=member.lang,
        zone=member.timezone,
        phone=(member.phone or "") if carriers & {"sms", "voice"} else "",
        calls="voice" in carriers,
        texts="sms" in carriers,
        email=(member.email or "") if "email" in carriers else "",
        identities=dict(member.identities),
        ways=member.notify.by_severity(),
        ladder=member.ladder.by_severity(),
        seat=member.seat,
    )


def _integration(key: str, integration: declared.Integration) -> world.Integration:
    signing = {"secret": integration.secret.get_secret_value()} if integration.secret else {}
    mails = {"email": integration.email.to_config()} if integration.email else {}
    return world.Integration(
        id=key,
        key=integration.key.get_secret_value(),
        source=integration.source,
        channel=integration.channel or "",
        config={**integration.config, **signing, **mails},
        enrich=tuple(rule.to_engine() for rule in integration.enrich),
        process=tuple(rule.to_engine() for rule in integration.process),
        routes=tuple(route.to_engine() for route in integration.routes),
        default_route=integration.default_route,
    )


def _channel(key: str, channel: declared.Channel) -> world.Channel:
    rules = (_rule(f"{key}/{rule.name}", rule, channel.timezone) for rule in channel.rules)
    return world.Channel(
        id=key,
        name=channel.name,
        team=channel.team or "",
        chats=tuple(map(chat_world, channel.chats)),
        rules=tuple(sorted(rules, key=lambda rule: rule.priority)),
        grouping=grouping_world(channel),
        inhibitions=inhibitions_world(channel.inhibit),
        flapping=flapping_world(channel.flapping),
        storm=channel.storm,
        digest=digest_world(channel.digest),
        close_with_alerts=channel.close_with_alerts,
        auto_close_after=channel.auto_close,
        auto_close_on_update=channel.auto_close_mode == "update",
        drop=to_filter(channel.drop),
        links=tuple(link.to_engine() for link in channel.links),
        rooms=channel.rooms,
        templates={str(medium): text for medium, text in channel.templates.items()},
    )


def _rule(key: str, rule: declared.Rule, zone: str) -> engine.Rule:
    return engine.Rule(
        id=key,
        name=rule.name,
        levels=tuple(map(_level, rule.levels)),
        priority=rule.priority,
        filter=to_filter(rule.filter),
        when=windows(rule.when),
        zone=rule.timezone or zone,
        delay=rule.delay,
        ack_timeout=rule.ack_timeout,
        enabled=rule.enabled,
        rounds=rule.rounds,
    )


def _level(level: declared.Level) -> engine.Level:
    return engine.Level(
        targets=level.notify,
        chats=tuple(map(chat_world, level.chats)),
        ways=level.via.by_severity() if level.via else None,
        repeat_every=level.repeat.every if level.repeat else 0,
        repeat_times=level.repeat.times if level.repeat else 0,
        escalate_after=level.escalate_after,
        even_if_acked=level.even_if_acked,
        round_robin=level.round_robin,
    )
