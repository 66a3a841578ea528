"""Noise reduction of a channel as the engine wants it."""

from __future__ import annotations

from bot.engine import digest, flapping, grouping, inhibition, silence
from bot.manifest import noise as declared
from bot.manifest.filters import to_filter
from bot.manifest.model import Channel, Manifest
from bot.manifest.oncall import read_time
from bot.manifest.rota import windows


def grouping_world(channel: Channel) -> grouping.Grouping:
    """How its alerts become incidents; `group_by` is short for rules over labels."""
    if channel.group_by:
        return grouping.Grouping(method="rules", by=tuple(f"labels.{name}" for name in channel.group_by))
    said = channel.grouping
    if said is None:
        return grouping.ALONE
    return grouping.Grouping(
        method=said.method,
        by=said.by,
        branches=tuple(grouping.Branch(filter=to_filter(each.filter), by=each.by) for each in said.branches),
        strict=said.strict,
        fields=said.fields,
        threshold=said.threshold,
        window=said.window,
        sliding=said.sliding,
    )


def flapping_world(said: declared.Flapping) -> flapping.Flapping | None:
    """When its alerts count as flapping; None where it does not care."""
    return flapping.Flapping(changes=said.changes, within=said.within, mute=said.mute) if said.enabled else None


def digest_world(said: declared.Digest) -> digest.Digest | None:
    """From when on it drowns; None where every incident is told."""
    return digest.Digest(incidents=said.incidents, within=said.within) if said.enabled else None


def silences_world(manifest: Manifest) -> dict[str, tuple[silence.Silence, ...]]:
    """The declared silences by channel."""
    return {
        key: tuple(_silence(key, each, each.timezone or channel.timezone) for each in channel.silences)
        for key, channel in manifest.channels.items()
        if channel.silences
    }


def inhibitions_world(said: tuple[declared.Inhibition, ...]) -> tuple[inhibition.Inhibition, ...]:
    """Which alerts explain which."""
    return tuple(
        inhibition.Inhibition(
            id=each.name,
            source=to_filter(each.source),
            target=to_filter(each.target),
            equals=each.equals,
            mode=each.mode,
        )
        for each in said
    )


def _silence(channel: str, said: declared.Silence, zone: str) -> silence.Silence:
    return silence.Silence(
        id=f"{channel}/{said.name}",
        channel=channel,
        filter=to_filter(said.filter),
        start=None if said.start is None else read_time(said.start, zone),
        end=None if said.end is None else read_time(said.end, zone),
        when=windows(said.when),
        zone=zone,
        mode=said.mode,
        reason=said.reason,
    )
