"""The overrides of a case: decisions joined with the feedback on their cards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, exists, func, select

from cds_service.feedback.memory import StoredOverride
from cds_service.store.database import Database
from cds_service.store.tables import decisions, feedback

# The latest of them: more could only be made to cost time.
MOST_OVERRIDES = 50


class OverrideRows:
    """What was answered to the cards about one patient's order."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_case(self, case_mark: str, since_ms: int) -> tuple[StoredOverride, ...]:
        """Each override with a reason that came since then, once; raises StoreUnavailable.

        A card is joined with what its own client said of it: what another client says counts for nothing.
        """
        with self._database.read() as connection:
            rows = connection.execute(_of_case(case_mark, since_ms)).all()
        return tuple(StoredOverride(**row._asdict()) for row in rows)


def _of_case(case_mark: str, since_ms: int) -> Select[Any]:
    said = feedback.alias()
    about_the_card = (feedback.c.card == decisions.c.card) & (feedback.c.client == decisions.c.client)
    accepted = exists().where(
        said.c.card == decisions.c.card, said.c.client == decisions.c.client, said.c.outcome == "accepted"
    )
    received = func.min(feedback.c.received_ms)
    return (
        select(
            decisions.c.decided_ms,
            func.min(feedback.c.outcome_ms).label("outcome_ms"),
            received.label("received_ms"),
            feedback.c.reason_code,
            feedback.c.reason_system,
            accepted.label("accepted"),
            decisions.c.reason.label("card_words"),
            decisions.c.endorsed,
            decisions.c.outcome,
            decisions.c.recommendations,
            decisions.c.trace,
            decisions.c.fact_marks,
        )
        .join(feedback, about_the_card)
        .where(
            decisions.c.case_mark == case_mark,
            feedback.c.outcome == "overridden",
            feedback.c.reason_code.is_not(None),
        )
        # A report that comes again is the same override, of the day on which it came first.
        .group_by(decisions.c.id, feedback.c.reason_code, feedback.c.reason_system)
        .having(received >= since_ms)
        .order_by(received.desc())
        .limit(MOST_OVERRIDES)
    )
