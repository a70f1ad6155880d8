"""From codes and words to statements: which concepts, how sure, and with what trend, side and place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds_service.record.dates import Interval
from cds_service.record.facts import Certainty, Region, Side, Trend
from cds_service.record.free_text import Mention, Said
from cds_service.record.reading import PAIN, Coded, Reading
from cds_service.record.terminology import NOTHING

_BY_CODE_HISTORY = frozenset(
    {"cancer-history", "cancer-history-high-risk", "spinal-surgery-history", "injecting-drug-use-past"}
)
_TRENDS = {
    "coded-progressive": Trend.WORSENING,
    "coded-acute": None,
    "coded-chronic": Trend.STABLE,
}
BILATERAL = frozenset({"bilateral-leg-symptoms"})
_BOTH_LEGS = frozenset({"radicular-pain", "leg-numbness"})
_PAST = ("history of", "history", "past history", "personal history", "previous", "status post")
_NOT_THE_PATIENT = ("at risk", "risk of", "increased risk", "high risk of", "family history")
# A denial as the last word, with at most its day behind it: "CES excluded 12/6".
_DENIED_LAST = re.compile(
    r"(?P<denial> (?:absent|excluded|ruled out|denied|not present|not found|: no))(?: (?:\d+|on|[().]))*$"
)
# Or the scan or test that showed it, and who knows whether it showed enough: "ruled out by MRI".
_DOUBTED_LAST = re.compile(
    r"(?P<denial> (?:absent|excluded|ruled out|denied|negative|not present|not found))"
    r"(?: (?:\d+|of|on|by|with|after|the|today|yesterday|mri|mr|imaging|scan|[().]"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec))*$"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a code or text says, before it is dated."""

    concepts: frozenset[str]
    certainty: Certainty
    text: str
    history: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is, as the body site, the words and the code say."""

    side: Side | None = None
    region: Region | None = None
    sites: frozenset[str] = NOTHING


def read_statements(coded: Coded, reading: Reading, *, pain_is_known: bool = True) -> Iterator[Statement]:
    """What a code says, or where no value set knows it, what its words say.

    The words beside a known code can only doubt, deny or date it;
    they are not searched for other things (specification 2.2).
    """
    if coded.known:
        stated = _coded_statement(coded, reading)
        if stated:
            yield stated
        return
    if coded.unsure:
        yield Statement(coded.unsure, Certainty.WORDS, coded.label)
        return
    yield from _both_legs_in_words(coded, reading)
    for mention in _strongest(reading.all_mentions(coded.words)):
        certainty = worded_certainty(mention, reading)
        if certainty:
            yield Statement(_worded_concepts(mention), certainty, coded.label, mention.history)


def _both_legs_in_words(coded: Coded, reading: Reading) -> Iterator[Statement]:
    """Of "sciatica, both sides" the sides only ask, as every red flag in words (8.1.9)."""
    if names_both_legs(coded.words, reading):
        yield Statement(BILATERAL, Certainty.WORDS, coded.label)


def names_both_legs(words: Sequence[str], reading: Reading) -> bool:
    """Whether words tell of leg pain or numbness, and of both sides."""
    asserted = {m.concept for m in reading.all_mentions(words) if m.said in (Said.ASSERTED, Said.QUERIED)}
    return (
        not asserted.isdisjoint(_BOTH_LEGS)
        and asserted.isdisjoint(BILATERAL)
        and reading.side(*words) is Side.BOTH
        and reading.region(words, (), NOTHING) is not Region.ARM
    )


def worded_certainty(mention: Mention, reading: Reading) -> Certainty | None:
    """How sure words alone are (8.1.9): a red flag in words asks, negated or advised words are nothing."""
    if mention.said not in (Said.ASSERTED, Said.QUERIED):
        return None
    if mention.concept not in reading.patterns.enough:
        return Certainty.WORDS
    return Certainty.KNOWN if mention.said is Said.ASSERTED else Certainty.SUSPECTED


def _worded_concepts(mention: Mention) -> frozenset[str]:
    return frozenset({mention.concept})


def _strongest(mentions: Sequence[Mention]) -> list[Mention]:
    """One mention a concept; what is asserted anywhere is asserted."""
    by_concept: dict[str, Mention] = {}
    for mention in sorted(mentions, key=lambda mention: _STRENGTH.index(mention.said)):
        by_concept.setdefault(mention.concept, mention)
    return list(by_concept.values())


_STRENGTH = (Said.ASSERTED, Said.QUERIED, Said.DENIED, Said.ADVISED, Said.FAMILY)


def _coded_statement(coded: Coded, reading: Reading) -> Statement | None:
    if "family-history" in coded.concepts:
        return None
    plain = [reading.patterns.plain(word) for word in coded.words]
    if any(text.startswith(_NOT_THE_PATIENT) for text in plain):
        return None
    # A transplant of long ago suppresses the immune system today.
    past = any(text.startswith(_PAST) and "transplant" not in text for text in plain)
    history = past or not coded.concepts.isdisjoint(_BY_CODE_HISTORY)
    return Statement(coded.concepts, _said_beside(coded, reading), coded.label, history)


def _said_beside(coded: Coded, reading: Reading) -> Certainty:
    """How sure a code is, with the words that somebody wrote beside it.

    A display only names the code, and names are full of denials that deny nothing ("triple negative breast
    cancer"). So only a text of its own counts, and it denies only from its first word or with its last.
    Where a display ends with a denial, which no name of these codes does, code and name disagree: it asks.
    """
    text = coded.own_text
    if text is None:
        return (
            Certainty.WORDS
            if any(_ends_denied(word, coded, reading) for word in coded.words)
            else Certainty.KNOWN
        )
    plain = reading.patterns.plain(text)
    if _ends_denied(text, coded, reading):
        return Certainty.DENIED if _DENIED_LAST.search(plain) else Certainty.WORDS
    said = _said_of(text, coded, reading)
    if Said.DENIED in said and Said.ASSERTED not in said:
        cues = reading.patterns.cues.find(plain)
        if any(cue.start == 0 and cue.name == "denied-before" for cue in cues):
            return Certainty.DENIED
    doubted = Said.QUERIED in said and Said.ASSERTED not in said
    return Certainty.SUSPECTED if doubted else Certainty.KNOWN


def _ends_denied(text: str, coded: Coded, reading: Reading) -> bool:
    """Whether the last word of a text denies what the code stands for."""
    plain = reading.patterns.plain(text)
    last = _DENIED_LAST.search(plain) or _DOUBTED_LAST.search(plain)
    if last is None:
        return False
    said = _said_of(plain[: last.end("denial")], coded, reading)
    return Said.DENIED in said and Said.ASSERTED not in said and Said.QUERIED not in said


def _said_of(text: str, coded: Coded, reading: Reading) -> set[Said]:
    return {m.said for m in reading.mentions(text) if _related(m.concept, coded.concepts, reading)}


def _related(concept: str, concepts: frozenset[str], reading: Reading) -> bool:
    """Whether a word is about a code: the same concept, or another of the same pathway."""
    if concept in concepts:
        return True
    pathway = reading.patterns.pathway.get(concept)
    return pathway is not None and any(reading.patterns.pathway.get(known) == pathway for known in concepts)


def read_place(
    concepts: frozenset[str], words: Sequence[str], sites: Sequence[str], reading: Reading
) -> Place:
    """Side and region by the body site first, then the words, then what the code itself says."""
    named = frozenset[str]().union(*map(reading.patterns.sites_in, (*sites, *words)))
    return Place(reading.side(*sites, *words), reading.region(words, sites, concepts), named)


def placed_concepts(
    concepts: frozenset[str], place: Place, reading: Reading, *, worded: bool = False
) -> frozenset[str]:
    """The concepts together with those that the place makes of them; of words only, both sides only ask."""
    found = reading.with_sites(concepts, place.sites)
    if (
        not worded
        and place.side is Side.BOTH
        and place.region is not Region.ARM
        and not found.isdisjoint(_BOTH_LEGS)
    ):
        found |= BILATERAL
    return found


def coded_trend(concepts: frozenset[str]) -> Trend | None:
    """The trend that a code itself names."""
    return next((trend for concept, trend in _TRENDS.items() if concept in concepts and trend), None)


def words_trend(coded: Coded, reading: Reading) -> Trend | None:
    """The trend in a code or its words; worsening beats improving beats stable."""
    of_pain = is_of_pain(coded, reading)
    said = {reading.patterns.trend_in(word, of_pain=of_pain) for word in coded.words}
    said.add(coded_trend(coded.concepts))
    return next((trend for trend in TREND_ORDER if trend in said), None)


def is_of_pain(coded: Coded, reading: Reading) -> bool:
    """Whether it tells of pain and of no red flag beside it."""
    concepts = coded.concepts or frozenset(mention.concept for mention in reading.all_mentions(coded.words))
    return not concepts.isdisjoint(PAIN) and concepts.isdisjoint(reading.patterns.pathway)


TREND_ORDER = (Trend.WORSENING, Trend.IMPROVING, Trend.STABLE)


def note_trend(
    of_words: Trend | None, notes: Any, reading: Reading, *, of_pain: bool
) -> tuple[Trend | None, Interval | None]:
    """The trend in the fact's own words and in its notes, with the day of the note that says it (8.2)."""
    found: dict[Trend, Interval | None] = {of_words: None} if of_words else {}
    for note in notes if isinstance(notes, list) else ():
        text = note.get("text") if isinstance(note, dict) else None
        trend = reading.patterns.trend_in(text, of_pain=of_pain) if isinstance(text, str) else None
        if not trend:
            continue
        time = note.get("time")
        written = reading.day(time) if isinstance(time, str) else None
        known = found.get(trend)
        if trend not in found or (written and (known is None or written.last > known.last)):
            found[trend] = written
    return next(((trend, found[trend]) for trend in TREND_ORDER if trend in found), (None, None))


def site_words(sites: Any, reading: Reading) -> tuple[str, ...]:
    """The words of one or several body sites."""
    listed: Sequence[Mapping[str, Any]] = sites if isinstance(sites, list) else [sites] if sites else []
    return tuple(word for site in listed for word in reading.coded(site).words)


_LEVEL = re.compile(r"\b([ls])\s?([1-5])\b", re.I)


def levels_in(words: Sequence[str]) -> int | None:
    """How many dermatomes or roots the words name; None where they name none."""
    named = {(m[1].lower(), m[2]) for word in words for m in _LEVEL.finditer(word)}
    return len(named) or None


_SEVERITY = {"mild": 1, "moderate": 2, "severe": 3}


def severity_in(words: Sequence[str], reading: Reading) -> int | None:
    """How bad the words call it, the worst of them; None where they do not say."""
    said = {name for word in words for name in reading.patterns.answers_in(word)}
    return max((degree for name, degree in _SEVERITY.items() if name in said), default=None)
