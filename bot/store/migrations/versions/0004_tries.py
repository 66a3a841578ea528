"""What each vendor made of a text or a call that it was asked to carry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "try",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("try_delivery", "try", ["delivery"])
    op.create_index("try_began", "try", ["began_at"])
    _partial("try_provider", "carrier", "vendor", "provider_id", where="provider_id <> ''")
    _partial("try_mark", "carrier", "vendor", "mark", where="mark <> ''")
    _partial("try_look", "look_at", where="look_at IS NOT NULL")


def _partial(name: str, *columns: str, where: str) -> None:
    op.create_index(name, "try", list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))
