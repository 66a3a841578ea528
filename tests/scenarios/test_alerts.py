"""Stories of alerts: what one event, five equal ones, a recovery or an unreadable body make of an incident."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.scenarios.company import company
from tests.scenarios.story import Story, changed


def texts(part: object) -> list[dict]:
    """Every text object of a Slack message."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    found = [each for one in inner for each in texts(one)]
    return [part, *found] if isinstance(part, dict) and part.get("type") in {"mrkdwn", "plain_text"} else found


def prometheus(t: Story, name: str, *, ends: str) -> dict:
    """One alert as Prometheus sends it to an Alertmanager."""
    at = t.line.now + {"now": -1_000, "4m": 240_000}[ends]
    return {
        "labels": {"alertname": name, "severity": "critical"},
        "annotations": {"summary": name},
        "endsAt": datetime.fromtimestamp(at / 1000, UTC).isoformat(),
    }


def test_five_equal_events_are_one_page():
    t = Story()
    for _ in range(5):
        t.fire("disk full", text="97 %")
    t.want("0m").page("bo", times=1)
    assert t.count() == 1


def test_an_event_that_tells_more_updates_the_alert_and_pages_nobody():
    t = Story()
    t.fire("disk full", text="97 %")
    t.at("1m").fire("disk full", text="99 %")
    t.between("1m", "4m").quiet()
    assert "a_update:alert" in t.kinds()


def test_a_worse_event_makes_the_incident_worse():
    t = Story()
    t.fire("disk full", "warning")
    t.at("1m").fire("disk full", "critical")
    assert t.at("2m").incident().severity == "Critical"


def test_a_recovery_closes_the_incident_and_every_card_says_so():
    t = Story()
    t.fire("disk full")
    t.at("3m").recover("disk full")
    t.never_after("3m").page()
    t.want("25h").card("#ops", hides="nobody has it").card("night watch", hides="nobody has it")
    assert t.incident().progress == "Closed"


def test_a_recovery_does_not_close_where_the_channel_does_not_want_it():
    t = Story(changed(company(), "ops", close_with_alerts=False))
    t.fire("disk full")
    t.at("3m").recover("disk full")
    t.want("5m").page("bo", times=1)
    assert t.incident().alerts_open == 0


def test_a_recovery_of_nothing_is_nothing():
    t = Story()
    t.recover("disk full")
    t.never_after("0m").page()
    assert t.count() == 0


def test_what_fires_again_after_its_recovery_is_a_new_incident():
    t = Story()
    t.fire("disk full")
    t.at("2m").recover("disk full")
    t.at("10m").fire("disk full")
    t.want("10m").page("bo", num=2, times=1)


def test_an_incident_with_two_alerts_closes_with_the_last_one():
    t = Story(changed(company(), "ops", **GROUPED))
    t.fire("disk full", key="a", svc="db").fire("swap full", key="b", svc="db")
    t.want("0m").page("bo", times=1)
    assert t.count() == 1
    t.at("1m").recover("disk full", key="a")
    assert t.at("2m").incident().progress == "Triggered"
    t.recover("swap full", key="b")
    assert t.at("3m").incident().progress == "Closed"


def test_alerts_of_another_service_are_another_incident():
    t = Story(changed(company(), "ops", **GROUPED))
    t.fire("disk full", key="a", svc="db").fire("disk full", key="b", svc="web")
    t.want("0m").page(num=1).page(num=2)


def test_resolving_a_group_by_hand_closes_all_its_alerts():
    t = Story(changed(company(), "ops", **GROUPED))
    t.fire("disk full", key="a", svc="db").fire("swap full", key="b", svc="db")
    t.at("1m").say("bo", "resolve #1")
    t.at("2m").fire("swap full", key="b", svc="db")
    assert t.at("3m").incident(2).alerts_total == 1


def test_an_alert_of_prometheus_that_is_not_sent_again_recovers():
    t = Story()
    t.post([prometheus(t, "disk full", ends="4m")], to="prom")
    t.want("0m").page("bo", times=1)
    t.at("2m").post([prometheus(t, "disk full", ends="4m")], to="prom")
    assert t.at("5m30s").incident().progress == "Triggered"
    assert t.at("6m30s").incident().progress == "Closed"
    assert "a_close:recovered" in t.kinds()


def test_prometheus_can_say_itself_that_it_is_over():
    t = Story()
    t.post([prometheus(t, "disk full", ends="4m")], to="prom")
    t.at("1m").post([prometheus(t, "disk full", ends="now")], to="prom")
    assert t.at("2m").incident().progress == "Closed"


def test_a_body_that_nobody_can_read_is_kept_and_the_operators_hear_of_it():
    t = Story()
    t.post(b'{"half of a')
    t.want("0m").page("di", "slack")
    assert [alarm.code for alarm in t.alarms()] == ["dead_letter"]
    assert t.count() == 0
    t.at("1m").fire("disk full")
    t.want("1m").page("bo", times=1)


def test_an_hostile_title_stays_a_title():
    t = Story()
    t.fire("<!channel> @everyone <script>alert(1)</script>")
    t.want("0m").page("bo")
    parsed = [text for text in texts(t.card_on("slack", "C0OPS").message) if text["type"] == "mrkdwn"]
    assert parsed
    assert not any("<!channel>" in text["text"] for text in parsed)
    assert "<script>" not in str(t.card_on("telegram", "-1001").message)


try:
    from bot.engine.grouping import Grouping

    GROUPED: dict = {"grouping": Grouping(method="rules", by=("labels.service",))}
except ImportError:
    GROUPED = {"group_by": ("service",)}
