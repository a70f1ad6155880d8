"""What texts name: the words of `patterns.toml`, and how a text is read with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from cds_service.guideline.faults import EntryPath, Fault, TableError, refuse_faults, validation_faults
from cds_service.record.assertion import CUE_NAMES, Mention, Said, judge
from cds_service.record.facts import Region, Side, Trend
from cds_service.record.pattern_file import PatternFile
from cds_service.record.phrases import LONGEST, PhraseBook, PhraseError, beginnings, build_book, plain
from cds_service.record.remembered import Remembered, digest_of

NOTHING = "nothing"  # phrases that name a thing without saying that anybody has it
__all__ = ["Mention", "Patterns", "PatternsError", "Said", "read_patterns"]


class PatternsError(TableError):
    """Patterns that cannot be used: which entry, and what was expected."""


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Muscle:
    """A muscle or movement: its root group and the limb it belongs to."""

    name: str
    root_group: str
    limb: Region


@dataclass(frozen=True, slots=True)
class Patterns:
    """The words of one guideline, ready to be searched for."""

    abbreviations: Mapping[str, str]
    concepts: PhraseBook  # findings, diseases, operations
    question_concepts: PhraseBook  # the same, and the barer words of questions
    services: PhraseBook  # treatments received
    drugs: PhraseBook
    implants: PhraseBook
    device_safety: PhraseBook
    measures: PhraseBook
    note_values: PhraseBook  # a quantity with its number, in the words of an order
    imaging: PhraseBook  # MRI of the lumbar spine by words
    compression: PhraseBook  # of imaging reports
    cues: PhraseBook
    trends: PhraseBook
    sides: PhraseBook
    sites: PhraseBook
    muscles: PhraseBook
    answers: PhraseBook
    exams: PhraseBook
    treatment: PhraseBook
    power: PhraseBook
    steroids: PhraseBook
    muscle_named: Mapping[str, Muscle]
    concept_names: frozenset[str]
    enough: frozenset[str]  # concepts of which words are proof enough
    pathway: Mapping[str, str]  # by concept; absent: no red flag
    vague: frozenset[str]  # concepts of which a yes only asks
    asked_as: Mapping[str, str]  # concept -> the general concept of a question about it
    region: Mapping[str, Region]  # what a concept itself says of the place
    at_site: Mapping[tuple[str, str], str]  # (concept, site) -> the concept that the two make
    exam_findings: Mapping[str, str]  # structured question -> the finding that an abnormal answer is
    loose_exams: frozenset[str]  # those of which an abnormal answer only asks
    questions: Mapping[tuple[str, str], str]  # (questionnaire, linkId) -> concept, for known forms
    unit_spellings: Mapping[str, Mapping[str, str]]  # by measure
    units_in_use: Mapping[str, tuple[str, ...]]  # by measure, UCUM
    prednisolone_factor: Mapping[str, Decimal]
    as_written: PatternFile  # for the review page
    beginnings: frozenset[str]  # first letters of everything that could be named
    # What was concluded of codes and names, by digest: shared by all requests, and holds no text.
    remembered: Remembered[dict[str, Any]] = field(default_factory=Remembered)
    recalled: Remembered[Any] = field(default_factory=Remembered)
    _checkpoint: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    _met: dict[str, str] | None = None  # plain texts of one request; the patterns that all share keep none

    def for_one_request(self, checkpoint: Callable[[], None] | None = None) -> Patterns:
        """The same patterns with a memory of texts, dropped with the request: texts are the patient's.

        `checkpoint` is called before each text is read, and may raise to end a call that takes too long:
        one hostile text costs up to a second, and one resource can hold thousands of them.
        """
        if self._met is not None and checkpoint is None:
            return self  # made for this request already
        return replace(self, _met={}, _checkpoint=checkpoint or self._checkpoint)

    def may_name(self, text: str) -> bool:
        """Whether a text could name anything of the guideline, judged by the first letters of its words."""
        return not self.beginnings.isdisjoint(beginnings(text))

    def plain(self, text: str) -> str:
        """The text as phrases are compared with it."""
        if self._met is None:
            return plain(text, self.abbreviations)
        found = self._met.get(text)
        if found is None:
            self._checkpoint()
            found = self._met[text] = plain(text, self.abbreviations)
        return found

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """The concepts that a text names, and what it says of them."""
        return self._judged(self.concepts, text)

    def asked_in(self, question: str) -> tuple[Mention, ...]:
        """The concepts that a question names, lists joined: "operation on, or injection into, the back"."""
        return self._judged(self.question_concepts, question.replace(",", " "))

    def services_in(self, text: str) -> frozenset[str]:
        """The treatments that a text says were given; advice is given by being told, physiotherapy is not."""
        said = self._judged(self.services, text)
        told = {mention.concept for mention in said if mention.said is Said.ADVISED}
        return _asserted(said) | (told & {"self-management"})

    def drugs_in(self, text: str) -> frozenset[str]:
        """The concepts of the drugs that a medicine's text names."""
        return self.drugs.names(self.plain(text)) - {NOTHING}

    def measures_in(self, text: str) -> frozenset[str]:
        """The quantities that a text names."""
        return self.measures.names(self.plain(text)) - {NOTHING}

    def implants_in(self, text: str) -> frozenset[str]:
        """The implants that a text says are in place."""
        return _asserted(self._judged(self.implants, text))

    def names_lumbar_mri(self, text: str) -> bool:
        """Whether the words name an MRI of the lumbar spine."""
        return bool(self.imaging.find(self.plain(text)))

    def device_safety_in(self, text: str) -> frozenset[str]:
        """What a text says of a device and the magnet: `unsafe`, `conditional`."""
        return self.device_safety.names(self.plain(text))

    def compression_in(self, text: str) -> bool | None:
        """Whether an imaging report names compression of the canal; None where it does not plainly deny it.

        Denied only where no word of the report, which must be read whole, speaks of anything that may
        fill the canal or of a scan that cannot tell, and a sentence about the whole scan says so.
        """
        sentences = _END_OF_SENTENCE.split(self.plain(text.replace(",", " ")))
        named = [self.compression.names(sentence) for sentence in sentences]
        if any("compression" in names for names in named):
            return True
        if len(text) > LONGEST or any("limited" in names for names in named):
            return None
        denied = any("denied" in names and "in-part" not in names for names in named)
        return False if denied else None

    def trend_in(self, text: str, *, of_pain: bool = False) -> Trend | None:
        """Where the words say that it goes; worsening beats improving beats stable.

        "No longer improving" and "sleep improved" are no improvement; of a bladder "pain improved" is none.
        """
        return self._recall(("trend", text, of_pain), lambda: self._trend_in(text, of_pain=of_pain))

    def _trend_in(self, text: str, *, of_pain: bool) -> Trend | None:
        plain_text = self.plain(text)
        found = self.trends.names(plain_text)
        if Trend.WORSENING.value in found:
            return Trend.WORSENING
        improving = {Trend.IMPROVING.value, "improving-pain" if of_pain else "improving-finding"}
        if not found.isdisjoint(improving) and self._asserts_one(improving, plain_text):
            return Trend.IMPROVING
        return Trend.STABLE if Trend.STABLE.value in found else None

    def _asserts_one(self, trends: Collection[str], plain_text: str) -> bool:
        for clause in _CLAUSES.split(plain_text):
            spans = [span for span in self.trends.find(clause) if span.name in trends]
            if any(mention.said is Said.ASSERTED for mention in judge(clause, spans, self.cues)):
                return True
        return False

    def side_in(self, text: str) -> Side | None:
        """The side that the words name."""
        return self._recall(("side", text), lambda: self._side_in(text))

    def _side_in(self, text: str) -> Side | None:
        found = self.sides.names(self.plain(text))
        if "both" in found or {"left", "right"} <= found:
            return Side.BOTH
        return next((side for side in (Side.LEFT, Side.RIGHT) if side.value in found), None)

    def sites_in(self, text: str) -> frozenset[str]:
        """The places that the words name: regions, and `saddle`."""
        return self._recall(("sites", text), lambda: self.sites.names(self.plain(text)))

    def _recall(self, question: tuple[Any, ...], answer: Callable[[], R]) -> R:
        """The answer, which is remembered by the question's digest from one request to the next."""
        digest = digest_of(question)
        if digest in self.recalled:
            return cast(R, self.recalled[digest])
        return cast(R, self.recalled.keep(digest, answer()))

    def answers_in(self, text: str) -> frozenset[str]:
        """What an answer amounts to: yes, no, abnormal, intact, ..."""
        return self.answers.names(self.plain(text))

    def _judged(self, book: PhraseBook, text: str) -> tuple[Mention, ...]:
        self._checkpoint()
        plain_text = self.plain(text)
        spans = book.find(plain_text)
        nothing = [span for span in spans if span.name == NOTHING]
        named = [span for span in spans if not any(span.meets(other) for other in nothing)]
        # What a text says twice it says once: a long note must not become as many facts as it has words.
        return tuple(dict.fromkeys(judge(plain_text, named, self.cues))) if named else ()


_END_OF_SENTENCE = re.compile(r" ?[.;\n](?: |$)")
_CLAUSES = re.compile(r" ?[,.;\n](?: |$)")
_REPORT_NAMES = frozenset({"denied", "other", "compression", "limited", "in-part"})


def _asserted(mentions: Iterable[Mention]) -> frozenset[str]:
    return frozenset(mention.concept for mention in mentions if mention.said is Said.ASSERTED)


def read_patterns(content: Mapping[str, Any]) -> Patterns:
    """The patterns of `patterns.toml`; raises PatternsError where an entry is wrong."""
    try:
        file = PatternFile.model_validate(content)
    except ValidationError as error:
        raise PatternsError(*validation_faults(error)) from error
    refuse_faults(PatternsError, _name_faults(file))
    try:
        return _built(file)
    except PhraseError as error:
        raise PatternsError(*_phrase_faults(file)) from error


def _name_faults(file: PatternFile) -> Iterator[Fault]:
    for table, found, wanted in (
        ("cues", file.cues, CUE_NAMES),
        ("report", file.report, _REPORT_NAMES),
    ):
        for name in sorted(found.keys() ^ wanted):
            yield Fault((table, name), "a list of phrases" if name in wanted else "no such name")


_LISTS = (
    "services", "drugs", "implants", "device_safety", "measures", "note_values", "imaging", "report", "cues",
    "trends", "sides", "sites", "answers", "treatment", "power",
)  # fmt: skip
_ENTRIES = ("concepts", "muscles", "exams", "steroids")


def _phrase_faults(file: PatternFile) -> Iterator[Fault]:
    """Every phrase that is not of the language; asked for only where one is known to be there."""
    for path, phrases in _phrase_lists(file):
        for position, phrase in enumerate(phrases):
            try:
                build_book({"": (phrase,)})
            except PhraseError as error:
                yield Fault((*path, position), str(error))


def _phrase_lists(file: PatternFile) -> Iterator[tuple[EntryPath, tuple[str, ...]]]:
    for table in _LISTS:
        yield from (((table, name), phrases) for name, phrases in getattr(file, table).items())
    for table in _ENTRIES:
        for name, entry in getattr(file, table).items():
            yield (table, name, "words"), entry.words
    for name, concept in file.concepts.items():
        yield ("concepts", name, "question_words"), concept.question_words


def _built(file: PatternFile) -> Patterns:
    entries = file.concepts.items()
    return _with_beginnings(
        Patterns(
            abbreviations=file.abbreviations,
            concepts=build_book({name: entry.words for name, entry in entries}),
            question_concepts=build_book(
                {name: entry.words + entry.question_words for name, entry in entries}
            ),
            services=build_book(file.services),
            drugs=build_book(file.drugs),
            implants=build_book(file.implants),
            device_safety=build_book(file.device_safety),
            measures=build_book(file.measures),
            note_values=build_book(file.note_values),
            imaging=build_book(file.imaging),
            compression=build_book(file.report),
            cues=build_book(file.cues),
            trends=build_book(file.trends),
            sides=build_book(file.sides),
            sites=build_book(file.sites),
            muscles=build_book({name: entry.words for name, entry in file.muscles.items()}),
            answers=build_book(file.answers),
            exams=build_book({name: exam.words for name, exam in file.exams.items()}),
            treatment=build_book(file.treatment),
            power=build_book(file.power),
            steroids=build_book({name: entry.words for name, entry in file.steroids.items()}),
            muscle_named={name: Muscle(name, m.root_group, m.limb) for name, m in file.muscles.items()},
            concept_names=frozenset(file.concepts) - {NOTHING},
            enough=frozenset(name for name, entry in entries if entry.enough),
            pathway={name: entry.pathway for name, entry in entries if entry.pathway},
            vague=frozenset(name for name, entry in entries if entry.vague),
            asked_as={name: entry.asked_as for name, entry in entries if entry.asked_as},
            region=file.regions,
            at_site={(rule.concept, rule.site): rule.gives for rule in file.at_site},
            exam_findings={name: exam.finding for name, exam in file.exams.items()},
            loose_exams=frozenset(name for name, exam in file.exams.items() if exam.asks),
            questions={(q.questionnaire, q.link_id): q.concept for q in file.questions},
            unit_spellings={measure.value: unit.spellings for measure, unit in file.units.items()},
            units_in_use={measure.value: unit.in_use for measure, unit in file.units.items()},
            prednisolone_factor={name: entry.prednisolone_factor for name, entry in file.steroids.items()},
            as_written=file,
            beginnings=frozenset(),
        )
    )


def _with_beginnings(patterns: Patterns) -> Patterns:
    p = patterns
    books = (
        p.question_concepts,
        p.services,
        p.drugs,
        p.implants,
        p.measures,
        p.imaging,
        p.muscles,
        p.exams,
        p.power,
        p.treatment,
    )
    found = frozenset[str]().union(*(book.keys for book in books))
    # An abbreviation may stand for any of them: "IVDU", "r/o".
    short = (beginning for name in p.abbreviations for beginning in beginnings(name))
    return replace(p, beginnings=found.union(short))
