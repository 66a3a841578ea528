"""Tocsin with the platforms' sending budgets lifted: for measurements against emulators without limits, only.

The product sends a Slack app's 4 messages a second, and a Telegram group's 20 a minute; 50 incidents a second would
measure nothing but that queue. What is changed is the adapters' stated budgets in this one process, not the code that
keeps to them.
"""

from __future__ import annotations

from dataclasses import replace

from bot.adapters.base import Budget
from bot.adapters.slack.adapter import SlackAdapter
from bot.adapters.teams.adapter import TeamsAdapter
from bot.adapters.telegram.adapter import TelegramAdapter
from bot.cli import main

for adapter in (SlackAdapter, TeamsAdapter, TelegramAdapter):
    adapter.caps = replace(
        adapter.caps,
        per_chat=Budget(per_s=1_000.0, burst=100),
        overall=Budget(per_s=10_000.0, burst=1_000),
        edits=None,
    )

if __name__ == "__main__":
    main()
