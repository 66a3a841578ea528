"""`tocsin VERB`: one verb for each thing that an operator does. Nothing is imported before its verb is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer

from bot.cli import look, manifests, numbers, operate, run

app = typer.Typer(
    name="tocsin",
    help="Self-hosted, chat-first on-call: alerts become incidents, incidents reach people.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_PANELS: Mapping[str, tuple[Callable[..., None], ...]] = {
    "Run": (run.demo, run.serve, run.web, run.worker, run.stream),
    "Look": (look.check, look.simulate, look.oncall, look.parse, look.render, look.why, look.doctor, numbers.quota),
    "Operate": (manifests.manifest, numbers.vcard, operate.migrate, operate.replay, operate.link),
}

for panel, verbs in _PANELS.items():
    for verb in verbs:
        app.command(rich_help_panel=panel)(verb)


def main() -> None:
    """Run the command line. Exits 0 (fine), 1 (found something), 2 (misuse)."""
    app()
