"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _inbox()
    _alert()
    _incident()
    _timeline()
    _delivery()
    _identity()
    _silence()
    _flaps()
    _sight()
    _token()
    _seen()
    _alarm()
    _meta()


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    _partial("inbox_dead", "inbox", ["seq"], "state = 'dead'")
    _partial("inbox_settled", "inbox", ["settled_at"], "settled_at IS NOT NULL")
    _partial("inbox_waiting", "inbox", ["seq", "due_at"], "state = 'waiting'")


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("alert_key", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("muted", sa.String(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("alert_incident", "alert", ["incident", "first_at"])
    _partial("alert_open", "alert", ["integration", "alert_key", "channel"], "closed_at IS NULL", unique=True)
    _partial("alert_due", "alert", ["due_at"], "closed_at IS NULL AND due_at IS NOT NULL")
    _partial("alert_channel", "alert", ["channel"], "closed_at IS NULL")
    _partial("alert_muted", "alert", ["muted"], "closed_at IS NULL AND muted <> ''")


def _incident() -> None:
    op.create_table(
        "incident",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("num", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=False),
        sa.Column("progress", sa.String(), nullable=False),
        sa.Column("next_wake", sa.BigInteger(), nullable=True),
        sa.Column("responders", sa.Text(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("incident_channel", "incident", ["channel"])
    op.create_index("incident_num", "incident", ["num"])
    _partial(
        "incident_open", "incident", ["channel", "group_key"], "progress <> 'Closed' AND group_key <> ''", unique=True
    )
    _partial("incident_unclosed", "incident", ["seq"], "progress <> 'Closed'")
    _partial("incident_wake", "incident", ["next_wake"], "next_wake IS NOT NULL")


def _timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("timeline_incident", "timeline", ["incident"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("wanted_rev", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    _partial("delivery_due", "delivery", ["lane", "due_at"], "state = 'queued'")
    op.create_index("delivery_incident", "delivery", ["incident"])
    _partial("delivery_provider", "delivery", ["carrier", "provider_id"], "provider_id <> ''")
    _partial("delivery_ref", "delivery", ["carrier", "ref"], "ref <> ''")


def _identity() -> None:
    op.create_table(
        "identity",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "user"),
    )


def _silence() -> None:
    op.create_table(
        "silence",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "channel"),
    )


def _flaps() -> None:
    op.create_table(
        "flaps",
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("alert_key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("integration", "channel", "alert_key"),
    )
    op.create_index("flaps_at", "flaps", ["at"])


def _sight() -> None:
    op.create_table(
        "sight",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "fingerprint"),
    )
    op.create_index("sight_at", "sight", ["at"])


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )


def _seen() -> None:
    op.create_table(
        "seen",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "key"),
    )
    op.create_index("seen_at", "seen", ["at"])


def _alarm() -> None:
    op.create_table(
        "alarm",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
