"""The codes of the orders that a card suggests, read from `orders_out.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from cds_service.guideline.faults import Fault, TableError, refuse_faults, validation_faults


class OrderCodesError(TableError):
    """What is wrong with `orders_out.toml`."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code and its display, in a system that the surrounding table names."""

    code: str
    display: str
    says: str = ""  # where it says less than the text: "with contrast"


@dataclass(frozen=True, slots=True)
class OrderCode:
    """One kind of order: its text, its category in words, and its code by system name.

    No codes: none is verified, so it has only our own until a site supplies one.
    """

    name: str
    text: str
    category: str | None
    codes: Mapping[str, Code]


@dataclass(frozen=True, slots=True)
class OrderCodes:
    """MRI studies that an order can be changed to, and new orders that a card can propose."""

    studies: Mapping[str, OrderCode]
    orders: Mapping[str, OrderCode]


STUDIES = frozenset(
    {"lumbar-without", "lumbar-with-and-without", "whole-spine-without", "whole-spine-with-and-without"}
)
ORDERS = frozenset(
    {
        "physiotherapy", "follow-up", "emergency", "same-day", "specialist", "operating-team", "oncology",
        "crp", "esr", "blood-culture", "radiograph",
    }
)  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


class _Code(_Strict):
    code: str
    display: str
    says: str | None = None


class _Order(_Strict):
    text: str
    category: str | None = None
    codes: dict[str, _Code] = {}


class _File(_Strict):
    studies: dict[str, _Order]
    orders: dict[str, _Order]


def read_order_codes(content: Mapping[str, Any]) -> OrderCodes:
    """The order codes of the parsed TOML; raises OrderCodesError for a missing or unknown name."""
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise OrderCodesError(*validation_faults(error)) from error
    refuse_faults(
        OrderCodesError,
        (
            Fault((table, name), "an entry" if name in wanted else "no such name")
            for table, wanted in (("studies", STUDIES), ("orders", ORDERS))
            for name in sorted(wanted ^ getattr(file, table).keys())
        ),
    )
    return OrderCodes(_entries(file.studies), _entries(file.orders))


def _entries(orders: Mapping[str, _Order]) -> dict[str, OrderCode]:
    return {
        name: OrderCode(
            name,
            order.text,
            order.category,
            {system: Code(c.code, c.display, c.says or "") for system, c in order.codes.items()},
        )
        for name, order in orders.items()
    }
