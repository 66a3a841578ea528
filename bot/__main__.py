"""`python -m bot VERB` is `tocsin VERB`."""

from __future__ import annotations

from bot.cli import main

main()
