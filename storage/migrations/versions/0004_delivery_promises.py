"""Look-ups after lost answers, stopping and taking back, leases of the inbox and of polling, the installation's beat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # Columns are added one by one, never by copying a table: dropping the old copy would delete what refers to it.
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("paused", sa.String(length=40), nullable=False),
        sa.Column("restored_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.add_column("campaign", sa.Column("stopped_by", sa.Integer(), nullable=True))
    op.add_column("campaign", sa.Column("unknown_left", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("connection", sa.Column("reader", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("connection", sa.Column("reader_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("connection", sa.Column("variables", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("delivery", sa.Column("settle_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("crashes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("delivery", sa.Column("copied", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("inbox", sa.Column("worker", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("inbox", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table, columns in (
        ("inbox", ("lease_until", "worker")),
        ("delivery", ("copied", "crashes", "lost_at", "settle_at")),
        ("connection", ("variables", "reader_until", "reader")),
        ("campaign", ("unknown_left", "stopped_by")),
    ):
        for column in columns:
            op.drop_column(table, column)
    op.drop_table("installation")
