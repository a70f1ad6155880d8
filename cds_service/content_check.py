"""What is wrong with a content folder, what should be known of it, and how much was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cds_service.example_cards import ToldExample, tell
from cds_service.guideline.content import Folder, Guideline, Problem, check_content, load_guideline
from cds_service.guideline.content_codes import read_code_rows, read_code_systems
from cds_service.guideline.content_files import content_files, read_table
from cds_service.guideline.examples import EXAMPLES_FILE
from cds_service.guideline.faults import EntryPath, Fault
from cds_service.guideline.review_state import review_warning
from cds_service.icd_lists import CodeList, codes_of_no_list, prefixes_of_nothing, without_list

# The stories count back from their own day, so that any day will do; a fixed one makes a check repeatable.
DAY_OF_THE_STORIES = datetime(2026, 6, 15, 10, tzinfo=timezone(timedelta(hours=8)))


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What stops the service, what does not but should be known, and how much was looked at."""

    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    counts: Mapping[str, int]
    site_changes: tuple[str, ...] = ()


def check_folder(
    folder: Folder, now: datetime, lists: Mapping[str, CodeList], site_folder: Folder | None = None
) -> CheckReport:
    """The report on one folder and a site's overlay; with `lists`, every ICD code is looked up, too.

    The examples are told only where nothing else is wrong: a guideline that cannot be read decides nothing.
    """
    problems = check_content(folder, site_folder)
    if problems:
        return CheckReport(problems, (), {})
    guideline = load_guideline(folder)
    systems = read_code_systems(folder)
    rows = read_code_rows(folder, systems)
    found = (*prefixes_of_nothing(rows, systems, lists), *failing_examples(folder, guideline))
    at_site = None if site_folder is None else load_guideline(folder, site_folder)
    local = _endings_at_site(folder, at_site) if at_site else ()
    warnings = (*local, *_warnings(guideline, now, lists), *map(str, codes_of_no_list(rows, systems, lists)))
    return CheckReport(found, warnings, _counts(folder, guideline), tuple(_changes(at_site)))


def failing_examples(folder: Folder, guideline: Guideline) -> tuple[Problem, ...]:
    """Every example that does not end as its owner wrote, with what was expected and what happens."""
    table = read_table(folder, EXAMPLES_FILE)
    return tuple(
        table.problem(fault)
        for position, example in enumerate(guideline.examples)
        for fault in _differences(position, tell(example, DAY_OF_THE_STORIES, guideline))
    )


def _endings_at_site(folder: Folder, guideline: Guideline) -> Iterator[str]:
    """The examples that end otherwise under the overlay: the site's wish, which it should know."""
    return (f"at this site, {problem}" for problem in failing_examples(folder, guideline))


def _changes(guideline: Guideline | None) -> Iterator[str]:
    """What the overlay changes, so that nothing gets milder unseen."""
    if guideline is None or guideline.site is None:
        return
    for one in guideline.site_changes:
        was = f", not {one.before}" if one.before else ""
        why = f": {one.reason}" if one.reason else ""
        yield f"{one.kind} {one.name} is {one.after}{was} ({one.owner}, {one.date}{why})"
    codes = len(guideline.site.codes)
    if codes:
        yield f"{codes} code{'s' * (codes > 1)} of its own"


def _differences(position: int, told: ToldExample) -> Iterator[Fault]:
    example = told.example
    where: EntryPath = ("examples", position, "expect")
    for name, expected, actual in (
        ("outcome", example.outcome, told.outcome or "no card"),
        ("recommendations", ", ".join(example.recommendations), ", ".join(told.recommendations)),
        ("indicator", example.indicator, told.indicator or "no card"),
    ):
        if expected != actual:
            yield Fault(
                (*where, name), f"{example.id} expects {expected or 'none'}; it is {actual or 'none'}"
            )
    for place, said in enumerate(example.says):
        if said in told.unsaid:
            yield Fault(
                (*where, "says", place), f"{example.id} expects a card that says {said!r}; it does not"
            )


def _warnings(guideline: Guideline, now: datetime, lists: Mapping[str, CodeList]) -> Iterator[str]:
    expired = review_warning(guideline, now.astimezone(guideline.zone).date())
    if expired:
        yield f"guideline.toml: {expired}"
    missing = without_list(lists)
    if missing:
        yield f"ICD codes were held against their form only; a whole check needs {' and '.join(missing)}"


def _counts(folder: Folder, guideline: Guideline) -> dict[str, int]:
    return {
        "files": sum(1 for _ in content_files(folder)),
        "codes": sum(map(len, guideline.terminology.value_sets.values())),
        "thresholds": len(guideline.threshold_notes),
        "card texts": sum(map(len, guideline.words.sections.values())),
        "examples": len(guideline.examples),
    }
