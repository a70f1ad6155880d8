"""Measured quantities: units, bare numbers, plausibility, flags."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.record.facts import Measure, Measurement, ValueProblem
from cds_service.record.quantities import convert
from tests.builders import concept, observation, quantity
from tests.record.records import read
from tests.vignettes import codings

WEIGHT = concept("Body weight", loinc="29463-7")
ESR = concept("Erythrocyte sedimentation rate", loinc="4537-7")
EGFR = concept("eGFR", loinc="62238-1")
SCORE = concept("Pain severity 0-10", loinc="72514-3")
PVR = codings.POST_VOID_RESIDUAL
NO_UNIT, UNKNOWN, IMPLAUSIBLE = ValueProblem.NO_UNIT, ValueProblem.UNKNOWN_UNIT, ValueProblem.IMPLAUSIBLE


def measured(code: dict[str, Any], value: Any = None, **more: Any) -> Measurement:
    (found,) = read(observation(code, value, **({"effective": "2026-06-12"} | more))).measurements
    return found


@pytest.mark.parametrize(
    ("code", "number", "unit", "value"),
    [
        pytest.param(codings.CRP, 42, "mg/L", "42", id="CRP mg/L"),
        pytest.param(codings.CRP, 4.2, "mg/dL", "42", id="CRP mg/dL"),
        pytest.param(codings.CRP, 42, "ug/mL", "42", id="CRP ug/mL"),
        pytest.param(codings.CRP, 42, "MG/L", "42", id="CRP in capitals"),
        pytest.param(codings.TEMPERATURE, 38.0, "Cel", "38", id="Celsius"),
        pytest.param(codings.TEMPERATURE, 100.4, "[degF]", "38", id="Fahrenheit"),
        pytest.param(codings.TEMPERATURE, 311.15, "K", "38", id="kelvin"),
        pytest.param(codings.TEMPERATURE, 38.0, "°C", "38", id="degree sign"),
        pytest.param(codings.TEMPERATURE, 100.4, "F", "38", id="the letter F is no farad"),
        pytest.param(codings.TEMPERATURE, 38.0, "C", "38", id="the letter C is no coulomb"),
        pytest.param(ESR, 50, "mm/h", "50", id="ESR"),
        pytest.param(ESR, 50, "mm/hr", "50", id="ESR, hr"),
        pytest.param(PVR, 450, "mL", "450", id="mL"),
        pytest.param(PVR, 0.45, "L", "450", id="litres"),
        pytest.param(PVR, 450, "cc", "450", id="cc"),
        pytest.param(PVR, 450, "cm3", "450", id="cm3"),
        pytest.param(WEIGHT, 70, "kg", "70", id="kg"),
        pytest.param(WEIGHT, 70000, "g", "70", id="grams"),
        pytest.param(WEIGHT, 154.3236, "[lb_av]", "70.000007", id="pounds"),
        pytest.param(EGFR, 28, "mL/min/{1.73_m2}", "28", id="eGFR"),
        pytest.param(EGFR, 28, "mL/min/1.73m2", "28", id="eGFR as printed"),
        pytest.param(SCORE, 7, "{score}", "7", id="a score"),
        pytest.param(SCORE, 7, None, "7", id="a score needs no unit"),
        pytest.param(SCORE, 7, "{Pain score}", "7", id="an annotation of its own"),
    ],
)
def test_a_value_is_given_in_the_unit_of_the_rules(
    code: dict[str, Any], number: float, unit: str | None, value: str
) -> None:
    found = measured(code, quantity(number, unit))
    assert (found.value, found.problem) == (Decimal(value), None)


def test_a_converted_value_keeps_the_text_of_the_record() -> None:
    assert measured(codings.CRP, quantity(4.2, "mg/dL")).text == "4.2 mg/dL"


@pytest.mark.parametrize(
    ("code", "number", "unit", "problem", "could_be"),
    [
        pytest.param(codings.CRP, 40, None, NO_UNIT, "400", id="40 may be mg/dL"),
        pytest.param(codings.CRP, 0.9, None, NO_UNIT, "9", id="low in every unit"),
        pytest.param(codings.CRP, 150, None, NO_UNIT, "150", id="150 mg/dL is impossible"),
        pytest.param(codings.CRP, 1001, None, IMPLAUSIBLE, None, id="impossible in every unit"),
        pytest.param(codings.CRP, 40, "furlong", UNKNOWN, "400", id="no unit of UCUM"),
        pytest.param(codings.CRP, 40, "mm/h", UNKNOWN, "400", id="a unit of something else"),
        pytest.param(codings.TEMPERATURE, 38.6, None, NO_UNIT, "38.6", id="38.6 is Celsius"),
        pytest.param(codings.TEMPERATURE, 101, None, NO_UNIT, "38.333333", id="101 is Fahrenheit"),
        pytest.param(PVR, 0.45, None, NO_UNIT, "450", id="0.45 may be litres"),
        pytest.param(PVR, 40, None, NO_UNIT, "40", id="40 litres are impossible"),
        pytest.param(WEIGHT, 70, None, NO_UNIT, "70", id="a weight"),
        pytest.param(ESR, 60, None, NO_UNIT, "60", id="an ESR"),
    ],
)
def test_a_bare_number_is_unknown_and_says_what_it_could_be(
    code: dict[str, Any], number: float, unit: str | None, problem: ValueProblem, could_be: str | None
) -> None:
    found = measured(code, quantity(number, unit))
    assert (found.value, found.problem) == (None, problem)
    assert found.could_be == (Decimal(could_be) if could_be else None)


@pytest.mark.parametrize(
    ("code", "unit", "lowest", "highest"),
    [
        pytest.param(codings.TEMPERATURE, "Cel", 30, 45, id="temperature"),
        pytest.param(PVR, "mL", 0, 3000, id="residual volume"),
        pytest.param(codings.CRP, "mg/L", 0, 1000, id="CRP"),
        pytest.param(SCORE, "{score}", 0, 10, id="pain score"),
    ],
)
def test_an_impossible_value_is_unknown(code: dict[str, Any], unit: str, lowest: int, highest: int) -> None:
    inside = [measured(code, quantity(number, unit)).value for number in (lowest, highest)]
    outside = [measured(code, quantity(number, unit)) for number in (lowest - 0.1, highest + 0.1)]
    assert inside == [Decimal(lowest), Decimal(highest)]
    assert [(found.value, found.problem) for found in outside] == [(None, IMPLAUSIBLE)] * 2


@pytest.mark.parametrize(
    ("text", "value", "comparator"),
    [
        ("450 mL", "450", None),
        ("0.45 L", "450", None),
        ("450ml", "450", None),
        (">500 mL", "500", ">"),
        ("< 50 ml", "50", "<"),
    ],
)
def test_a_quantity_in_words_is_read(text: str, value: str, comparator: str | None) -> None:
    found = measured(PVR, text)
    assert (found.value, found.comparator) == (Decimal(value), comparator)


def test_a_comparator_is_kept() -> None:
    found = measured(codings.CRP, quantity(5, "mg/L") | {"comparator": "<"})
    assert (found.value, found.comparator, found.text) == (Decimal(5), "<", "<5 mg/L")


@pytest.mark.parametrize(
    ("flag", "high"), [("H", True), ("HH", True), ("A", True), ("N", False), ("L", False)]
)
def test_the_interpretation_flags_a_high_value(flag: str, high: bool) -> None:
    assert measured(codings.CRP, quantity(40), interpretation=flag).flagged_high is high


@pytest.mark.parametrize(
    "text",
    [
        "Post-void residual",
        "Post void residual volume",
        "PVR",
        "Residual urine",
        "Bladder scan",
        "Bladder scan (post void)",
    ],
)
def test_a_residual_volume_is_known_by_its_words(text: str) -> None:
    assert measured(concept(text, local="X"), quantity(450, "mL")).measure is Measure.RESIDUAL_VOLUME


@pytest.mark.parametrize("code", [{"cpt": "51798"}, {"loinc": "69388-7"}])
def test_the_code_of_the_scan_does_no_harm(code: dict[str, str]) -> None:
    found = measured(concept("Bladder scan", **code), quantity(450, "mL"))
    assert (found.measure, found.value) == (Measure.RESIDUAL_VOLUME, Decimal(450))


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("CRP", Measure.CRP),
        ("Body temperature", Measure.TEMPERATURE),
        ("ESR", Measure.ESR),
        ("Pain score (NRS)", Measure.PAIN_SCORE),
        ("VAS back pain", Measure.PAIN_SCORE),
    ],
)
def test_other_quantities_are_known_by_their_words_too(text: str, measure: Measure) -> None:
    assert measured(concept(text), 7).measure is measure


@pytest.mark.parametrize(
    "text",
    ["Birth weight", "Room temperature", "Gastric residual volume", "Weight loss", "High sensitivity CRP"],
)
def test_words_that_only_sound_alike_are_no_measurement(text: str) -> None:
    assert read(observation(concept(text), quantity(38, "kg"), effective="2026-06-12")).measurements == ()


@pytest.mark.parametrize(("value", "read_as"), [(10, ()), (10.1, (Decimal("10.1"),)), (85, (Decimal(85),))])
def test_a_high_sensitivity_crp_counts_only_above_ten(value: float, read_as: tuple[Decimal, ...]) -> None:
    code = concept("CRP, high sensitivity", loinc="30522-7")
    found = read(observation(code, quantity(value, "mg/L"), effective="2026-06-12")).measurements
    assert tuple(one.value for one in found) == read_as


def test_a_preliminary_value_is_marked() -> None:
    assert measured(codings.CRP, quantity(42, "mg/L"), status="preliminary").preliminary


@pytest.mark.parametrize("status", ["registered", "cancelled", "entered-in-error", "unknown"])
def test_an_observation_that_does_not_count_is_ignored(status: str) -> None:
    assert read(observation(codings.CRP, quantity(42, "mg/L"), status=status)).measurements == ()


def test_a_value_that_is_missing_is_known_to_be_missing() -> None:
    assert measured(codings.CRP).problem is ValueProblem.NO_VALUE


def test_every_value_of_a_window_is_given_and_not_only_the_newest() -> None:
    facts = read(
        observation(codings.TEMPERATURE, quantity(38.6, "Cel"), effective="2026-06-12"),
        observation(codings.TEMPERATURE, quantity(36.8, "Cel"), effective="2026-06-15"),
    )
    assert [found.value for found in facts.measurements] == [Decimal("38.6"), Decimal("36.8")]


def test_of_values_beyond_every_window_only_the_latest_is_read() -> None:
    old = [observation(codings.CRP, quantity(n, "mg/L"), effective=f"20{n}-03-01") for n in (11, 14, 12)]
    assert [found.value for found in read(*old).measurements] == [Decimal(14)]
    recent = observation(codings.CRP, quantity(3, "mg/L"), effective="2026-05-01")
    assert [found.value for found in read(*old, recent).measurements] == [Decimal(3)]


def test_an_old_residual_volume_is_always_read() -> None:
    found = read(
        observation(PVR, quantity(450, "mL"), effective="2019-01-01"),
        observation(PVR, quantity(60, "mL"), effective="2018-01-01"),
    )
    assert len(found.measurements) == 2


def test_a_component_is_measured_with_the_date_of_the_whole() -> None:
    whole = observation(
        concept("Vital signs", local="VS"),
        effective="2026-06-14T08:00:00+08:00",
        component=[
            {"code": codings.TEMPERATURE, "valueQuantity": quantity(38.6, "Cel")},
            {"code": concept("Pulse"), "valueQuantity": quantity(80, "/min")},
        ],
    )
    (found,) = read(whole).measurements
    assert (found.value, found.when and found.when.last.day) == (Decimal("38.6"), 14)


def test_a_contained_member_is_measured_under_the_name_of_its_holder() -> None:
    member = {"resourceType": "Observation", "id": "m", "status": "final", "code": codings.CRP}
    panel = observation(
        concept("Inflammation panel", local="P"),
        effective="2026-06-12",
        contained=[member | {"valueQuantity": quantity(42, "mg/L")}],
        hasMember=[{"reference": "#m"}],
        id="panel",
    )
    (found,) = read(panel).measurements
    assert (found.value, found.resource) == (Decimal(42), "Observation/panel")
    assert found.when is not None


@pytest.mark.parametrize(
    ("site", "count"),
    [(None, 1), ("Lower back", 1), ("Left leg", 1), ("Knee", 0), ("Right wrist", 0), ("Jaw", 0)],
)
def test_a_pain_score_of_another_place_is_not_that_of_the_back(site: str | None, count: int) -> None:
    score = observation(concept("Pain severity 0-10", loinc="72514-3"), 3, site=site)
    assert len(read(score).measurements) == count


@pytest.mark.parametrize("unit", ["9" * 300 + ".K", "9" * 5_000, "10*400.Cel"])
def test_a_unit_beyond_all_numbers_is_no_unit(unit: str) -> None:
    assert convert(Decimal(5), unit, "Cel") is None
