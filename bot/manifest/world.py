"""Manifest → World: the same facts as the engine wants them, without a secret that it does not need."""

from __future__ import annotations

from datetime import datetime

from bot.engine import model as engine
from bot.engine import schedule as rota
from bot.engine import world
from bot.manifest import model as declared


def to_world(manifest: declared.Manifest, version: str) -> world.World:
    """The engine's world. A phone or mailbox that no declared vendor can reach is left out of it."""
    carriers = manifest.platforms.declared()
    integrations = {key: _integration(key, each) for key, each in manifest.integrations.items()}
    return world.World(
        members={key: _member(key, each, carriers) for key, each in manifest.members.items()},
        teams={key: world.Team(id=key, name=each.name, members=each.members) for key, each in manifest.teams.items()},
        schedules={key: _schedule(key, each) for key, each in manifest.schedules.items()},
        channels={key: _channel(key, each) for key, each in manifest.channels.items()},
        integrations=integrations,
        catch_all=manifest.catch_all,
        by_key={each.key: each for each in integrations.values()},
        version=version,
        url=manifest.public_url or "",
    )


def _member(key: str, member: declared.Member, carriers: frozenset[str]) -> world.Member:
    return world.Member(
        id=key,
        name=member.name,
        lang=member.lang,
        zone=member.timezone,
        phone=(member.phone or "") if "sms" in carriers else "",
        email=(member.email or "") if "email" in carriers else "",
        identities=dict(member.identities),
        ways=member.notify.by_severity(),
        seat=member.seat,
    )


def _schedule(key: str, schedule: declared.Schedule) -> world.Schedule:
    return world.Schedule(
        id=key,
        name=schedule.name,
        zone=schedule.timezone,
        layers=tuple(_layer(number, layer) for number, layer in enumerate(schedule.layers, 1)),
        overrides=tuple(
            world.Override(
                id=f"override-{number}",
                start=_instant(override.start, schedule.timezone),
                end=_instant(override.end, schedule.timezone),
                member=override.member,
                role=override.role,
            )
            for number, override in enumerate(schedule.overrides, 1)
        ),
    )


def _layer(number: int, layer: declared.Layer) -> world.Layer:
    return world.Layer(
        id=layer.name or f"layer-{number}",
        groups=tuple(world.Group(members=group) for group in layer.by_role()),
        unit=layer.unit,
        every=layer.every,
        start=layer.start,
        end=layer.end or "",
    )


def _instant(moment: str, zone: str) -> engine.Instant:
    """A time with an offset as it is, one without by the clocks of the zone."""
    exact = datetime.fromisoformat(moment)
    return round(exact.timestamp() * 1000) if exact.tzinfo else rota.instant_of(moment, zone)


def _integration(key: str, integration: declared.Integration) -> world.Integration:
    signing = {"secret": integration.secret.get_secret_value()} if integration.secret else {}
    return world.Integration(
        id=key,
        key=integration.key.get_secret_value(),
        source=integration.source,
        channel=integration.channel,
        config={**integration.config, **signing},
    )


def _channel(key: str, channel: declared.Channel) -> world.Channel:
    rules = (_rule(f"{key}/{rule.name}", rule) for rule in channel.rules)
    return world.Channel(
        id=key,
        name=channel.name,
        team=channel.team or "",
        chats=tuple(map(_chat, channel.chats)),
        rules=tuple(sorted(rules, key=lambda rule: rule.priority)),
        group_by=channel.group_by,
        close_with_alerts=channel.close_with_alerts,
        auto_close_after=channel.auto_close,
    )


def _chat(chat: declared.Chat) -> engine.Chat:
    return engine.Chat(platform=chat.platform, address=chat.id, name=chat.name, lang=chat.lang, zone=chat.timezone)


def _rule(key: str, rule: declared.Rule) -> engine.Rule:
    return engine.Rule(
        id=key,
        name=rule.name,
        levels=tuple(map(_level, rule.levels)),
        priority=rule.priority,
        filter=tuple(
            tuple(engine.Condition(key=each.key, oper=each.oper, vals=each.vals) for each in group)
            for group in rule.filter
        ),
        delay=rule.delay,
        rounds=rule.rounds,
    )


def _level(level: declared.Level) -> engine.Level:
    return engine.Level(
        targets=level.notify,
        chats=tuple(map(_chat, level.chats)),
        ways=level.via.by_severity() if level.via else None,
        repeat_every=level.repeat.every if level.repeat else 0,
        repeat_times=level.repeat.times if level.repeat else 0,
        escalate_after=level.escalate_after,
        even_if_acked=level.even_if_acked,
    )
