"""The codes of the orders that a card suggests, as they are read from their file."""

import tomllib
from typing import Any

import pytest

from cds_service.guideline.lumbar_mri.order_codes import (
    Code,
    OrderCode,
    OrderCodesError,
    read_order_codes,
)
from tests.shipped import CARDS


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param({"studies": {}}, "orders", id="no orders"),
        pytest.param(
            {"studies": {}, "orders": {}},
            "studies.lumbar-with-and-without: an entry",
            id="a study is missing",
        ),
        pytest.param(
            {"studies": {"knee": {"text": "Knee"}}, "orders": {}},
            "studies.knee: no such name; ",
            id="unknown study",
        ),
        pytest.param({"studies": {"a": {"text": ""}}, "orders": {}}, "studies.a.text", id="empty text"),
        pytest.param(
            {"studies": {"a": {"text": "x", "code": "1"}}, "orders": {}},
            "studies.a.code",
            id="unknown member",
        ),
    ],
)
def test_broken_order_codes_name_what_is_wrong(content: dict[str, Any], named: str) -> None:
    with pytest.raises(OrderCodesError, match=named):
        read_order_codes(content)


def test_an_order_code_is_read_as_it_is_written() -> None:
    read = read_order_codes(tomllib.loads((CARDS / "orders_out.toml").read_text(encoding="utf-8")))
    assert read.orders["physiotherapy"] == OrderCode(
        "physiotherapy",
        "Referral to physiotherapy",
        "Referral",
        {"snomed": Code("306170007", "Referral to physiotherapy service (procedure)")},
    )
    assert read.orders["follow-up"].codes == {}
    assert read.studies["lumbar-with-and-without"].codes["snomed"].says == "with contrast"
