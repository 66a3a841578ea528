"""The verbs that change something by hand: the schema, dead letters, links."""

from __future__ import annotations

from typing import Annotated

import typer


def migrate() -> None:
    """Bring the database to this release's schema."""
    from bot.cli import boot
    from bot.store import migrations

    url = boot.settings().database
    try:
        migrations.migrate(url)
    except ValueError as error:
        boot.refuse(str(error))
    typer.echo(f"{url} is up to date.")


def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Dead letters to run again; none: list them.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Run every dead letter again.")] = False,
) -> None:
    """List the bodies that could not be read, or run them again."""
    from bot.cli import boot
    from bot.clock import SystemClock
    from bot.store.base import InboxState

    store = boot.store_of(boot.settings().database, migrate=False)
    dead = store.read(lambda tx: tx.inbox_by_state(InboxState.DEAD, 1_000))
    wanted = {row.id for row in dead} if every else set(ids or ())
    if unknown := wanted - {row.id for row in dead}:
        boot.refuse(f"No dead letter is called {', '.join(sorted(unknown))}. Run `tocsin replay` for the list.")
    if wanted:
        count = store.run(lambda tx: tx.revive_inbox(wanted, SystemClock().now()))
        typer.echo(f"{count} put back; a running worker takes them within a second.")
        return
    for row in dead:
        typer.echo(f"{row.id}  {row.source}  {row.integration}  {len(row.body)} bytes")
    typer.echo(f"Dead letters: {len(dead)}.")


def link(
    member: Annotated[str, typer.Argument(help="The member's id in the manifest; none: everybody, by mail.")] = "",
    *,
    platform: Annotated[str, typer.Option(help="Ask this platform alone.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask, and link nobody.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Link everybody whom a platform knows by mail address; or print a one-time code for one member.

    Exits 1 when somebody who was looked for is not linked.
    """
    from bot.cli import boot

    if member and (platform or dry_run or as_json):
        boot.refuse("A code for one member is good on every platform: leave out --platform, --dry-run and --json.")
    if member:
        _code(member)
        return
    from bot.cli.accounts import link_all

    if not link_all(platform, dry_run=dry_run, as_json=as_json):
        raise typer.Exit(boot.FOUND)


def _code(member: str) -> None:
    from bot.cli import boot
    from bot.clock import Ids, SystemClock
    from bot.directory import Directory

    settings = boot.settings()
    loaded = boot.manifest(settings.manifest, secrets=False)
    if member not in loaded.world.members:
        boot.refuse(f"The manifest has no member {member!r}; it has {', '.join(loaded.world.members)}.")
    store = boot.store_of(settings.database, migrate=False)
    directory = Directory(loaded.world, SystemClock(), Ids())
    code = store.run(lambda tx: directory.new_code(tx, member))
    typer.echo(f"Within 30 minutes, send this to Tocsin from the account of {member}: link {code}")
    typer.echo("Whoever sends it counts as that member: hand it to them alone.")
