"""Every two of these facts together: no conclusion changes unseen, and a red flag beside another never lowers it.

`conclusions/pairs.json` holds a short digest of the whole decision for each pair; it is written with the ledger.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome
from cds_service.guideline.lumbar_mri.decision import decide
from cds_service.record.facts import (
    Certainty,
    DeviceFact,
    DeviceSafety,
    Measure,
    Origin,
    Region,
    Side,
    State,
    Trend,
    ValueProblem,
)
from tests.guideline.lumbar_mri import ledger
from tests.guideline.lumbar_mri.facts_builders import (
    NOW,
    ago,
    attested,
    clock,
    done,
    fact,
    measurement,
    medicine,
    mri_order,
    on,
    pain,
    record,
    scan,
    score,
    visit,
)
from tests.guideline.lumbar_mri.test_muscle_power import exam

PAST = {"state": State.ENDED, "started": ago(60), "ended": ago(8)}
WORSE = {"trend": Trend.WORSENING, "recorded": ago(4), "started": ago(200)}
LEFT, RIGHT = {"side": Side.LEFT}, {"side": Side.RIGHT}

# Facts that R3 to R6 answer with urgent or emergency, whatever else is on record.
RED_FLAGS: dict[str, Any] = {
    "saddle numbness": fact("saddle-numbness", started=ago(1)),
    "saddle numbness, worse": fact("saddle-numbness", **WORSE),
    "faecal incontinence, 30 days": fact("faecal-incontinence", started=ago(30)),
    "both legs hurt": fact("bilateral-leg-symptoms", started=ago(5), recorded=ago(5)),
    "foot drop": fact("foot-drop", started=ago(3), **LEFT),
    "paraparesis": fact("paraparesis", started=ago(2)),
    "weaker arm and leg": fact("leg-weakness", started=ago(6), **RIGHT),
    "cord compression": fact("cord-compression", started=ago(9)),
    "metastasis": fact("spinal-metastasis", started=ago(40)),
    "breast cancer": fact("cancer-high-risk", started=ago(900), text="Breast cancer"),
    "chemotherapy": medicine("antineoplastic", started=ago(90), ended=ago(20)),
    "discitis": fact("spinal-infection", started=ago(6)),
    "abscess": fact("spinal-infection", "spinal-abscess", started=ago(2), certainty=Certainty.SUSPECTED),
    "bacteraemia": fact("bacteraemia", started=ago(10)),
    "injecting": fact("injecting-drug-use"),
    "HIV": fact("immunosuppression", text="HIV infection"),
    "surgery": done("lumbar-surgery", performed=ago(12), region=Region.LUMBAR),
}
# Facts that ask, explain, deny, date or say nothing by themselves.
OTHERS: dict[str, Any] = {
    "retention": fact("urinary-retention", started=ago(3)),
    "hesitancy": fact("urinary-hesitancy", started=ago(3)),
    "old incontinence": fact("urinary-incontinence", started=ago(200)),
    "residual volume": measurement(Measure.RESIDUAL_VOLUME, "300", 1),
    "low residual volume": measurement(Measure.RESIDUAL_VOLUME, "50", 0),
    "bare residual volume": measurement(
        Measure.RESIDUAL_VOLUME, None, 1, problem=ValueProblem.NO_UNIT, text="300"
    ),
    "prostate": fact("prostate-hyperplasia", started=ago(900)),
    "catheter": fact("urinary-catheter", started=ago(100)),
    "catheter of the past": fact("urinary-catheter", **PAST),
    "opioid": medicine("opioid", started=ago(5)),
    "syndrome in words": fact("cauda-equina", certainty=Certainty.WORDS, started=ago(2)),
    "syndrome resolved": fact("cauda-equina", **PAST),
    "syndrome refuted": fact(
        "cauda-equina", certainty=Certainty.REFUTED, recorded=ago(2), resource="Condition/refuted"
    ),
    "syndrome asked": fact("cauda-equina", certainty=Certainty.UNKNOWN, started=ago(2)),
    "saddle denied": fact(
        "saddle-numbness", certainty=Certainty.DENIED, started=ago(0), resource="Observation/no"
    ),
    "saddle in an arm": fact("saddle-numbness", started=ago(1), region=Region.ARM, resource="Condition/odd"),
    "saddle resolved": fact("saddle-numbness", resource="Condition/resolved", **PAST),
    "sexual dysfunction": fact("sexual-dysfunction", started=ago(20)),
    "MRI without compression": scan(2, compression=False),
    "MRI with compression": scan(1, compression=True, resource="DiagnosticReport/newer"),
    "left leg hurts": fact("radicular-pain", started=ago(4), **LEFT),
    "right leg numb": fact("leg-numbness", started=ago(4), **RIGHT),
    "right leg hurts no more": fact("radicular-pain", resource="Condition/past", **PAST, **RIGHT),
    "polyneuropathy": fact("polyneuropathy", started=ago(300)),
    "peroneal palsy": fact("peripheral-nerve-cause", started=ago(300), **LEFT),
    "old weakness": fact("leg-weakness", started=ago(300), resource="Condition/old", **LEFT),
    "old foot drop": fact("foot-drop", started=ago(300), resource="Condition/old-drop", **RIGHT),
    "weak arm": fact("arm-weakness", started=ago(5), **LEFT),
    "weakness somewhere": fact("weakness-without-site", started=ago(5)),
    "lost reflex": fact("reflex-loss", started=ago(5), **LEFT),
    "left ankle 4": exam("4", 2, **LEFT),
    "right ankle 4": exam("4", 2, **RIGHT),
    "left ankle 5 before": exam("5", 50, **LEFT),
    "skin cancer": fact("skin-cancer-non-melanoma", started=ago(100)),
    "cancer of long ago": fact("cancer-history", history=True, started=on("1996"), recorded=on("1996")),
    "uncertain tumour": fact("tumour-uncertain", started=ago(50)),
    "night pain": fact("night-pain", started=ago(3)),
    "heavier": measurement(Measure.WEIGHT, "80", 90),
    "lighter": measurement(Measure.WEIGHT, "75", 2),
    "lighter at least": measurement(Measure.WEIGHT, "70", 5, comparator="<"),
    "fever": measurement(Measure.TEMPERATURE, "38.4", 2),
    "fever in words": fact("fever", certainty=Certainty.WORDS, started=ago(2)),
    "CRP": measurement(Measure.CRP, "24", 3),
    "higher CRP": measurement(Measure.CRP, "60", 5),
    "ESR without a unit": measurement(Measure.ESR, None, 3, problem=ValueProblem.NO_UNIT, text="60"),
    "pneumonia": fact("infection-elsewhere", started=ago(4), text="Pneumonia"),
    "cystitis of long ago": fact("infection-elsewhere", started=ago(60), resource="Condition/cystitis"),
    "tuberculosis of the past": fact("tuberculosis", **PAST),
    "diabetes": fact("diabetes"),
    "dialysis": done("dialysis", performed=ago(3)),
    "steroid": medicine("corticosteroid", started=ago(30), ended=ago(4), prednisolone_mg_per_day=Decimal(30)),
    "puncture": done("lumbar-puncture", performed=ago(6)),
    "old surgery": done(
        "lumbar-surgery", performed=on("2012"), region=Region.LUMBAR, resource="Procedure/2012"
    ),
    "surgery of the neck": done("other-spine-procedure", performed=ago(9), region=Region.OTHER_SPINE),
    "screws": DeviceFact(frozenset({"spinal-hardware"}), "Device/s", "Pedicle screws", DeviceSafety.UNKNOWN),
    "pacemaker": DeviceFact(frozenset({"cardiac-device"}), "Device/p", "Pacemaker", DeviceSafety.UNSAFE),
    "haematoma": fact("spinal-haematoma", started=ago(1), certainty=Certainty.SUSPECTED),
    "anticoagulant": medicine("anticoagulation", started=ago(100)),
    "score 4": score("4", 12),
    "score 9": score("9", 1),
    "score at ten": score("5", 1, when=clock(1, "10:00"), resource="Observation/ten"),
    "pain of long ago": pain(500, resource="Condition/long-ago", state=State.ENDED, ended=ago(300)),
    "pain that improves": pain(60, trend=Trend.IMPROVING, resource="Condition/improves", recorded=ago(3)),
    "leg pain": pain(45, concept="radicular-pain"),
    "physiotherapy": visit("physical-therapy", when=ago(20)),
    "analgesic": medicine("simple-analgesic", started=ago(35), open=True),
    "told of care": attested(days=30),
    "fall": fact("fall-or-accident", started=ago(3)),
    "osteoporosis": fact("osteoporosis"),
    "renal colic": fact("renal-colic", started=ago(2)),
    "pregnancy": fact("pregnancy", started=ago(100)),
    "low eGFR": measurement(Measure.EGFR, "20", 10),
    "claustrophobia": fact("claustrophobia"),
    "the order's word": fact("reason-red-flag-procedure", origin=Origin.ORDER),
}
FACTS = RED_FLAGS | OTHERS
_FILE = ledger.FOLDER / "pairs.json"


def together(*names: str, guideline: Guideline) -> Decision:
    """The decision for a woman of 36 years with back pain for 10 days and these facts."""
    entries = [FACTS[name] for name in names]
    facts = record(pain(10), *entries, birth_date=on("1990-01-01"), encounter_class="AMB")
    return decide(mri_order(), facts, NOW, guideline, hook="order-sign")


def digest(decision: Decision) -> str:
    """The whole decision in eight letters."""
    text = json.dumps(ledger.plain(decision), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def digests(first: str, guideline: Guideline) -> dict[str, str]:
    """Its digest with each fact that stands after it here; every other pair is in the other order on record."""
    others = list(FACTS)[list(FACTS).index(first) :]
    pairs = {
        second: (first, second) if number % 2 else (second, first) for number, second in enumerate(others)
    }
    return {second: digest(together(*pair, guideline=guideline)) for second, pair in pairs.items()}


@cache
def written() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("first", FACTS)
def test_no_two_facts_come_to_something_else_unseen(
    first: str, guideline: Guideline, request: pytest.FixtureRequest
) -> None:
    found = digests(first, guideline)
    if request.config.getoption("write_ledger", False):
        table = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.exists() else {}
        text = json.dumps({**table, first: found}, indent=0, sort_keys=True)
        _FILE.write_text(f"{text}\n", encoding="utf-8")
    elif ledger.is_open():
        differing = [second for second, each in found.items() if written()[first].get(second) != each]
        assert differing == []


@pytest.mark.parametrize("red_flag", RED_FLAGS)
def test_a_red_flag_beside_another_never_lowers_it(red_flag: str, guideline: Guideline) -> None:
    alone = together(red_flag, guideline=guideline).outcome.rank
    assert alone >= Outcome.URGENT.rank
    for other in RED_FLAGS:
        assert together(red_flag, other, guideline=guideline).outcome.rank >= alone, other


def test_the_order_of_two_facts_changes_no_outcome(guideline: Guideline) -> None:
    for first, second in product(RED_FLAGS, OTHERS):
        one, other = (together(*names, guideline=guideline) for names in ((first, second), (second, first)))
        assert (one.outcome, one.recommendations) == (other.outcome, other.recommendations), (first, second)
