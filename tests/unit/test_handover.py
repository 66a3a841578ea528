"""Notices of coming shifts become rows: each once, also when the look comes late or twice."""

from __future__ import annotations

from bot.clock import Ids, VirtualClock
from bot.engine.model import HOUR, MINUTE
from bot.handover import announce
from bot.manifest.load import read
from bot.service import Service
from bot.store.base import Lane
from bot.store.memory import MemoryStore

HANDOFF = 1_796_029_200_000
"""2026-11-30T09:00Z, when Bo takes over from Ann."""

MANIFEST = """
organization: Acme
members:
  ann: {name: Ann, identities: {slack: U1}}
  bo: {name: Bo, identities: {slack: U2}}
schedules:
  db:
    name: DB
    timezone: UTC
    layers: [{start: 2026-11-23T09:00, members: [ann, bo]}]
    notices: {before: 30m, members: true, chats: [{platform: slack, id: C1}]}
channels:
  web: {name: Web, rules: [{name: All, levels: [{notify: ["schedule:db"]}]}]}
catch_all: ["member:ann"]
platforms:
  slack: {bot_token: xoxb-1, app_token: xapp-1}
"""


def test_the_next_person_and_the_chat_hear_of_a_shift_once() -> None:
    world = read(MANIFEST, file="t", env={}).world
    store, clock = MemoryStore(), VirtualClock(HANDOFF)
    service = Service(lambda: world, clock, Ids(1))
    told = []
    for at in (HANDOFF - HOUR, HANDOFF - 20 * MINUTE, HANDOFF - 20 * MINUTE, HANDOFF):
        clock.set(at)
        told.append(store.run(lambda tx, at=at: announce(tx, service, world, at)))
    rows = store.run(lambda tx: tx.claim_deliveries(HANDOFF, 10, 1000, "t", tuple(Lane)))
    assert told == [0, 2, 0, 0]
    assert sorted((row.carrier, row.address) for row in rows) == [("slack", "C1"), ("slack", "U2")]
    assert all("Bo" in row.text for row in rows if row.address == "C1")
