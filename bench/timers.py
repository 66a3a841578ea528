"""How late timers are: 10,000 incidents that close by themselves, evenly over ten seconds and then all at one instant.

The incidents are made by the product's own service, in bulk; the real `worker` process then finds them in the database.
Lateness is from the instant that was due to the instant of the decision, as the timeline has it.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from bot.clock import Ids, VirtualClock
from bot.engine.model import MINUTE, SECOND, Event, EventStatus, Severity
from bot.engine.world import Channel, Integration, Level, Member, Rule, Target, World
from bot.service import Service
from bot.store import migrations
from bot.store.opening import open_store
