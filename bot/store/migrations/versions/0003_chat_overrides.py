"""Overrides of schedules that were made in chat, and shifts that wait for somebody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_override",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
