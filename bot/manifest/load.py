"""tocsin.yaml → what the bot runs on, or every reason why not: with file, line and cure, all of them at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File

from pydantic import ValidationError

from bot.clock import SystemClock
from bot.engine.model import Instant
from bot.engine.world import World
from bot.manifest.model import Manifest
from bot.manifest.parts import as_written, keys_at
from bot.manifest.platforms import Platforms
from bot.manifest.problems import ManifestError, Path, Problem, in_words
from bot.manifest.references import backward_overrides, repeated_names, unknown_references
from bot.manifest.rota import Beside, calendar_worlds, read_beside
from bot.manifest.source import Source, parse
from bot.manifest.wording import unknown_fields
from bot.manifest.world import to_world


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A manifest that is in order: the engine's world, and apart from it the credentials."""

    manifest: Manifest
    world: World
    platforms: Platforms
    source: Source
    """Knows the line of every part, for `lint`."""
    warnings: tuple[Problem, ...] = ()
    """What reading found, and `lint` passes on."""
    files: tuple[File, ...] = ()
    """Files beside the manifest that it was read from; when one changes, the manifest is to be read again."""


def load(
    file: File, env: Mapping[str, str], sources: Collection[str] | None = None, *, now: Instant | None = None
) -> Loaded:
    """Read a manifest file. Raises ManifestError with everything that is wrong, also when it cannot be read.

    Holidays and imported shifts are worked out around `now`, by default the time on the clock.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        said = f"The manifest {file} cannot be read: {error.strerror}."
        cure = "Write one (tocsin.example.yaml is a complete example), or point TOCSIN_MANIFEST at it."
        raise ManifestError([Source(str(file)).problem((), "unreadable", said, cure)]) from error
    except UnicodeDecodeError as error:
        said = f"The manifest {file} is not UTF-8 (byte {error.start})."
        raise ManifestError([Source(str(file)).problem((), "encoding", said, "Save it as UTF-8.")]) from error
    return read(text, file=str(file), env=env, sources=sources, folder=file.parent, now=now)


def read(
    text: str,
    *,
    file: str,
    env: Mapping[str, str],
    sources: Collection[str] | None = None,
    folder: File | None = None,
    now: Instant | None = None,
) -> Loaded:
    """Read a manifest's text. `env` answers `env:NAME`; `sources` are the alert sources that exist, None: any.

    `folder` holds the files that it names, None: there are none; holidays and imported shifts are worked out around
    `now`, by default the time on the clock. Raises ManifestError with everything that is wrong.
    """
    source = parse(text, file)
    if source.data is None and not source.problems:
        cure = "Start from tocsin.example.yaml."
        raise ManifestError([source.problem((), "empty", "The manifest is empty.", cure)])
    if source.data is None:
        raise ManifestError(source.problems)
    found = list(source.problems)
    manifest: Manifest | None = None
    try:
        manifest = Manifest.model_validate(source.data, context={"env": env, "folder": folder})
    except ValidationError as error:
        found += _worded(error, source)
    found += unknown_references(source, sources)
    found += repeated_names(source)
    found += backward_overrides(source)
    found += unknown_fields(source)
    now = SystemClock().now() if now is None else now
    beside = Beside() if manifest is None else read_beside(manifest, source, folder or File(file).parent, now)
    found += beside.problems
    if manifest is None or found:
        raise ManifestError(_once_each(found))
    tables = [rule.mapping.file for each in manifest.integrations.values() for rule in each.enrich if rule.mapping]
    read_from = [text.encode(), *(each.encode() for each in tables if each), *beside.files.values()]
    version = hashlib.sha256(b"\0".join(read_from)).hexdigest()[:12]
    return Loaded(
        manifest=manifest,
        world=to_world(manifest, version, imports=beside.imports, calendars=calendar_worlds(manifest, now)),
        platforms=manifest.platforms,
        source=source,
        warnings=tuple(beside.warnings),
        files=tuple(beside.files),
    )


def _worded(error: ValidationError, source: Source) -> Iterator[Problem]:
    for each in error.errors(include_url=False):
        least = each.get("ctx", {}).get("min_length", 0)
        if each["type"] == "too_short" and len(each["input"]) >= least:
            continue  # it is short only because items of it were refused, each with its own reason
        at: Path = tuple(step for step in each["loc"] if step != "[key]")
        written = as_written(at, source.data, last=each["type"] == "missing")
        path, code, message, cure = in_words({**each, "loc": written}, keys_at(Manifest, at[:-1]))
        yield source.problem(path, code, message, cure)


def _once_each(problems: list[Problem]) -> list[Problem]:
    """Without what two checks say of the same place."""
    return list({(problem.path, problem.code): problem for problem in problems}.values())
