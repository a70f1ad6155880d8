"""The owner's examples as hook requests, and the cards that the service answers them with.

Pure: the same `answer_hook` as everywhere, at a moment that the caller names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import count
from typing import Any

from cds_service.answer import answer_hook
from cds_service.guideline.content import Guideline, resource_type_of
from cds_service.guideline.examples import Entry, Example
from cds_service.guideline.lumbar_mri.render import DECISION_EXTENSION
from cds_service.protocol.request import ORDER_SELECT, read_hook_request

Json = dict[str, Any]
_PATIENT, _VISIT, _ORDER = "example", "visit-today", "mri-1"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class ToldExample:
    """An example with what the service answers: the outcome of the first card, and every card."""

    example: Example
    outcome: str  # empty: no card
    recommendations: tuple[str, ...]
    indicator: str
    unsaid: tuple[str, ...]  # words of `says` that the card lacks
    cards: tuple[Json, ...]

    @property
    def as_expected(self) -> bool:
        """Whether the answer is what the owner wrote down."""
        wanted = self.example
        expected = (wanted.outcome, wanted.recommendations, wanted.indicator)
        return (self.outcome, self.recommendations, self.indicator) == expected and not self.unsaid


def tell(example: Example, now: datetime, guideline: Guideline) -> ToldExample:
    """The example, run through the whole service at the moment `now`."""
    request = read_hook_request(request_of(example, now, guideline), ORDER_SELECT, guideline.prefetch)
    answer = answer_hook(request, now=now, guideline=guideline, new_uuid=_numbered())
    cards = tuple(answer.response["cards"])
    first: Json = cards[0] if cards else {}
    decision: Json = first.get("extension", {}).get(DECISION_EXTENSION, {})
    text = f"{first.get('summary', '')}\n{first.get('detail', '')}"
    return ToldExample(
        example,
        decision.get("outcome", ""),
        tuple(decision.get("recommendations", ())),
        first.get("indicator", ""),
        tuple(said for said in example.says if said not in text),
        cards,
    )


def request_of(example: Example, now: datetime, guideline: Guideline) -> Json:
    """The order-select call that the story tells: a lumbar MRI without contrast, at a clinic visit."""
    record = _Record(now, guideline)
    return {
        "hook": ORDER_SELECT,
        "hookInstance": "00000000-0000-4000-8000-000000000000",
        "context": {
            "userId": "Practitioner/example",
            "patientId": _PATIENT,
            "encounterId": _VISIT,
            "selections": [f"ServiceRequest/{_ORDER}"],
            "draftOrders": {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": record.order()}],
            },
        },
        "prefetch": record.prefetch(example),
    }


def _numbered() -> Callable[[], str]:
    """Makes uuids that count from 1, so that a page is the same each time."""
    numbers = count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"


@dataclass(frozen=True, slots=True)
class _Record:
    """Writes FHIR for one moment, with the codes of one guideline."""

    now: datetime
    guideline: Guideline

    def order(self) -> Json:
        """The draft order: a lumbar MRI without contrast."""
        study = self.guideline.order_codes.studies["lumbar-without"]
        coding = [
            {"system": self._url(system), "code": code.code, "display": code.display}
            for system, code in study.codes.items()
        ]
        return {
            "resourceType": "ServiceRequest",
            "id": _ORDER,
            "status": "draft",
            "intent": "order",
            "priority": "routine",
            "code": {"coding": coding, "text": study.text},
            "subject": _subject(),
        }

    def prefetch(self, example: Example) -> Json:
        """Every key that discovery asks for; what the story does not tell was looked for and not found."""
        by_type: defaultdict[str, list[Json]] = defaultdict(list)
        for resource in self._resources(example):
            kind = resource["resourceType"]
            by_type[kind].append({"id": f"{kind.lower()}-{len(by_type[kind]) + 1}", **resource})
        return {
            key: by_type[kind][0] if "/" in query else _found(by_type[kind])
            for key, query in self.guideline.prefetch.items()
            if (kind := resource_type_of(query)) in by_type or "/" not in query
        }

    def _resources(self, example: Example) -> Iterator[Json]:
        yield self._patient(example.patient)
        yield {
            "resourceType": "Encounter",
            "id": _VISIT,
            "status": "in-progress",
            "class": {"system": f"{_HL7}/v3-ActCode", "code": "AMB"},
            "subject": _subject(),
            "period": {"start": self.now.isoformat()},
        }
        answers = [entry for entry in example.record if entry.kind == "answer"]
        if answers:
            yield self._form(answers)
        for entry in example.record:
            if entry.kind != "answer":
                yield self._resource(entry)

    def _patient(self, told: str) -> Json:
        """ "36 F", born in the middle of a year of life, so that the age holds on any day."""
        age, sex = told.split()
        born = self._today() - timedelta(days=round((int(age) + 0.4) * 365.25))
        gender = {"F": "female", "M": "male"}[sex]
        return {
            "resourceType": "Patient",
            "id": _PATIENT,
            "gender": gender,
            "birthDate": born.isoformat(),
        }

    def _resource(self, entry: Entry) -> Json:
        code, when = self._concept(entry), self._day(entry.days_ago)
        match entry.kind:
            case "problem":
                return {"resourceType": "Condition", "code": code, **self._problem(entry, when)}
            case "result":
                return {
                    "resourceType": "Observation",
                    "status": "final",
                    "category": [_coded("observation-category", "exam")],
                    "code": code,
                    "subject": _subject(),
                    "effectiveDateTime": when,
                    **_value(entry.value or ""),
                }
            case "procedure" | "treatment":
                site = {"bodySite": [{"text": entry.site}]} if entry.site else {}
                return {
                    "resourceType": "Procedure",
                    "status": "completed",
                    "code": code,
                    "subject": _subject(),
                    "performedDateTime": when,
                    **site,
                }
            case "medicine":
                reason = {"reasonCode": [{"text": entry.reason}]} if entry.reason else {}
                return {
                    "resourceType": "MedicationRequest",
                    "status": "active",
                    "intent": "order",
                    "medicationCodeableConcept": code,
                    "subject": _subject(),
                    "authoredOn": when,
                    **reason,
                }
            case _:
                return {"resourceType": "Device", "status": "active", "type": code, "patient": _subject()}

    def _problem(self, entry: Entry, when: str) -> Json:
        ended = entry.until_days_ago
        return {
            "clinicalStatus": _coded("condition-clinical", "active" if ended is None else "resolved"),
            "verificationStatus": _coded("condition-ver-status", entry.certainty or "confirmed"),
            "category": [_coded("condition-category", "problem-list-item")],
            "subject": _subject(),
            "onsetDateTime": when,
            "recordedDate": when,
            **({} if ended is None else {"abatementDateTime": self._day(ended)}),
        }

    def _form(self, answers: Iterable[Entry]) -> Json:
        items = [
            {"linkId": str(number), "text": entry.what, "answer": [{"valueString": entry.value or "yes"}]}
            for number, entry in enumerate(answers, start=1)
        ]
        return {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "subject": _subject(),
            "authored": self.now.isoformat(),
            "item": items,
        }

    def _concept(self, entry: Entry) -> Json:
        coded = entry.code and {"system": self._url(entry.code[0]), "code": entry.code[1]}
        return {"text": entry.what} | ({"coding": [{**coded, "display": entry.what}]} if coded else {})

    def _url(self, system: str) -> str:
        return self.guideline.terminology.systems[system].url

    def _today(self) -> date:
        return self.now.astimezone(self.guideline.zone).date()

    def _day(self, days_ago: int) -> str:
        return (self._today() - timedelta(days=days_ago)).isoformat()


def _subject() -> Json:
    return {"reference": f"Patient/{_PATIENT}"}


def _coded(system: str, code: str) -> Json:
    return {"coding": [{"system": f"{_HL7}/{system}", "code": code}]}


def _value(text: str) -> Json:
    """A number with its UCUM unit, a whole number, or words."""
    number, _, unit = text.partition(" ")
    try:
        amount = Decimal(number)
    except InvalidOperation:
        return {"valueString": text}
    if not unit:
        return {"valueInteger": int(amount)}
    return {"valueQuantity": {"value": amount, "unit": unit, "system": _UCUM, "code": unit}}


def _found(resources: Iterable[Mapping[str, Any]]) -> Json:
    """The answer to a search; nothing found is `total` 0 without `entry`."""
    entries = [{"resource": resource} for resource in resources]
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return bundle | ({"entry": entries} if entries else {})
