"""The counts of the scorecard, and what finds their sources."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "scorecard_days",
        sa.Column("topic", sa.String(16), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("detail", sa.String(100), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("topic", "day", "name", "detail", name="pk_scorecard_days"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "scorecard_groups",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("client", sa.String(200), nullable=False),
        sa.Column("organisation", sa.String(32), nullable=False),
        sa.Column("practitioner", sa.String(32), nullable=False),
        sa.Column("orders", sa.Integer, nullable=False),
        sa.Column("not_indicated", sa.Integer, nullable=False),
        sa.Column("cards", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            "month", "client", "organisation", "practitioner", name="pk_scorecard_groups"
        ),
    )
    state = op.create_table(
        "scorecard_state",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("counted_ms", sa.BigInteger, nullable=False),
        sa.Column("counted_as", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scorecard_state"),
    )
    op.bulk_insert(state, [{"id": 1, "counted_ms": 0, "counted_as": ""}])
    op.create_index("ix_feedback_digest", "feedback", ["digest"])
    _create_partial_index("ix_feedback_commented", "feedback", "received_ms", "comment")
    _create_partial_index("ix_decisions_safety_card", "decisions", "safety_card", "safety_card")


def downgrade() -> None:
    op.drop_index("ix_decisions_safety_card", "decisions")
    op.drop_index("ix_feedback_commented", "feedback")
    op.drop_index("ix_feedback_digest", "feedback")
    for table in ("scorecard_state", "scorecard_groups", "scorecard_days"):
        op.drop_table(table)


def _create_partial_index(name: str, table: str, column: str, present: str) -> None:
    where = sa.text(f"{present} IS NOT NULL")
    op.create_index(name, table, [column], postgresql_where=where, sqlite_where=where)
