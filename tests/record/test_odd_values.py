"""Whatever stands in whatever element, the reader goes on: the resource is read, left out, or counted."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests import builders
from tests.builders import Resource, concept, searchset
from tests.record.records import read_as_sent, read_order
from tests.vignettes import codings

ODD: tuple[Any, ...] = (
    None, "", "x", "?CES", 0, -1, True, 1e308, 10**40, "1E+999999999", "2026-13-01", "9999-12-31",
    "99999999999 weeks", [], {}, [None], [[]], ["x"], [{}], {"x": 1}, {"coding": {"0": 1}}, {"coding": [None]},
    {"reference": "#"}, {"value": "1E+999999"}, {"value": 10**30, "code": "mg/dL"}, {"start": 5},
)  # fmt: skip

_STEROID = builders.medication_request(
    concept("Prednisolone 5 mg tablet"),
    authored="2026-05-01",
    dosageInstruction=[
        {
            "text": "4 tablets daily",
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "boundsPeriod": {"end": "2026-06-01"}}},
            "doseAndRate": [{"doseQuantity": {"value": 4, "unit": "tab"}}],
            "route": concept("oral"),
        }
    ],
    dispenseRequest={"expectedSupplyDuration": {"value": 3, "code": "d"}, "numberOfRepeatsAllowed": 2},
    reasonReference=[{"reference": "Condition/x"}],
)  # fmt: skip
_EXAM = builders.observation(
    concept("Right knee extension power"),
    "4-",
    effective="2026-06-14",
    site="Right leg",
    interpretation="A",
    component=[{"code": concept("Anal tone"), "valueString": "lax"}],
    note="worse",
)
_PANEL = builders.observation(
    concept("Blood culture", loinc="600-7"),
    "No growth",
    period={"start": "2026-06-01"},
    contained=[{"resourceType": "Observation", "code": codings.CRP, "valueQuantity": {"value": 4}}],
)
_PAIN = builders.condition(
    codings.LOW_BACK_PAIN,
    onsetAge={"value": 40, "code": "a"},
    abatementRange={"high": {"value": 45, "code": "a"}},
    site="Left leg",
    note=("2026-06-01", "improving"),
)
RESOURCES: dict[str, Resource] = {
    "a prescription": _STEROID,
    "an exam": _EXAM,
    "a panel": _PANEL,
    "a condition by age": _PAIN,
    "a condition by words": builders.condition(concept("? discitis"), onsetString="3 weeks ago", recorded="2026-06-01"),
    "a device": builders.device(concept("Pacemaker"), safety="C106047", note=[{"text": "MRI unsafe"}]),
    "a report": builders.diagnostic_report(concept("MRI lumbar spine"), effective="2026-06-01", conclusion="-"),
    "an allergy": builders.allergy(concept("Gadobutrol"), recorded="2020-01-01"),
    "a form": builders.questionnaire_response(
        [("Fever?", True), ("Treatment so far", "5 weeks"), ("Pain score", "7"), ("Cancer, fever?", True)],
        authored="2026-06-15",
    ),
    "an encounter": builders.encounter("2026-06-01", type=concept("Physiotherapy"), reason=concept("LBP")),
    "an appointment": builders.appointment(concept("Physiotherapy"), start="2026-06-01T10:00:00Z"),
    "a dispense": builders.medication_dispense(codings.NAPROXEN, handed_over="2026-06-01", days=5),
    "a statement": builders.medication_statement(codings.NAPROXEN, start="2026-06-01", end="2026-06-10"),
    "a procedure": builders.procedure(codings.LAMINECTOMY, period=("2026-05-01", None), site="L4"),
    "a care plan": {
        "resourceType": "CarePlan",
        "status": "active",
        "activity": [{"detail": {"status": "completed", "description": "education"}}],
        "period": {"start": "2026-05-01"},
    },
    "a message": {
        "resourceType": "Communication",
        "status": "completed",
        "payload": [{"contentString": "self-management"}],
        "sent": "2026-05-01",
    },
    "a patient": builders.patient("1980-03-10") | {"meta": {"tag": [{"code": "HTEST"}]}},
}  # fmt: skip
ORDER = builders.service_request(
    codings.MRI_LUMBAR,
    reason=concept("? CES", icd10="G83.4"),
    note="LBP ?CES",
    contained=[_PAIN | {"id": "c"}],
    reasonReference=[{"reference": "#c", "display": "pain"}],
    supportingInfo=[{"reference": "Observation/1"}],
)


def changed_everywhere(resource: Resource) -> Iterator[Resource]:
    """The resource with each odd value in the place of each of its elements."""
    for path in _paths(resource, ()):
        for odd in ODD:
            changed = copy.deepcopy(resource)
            inner: Any = changed
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = odd
            yield changed


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if path and path != ("resourceType",):
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from _paths(inner, (*path, step))


@pytest.mark.parametrize("name", RESOURCES)
def test_no_odd_value_anywhere_stops_the_reader(name: str) -> None:
    known = {"resourceType": "Condition", "id": "known", "code": codings.SADDLE_NUMBNESS}
    for number, changed in enumerate(changed_everywhere(RESOURCES[name])):
        sent = {"patient": builders.patient("1980-03-10")} if changed["resourceType"] != "Patient" else {}
        bundle = searchset([known]) | {
            "entry": [{"resource": known}, {"resource": changed | {"id": str(number)}}]
        }
        facts = read_as_sent(sent | {"conditions": bundle})
        assert any(fact.resource == "Condition/known" for fact in facts.facts)


def test_no_odd_value_in_a_draft_stops_the_reader() -> None:
    for changed in changed_everywhere(ORDER):
        facts, attestations = read_order(changed)
        assert all(fact.certainty.positive for fact in facts)
        assert attestations == ()
