"""Order-select requests of a wanted size, for the benchmark and for tests with mutated requests."""

from datetime import datetime
from typing import Any

from tests.builders import PREFETCH_TYPES, Resource, of_patient, searchset
from tests.unrelated_history import unrelated_history
from tests.vignettes.stories import NOW, STORIES


def make_prefetch_request(
    n_resources: int, seed: int, story: str = "V04", now: datetime = NOW
) -> dict[str, Any]:
    """The story's request with unrelated history around it, `n_resources` resources in the prefetch.

    At 30 about a quarter concerns the guideline (the story, and quiet findings such as a temperature);
    in large records laboratory results, vital signs, visits and medicines dominate,
    and one resource in twelve is a quiet finding.
    Raises ValueError where the story alone is larger than the wanted size.
    """
    request = STORIES[story].request(now)
    prefetch = request["prefetch"]
    missing = n_resources - prefetch_size(request)
    if missing < 0:
        raise ValueError(f"{story} alone has {n_resources - missing} resources")
    a_quarter_of_30 = min(n_resources, 30) // 4 - (n_resources - missing)
    quiet = min(missing, max(0, a_quarter_of_30, missing // 12))
    history = unrelated_history(missing, seed, now, quiet=quiet)
    return request | {"prefetch": with_history(prefetch, history)}


def prefetch_size(request: dict[str, Any]) -> int:
    """How many resources the prefetch holds; the current encounter is found twice and counts once."""
    return 1 + sum(len(request["prefetch"][key].get("entry", ())) for key in PREFETCH_TYPES)


def with_history(prefetch: Resource, history: list[Resource]) -> Resource:
    """The prefetch with the resources of the history in the searches that find them."""
    grown = dict(prefetch)
    for key, kind in PREFETCH_TYPES.items():
        added = [
            of_patient(resource, prefetch["patient"]["id"], f"history-{number}")
            for number, resource in enumerate(history, start=1)
            if resource["resourceType"] == kind
        ]
        if not added:
            continue
        entries = [*prefetch[key].get("entry", ()), *searchset(added)["entry"]]
        grown[key] = prefetch[key] | {"entry": entries, "total": len(entries)}
    return grown
