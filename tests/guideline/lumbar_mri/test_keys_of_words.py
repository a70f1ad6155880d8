"""The keys with words are those that the rules can name, no more and no fewer."""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from itertools import product

import pytest

from cds_service.guideline import lumbar_mri
from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Finding, Outcome, Pathway
from cds_service.guideline.lumbar_mri import infection, malignancy
from cds_service.guideline.lumbar_mri.plan import make_plan
from cds_service.guideline.lumbar_mri.record_gaps import not_recorded
from cds_service.guideline.lumbar_mri.red_flag_questions import QUESTIONS
from cds_service.guideline.lumbar_mri.wording import (
    CHANGES,
    CHECKS,
    DENIALS,
    MISSING,
    SUMMARY_OF_PATTERN,
    VARIANTS,
)
from cds_service.guideline.lumbar_mri.would_change import would_change
from cds_service.record.facts import Certainty
from tests.guideline.lumbar_mri.decision_builders import RECOMMENDATION, fact
from tests.guideline.lumbar_mri.facts_builders import TODAY, on, record
from tests.guideline.lumbar_mri.facts_builders import fact as stated

E, U = Outcome.EMERGENCY, Outcome.URGENT
NEURO = frozenset({"neuro"})


def checks_in_the_rules() -> Iterator[str]:
    """Every text that a rule module gives a finding as one of its checks."""
    for found in pkgutil.iter_modules(lumbar_mri.__path__):
        tree = ast.parse(inspect.getsource(import_module(f"{lumbar_mri.__name__}.{found.name}")))
        given = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "checks"
        ]
        for node in (node for value in given for node in ast.walk(value)):
            # What stands in a comparison, as a variant of the finding, is no key.
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value not in VARIANTS["cauda-equina"]
            ):
                yield node.value


def findings() -> Iterator[Finding]:
    """A finding of every pathway with every outcome, variant and flag that changes the advice."""
    variants = {"", "improving", *(name for names in VARIANTS.values() for name in names)}
    flags: tuple[frozenset[str], ...] = (frozenset(), frozenset({"cord"}), frozenset({"measured"}))
    for pathway, outcome, variant, flag in product(Pathway, Outcome, variants, flags):
        recommendation = RECOMMENDATION.get(pathway, "R1")
        yield Finding(pathway, recommendation, outcome, "tier", variant, evidence=(fact("x"),), flags=flag)


def test_what_a_card_asks_to_check_has_words() -> None:
    assert set(checks_in_the_rules()) == set(CHECKS)


def test_what_a_record_can_lack_has_words(guideline: Guideline) -> None:
    denied = [
        stated(concept, certainty=Certainty.DENIED, recorded=on("2026-06-15"))
        for concept in ("bladder-dysfunction", "bowel-dysfunction")
    ]
    records = (record(), *map(record, denied))
    assert {key for one in records for key in not_recorded(one, TODAY, guideline)} == set(MISSING)


def test_what_a_record_can_deny_has_words() -> None:
    assert {question.key for question in QUESTIONS} == set(DENIALS)


def test_what_can_change_the_advice_has_words() -> None:
    named = {key for one in findings() for key in would_change(one.outcome, (one,), unread=True)}
    assert named == set(CHANGES)


@pytest.mark.parametrize("rules", [infection, malignancy], ids=["infection", "cancer"])
def test_no_pathway_comes_alone_to_a_variant_of_a_pattern(rules: object) -> None:
    own = vars(rules)["VARIANTS"]
    assert not own.intersection(name for names in SUMMARY_OF_PATTERN.values() for name in names)


@pytest.mark.parametrize(
    "others", [(), *product((Pathway.INFECTION, Pathway.CANCER, Pathway.PROCEDURE), (E, U))]
)
@pytest.mark.parametrize("file", SUMMARY_OF_PATTERN)
def test_what_has_the_summary_of_a_pattern_always_forms_one(
    file: str, others: tuple[Pathway, Outcome] | tuple[()]
) -> None:
    (variant,) = SUMMARY_OF_PATTERN[file]
    flags = frozenset({"haematoma"}) if file == "procedure" else frozenset()
    leading = Finding(Pathway(file), RECOMMENDATION[Pathway(file)], E, "tier", variant, flags=flags)
    beside = [Finding(Pathway.CAUDA_EQUINA, "R4", U, "tier", flags=NEURO)] if file != "procedure" else []
    beside += [Finding(others[0], RECOMMENDATION[others[0]], others[1], "tier")] if others else []
    assert make_plan((leading, *beside)).pattern is not None
