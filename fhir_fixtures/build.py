"""Writes the requests, the answers and the index of this folder: `python fhir_fixtures/build.py`.

The clock stands still, the uuids count from 1 and the unrelated history is seeded,
so a second run changes nothing unless the service or a person changed.
"""

import json
import sys
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from fhir_fixtures.people import FIXTURES, Fixture, draft_order  # noqa: E402  (the checkout is on the path only now)
from tests.bench_records import with_history  # noqa: E402
from tests.builders import concept, encounter, hook_request, prefetch_of  # noqa: E402
from tests.unrelated_history import unrelated_history  # noqa: E402
from tests.vignettes.asking import ask  # noqa: E402
from tests.vignettes.story import NOW, Days  # noqa: E402

UNRELATED = 115


def request_of(fixture: Fixture) -> dict[str, Any]:
    """The whole hook request of one person, without asking the service."""
    days = Days(NOW)
    visit = encounter(
        days.at("06-15", "09:30"), type=concept("General practice consultation"), id="visit-today"
    )
    prefetch = prefetch_of(fixture.person, fixture.record(days), visit)
    history = unrelated_history(UNRELATED, fixture.seed, NOW)
    return hook_request(
        fixture.hook,
        hook_instance=str(uuid5(NAMESPACE_URL, f"urn:fixture:{fixture.name}")),
        draft_orders=[draft_order(days, fixture.person["id"], **fixture.order)],
        prefetch=with_history(prefetch, history),
    )


def index() -> dict[str, Any]:
    """What stands in this folder, and the moment at which all of it was evaluated."""
    return {
        "now": NOW.isoformat(),
        "fixtures": [
            {
                "name": fixture.name,
                "service": f"lumbar-mri-{fixture.hook}",
                "says": fixture.says,
                "request": f"{fixture.name}.request.json",
                "response": f"{fixture.name}.response.json",
            }
            for fixture in FIXTURES
        ],
    }


def files() -> dict[str, Any]:
    """Every JSON file of this folder by its name."""
    built: dict[str, Any] = {"index.json": index()}
    for fixture in FIXTURES:
        request = request_of(fixture)
        built[f"{fixture.name}.request.json"] = request
        built[f"{fixture.name}.response.json"] = ask(request, NOW)
    return built


def as_text(value: Any) -> str:
    """The JSON as it stands in a file."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


if __name__ == "__main__":
    for name, value in files().items():
        (HERE / name).write_text(as_text(value), encoding="utf-8")
