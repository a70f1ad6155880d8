"""Every table, for queries. What makes them in a database are the migrations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, MetaData, String, Table, Text

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
    Column("digest", String(64), nullable=False),
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
