"""What a record of procedures, scans and drugs may never do (specification 2.8, 2.10, 8.6)."""

from datetime import date, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from tests import builders
from tests.builders import (
    condition,
    diagnostic_report,
    hook_request,
    medication_request,
    observation,
    prefetch_of,
    procedure,
    quantity,
    service_request,
)
from tests.properties.asking import answer
from tests.vignettes import codings

TODAY = date(2026, 6, 15)
PAINS = (codings.LOW_BACK_PAIN, codings.SCIATICA_RIGHT)


def on(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def asked(*resources: dict[str, Any]) -> dict[str, Any]:
    visit = builders.encounter(on(0) + "T09:30:00+08:00", type=builders.concept("visit"))
    record = prefetch_of(builders.patient("1980-03-10"), list(resources), visit)
    return hook_request(
        "order-select",
        draft_orders=[service_request(codings.MRI_LUMBAR)],
        hook_instance="d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        prefetch=record,
    )


def rank(*resources: dict[str, Any]) -> int:
    return answer(asked(*resources)).rank


def pain(code: Any, since: int, until: int | None = None) -> dict[str, Any]:
    ended: dict[str, Any] = {} if until is None else {"clinical": "resolved", "abated": on(until)}
    return condition(code, onset=on(since), recorded=on(since), **ended)


operations = st.builds(
    lambda code, days: procedure(code, performed=on(days)),
    st.sampled_from(
        (codings.DISCECTOMY, codings.FUSION, codings.EPIDURAL_INJECTION, codings.LUMBAR_PUNCTURE)
    ),
    st.integers(0, 400),
)
pains = st.builds(pain, st.sampled_from(PAINS), st.integers(0, 60))


@given(operations, pains, st.sampled_from(PAINS), st.integers(61, 900), st.integers(0, 900))
def test_an_older_pain_never_lowers_what_pain_after_a_procedure_comes_to(
    operation: dict[str, Any], new: dict[str, Any], code: Any, since: int, ended: int
) -> None:
    assume(ended < since)
    before = answer(asked(operation, new))
    assume("R6" in before.recommendations[0])
    assert rank(operation, new, pain(code, since, ended)) >= before.rank
    assert rank(operation, new, pain(code, since)) >= before.rank


@given(operations, pains, st.integers(0, 30))
def test_a_longer_procedure_never_counts_less(
    operation: dict[str, Any], new: dict[str, Any], longer: int
) -> None:
    first = date.fromisoformat(operation["performedDateTime"])
    last = min(first + timedelta(days=longer), TODAY)
    period = {"performedPeriod": {"start": first.isoformat(), "end": last.isoformat()}}
    stay = {k: v for k, v in operation.items() if k != "performedDateTime"} | period
    assert rank(stay, new) >= rank(operation, new)


@given(st.integers(0, 14), st.integers(0, 14), st.sampled_from((codings.SADDLE_NUMBNESS, codings.RETENTION)))
def test_a_denying_report_closes_only_what_was_there_before_it(feature: int, scan: int, code: Any) -> None:
    found = condition(code, onset=on(feature), recorded=on(feature))
    denial = diagnostic_report(
        codings.MRI_LUMBAR_LOINC, effective=on(scan), conclusion="No cauda equina compression."
    )
    outcome = answer(asked(pain(codings.LOW_BACK_PAIN, 60), found, denial)).outcomes[0]
    assert outcome == ("emergency" if feature < scan else "possible")


@given(st.integers(0, 14), st.integers(1, 400), st.integers(0, 400))
def test_a_supply_of_long_before_the_feature_never_lowers(hesitancy: int, renewed: int, older: int) -> None:
    assume(older > max(renewed, hesitancy + 7))
    feature = condition(codings.HESITANCY, onset=on(hesitancy), recorded=on(hesitancy))
    drug = medication_request(codings.AMITRIPTYLINE, authored=on(renewed))
    entries = (pain(codings.LOW_BACK_PAIN, 60), feature, drug)
    assert rank(*entries, medication_request(codings.AMITRIPTYLINE, authored=on(older))) >= rank(*entries)


def test_a_procedure_and_an_exam_inside_the_order_are_read() -> None:
    patient = {"subject": {"reference": f"Patient/{builders.PATIENT_ID}"}}
    done = procedure(codings.DISCECTOMY, performed=on(10)) | patient | {"id": "p"}
    fever = observation(codings.TEMPERATURE, quantity(38.6, "Cel"), effective=on(0)) | patient | {"id": "t"}
    request = asked(pain(codings.LOW_BACK_PAIN, 5))
    order = request["context"]["draftOrders"]["entry"][0]["resource"]
    order |= {"contained": [done], "reasonReference": [{"reference": "#p"}]}
    assert (answer(request).outcomes, answer(request).recommendations[0]) == (("urgent",), ("R6",))
    order |= {"contained": [done, fever], "supportingInfo": [{"reference": "#t"}]}
    assert answer(request).outcomes == ("emergency",)
