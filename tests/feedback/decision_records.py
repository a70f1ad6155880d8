"""Records of decisions for the tests of what stores and counts them."""

from __future__ import annotations

from typing import Any

from cds_service.feedback.decision_record import DecisionRecord
from tests.feedback.reports import CARD, TIME_MS


def record(**changes: Any) -> DecisionRecord:
    """A decision that an order was not indicated."""
    members: dict[str, Any] = {
        "decided_ms": TIME_MS,
        "service": "lumbar-mri-order-select",
        "client": "open-demo",
        "organisation": None,
        "practitioner": None,
        "case_mark": None,
        "fact_marks": None,
        "outcome": "not-indicated",
        "recommendation": "R1",
        "recommendations": '["R1"]',
        "indicator": "warning",
        "endorsed": False,
        "silent": "",
        "reason": "not-indicated.no-care",
        "missing": "",
        "card": CARD,
        "safety_card": None,
        "suggestions": "[]",
        "trace": "{}",
        "order_system": None,
        "order_code": "words",
        "covers": "lumbar",
        "priority": "routine",
        "guideline_version": "1.0.0",
        "guideline_digest": "sha256:0",
        "answer_ms": 2.0,
    }
    return DecisionRecord(**members | changes)
