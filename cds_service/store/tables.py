"""Every table, for queries. What makes them in a database are the migrations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

# Names that each database takes, and that a migration can find again.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself in a column of exactly this type.
_RowId = BigInteger().with_variant(Integer, "sqlite")

# `mark` is a SHA-256 of issuer and token id, so that the table says nothing of who called.
# A token that comes twice breaks the primary key: the database decides, whichever process asks first.
used_tokens = Table(
    "used_tokens",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
)

# One row an entry, each time that it came; what may stand in it says `cds_service.feedback.kept`.
# `digest` is equal for equal reports, and on purpose not unique: all are stored, and a report counts one.
feedback = Table(
    "feedback",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("received_ms", BigInteger, nullable=False, index=True),
    Column("service", String(64), nullable=False),
    Column("client", String(200), nullable=False),
    Column("card", String(36), nullable=False, index=True),
    Column("outcome", String(16), nullable=False),
    Column("suggestions", Text, nullable=False),
    Column("reason_code", String(64)),
    Column("reason_system", String(300)),
    Column("reason_display", String(300)),
    Column("comment_characters", Integer),
    Column("comment", Text),
    Column("outcome_ms", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False, index=True),
)
# The few with words, for whoever reads them; most sites keep none.
Index(
    "ix_feedback_commented",
    feedback.c.received_ms,
    postgresql_where=feedback.c.comment.is_not(None),
    sqlite_where=feedback.c.comment.is_not(None),
)

# One row an order of each call; what may stand in it says `cds_service.feedback.decision_record`.
# `episode` is the same for the calls about one order, as it is chosen and then signed: it names nobody.
# `case_mark` and `fact_marks` are keyed hashes, emptied when the repeat rule looks back no further.
decisions = Table(
    "decisions",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("decided_ms", BigInteger, nullable=False, index=True),
    Column("service", String(64), nullable=False),
    Column("client", String(200), nullable=False),
    Column("organisation", String(32)),
    Column("practitioner", String(32)),
    Column("episode", String(36), nullable=False, index=True),
    Column("case_mark", String(32), index=True),
    Column("fact_marks", Text),
    Column("outcome", String(20), nullable=False),
    Column("recommendation", String(8), nullable=False),
    Column("recommendations", Text, nullable=False),
    Column("indicator", String(8), nullable=False),
    Column("endorsed", Boolean, nullable=False),
    Column("silent", String(64), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("missing", String(64), nullable=False),
    Column("card", String(36), index=True),
    Column("safety_card", String(36)),
    Column("suggestions", Text, nullable=False),
    Column("trace", Text, nullable=False),
    Column("order_system", String(300)),
    Column("order_code", String(100), nullable=False),
    Column("covers", String(20), nullable=False),
    Column("priority", String(20), nullable=False),
    Column("guideline_version", String(64), nullable=False),
    Column("guideline_digest", String(100), nullable=False),
    Column("answer_ms", Float, nullable=False),
)
Index(
    "ix_decisions_safety_card",
    decisions.c.safety_card,
    postgresql_where=decisions.c.safety_card.is_not(None),
    sqlite_where=decisions.c.safety_card.is_not(None),
)

# The scorecard's counts, by day of the guideline's zone; what they are says `evaluation/scorecard_counts.py`.
# They are made anew, a month at a time, from `decisions` and `feedback`.
scorecard_days = Table(
    "scorecard_days",
    metadata,
    Column("topic", String(16), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("detail", String(100), primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# The same by client, organisation and practitioner, for whole months; empty where a pseudonym is not kept.
scorecard_groups = Table(
    "scorecard_groups",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("client", String(200), primary_key=True),
    Column("organisation", String(32), primary_key=True),
    Column("practitioner", String(32), primary_key=True),
    Column("orders", Integer, nullable=False),
    Column("not_indicated", Integer, nullable=False),
    Column("cards", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
)

# One row: up to when all is counted (0: never), and by which rules.
scorecard_state = Table(
    "scorecard_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("counted_ms", BigInteger, nullable=False),
    Column("counted_as", String(100), nullable=False),
)
