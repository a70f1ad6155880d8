"""Hypothesis strategies for whole hook requests over generated records."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests import builders
from tests.builders import Concept, Resource, concept
from tests.properties import changes
from tests.properties.resources import (
    PAIN_CONDITIONS,
    RED_FLAG_CONDITIONS,
    WORDS,
    Dates,
    any_days,
    coded,
    day,
    devices,
    findings,
    forms,
    measurements,
    medicines,
    other_conditions,
    pain,
    power_series,
    procedures,
    red_flags,
    reports,
    visits,
    whole_days,
    worded_conditions,
)
from tests.vignettes.codings import MRI_KNEE, MRI_LUMBAR
from tests.vignettes.stories import STORIES
from tests.vignettes.story import NOW

Request = dict[str, Any]

HOOKS = ("order-select", "order-sign")
AGES = (*(34, 42, 57, 66, 70, 88) * 2, 18, 25, 17, 9, None)
SETTINGS = ("AMB", "AMB", "AMB", "EMER", "IMP", "VR", None)

# Stories whose order is a lumbar MRI that the guideline answers, so that a decision exists to compare.
_WITHOUT_A_DECISION = {"V98", "V99", "V100", "V101", "V113"}
DECIDED_STORIES = tuple(told for told in STORIES.values() if told.id not in _WITHOUT_A_DECISION)


@st.composite
def people(draw: DrawFn) -> Resource:
    """A patient, mostly adult, some months after a birthday; now and then of unknown age."""
    age = draw(st.sampled_from(AGES))
    born = (NOW - timedelta(days=round(((age or 40) + 0.4) * 365.25))).date().isoformat()
    person = builders.patient(born, draw(st.sampled_from(["female", "male", "other", "unknown"])))
    return {name: value for name, value in person.items() if age is not None or name != "birthDate"}


@st.composite
def resources(draw: DrawFn, dates: Dates) -> list[Resource]:
    """What the record holds besides the patient: pain or none, and up to a dozen entries of every kind."""
    single = st.one_of(
        red_flags(dates),
        red_flags(dates),
        measurements(dates),
        findings(dates),
        other_conditions(dates),
        worded_conditions(dates),
        procedures(dates),
        medicines(dates),
        visits(dates),
        devices(),
        forms(dates),
        reports(dates),
    )
    aches = draw(st.lists(pain(dates), max_size=2))
    entries = draw(st.lists(single, max_size=7))
    power = draw(st.lists(power_series(dates), max_size=2))
    return [*aches, *entries, *(exam for series in power for exam in series)]


@st.composite
def lumbar_orders(draw: DrawFn, id: str = "mri-1") -> Resource:
    """A draft for a lumbar MRI in any of its code systems or in words, with any reason."""
    code = draw(
        st.one_of(st.just(MRI_LUMBAR), coded("lumbar-mri", "whole-spine-mri", "thoracolumbar-mri"), _WORDED)
    )
    return builders.service_request(
        code,
        id=id,
        status=draw(st.sampled_from(["draft", "draft", "active"])),
        intent=draw(st.sampled_from(["order", "plan", "proposal"])),
        priority=draw(st.sampled_from(["routine", "routine", "urgent", "asap", "stat"])),
        reason=draw(st.one_of(st.none(), st.none(), order_reasons())),
        note=draw(st.sampled_from([None, None, None, *WORDS])),
    )


_WORDED: SearchStrategy[Concept] = st.sampled_from(
    [
        "MRI lumbar spine",
        "MR L-spine w/o contrast",
        "MRI lower back",
        "Magnetic resonance imaging, lumbosacral",
    ]
).map(concept)


def order_reasons() -> SearchStrategy[Concept]:
    """Why the scan is ordered: pain, a red flag, something else, or words."""
    return st.one_of(
        coded(*PAIN_CONDITIONS),
        coded(*RED_FLAG_CONDITIONS),
        coded("other-indication", "osteoporosis", "reason-care-4-6-weeks", "reason-neurology-worse"),
        st.sampled_from(WORDS).map(concept),
    )


@st.composite
def requests(
    draw: DrawFn,
    *,
    dates: Dates | None = None,
    failures: bool = True,
    orders: SearchStrategy[list[Resource]] | None = None,
) -> Request:
    """A hook request about one lumbar MRI over a generated record; some reads have failed or were not made.

    `dates` are whole or partial unless given; `failures=False` leaves every read complete.
    """
    person, hook = draw(people()), draw(st.sampled_from(HOOKS))
    entries = draw(resources(any_days() if dates is None else dates))
    setting = draw(st.sampled_from(SETTINGS))
    visit = builders.encounter(NOW.isoformat(), kind=setting, id="visit-today") if setting else None
    request: Request = builders.hook_request(
        hook,
        hook_instance="0c6f2b7e-6f7d-4f54-9a53-5d1f6f2f3a11",
        draft_orders=draw(lumbar_orders().map(lambda order: [order]) if orders is None else orders),
        prefetch=builders.prefetch_of(person, entries, visit),
    )
    request["prefetch"]["examinations"] = builders.searchset(
        [
            entry["resource"]
            for entry in request["prefetch"]["observations"].get("entry", ())
            if _is_exam(entry)
        ]
    )
    for key, failure in draw(read_failures()).items() if failures else ():
        request = changes.fail(request, key, failure)
    return request


def _is_exam(entry: Resource) -> bool:
    return any(
        coding["code"] in ("exam", "survey")
        for said in entry["resource"]["category"]
        for coding in said["coding"]
    )


def read_failures() -> SearchStrategy[Mapping[str, str]]:
    """Which prefetch keys fail and how; mostly none."""
    keys = st.sampled_from(["patient", "encounter", "examinations", *builders.PREFETCH_TYPES])
    some = st.dictionaries(keys, st.sampled_from(sorted(changes.FAILURES)), max_size=3)
    return st.one_of(st.just({}), st.just({}), some)


@st.composite
def plain_requests(draw: DrawFn) -> Request:
    """A request about plain back pain with some treatment, every read complete: most often R1 or R2."""
    started = draw(st.sampled_from([3, 10, 27, 28, 35, 43, 60, 120]))
    ache = builders.condition(draw(coded("low-back-pain")), onset=day(started), recorded=day(started))
    sessions = draw(st.lists(st.integers(0, started), max_size=4))
    care = [builders.procedure(draw(coded("physical-therapy")), performed=day(ago)) for ago in sessions]
    scores = [builders.pain_score(score, day(ago)) for score, ago in draw(_SCORES)]
    harmless = builders.condition(
        draw(coded("diabetes", "benign-neoplasm", "osteoporosis")), recorded=day(900)
    )
    medicine = draw(medicines(whole_days())) if draw(st.booleans()) else None
    entries = [ache, *care, *scores, harmless, *([medicine] if medicine else [])]
    return builders.hook_request(
        draw(st.sampled_from(HOOKS)),
        hook_instance="0c6f2b7e-6f7d-4f54-9a53-5d1f6f2f3a12",
        draft_orders=[builders.service_request(MRI_LUMBAR)],
        prefetch=builders.prefetch_of(
            draw(people()), entries, builders.encounter(NOW.isoformat(), id="visit-today")
        ),
    )


_SCORES = st.lists(st.tuples(st.integers(0, 10), st.sampled_from([0, 5, 20, 40])), max_size=3)


def whole_day_requests(*, failures: bool = True) -> SearchStrategy[Request]:
    """Requests that can be moved in time: no partial date, which no number of days can shift."""
    return requests(dates=whole_days(), failures=failures)


def told_requests(*ids: str) -> SearchStrategy[Request]:
    """The request of a vignette story that gets a decision; of the named ones only, where some are named."""
    chosen = [told for told in DECIDED_STORIES if not ids or told.id in ids]
    return st.sampled_from(chosen).map(lambda told: told.request(NOW))


def any_request() -> SearchStrategy[Request]:
    """A generated request or a story's; each order in it gets a decision."""
    return st.one_of(requests(), told_requests(), plain_requests(), requests())


def out_of_scope_orders() -> SearchStrategy[Resource]:
    """A draft that is no business of the guideline, or that is none to be answered."""
    drafts = st.one_of(
        st.just(MRI_KNEE),
        coded("other-imaging", "lumbar-x-ray", "physical-therapy-referral", "lumbar-ct"),
        st.sampled_from(["MRI brain", "MRI thoracic spine", "X-ray lumbar spine", "Full blood count"]).map(
            concept
        ),
    ).map(lambda code: builders.service_request(code, id="other-1"))
    undone = st.sampled_from(["entered-in-error", "revoked", "completed"]).map(
        lambda status: builders.service_request(MRI_LUMBAR, id="mri-1", status=status)
    )
    medicine = st.just(builders.medication_request(concept("Paracetamol"), authored=None, id="med-1"))
    return st.one_of(drafts, undone, medicine)
