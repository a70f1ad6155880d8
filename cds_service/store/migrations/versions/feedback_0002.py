"""The table of feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("client", sa.String(200), nullable=False),
        sa.Column("card", sa.String(36), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("suggestions", sa.Text, nullable=False),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("reason_system", sa.String(300)),
        sa.Column("reason_display", sa.String(300)),
        sa.Column("comment_characters", sa.Integer),
        sa.Column("comment", sa.Text),
        sa.Column("outcome_ms", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_received_ms", "feedback", ["received_ms"])
    op.create_index("ix_feedback_card", "feedback", ["card"])


def downgrade() -> None:
    op.drop_table("feedback")
