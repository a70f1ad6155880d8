"""Observations: what was measured, examined, asked and found; components and contained members too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cds_service.record.answers import Answer, read_answer
from cds_service.record.conditions import levels_in, note_trend, site_words
from cds_service.record.dates import Interval
from cds_service.record.facts import (
    Certainty,
    DateProblem,
    Fact,
    Measure,
    Measurement,
    Origin,
    PowerExam,
    Region,
    ValueProblem,
)
from cds_service.record.free_text import Muscle
from cds_service.record.power import is_force, muscle_in, names_power, read_grades
from cds_service.record.projection import BrokenElement, Projection, Raw, Shape
from cds_service.record.quantities import read_number, read_worded_quantity, to_canonical
from cds_service.record.reading import MEASURES, Coded, Reading, reference_name, status_of
from cds_service.record.statements import (
    placed_concepts,
    read_place,
    read_statements,
    words_trend,
)

_VALUE_TYPES = {
    "valueQuantity": "Quantity",
    "valueString": "string",
    "valueBoolean": "boolean",
    "valueInteger": "integer",
}
COMPONENT = Shape(
    codes=("code", "valueCodeableConcept", "dataAbsentReason"), lists=("interpretation",), others=_VALUE_TYPES
)
WHOLE = Shape(
    codes=("code", "bodySite"),
    dates=("effectiveDateTime", "effectiveInstant", "issued"),
    periods=("effectivePeriod",),
)
OBSERVATION = Shape(
    (*COMPONENT.codes, "bodySite"), COMPONENT.lists, WHOLE.dates, WHOLE.periods, COMPONENT.others
)
_COUNTS = frozenset({"final", "amended", "corrected", "preliminary"})
_MEASURE_CONCEPTS = frozenset(MEASURES)
_HIGH = frozenset({"H", "HH", "HU", "A", "AA", "POS"})
_POSITIVE = frozenset({"A", "AA", "POS", "DET", "H", "HH"})
_NEGATIVE = frozenset({"N", "NEG", "ND", "NR"})
Item = Fact | Measurement | PowerExam


@dataclass(frozen=True, slots=True)
class _Exam:
    """One Observation or component with what it inherits."""

    resource: str
    coded: Coded
    seen: Projection
    sites: tuple[str, ...]
    when: Interval | None
    when_problem: DateProblem | None
    started: Interval | None
    preliminary: bool
    has_members: bool
    note: Any = None


def read_observation(raw: Raw, reading: Reading) -> Iterator[Item]:
    """What one Observation says (2.2, 8.1.6, 8.2); raises BrokenElement."""
    status = status_of(raw)
    if status not in _COUNTS:
        return
    concerned = _part_concerns(raw, reading)
    components = [part for part in _listed(raw.get("component")) if _part_concerns(part, reading)]
    if concerned:
        yield from _read_exam(_exam(raw, reading, status == "preliminary"), reading)
    if components:
        yield from _read_components(raw, components, status == "preliminary", reading)
    for member in _listed(raw.get("contained")):
        if isinstance(member, dict) and member.get("resourceType") == "Observation":
            yield from _read_member(raw, member, reading)


def observation_concerns(raw: Raw, reading: Reading) -> bool:
    """Whether anything in it could concern the guideline; most laboratory results and vital signs do not."""
    if reading.coded(raw.get("code")).concerns:
        return True
    return "component" in raw or "valueCodeableConcept" in raw or "valueString" in raw or "contained" in raw


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _part_concerns(part: Any, reading: Reading) -> bool:
    if not isinstance(part, dict):
        return True
    if reading.coded(part.get("code")).concerns:
        return True
    if "valueCodeableConcept" in part and reading.coded(part["valueCodeableConcept"]).concerns:
        return True
    text = part.get("valueString")
    return isinstance(text, str) and bool(reading.mentions(text))


def _exam(raw: Raw, reading: Reading, preliminary: bool) -> _Exam:
    seen = reading.project(raw, OBSERVATION)
    if not seen.get("code"):
        raise BrokenElement("code")
    when, problem, started = _moments(seen, reading)
    return _Exam(
        resource=reference_name(raw),
        coded=reading.coded(seen["code"]),
        seen=seen,
        sites=site_words(seen.get("bodySite"), reading),
        when=when,
        when_problem=problem,
        started=started,
        preliminary=preliminary,
        has_members=bool(raw.get("component") or raw.get("hasMember")),
        note=raw.get("note"),
    )


def _moments(
    seen: Projection, reading: Reading
) -> tuple[Interval | None, DateProblem | None, Interval | None]:
    """When it was seen, why that cannot be used, and when it began where a period says so."""
    period = seen.get("effectivePeriod", {})
    point = seen.get("effectiveDateTime") or seen.get("effectiveInstant")
    text = point or period.get("end") or period.get("start")
    when, problem = reading.moment(text)
    if when is None:
        when = reading.day(seen.get("issued"))
    return when, problem, reading.day(period.get("start"))


def _read_components(raw: Raw, components: list[Any], preliminary: bool, reading: Reading) -> Iterator[Item]:
    whole = reading.project(raw, WHOLE)
    when, problem, started = _moments(whole, reading)
    sites = site_words(whole.get("bodySite"), reading)
    for part in components:
        if not isinstance(part, dict):
            raise BrokenElement("component")
        try:
            seen = reading.project(part, COMPONENT)
        except BrokenElement as broken:
            raise BrokenElement(f"component.{broken.element}") from None
        if not seen.get("code"):
            raise BrokenElement("component.code")
        own = reading.coded(seen["code"])
        # The component of "Power, right leg" says only "Knee extension": it means the whole's side and scale.
        context = (*reading.coded(whole.get("code")).words, *sites)
        exam = _Exam(reference_name(raw), own, seen, context, when, problem, started, preliminary, False)
        yield from _read_exam(exam, reading)


def _read_member(raw: Raw, member: Raw, reading: Reading) -> Iterator[Item]:
    """A contained Observation, with the date and name of the resource that holds it."""
    inherited = {
        name: raw[name]
        for name in ("effectiveDateTime", "effectivePeriod", "issued", "status")
        if name in raw
    }
    has_own = any(name.startswith("effective") for name in member)
    whole = {**({} if has_own else inherited), **member, "id": raw.get("id")}
    whole.setdefault("status", raw.get("status"))
    yield from read_observation(
        {name: value for name, value in whole.items() if name != "contained"}, reading
    )


def _read_exam(exam: _Exam, reading: Reading) -> Iterator[Item]:
    texts = (*exam.coded.words, *exam.sites)
    if exam.coded.measure and (found := _measurement(exam.coded.measure, exam, reading)):
        yield found
        return
    if "blood-culture" in exam.coded.concepts:
        yield from _blood_culture(exam, reading)
        return
    if not exam.coded.known:
        muscle = muscle_in(texts, reading.patterns)
        if muscle and (exams := list(_power(muscle, exam, texts, reading))):
            yield from exams
            return
        if finding := _asked_finding(exam.coded, reading):
            yield from _examined(finding, exam, reading)
            return
    yield from _found(exam, reading)


def _measurement(measure: Measure, exam: _Exam, reading: Reading) -> Measurement | None:
    quantity = _quantity(exam.seen)
    if quantity is None:
        return None if exam.has_members else _no_measurement(measure, exam)
    number, units, comparator, text = quantity
    value, problem, could_be = to_canonical(measure, number, units, reading.patterns, reading.thresholds)
    high_sensitivity = "crp-high-sensitivity" in exam.coded.concepts
    if high_sensitivity and value is not None and value <= reading.thresholds.crp_weak_mg_l:
        return None  # read for the risk of heart disease; only a clearly raised one is a CRP (2.1)
    return Measurement(
        measure=measure,
        value=value,
        resource=exam.resource,
        text=text,
        when=exam.when,
        problem=problem,
        could_be=could_be,
        flagged_high=not _interpretation(exam.seen).isdisjoint(_HIGH),
        preliminary=exam.preliminary,
        comparator=comparator,
    )


def _no_measurement(measure: Measure, exam: _Exam) -> Measurement | None:
    if "valueBoolean" in exam.seen or exam.preliminary:
        return None
    return Measurement(
        measure,
        None,
        exam.resource,
        str(exam.seen.get("valueString", "")),
        exam.when,
        ValueProblem.NO_VALUE,
        flagged_high=not _interpretation(exam.seen).isdisjoint(_HIGH),
    )


def _quantity(seen: Projection) -> tuple[Any, tuple[str, ...], str | None, str] | None:
    """Number, the unit's spellings, comparator and the text as recorded; None where there is no number."""
    if (quantity := seen.get("valueQuantity")) is not None:
        number = read_number(quantity.get("value"))
        units = tuple(dict.fromkeys(u for u in (quantity.get("code"), quantity.get("unit")) if u))
        comparator = quantity.get("comparator")
        text = f"{comparator or ''}{quantity.get('value')} {units[-1] if units else ''}".strip()
        return None if number is None else (number, units, comparator, text)
    if (integer := seen.get("valueInteger")) is not None:
        number = read_number(integer)
        return None if number is None else (number, (), None, str(integer))
    told = seen.get("valueString")
    if told is not None and (worded := read_worded_quantity(told)):
        return worded[0], (worded[1],) if worded[1] else (), worded[2], told.strip()
    return None


def _interpretation(seen: Projection) -> frozenset[str]:
    codings = [coding for concept in seen.get("interpretation", ()) for coding in concept.get("coding", ())]
    return frozenset(coding["code"].upper() for coding in codings if coding.get("code"))


def _power(muscle: Muscle, exam: _Exam, texts: tuple[str, ...], reading: Reading) -> Iterator[Item]:
    value = _plain_value(exam.seen, reading)
    if value is None or is_force(exam.seen.get("valueQuantity", {}).get("unit")):
        return
    of_five = isinstance(value, str) and "/5" in value.replace(" ", "")
    if not names_power(texts, reading.patterns) and not of_five:
        return
    side = reading.side(*exam.coded.words, *exam.sites)
    for own_side, grade in read_grades(value, side, reading.patterns):
        if grade is None:
            yield _weakness(muscle.limb, own_side, exam, reading)
            continue
        yield PowerExam(
            muscle.name,
            muscle.root_group,
            muscle.limb,
            own_side,
            grade,
            exam.resource,
            _text(exam),
            exam.when,
        )


def _weakness(limb: Region, side: Any, exam: _Exam, reading: Reading) -> Fact:
    """Power "reduced", without a grade: a weakness of that limb."""
    concept = "arm-weakness" if limb is Region.ARM else "leg-weakness"
    return _base_fact(exam, frozenset({concept}), Certainty.KNOWN, reading, side=side, region=limb)


def _plain_value(seen: Projection, reading: Reading) -> Any:
    if "valueQuantity" in seen:
        return seen["valueQuantity"].get("value")
    if "valueCodeableConcept" in seen:
        return next(iter(reading.coded(seen["valueCodeableConcept"]).words), None)
    return next((seen[name] for name in ("valueString", "valueInteger") if name in seen), None)


def _text(exam: _Exam) -> str:
    """The exam as recorded: "Saddle sensation: reduced"."""
    value = exam.seen.get("valueString") or exam.seen.get("valueCodeableConcept", {}).get("text")
    return f"{exam.coded.label}: {value}" if value else exam.coded.label


def _blood_culture(exam: _Exam, reading: Reading) -> Iterator[Fact]:
    """A positive culture, unless it is called a contaminant; a negative one is a negative finding."""
    value = exam.seen.get("valueString") or " ".join(
        reading.coded(exam.seen.get("valueCodeableConcept")).words
    )
    said = reading.patterns.answers_in(value) if value else frozenset()
    flags = _interpretation(exam.seen)
    if "contaminated" in said:
        return
    if not said.isdisjoint({"not-grown", "no"}) or not flags.isdisjoint(_NEGATIVE):
        certainty = Certainty.DENIED
    elif "grown" in said or not flags.isdisjoint(_POSITIVE) or exam.seen.get("valueCodeableConcept"):
        certainty = Certainty.KNOWN
    else:
        return
    if certainty is Certainty.KNOWN or not exam.preliminary:
        concepts = frozenset({"blood-culture", "bacteraemia"})
        yield _base_fact(exam, concepts, certainty, reading)


def _asked_finding(coded: Coded, reading: Reading) -> str | None:
    """The finding that an abnormal answer to a structured question is (8.2)."""
    return next((finding for word in coded.words if (finding := reading.exam_finding(word))), None)


def _examined(finding: str, exam: _Exam, reading: Reading) -> Iterator[Fact]:
    """A question on saddle sensation, anal tone, bladder or rectal sensation with its answer."""
    certainty = _exam_certainty(finding, exam, reading)
    if certainty.positive or not exam.preliminary:
        yield _base_fact(exam, frozenset({finding}), certainty, reading)


def _exam_certainty(finding: str, exam: _Exam, reading: Reading) -> Certainty:
    names_loss = any(m.concept == finding for w in exam.coded.words for m in reading.mentions(w))
    answer = read_answer(exam.seen, reading)
    if names_loss:
        return _finding_certainty(answer, exam)
    match answer:
        case Answer.ABNORMAL | Answer.NO_WORD:
            return Certainty.KNOWN
        case Answer.INTACT | Answer.YES_WORD:
            return Certainty.DENIED
        case Answer.NONE:
            return _valueless(exam)
    # A yes or no to "saddle sensation" may mean either (8.2).
    return Certainty.UNKNOWN


def _finding_certainty(answer: Answer, exam: _Exam) -> Certainty:
    match answer:
        case Answer.YES | Answer.YES_WORD | Answer.ABNORMAL | Answer.TEXT:
            return Certainty.KNOWN
        case Answer.NO | Answer.NO_WORD | Answer.INTACT:
            return Certainty.DENIED
        case Answer.NONE:
            return _valueless(exam)
        case Answer.UNKNOWN:
            return Certainty.UNKNOWN


def _valueless(exam: _Exam) -> Certainty:
    flags = _interpretation(exam.seen)
    if not flags.isdisjoint(_POSITIVE):
        return Certainty.KNOWN
    if not flags.isdisjoint(_NEGATIVE):
        return Certainty.DENIED
    return Certainty.VALUELESS


def _found(exam: _Exam, reading: Reading) -> Iterator[Fact]:
    """A finding as code with its answer, or as the value of a general exam."""
    value = reading.coded(exam.seen.get("valueCodeableConcept"))
    if exam.coded.known and exam.coded.concepts.isdisjoint(_MEASURE_CONCEPTS):
        yield from _asserted_by_code(exam, reading)
    elif value.known or any(map(reading.mentions, value.words)):
        yield from _statements(value, exam, reading)
    elif text := exam.seen.get("valueString"):
        yield from _worded(exam, text, reading)
    elif not exam.coded.known:
        yield from _asserted_by_words(exam, reading)


def _asserted_by_code(exam: _Exam, reading: Reading) -> Iterator[Fact]:
    answer = read_answer(exam.seen, reading, about=exam.coded.concepts)
    certainty = _finding_certainty(answer, exam)
    if certainty is Certainty.VALUELESS and exam.has_members:
        return
    for stated in read_statements(exam.coded, reading):
        sure = certainty if stated.certainty is Certainty.KNOWN else _weaker(stated.certainty, certainty)
        if sure.positive or not exam.preliminary:
            yield _base_fact(exam, stated.concepts, sure, reading, history=stated.history)


def _weaker(said: Certainty, answered: Certainty) -> Certainty:
    """A doubted finding that is answered yes stays doubted; one that is denied stays denied."""
    return said if answered in (Certainty.KNOWN, Certainty.VALUELESS) else answered


def _asserted_by_words(exam: _Exam, reading: Reading) -> Iterator[Fact]:
    """A finding that only words name: a yes asks, a no denies (8.1.9)."""
    answer = read_answer(exam.seen, reading)
    certainty = _finding_certainty(answer, exam)
    if certainty is Certainty.VALUELESS and exam.has_members:
        return
    for stated in read_statements(exam.coded, reading):
        sure = stated.certainty if certainty.positive else certainty
        if sure is Certainty.UNKNOWN and not stated.concepts <= reading.patterns.concept_names:
            continue
        if sure.positive or not exam.preliminary:
            yield _base_fact(exam, stated.concepts, sure, reading, history=stated.history)


def _worded(exam: _Exam, text: str, reading: Reading) -> Iterator[Fact]:
    """An answer in words: to a question that the guideline knows, or a finding told in words."""
    asked = [mention for word in exam.coded.words for mention in reading.mentions(word)]
    told = Coded(frozenset(), (text,))
    if asked:
        yield from _asserted_by_words(exam, reading)
    else:
        yield from _statements(told, exam, reading)


def _statements(value: Coded, exam: _Exam, reading: Reading) -> Iterator[Fact]:
    for stated in read_statements(value, reading):
        sure = stated.certainty
        if sure.positive or not exam.preliminary:
            yield _base_fact(exam, stated.concepts, sure, reading, history=stated.history, words=value.words)


def _base_fact(
    exam: _Exam,
    concepts: frozenset[str],
    certainty: Certainty,
    reading: Reading,
    *,
    history: bool = False,
    words: tuple[str, ...] = (),
    side: Any = None,
    region: Region | None = None,
) -> Fact:
    texts = (*exam.coded.words, *words)
    place = read_place(concepts, texts, exam.sites, reading)
    trend, trend_on = note_trend(words_trend(Coded(concepts, texts), reading), exam.note, reading)
    return Fact(
        concepts=placed_concepts(concepts, place, reading),
        certainty=certainty,
        origin=Origin.OBSERVATION,
        resource=exam.resource,
        text=words[0] if words else _text(exam),
        history=history,
        started=exam.started,
        started_problem=exam.when_problem,
        recorded=exam.when,
        trend=trend,
        trend_on=trend_on,
        side=side or place.side,
        region=region or place.region,
        levels=levels_in(texts),
        code_systems=exam.coded.systems,
    )
