"""What all readers of one request share: the guideline's words and codes, today, and what was met before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from cds_service.guideline.thresholds import Thresholds
from cds_service.record.checklist import Checklist
from cds_service.record.dates import Interval, on_day, read_date
from cds_service.record.facts import DateProblem, Measure, Region, Side
from cds_service.record.free_text import Mention, Patterns
from cds_service.record.projection import CodeKey, Projection, Raw, Shape, key_of, project
from cds_service.record.remembered import digest_of
from cds_service.record.terminology import NOTHING, Terminology

T = TypeVar("T")
Kept = tuple[str, Raw]  # a resource, with the prefetch key that it came under
ByType = Mapping[str, Sequence[Kept]]


@dataclass(slots=True)  # not frozen, because that costs three times as much, for every code of a record
class Coded:
    """What a CodeableConcept says: the concepts of its known codings, its words, and a label."""

    concepts: frozenset[str]
    words: tuple[str, ...]  # text and displays, each once
    systems: frozenset[str] = frozenset()  # of the known codings
    codes: tuple[str, ...] = ()
    own_text: str | None = None  # a text that is not the display of one of its codings
    official: str = ""  # the name that a value set gives the first known code
    broken: bool = False
    unsure: frozenset[str] = NOTHING  # the concepts of a bare code of no system that is known
    foreign: bool = False  # codes of unknown systems alone, without a word: it may say anything
    measure: Measure | None = None  # the quantity that a known code, or else its words, name
    concerns: bool = True  # whether code or words concern the guideline, or are broken and must be looked at
    treatments: frozenset[str] = NOTHING  # physical-therapy, self-management
    drugs: frozenset[str] = NOTHING
    implants: frozenset[str] = NOTHING
    is_reason: bool = False  # whether it is worth a fact as the reason of a visit
    names_lumbar_mri: bool = False  # in words; a code says so by its concepts

    @property
    def label(self) -> str:
        """What a doctor would call it."""
        return self.words[0] if self.words else self.official or ", ".join(self.codes)

    @property
    def names(self) -> tuple[str, ...]:
        """Its words, else the name of a bare code: "Sciatica, right side"."""
        return self.words or ((self.official,) if self.official else ())

    @property
    def known(self) -> bool:
        """Whether a value set of the guideline holds one of its codings."""
        return bool(self.concepts)

    @property
    def empty(self) -> bool:
        """Whether it says nothing at all."""
        return not self.words and not self.codes


NOT_CODED = Coded(NOTHING, ())
TREATMENTS = frozenset({"physical-therapy", "self-management"})
PAIN = frozenset({"low-back-pain", "radicular-pain", "back-pain-unspecified", "degenerative-lumbar"})
IMPLANTS = frozenset(
    {
        "cardiac-device", "cochlear-implant", "neurostimulator-or-pump",
        "aneurysm-clip", "orbital-metal", "spinal-hardware",
    }
)  # fmt: skip
DRUGS = frozenset(
    {
        "simple-analgesic", "nsaid", "opioid", "muscle-relaxant-or-neuropathic",
        "anticholinergic", "anticoagulant", "corticosteroid", "immunosuppressant",
        "biologic", "chemotherapy", "antineoplastic", "gadolinium", "contrast",
    }
)  # fmt: skip
CRITERIA: tuple[tuple[str, str], ...] = (
    ("today", "A date up to $future_tolerance_days days ahead, because clocks and time zones differ"),
    ("not used", "A date further ahead, one before birth, and one that no calendar has"),
)
MEASURES: Mapping[str, Measure] = {
    "body-temperature": Measure.TEMPERATURE,
    "crp": Measure.CRP,
    "crp-high-sensitivity": Measure.CRP,
    "esr": Measure.ESR,
    "residual-volume": Measure.RESIDUAL_VOLUME,
    "body-weight": Measure.WEIGHT,
    "pain-score": Measure.PAIN_SCORE,
    "egfr": Measure.EGFR,
}
_TEXT_OR_NONE = frozenset({str, type(None)})
BROKEN = Coded(NOTHING, (), broken=True)


@dataclass(frozen=True, slots=True)
class Reading:
    """One request's reading; the caches live as long as the request, because texts are the patient's."""

    terminology: Terminology
    patterns: Patterns
    checklist: Checklist
    thresholds: Thresholds
    zone: ZoneInfo
    today: date
    birth: Interval | None = None
    resources: ByType = field(default_factory=dict)
    _by_id: dict[str, dict[str, Raw]] = field(default_factory=dict)
    _coded: dict[CodeKey, Coded] = field(default_factory=dict)
    _checked: dict[CodeKey, Projection] = field(default_factory=dict)
    _texts: dict[tuple[str, str], Any] = field(default_factory=dict)
    _silent: dict[str, bool] = field(default_factory=dict)

    def resource(self, resource_type: str, own_id: str) -> Raw | None:
        """The resource of this type and id, where it came in any key."""
        by_id = self._by_id.get(resource_type)
        if by_id is None:
            found = self.resources.get(resource_type, ())
            by_id = self._by_id[resource_type] = {str(raw.get("id")): raw for _, raw in found}
        return by_id.get(own_id)

    def project(self, raw: Raw, shape: Shape) -> Projection:
        """The checked elements of a resource; raises BrokenElement."""
        return project(raw, shape, self._checked)

    def coded(self, value: Any) -> Coded:
        """What a CodeableConcept says; `broken` where it is none."""
        if value is None:
            return NOT_CODED
        try:
            key = key_of(value)
            found = self._coded.get(key)
        except (AttributeError, KeyError, TypeError):
            return BROKEN
        if found is None:
            found = self._coded[key] = self._read_coded(key)
        return found

    def _read_coded(self, key: CodeKey) -> Coded:
        if not _TEXT_OR_NONE.issuperset(map(type, key)):
            return BROKEN
        text, codes, displays = key[0], key[2::3], key[3::3]
        words = tuple(dict.fromkeys([word for word in (text, *displays) if word and word.strip()]))
        spelled = tuple([code for code in codes if code])
        digest = digest_of(key)
        said = self.patterns.remembered.get(digest)
        if said is None:
            said = self.patterns.remembered.keep(digest, self._conclude(key, words, spelled))
        # A text that is only the display again is nobody's own; most are.
        own_text = None if text is None or text in displays else _own_text(text, displays)
        return Coded(words=words, codes=spelled, own_text=own_text, **said)

    def _conclude(self, key: CodeKey, words: tuple[str, ...], codes: tuple[str, ...]) -> dict[str, Any]:
        """Everything that a `Coded` tells but its texts; this is what may outlive the request."""
        systems = key[1::3]
        found = [self.terminology.concepts_of(*pair) for pair in zip(systems, key[2::3], strict=True)]
        concepts = NOTHING.union(*found)
        measure = self._measure(concepts, words)
        nameless = bool(codes) and not words and not any(map(self._is_known_system, systems))
        unsure = self._without_system(codes) if nameless else NOTHING
        return {
            "concepts": concepts,
            "unsure": unsure,
            "foreign": nameless and not unsure,
            "systems": frozenset(system for system, named in zip(systems, found, strict=True) if named),
            "official": next(filter(None, map(self.terminology.display_of, systems, key[2::3])), ""),
            "measure": measure,
            "concerns": bool(
                concepts or measure or unsure or not (words or codes) or any(map(self._asks, words))
            ),
            "treatments": concepts & TREATMENTS or self._named(words, self.services),
            "drugs": (concepts | self._named(words, self.drugs)) & DRUGS,
            "implants": (concepts | self._named(words, self.implants)) & IMPLANTS,
            "is_reason": bool(concepts)
            or any(self._is_worth_asking(mention) for mention in self.all_mentions(words)),
            "names_lumbar_mri": any(map(self.names_lumbar_mri, words)),
        }

    def _is_known_system(self, system: str | None) -> bool:
        return system is not None and self.terminology.system_name(system) is not None

    def _without_system(self, codes: Iterable[str]) -> frozenset[str]:
        """What bare codes mean, of which nobody says from where they are: pain and red flags."""
        found = NOTHING.union(*map(self.terminology.concepts_anywhere, codes))
        return frozenset(concept for concept in found if concept in PAIN or concept in self.patterns.pathway)

    def _is_worth_asking(self, mention: Mention) -> bool:
        # "Diabetes review": an explanation belongs on the problem list, not among the reasons of visits.
        return mention.concept in PAIN or mention.concept in self.patterns.pathway

    def _named(self, words: Iterable[str], read: Callable[[str], frozenset[str]]) -> frozenset[str]:
        return NOTHING.union(*map(read, words))

    def _measure(self, concepts: frozenset[str], words: Iterable[str]) -> Measure | None:
        if concepts:
            return next((MEASURES[concept] for concept in concepts if concept in MEASURES), None)
        return next((measure for word in words if (measure := self.measure_named(word))), None)

    def measure_named(self, text: str) -> Measure | None:
        """The quantity that a text names."""
        found = self._read_once("measures", self.patterns.measures_in, text, NOTHING)
        return next(map(Measure, found), None)

    def _asks(self, word: str) -> bool:
        """Whether the words name a concept of the guideline, or a question that it knows."""
        if self.mentions(word):
            return True
        if self._silent[word]:
            return False
        plain = self.patterns.plain(word)
        return bool(
            self.patterns.muscles.find(plain)
            or self.patterns.exams.find(plain)
            or self._asks_power(plain)
            or self.vague_in((word,))
        )

    def _asks_power(self, plain: str) -> bool:
        """Whether the words ask for the power of muscles, or of a limb: "right leg power"."""
        named = self.patterns.power.names(plain)
        if not named.isdisjoint(("motor", "exam")) or plain == "power":
            return True
        return "power" in named and not self.patterns.sites.names(plain).isdisjoint(_LIMBS)

    def exam_named(self, word: str) -> str | None:
        """The structured exam that the words ask for (8.2)."""
        spans = self.patterns.exams.find(self.patterns.plain(word))
        return spans[0].name if spans else None

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """The concepts that a text names, and what it says of them."""
        return self._read_once("mentions", self.patterns.mentions, text, ())

    def question_mentions(self, question: str) -> tuple[Mention, ...]:
        """What a question names; its words may be barer than a finding's ("Bladder?")."""
        return self._read_once("question", self.patterns.asked_in, question, ())

    def vague_in(self, questions: Iterable[str]) -> frozenset[str]:
        """The concepts that questions name so vaguely that a yes only asks: "red flags"."""
        named = {mention.concept for question in questions for mention in self.question_mentions(question)}
        return self.patterns.vague.intersection(named)

    def services(self, text: str) -> frozenset[str]:
        """The treatments that a text says were given."""
        return self._read_once("services", self.patterns.services_in, text, NOTHING)

    def drugs(self, text: str) -> frozenset[str]:
        """The concepts of the drugs that a medicine's text names."""
        return self._read_once("drugs", self.patterns.drugs_in, text, NOTHING)

    def implants(self, text: str) -> frozenset[str]:
        """The implants that a text says are in place."""
        return self._read_once("implants", self.patterns.implants_in, text, NOTHING)

    def names_lumbar_mri(self, text: str) -> bool:
        """Whether the words name an MRI of the lumbar spine."""
        return self._read_once("imaging", self.patterns.names_lumbar_mri, text, False)

    def _read_once(self, kind: str, read: Callable[[str], T], text: str, nothing: T) -> T:
        """What a text says, read once; most texts of a record name nothing and are told by their letters."""
        silent = self._silent.get(text)
        if silent is None:
            silent = self._silent[text] = not self.patterns.may_name(text)
        if silent:
            return nothing
        found = self._texts.get((kind, text))
        if found is None:
            found = self._texts[kind, text] = read(text)
        return cast(T, found)

    def all_mentions(self, texts: Iterable[str]) -> tuple[Mention, ...]:
        """The mentions of several texts, each only once."""
        return tuple(dict.fromkeys(mention for text in texts for mention in self.mentions(text)))

    def moment(self, text: str | None) -> tuple[Interval | None, DateProblem | None]:
        """A recorded moment that has to lie in the past, or why it cannot be used.

        Up to the tolerance ahead it is today (8.1.4); a period that runs past today ends today.
        """
        if text is None:
            return None, None
        found = read_date(text, self.zone)
        if found is None or (self.birth and found.last < self.birth.first):
            return None, DateProblem.IMPOSSIBLE
        if found.first > self.today + timedelta(days=self.thresholds.future_tolerance_days):
            return None, DateProblem.FUTURE
        if found.first > self.today:
            return on_day(self.today), None
        if found.last > self.today:
            return Interval(found.first, self.today), None
        return found, None

    def day(self, text: str | None) -> Interval | None:
        """A recorded moment in the past; None where there is none that can be used."""
        return self.moment(text)[0]

    def side(self, *texts: str) -> Side | None:
        """The side that any of the texts names; the first text that names one decides."""
        return next((side for text in texts if (side := self.patterns.side_in(text))), None)

    def region(self, texts: Iterable[str], sites: Iterable[str], concepts: frozenset[str]) -> Region | None:
        """The part of the body: by the body site, else the words, else what the code itself says."""
        own = {self.patterns.region[concept] for concept in concepts if concept in self.patterns.region}
        # "Foot drop (L5)" is a foot drop of the leg: the level is where it comes from, not where it is.
        not_here = _SPINE if own and own <= _LIMBS else frozenset[Region]()
        for words in (sites, texts):
            found = NOTHING.union(*map(self.patterns.sites_in, words))
            if region := _region_of(found, not_here):
                return region
        return next((region for region in _REGION_ORDER if region in own), None)

    def with_sites(self, concepts: frozenset[str], places: frozenset[str]) -> frozenset[str]:
        """The concepts, and those that they make together with the place: numbness of the saddle area."""
        made = {
            gives
            for (concept, site), gives in self.patterns.at_site.items()
            if concept in concepts and site in places
        }
        return concepts | made if made else concepts


_REGION_ORDER = (Region.LUMBAR, Region.LEG, Region.ARM, Region.OTHER_SPINE, Region.SPINE, Region.OTHER)


_LIMBS = frozenset({Region.LEG, Region.ARM})
_SPINE = frozenset({Region.LUMBAR, Region.SPINE})


def _region_of(places: frozenset[str], not_here: frozenset[Region]) -> Region | None:
    return next((r for r in _REGION_ORDER if r.value in places and r not in not_here), None)


def _own_text(text: str | None, displays: Iterable[str | None]) -> str | None:
    shown = {display.strip().lower() for display in displays if display}
    return text if text and text.strip().lower() not in shown else None


def reference_name(raw: Raw) -> str:
    """`Condition/c7`; without an id the type alone."""
    own_id = raw.get("id")
    kind = str(raw.get("resourceType", "resource"))
    return f"{kind}/{own_id}" if isinstance(own_id, str) and own_id else kind


def status_code(status: Any) -> str | None:
    """The code of a status element, spelled as FHIR does; None where there is none."""
    if not isinstance(status, dict):
        return None
    codings = status.get("coding")
    codes = [c.get("code") for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
    said = next((code for code in (*codes, status.get("text")) if isinstance(code, str) and code), None)
    return said and said.strip().lower().replace(" ", "-")
