"""Whatever the engine makes comes back from a row as it went in."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.effects import Entry
from bot.engine.model import Alert, Incident
from bot.store.base import AlarmRow, Delivery, Identity, Inbound, Lane, Token
from bot.store.mapping import (
    INBOUND_COLUMNS,
    alarm_from,
    alarm_row,
    alert_from,
    alert_row,
    delivery_from,
    delivery_row,
    entry_from,
    entry_row,
    identity_from,
    identity_row,
    inbound_from,
    inbound_row,
    incident_from,
    incident_row,
    token_from,
    token_row,
)
from tests.conformance.store.samples import anything

CASES = {
    "incident": (Incident, lambda value: incident_from(through_sqlite(incident_row(value))["whole"])),
    "alert": (Alert, lambda value: alert_from(through_sqlite(alert_row(value))["whole"])),
    "entry": (Entry, lambda value: entry_from(through_sqlite(entry_row("i", value))["whole"])),
    "delivery": (Delivery, lambda value: delivery_from(through_sqlite(delivery_row(value))["whole"])),
    "identity": (Identity, lambda value: identity_from(tuple(through_sqlite(identity_row(value)).values()))),
    "token": (Token, lambda value: token_from(tuple(through_sqlite(token_row(value)).values()))),
    "alarm": (AlarmRow, lambda value: alarm_from(tuple(through_sqlite(alarm_row(value)).values()))),
    "inbound": (Inbound, lambda value: inbound_from(_inbound_columns(value))),
}


def _inbound_columns(value: Inbound) -> tuple[Any, ...]:
    row = through_sqlite(inbound_row(value))
    return tuple(row[name] for name in INBOUND_COLUMNS)


def through_sqlite(row: dict[str, Any]) -> dict[str, Any]:
    """What the driver gives back for the values of a row."""
    with sqlite3.connect(":memory:") as connection:
        marks = ", ".join("?" for _ in row)
        values = connection.execute(f"SELECT {marks}", tuple(row.values())).fetchone()
    connection.close()
    return dict(zip(row, values, strict=True))


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost(name, data):
    kind, back = CASES[name]
    value = data.draw(anything(kind))
    assert back(value) == value


def test_a_field_that_an_older_release_did_not_write_takes_its_default():
    row = delivery_row(
        Delivery(
            id="d",
            key="k",
            incident="i",
            carrier="slack",
            address="C",
            lane=Lane.CARD,
            due_at=1,
            created_at=1,
            expires_at=2,
        )
    )
    shorter = row["whole"].replace('"zone":"UTC",', "")
    assert shorter != row["whole"]
    assert delivery_from(shorter).zone == "UTC"
