"""The table of decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("decided_ms", sa.BigInteger, nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("client", sa.String(200), nullable=False),
        sa.Column("organisation", sa.String(32)),
        sa.Column("practitioner", sa.String(32)),
        sa.Column("episode", sa.String(36), nullable=False),
        sa.Column("case_mark", sa.String(32)),
        sa.Column("fact_marks", sa.Text),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("recommendation", sa.String(8), nullable=False),
        sa.Column("recommendations", sa.Text, nullable=False),
        sa.Column("indicator", sa.String(8), nullable=False),
        sa.Column("endorsed", sa.Boolean, nullable=False),
        sa.Column("silent", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("missing", sa.String(64), nullable=False),
        sa.Column("card", sa.String(36)),
        sa.Column("safety_card", sa.String(36)),
        sa.Column("suggestions", sa.Text, nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
        sa.Column("order_system", sa.String(300)),
        sa.Column("order_code", sa.String(100), nullable=False),
        sa.Column("covers", sa.String(20), nullable=False),
        sa.Column("priority", sa.String(20), nullable=False),
        sa.Column("guideline_version", sa.String(64), nullable=False),
        sa.Column("guideline_digest", sa.String(100), nullable=False),
        sa.Column("answer_ms", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    for column in ("decided_ms", "episode", "case_mark", "card"):
        op.create_index(f"ix_decisions_{column}", "decisions", [column])


def downgrade() -> None:
    op.drop_table("decisions")
