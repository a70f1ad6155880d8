"""Every table, for queries. What makes them in a database are the migrations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, String, Table

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

# `mark` is a SHA-256 of issuer and token id, so that the table says nothing of who called.
# A token that comes twice breaks the primary key: the database decides, whichever process asks first.
used_tokens = Table(
    "used_tokens",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
)
