"""Tocsin with Slack's sending budgets lifted: for the latency measurement against an emulator without limits, only.

The product sends a Slack app's 4 messages a second; 50 incidents a second would measure nothing but that queue. What
is changed is the adapter's stated budget in this one process, not the code that keeps to it.
"""

from __future__ import annotations

from dataclasses import replace

from bot.adapters.base import Budget
from bot.adapters.slack.adapter import CAPABILITIES, SlackAdapter
from bot.cli import main

SlackAdapter.caps = replace(
    CAPABILITIES, per_chat=Budget(per_s=1_000.0, burst=100), overall=Budget(per_s=10_000.0, burst=1_000), edits=None
)

if __name__ == "__main__":
    main()
