"""Which codes a FHIR ValueSet holds, worked out from its `compose` as a terminology server would."""

import re
from collections.abc import Iterator
from typing import Any


def holds(value_set: dict[str, Any], system: str, code: str) -> bool:
    """Whether an include takes the code and no exclude removes it."""
    compose = value_set["compose"]
    return any(_takes(part, system, code) for part in compose["include"]) and not any(
        _takes(part, system, code) for part in compose.get("exclude", ())
    )


def whole_codes(value_set: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for part in value_set["compose"]["include"]:
        yield from ((part["system"], concept["code"]) for concept in part.get("concept", ()))


def _takes(part: dict[str, Any], system: str, code: str) -> bool:
    if part["system"] != system:
        return False
    if "concept" in part:
        return any(concept["code"] == code for concept in part["concept"])
    # Filters of one include must all hold, and a regular expression of FHIR matches the whole code.
    return all(re.fullmatch(one["value"], code) for one in part["filter"])
