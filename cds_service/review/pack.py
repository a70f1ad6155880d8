"""The review pack: one document a recommendation, one for what holds for all of them, and an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

from cds_service.answer import answer_hook
from cds_service.example_cards import ToldExample, tell
from cds_service.guideline.content import Guideline
from cds_service.guideline.lumbar_mri import (
    cauda_equina,
    conservative_care,
    infection,
    malignancy,
    neurology,
    pain,
    procedures,
)
from cds_service.guideline.lumbar_mri.criteria import FILES_OF, criteria_of
from cds_service.guideline.lumbar_mri.wording import VARIANTS
from cds_service.review import page, sections
from cds_service.review.document import Document, Folded, Part, Plain, table
from cds_service.review.uses import Uses, uses_of

GENERAL, INDEX = "general", "index"
Rule = Callable[..., Any]


_UNCLEAR = "unclear"
_PAIN_RULES = (pain.read_pain, conservative_care.assess_care, conservative_care.assess_nonspecific)
# The functions that `decide` asks for each recommendation; all else is found from them.
_RULES: Mapping[str, tuple[Rule, ...]] = {
    "R1": _PAIN_RULES,
    "R2": _PAIN_RULES,
    "R3": (neurology.assess_neurology, neurology.list_long_standing, neurology.list_recovered),
    "R4": (cauda_equina.assess_cauda_equina, cauda_equina.list_untiered),
    "R5": (
        malignancy.assess_cancer,
        malignancy.list_contributory,
        malignancy.list_without_pain,
        infection.assess_infection,
        infection.list_contributory,
        infection.list_without_pain,
    ),
    "R6": (procedures.assess_procedure, procedures.list_recent),
}


def make_pack(guideline: Guideline, now: datetime) -> tuple[Document, ...]:
    """Every document, the index first; the examples are run as at the moment `now`."""
    told = tuple(tell(example, now, guideline) for example in guideline.examples)
    documents = [_recommendation(name, guideline, told, now) for name in _RULES]
    documents.append(_general(guideline, told, now))
    return _index(documents, guideline, told, now), *documents


def uses_of_recommendation(name: str) -> Uses:
    """What the rules of one recommendation use."""
    return uses_of(*_RULES[name])


def uses_of_the_rest() -> Uses:
    """What everything else uses: gate, reading, precedence, outside, MRI safety, and the cards."""
    return uses_of(answer_hook, without=[rule for rules in _RULES.values() for rule in rules])


def _used_anywhere() -> frozenset[str]:
    uses = [*map(uses_of_recommendation, _RULES), uses_of_the_rest()]
    return frozenset().union(*(each.texts for each in uses))


def _recommendation(name: str, guideline: Guideline, told: Sequence[ToldExample], now: datetime) -> Document:
    found, uses = guideline.recommendations[name], uses_of_recommendation(name)
    own = tuple(each for each in told if name in each.recommendations or name in each.example.recommendations)
    title = f"{name}: {_subject_of(found.statement)}"
    parts: list[Part] = [
        _version(guideline, now),
        "## Statement",
        f"> {found.statement}.",
        f"**{found.strength.capitalize()}** recommendation; **{found.certainty}** certainty of evidence.",
        "## Criteria",
        "Written from the rules that run; the numbers are those in force.",
        *(part for part in page.criteria_tables(criteria_of(name), guideline) if part != "### Criteria"),
        *sections.numbers(uses, guideline),
        *sections.cards(own, _outcomes(name, own)),
        "### All words of these cards",
        *(Folded(f"{file}.md", tuple(page.card_words(file, guideline))) for file in FILES_OF[name]),
        *sections.examples(own),
        *sections.open_questions(name, uses, guideline),
    ]
    parts += sections.cited(parts, guideline)
    parts += sections.signature(_signed(title, guideline))
    # Last, because on paper they are most of the pages.
    parts += sections.codes(uses, guideline)
    return Document(name, title, tuple(parts))


def _subject_of(statement: str) -> str:
    """The patients that the statement is about: what stands before its advice."""
    return statement.partition(":")[0].removeprefix("Patients with ").capitalize().replace(" mri ", " MRI ")


def _outcomes(recommendation: str, told: Sequence[ToldExample]) -> list[str]:
    """The outcomes that the recommendation can have, the gravest first."""
    variants = {variant for file in FILES_OF[recommendation] for variant in (file, *VARIANTS[file])}
    named = {name for variant in variants for name in (variant, variant.partition("-")[0])}
    named |= {each.outcome for each in told} | {_UNCLEAR}
    return [outcome for outcome in sections.ranked_outcomes() if outcome in named]


def _general(guideline: Guideline, told: Sequence[ToldExample], now: datetime) -> Document:
    """Scope, reading, precedence, outside, MRI safety: everything that no recommendation has for itself."""
    title, uses = "Scope, reading, precedence and safety", uses_of_the_rest()
    rest = tuple(each for each in told if not each.recommendations or len(each.cards) > 1 or not each.cards)
    parts: list[Part] = [
        _version(guideline, now),
        *page.general_chapters(guideline),
        *sections.numbers(uses, guideline),
        *page.policy(guideline),
        *_queries(guideline),
        *page.checklist(guideline),
        *page.steroids(guideline),
        *page.suggested_orders(guideline),
        *sections.cards(rest, dict.fromkeys(each.outcome for each in rest)),
        *sections.examples(told),
        *sections.open_questions("", uses, guideline),
        *_traceability(),
        *page.sources(guideline),
        *sections.signature(_signed(title, guideline)),
        *sections.codes(uses, guideline),
        *sections.unnamed_codes(_used_anywhere(), guideline),
        Folded("All words by which texts are read", tuple(page.words_of_records(guideline))),
    ]
    return Document(GENERAL, title, tuple(parts))


def _queries(guideline: Guideline) -> Iterator[Part]:
    """What an EHR is asked for, as the queries are sent."""
    yield "## What is asked of the record"
    yield table(("Key", "Why"), [(f"`{key}`", why) for key, why in guideline.prefetch_reasons.items()])
    queries = [(f"`{key}`", f"`{query}`") for key, query in guideline.prefetch.items()]
    yield Folded("The queries", (table(("Key", "FHIR query"), queries),))


def _traceability() -> Iterator[Part]:
    """The table of rules, functions and tests, where this installation has one."""
    try:
        rows = import_module("cds_service.traceability").traceability_rows()
    except ModuleNotFoundError:
        return
    yield "## Rules, functions and tests"
    yield "Each rule of the specification, the functions that carry it out, and tests that fail without them."
    lines = [
        (
            row.rule,
            row.words,
            _short(row.functions, ".") or row.reason,
            _short(row.tests, "/"),
        )
        for row in rows
    ]
    yield Folded(f"{len(lines)} rules", (table(("Rule", "What it says", "Functions", "Tests"), lines),))


def _short(names: Iterable[str], separator: str) -> str:
    """The names without the folders and packages that they stand in."""
    return ", ".join(f"`{name.rpartition(separator)[2]}`" for name in names)


def _index(
    documents: Sequence[Document], guideline: Guideline, told: Sequence[ToldExample], now: datetime
) -> Document:
    approval, differing = guideline.approval, [each.example.id for each in told if not each.as_expected]
    signed = f"{approval.approver}, {approval.date}; next review {approval.next_review}"
    parts: list[Part] = [
        table(
            ("Guideline", ""),
            [
                ("Title", guideline.title),
                ("Publisher", f"{guideline.publisher}, <{guideline.url}>"),
                ("Version", guideline.version),
                ("Status", guideline.status),
                ("Approval", signed if approval.approver else "**not signed**"),
                ("Content digest", f"`{guideline.digest}`"),
                ("Made", f"{now.astimezone(guideline.zone):%d %b %Y, %H:%M} ({guideline.zone})"),
                (
                    "Examples",
                    f"**{', '.join(differing)} differ**" if differing else f"{len(told)}, all as expected",
                ),
            ],
        ),
        "## Documents",
        table(
            ("Document", "About", "Strength", "Certainty"),
            [(document.name, document.title, *_grade(document.name, guideline)) for document in documents],
        ),
        *_site(guideline),
        *sections.signature(_signed("the guideline as a whole", guideline)),
    ]
    return Document(INDEX, guideline.title, tuple(parts))


def _grade(name: str, guideline: Guideline) -> tuple[str, str]:
    found = guideline.recommendations.get(name)
    return (found.strength, found.certainty) if found else ("", "")


def _site(guideline: Guideline) -> Iterator[Part]:
    site = guideline.site
    yield "## What the site changed"
    if site is None:
        yield "Nothing: this is the guideline as it is shipped."
        return
    yield f"{site.name}; {site.owner}, {site.date}. What stands here is marked in the documents, too."
    yield table(
        ("Kind", "Name", "Guideline", "Site", "Owner", "Date", "Reason"),
        [
            (each.kind, f"`{each.name}`", each.before, each.after, each.owner, str(each.date), each.reason)
            for each in guideline.site_changes
        ],
    )
    if site.codes:
        yield "### Codes and questions that the site added"
        rows = tuple((row.value_set, row.system, row.code, row.display) for row in site.codes)
        yield Plain(("Value set", "System", "Code", "Display"), rows)


def _version(guideline: Guideline, now: datetime) -> str:
    return (
        f"{guideline.title}, version {guideline.version} ({guideline.status}), "
        f"made on {now.astimezone(guideline.zone):%d %b %Y}. Content `{guideline.digest}`."
    )


def _signed(what: str, guideline: Guideline) -> str:
    return f"{what}; version {guideline.version}, content `{guideline.digest[:19]}…`"
