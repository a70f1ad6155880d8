"""Facts that must raise an alarm whatever stands beside them, and facts that must never raise one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.builders import (
    Resource,
    concept,
    condition,
    medication_request,
    muscle_power,
    observation,
    pain_score,
    procedure,
    quantity,
    questionnaire_response,
)
from tests.properties.resources import RED_FLAG_CONDITIONS, day
from tests.properties.value_sets import Code, codes_of
from tests.vignettes import codings
from tests.vignettes.forms import RED_FLAGS

TODAY, YESTERDAY, LAST_WEEK = day(0), day(1), day(7)
NINE = "T09:00:00+08:00"


class Strong(NamedTuple):
    """A fact with a tier of its own; `with_pain` marks one that says nothing without low back pain."""

    resources: tuple[Resource, ...]
    with_pain: bool = False


LOW_BACK_PAIN = condition(codings.LOW_BACK_PAIN, onset=day(10), recorded=day(10))


def _new(code: Resource, **how: Any) -> Strong:
    return Strong((condition(code, onset=TODAY, recorded=TODAY, **how),))


def _coded(name: str, place: int = 0) -> Resource:
    return _concept(codes_of(name)[place])


def _concept(code: Code) -> Resource:
    return {
        "coding": [{"system": code.system, "code": code.code, "display": code.display}],
        "text": code.display,
    }


def _power(*grades: tuple[str, int, str]) -> Strong:
    return Strong(tuple(muscle_power(muscle, grade, when + NINE) for muscle, grade, when in grades))


STRONG: Mapping[str, Strong] = {
    "saddle numbness today": _new(codings.SADDLE_NUMBNESS),
    "saddle sensation lost at the exam": Strong(
        (observation(concept("Saddle sensation"), "absent", effective=TODAY + NINE),)
    ),
    "saddle numbness as a positive observation": Strong(
        (observation(codings.SADDLE_ANAESTHESIA, True, effective=TODAY + NINE),)
    ),
    "saddle numbness on the form": Strong(
        (questionnaire_response([("Saddle numbness?", True)], authored=TODAY + NINE),)
    ),
    "retention today": _new(codings.RETENTION),
    "residual volume 600 mL": Strong(
        (observation(codings.POST_VOID_RESIDUAL, quantity(600, "mL"), effective=TODAY + NINE),)
    ),
    "faecal incontinence today": _new(codings.FAECAL_INCONTINENCE),
    "cauda equina syndrome suspected": _new(codings.CAUDA_EQUINA, verification="provisional"),
    "cauda equina syndrome": _new(codings.CAUDA_EQUINA),
    "new foot drop": _new(codings.FOOT_DROP_RIGHT),
    "right foot from 5 to 2 in three days": _power(
        ("Right ankle dorsiflexion", 5, day(3)), ("Right ankle dorsiflexion", 2, TODAY)
    ),
    "both legs weaker": _power(
        *(("Left knee extension", 5, day(2)), ("Right knee extension", 5, day(2))),
        *(("Left knee extension", 3, TODAY), ("Right knee extension", 3, TODAY)),
    ),
    "paraparesis today": _new(_coded("paraparesis")),
    "loss of gait today": _new(_coded("gait-loss")),
    "cord compression today": _new(_coded("cord-compression")),
    "spinal epidural haematoma": _new(_coded("spinal-haematoma")),
    "bilateral sciatica": _new(codings.SCIATICA_BOTH),
    "spinal infection": _new(concept("Infective discitis", snomed="302935008")),
    "epidural abscess suspected": _new(
        concept("Spinal epidural abscess", snomed="63627007"), verification="unconfirmed"
    ),
    "spinal metastasis": _new(codings.BONE_METASTASES),
    "tumour of the spine suspected": _new(codings.SPINE_TUMOUR, verification="provisional"),
    "active breast cancer": Strong((condition(codings.BREAST_CANCER, onset=day(200)),), with_pain=True),
    "HIV": Strong((condition(codings.HIV, onset=day(2000), recorded=day(2000)),), with_pain=True),
    "injecting drug use": Strong((condition(codings.INJECTING_DRUGS, recorded=day(30)),), with_pain=True),
    "bacteraemia": Strong((condition(_coded("bacteraemia"), onset=day(8)),), with_pain=True),
    "fever 39": Strong(
        (
            observation(
                codings.TEMPERATURE,
                quantity(39.0, "Cel"),
                effective=TODAY + NINE,
                category="vital-signs",
            ),
        ),
        with_pain=True,
    ),
    "CRP 120": Strong(
        (observation(codings.CRP, quantity(120, "mg/L"), effective=TODAY + NINE, category="laboratory"),),
        with_pain=True,
    ),
    "prednisolone 30 mg for four weeks": Strong(
        (medication_request(codings.PREDNISOLONE, authored=day(28), daily_mg=30),), with_pain=True
    ),
    "worse since a discectomy a month ago": Strong(
        (
            procedure(codings.DISCECTOMY, performed=day(30)),
            pain_score(3, day(31)),
            pain_score(8, YESTERDAY),
            condition(codings.LOW_BACK_PAIN, onset=day(12), recorded=day(12)),
        )
    ),
}


def _refuted(name: str) -> Resource:
    return condition(_coded(name), onset=LAST_WEEK, recorded=TODAY, verification="refuted")


def _mistaken(name: str) -> Resource:
    return condition(
        _coded(name), onset=TODAY, recorded=TODAY, clinical=None, verification="entered-in-error"
    )


def _answered(name: str, value: bool | str) -> Resource:
    return observation(_coded(name), value, effective=TODAY + NINE)


_ASKED_AND_ABSENT = (
    "saddle-numbness",
    "urinary-retention",
    "faecal-incontinence",
    "foot-drop",
    "fever",
    "weight-loss",
)

QUIET: Mapping[str, Resource] = {
    **{f"refuted {name}": _refuted(name) for name in RED_FLAG_CONDITIONS},
    **{f"{name} entered in error": _mistaken(name) for name in RED_FLAG_CONDITIONS},
    **{f"no {name}": _answered(name, False) for name in _ASKED_AND_ABSENT},
    **{f"{name} absent": _answered(name, "Absent") for name in _ASKED_AND_ABSENT},
    "family history by ICD code": condition(_coded("family-history"), recorded=LAST_WEEK),
    "family history in words": condition(concept("Family history of breast cancer"), recorded=LAST_WEEK),
    "denied in words": condition(concept("Denies saddle numbness, no incontinence"), recorded=TODAY),
    "advice in words": condition(concept("Warned about cauda equina, return if numb"), recorded=TODAY),
    "every answer no": questionnaire_response(RED_FLAGS, authored=TODAY + NINE),
    "a form in error": questionnaire_response(
        [(asked, True) for asked, _ in RED_FLAGS], authored=TODAY + NINE, status="entered-in-error"
    ),
    "saddle sensation intact": observation(concept("Saddle sensation"), "intact", effective=TODAY + NINE),
    "temperature 36.8": observation(codings.TEMPERATURE, quantity(36.8, "Cel"), effective=TODAY + NINE),
    "temperature 39.9 in error": observation(
        codings.TEMPERATURE, quantity(39.9, "Cel"), effective=TODAY + NINE, status="entered-in-error"
    ),
    "CRP 2": observation(codings.CRP, quantity(2, "mg/L"), effective=TODAY + "T09:59:00+08:00"),
    "CRP 300 cancelled": observation(
        codings.CRP, quantity(300, "mg/L"), effective=TODAY + NINE, status="cancelled"
    ),
    "residual volume 20 mL": observation(
        codings.POST_VOID_RESIDUAL, quantity(20, "mL"), effective=TODAY + NINE
    ),
    "discectomy not done": procedure(codings.DISCECTOMY, performed=day(20), status="not-done"),
    "discectomy planned": procedure(codings.DISCECTOMY, performed=day(20), status="preparation"),
    "prednisolone only drafted": medication_request(
        codings.PREDNISOLONE, authored=day(28), daily_mg=30, status="draft"
    ),
}
