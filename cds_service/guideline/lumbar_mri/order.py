"""Which draft orders are lumbar MRIs, and what the rules read of each (specification 2.1, 8.9.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import MriOrder
from cds_service.guideline.lumbar_mri.order_elements import (
    Json,
    codes_in,
    codings_of,
    objects_of,
    text_of,
    words_of,
)
from cds_service.guideline.lumbar_mri.order_patterns import OrderPatterns, plain
from cds_service.record.terminology import NOTHING, Terminology, spell

CRITERIA: tuple[tuple[str, str], ...] = (
    ("in scope", "A draft or active order whose code is an MRI of the lumbar, thoracolumbar or whole spine"),
    (
        "in scope",
        "An MRI without a region in its code, where text, body site or order detail name the lumbar spine",
    ),
    ("in scope", "An order without any known code whose words order an MRI of the lumbar spine"),
    ("out of scope", "A known code of another study, whatever the text says"),
    ("out of scope", "An order for another patient: it is not evaluated, and the answer says so"),
    (
        "silent",
        "An order for another indication (demyelination, tumour surveillance, axial spondyloarthritis, "
        "scoliosis, planning of an operation, research) that does not name back pain too",
    ),
)

STATUSES = frozenset({"draft", "active"})
INTENTS = frozenset(
    {"proposal", "plan", "order", "original-order", "reflex-order", "filler-order", "instance-order"}
)
PRIORITIES = ("routine", "urgent", "asap", "stat")
_COVERS = {"whole-spine-mri": "whole-spine", "thoracolumbar-mri": "thoracolumbar", "lumbar-mri": "lumbar"}
_NO_REGION = frozenset({"spine-mri-unspecified", "mri-unspecified"})
_CT = "lumbar-ct"
STUDIES = (*_COVERS, *sorted(_NO_REGION), _CT)  # the value sets of the codes by which an order is recognised
EMERGENCY_REFERRAL = "order-emergency"  # a site's own code for the order that a card suggests
_OTHER_INDICATION = ("other-indication", "axial-spondyloarthritis")
_PAIN = ("low-back-pain", "radicular-pain", "bilateral-leg-symptoms", "back-pain-unspecified")


@dataclass(frozen=True, slots=True)
class ForeignOrder:
    """A lumbar MRI draft for another patient than the one in context: never evaluated."""

    reference: str
    label: str  # what the doctor calls it, unescaped


@dataclass(frozen=True, slots=True)
class OrderSelection:
    """The drafts that the guideline is asked about; both empty where the call is not about a lumbar MRI."""

    orders: tuple[MriOrder, ...]
    foreign: tuple[ForeignOrder, ...]


@dataclass(frozen=True, slots=True)
class _Study:
    """What a draft's code says that it is."""

    covers: str
    coding: Json | None = None  # the coding that was recognised; None: words
    is_ct: bool = False


def select_orders(
    draft_orders: Sequence[Json], selections: tuple[str, ...] | None, patient_id: str, guideline: Guideline
) -> OrderSelection:
    """The lumbar MRI drafts among `draft_orders` that are selected (2.1).

    `selections` is None where every draft is in scope (order-sign), else `ServiceRequest/id` or a bare id.
    Nothing else of the call is looked at, so that an order out of scope is answered at once.
    """
    found: dict[str, MriOrder] = {}
    foreign: dict[str, ForeignOrder] = {}
    for reference, draft in _selected(_with_references(draft_orders), selections):
        study = _read_study(draft, guideline) if _is_to_be_done(draft) else None
        if study is None:
            continue
        if not _is_for(draft.get("subject"), patient_id):
            foreign.setdefault(reference, ForeignOrder(reference, _label(draft.get("code"), study)))
        else:
            found.setdefault(reference, _read_order(reference, draft, study, guideline))
    return OrderSelection(tuple(found.values()), tuple(foreign.values()))


def has_emergency_referral(draft_orders: Sequence[Json], patient_id: str, guideline: Guideline) -> bool:
    """Whether a draft, selected or not, sends the patient to the emergency department (2.11).

    No standard code for it is verified: a code that the site gave it tells, else its words.
    An MRI that merely mentions the department is none.
    """
    patterns = guideline.order_patterns
    for _, draft in _with_references(draft_orders):
        if not _is_to_be_done(draft) or not _is_for(draft.get("subject"), patient_id):
            continue
        codes = codes_in(draft.get("code"), guideline.terminology)
        if EMERGENCY_REFERRAL in codes:
            return True
        words = [*words_of(draft.get("code")), *_detail_words(draft)]
        performers = [text_of(performer.get("display")) for performer in objects_of(draft.get("performer"))]
        named = [plain(text) for text in (*words, *words_of(draft.get("performerType")), *performers) if text]
        names_it = any(patterns.says(patterns.emergency_department, text) for text in named)
        if names_it and not any(patterns.names_magnetic_resonance(text) for text in words):
            return True
    return False


def _with_references(draft_orders: Sequence[Json]) -> list[tuple[str, Json]]:
    """Each ServiceRequest with its reference; one without an id is named by its place among the drafts."""
    named: list[tuple[str, Json]] = []
    for place, draft in enumerate(draft_orders, start=1):
        if isinstance(draft, dict) and draft.get("resourceType") == "ServiceRequest":
            named.append((f"ServiceRequest/{text_of(draft.get('id')) or f'draft-{place}'}", draft))
    return named


def _selected(
    named: list[tuple[str, Json]], selections: tuple[str, ...] | None
) -> Iterator[tuple[str, Json]]:
    """The selected drafts: by type and id, by a bare id, or without an id where a selection fits no other."""
    if selections is None:
        yield from named
        return
    wanted = {name if "/" in name else f"ServiceRequest/{name}" for name in selections}
    known = {reference for reference, draft in named if text_of(draft.get("id"))}
    # A client that gives its drafts no id cannot name them properly, either.
    takes_nameless = any(name.startswith("ServiceRequest/") for name in wanted - known)
    for reference, draft in named:
        if reference in wanted if text_of(draft.get("id")) else takes_nameless:
            yield reference, draft


def _is_to_be_done(draft: Json) -> bool:
    """Whether status and intent say that the order is to be carried out; a missing one is that of a draft."""
    if draft.get("doNotPerform") in (True, "true"):
        return False
    status, intent = draft.get("status") or "draft", draft.get("intent") or "order"
    return text_of(status) in STATUSES and text_of(intent) in INTENTS


def _is_for(subject: Any, patient_id: str) -> bool:
    """Whether the draft is for the patient; one that does not say, or cannot be compared, is."""
    reference = text_of(subject.get("reference")) if isinstance(subject, dict) else None
    if reference is None or reference.startswith("#"):
        return True
    parts = reference.split("/_history/", 1)[0].rstrip("/").split("/")
    if len(parts) == 1:
        return parts[0].rsplit(":", 1)[-1] == patient_id
    return parts[-2:] == ["Patient", patient_id]


def _read_study(draft: Json, guideline: Guideline) -> _Study | None:
    """The lumbar study that the draft orders; None where it is another one.

    A known code decides; words only where no known code says what the study is.
    """
    lookup = guideline.terminology.concepts_of
    codings = codings_of(draft.get("code"))
    known = [(lookup(coding.get("system"), coding.get("code")), coding) for coding in codings]
    for concepts, coding in known:
        for concept, covers in _COVERS.items():
            if concept in concepts:
                return _Study(covers, coding)
    for concepts, coding in known:
        if not concepts.isdisjoint(_NO_REGION):
            region = _region(words_of(draft.get("code")), draft, guideline.order_patterns)
            return _Study(region, coding) if region else None
        if _CT in concepts and guideline.switches.advise_mri_for_ct:
            return _Study("lumbar", coding, is_ct=True)
    # A known code of something else wins over whatever the text says.
    return None if any(concepts for concepts, _ in known) else _study_by_words(draft, guideline)


def _study_by_words(draft: Json, guideline: Guideline) -> _Study | None:
    """The study as its text or a display names it."""
    patterns = guideline.order_patterns
    for text in words_of(draft.get("code")):
        is_mri = patterns.names_magnetic_resonance(text)
        is_ct = guideline.switches.advise_mri_for_ct and patterns.names_computed_tomography(text)
        region = _region([text], draft, patterns) if is_mri or is_ct else None
        if region:
            return _Study(region, is_ct=not is_mri)
    return None


def _region(names: Sequence[str], draft: Json, patterns: OrderPatterns) -> str | None:
    """What the study covers: by its name, else by bodySite, else by orderDetail; None: not the lumbar spine.

    The first of them that names any region decides.
    """
    for texts in (names, _site_words(draft), _detail_words(draft)):
        covers = _covers_by_words(texts, patterns)
        if covers or any(patterns.names_other_region(text) for text in texts):
            return covers
    return None


def _covers_by_words(texts: Sequence[str], patterns: OrderPatterns) -> str | None:
    if not any(patterns.names_lumbar_spine(text) for text in texts):
        return None
    together = patterns.without_asides(" ; ".join(texts))
    if patterns.whole_spine.search(together):
        return "whole-spine"
    if not patterns.thoracic.search(together):
        return "lumbar"
    return "whole-spine" if patterns.cervical.search(together) else "thoracolumbar"


def _read_order(reference: str, draft: Json, study: _Study, guideline: Guideline) -> MriOrder:
    reasons = list(_reasons(draft))
    priority = text_of(draft.get("priority"))
    return MriOrder(
        reference=reference,
        resource=draft,
        label=_label(draft.get("code"), study),
        covers=study.covers,
        contrast=_contrast(draft, study, guideline),
        priority=priority.lower() if priority and priority.lower() in PRIORITIES else "routine",
        reason_concepts=NOTHING.union(*(codes_in(reason, guideline.terminology) for reason in reasons)),
        other_indication=read_other_indication(
            ((codes_in(reason, guideline.terminology), " ; ".join(words_of(reason))) for reason in reasons),
            guideline,
        ),
        code_system=text_of(study.coding.get("system")) if study.coding else None,
        code=text_of(study.coding.get("code")) if study.coding else None,
        texts=tuple(_order_texts(draft, reasons)),
        is_ct=study.is_ct,
    )


def read_other_indication(reasons: Iterable[tuple[frozenset[str], str]], guideline: Guideline) -> str | None:
    """The words of the reason that lies outside the guideline (2.1.6); None where the order is for back pain.

    Each reason is its concepts and its words.
    An order that also names pain of the back is the guideline's business, whatever else it names.
    """
    found: str | None = None
    for concepts, text in reasons:
        patterns, words = guideline.order_patterns, plain(text)
        coded = not concepts.isdisjoint(_OTHER_INDICATION)
        said = patterns.says(patterns.other_indication, words)
        # "Inflammatory back pain" names the other indication, not the pain that this guideline is about.
        rest = patterns.other_indication.sub(" ", words)
        if not concepts.isdisjoint(_PAIN) or patterns.says(patterns.pain, rest):
            return None
        if found is None and (coded or said):
            found = text.strip() or "another indication"
    return found


def _label(code: Any, study: _Study) -> str:
    text = text_of(code.get("text")) if isinstance(code, dict) else None
    display = text_of(study.coding.get("display")) if study.coding else None
    return text or display or next(iter(words_of(code)), "MRI of the lumbar spine")


def _contrast(draft: Json, study: _Study, guideline: Guideline) -> str | None:
    """Contrast by the name that the value set gives the code, else by the order's own words."""
    official = _official_display(study.coding, guideline.terminology) if study.coding else ""
    texts = (official, *words_of(draft.get("code")), *_detail_words(draft))
    found = (guideline.order_patterns.contrast_of(text) for text in texts if text)
    return next((contrast for contrast in found if contrast), None)


def _official_display(coding: Json, terminology: Terminology) -> str:
    """The name that the value set gives the code; a client's own display may be wrong."""
    system = terminology.systems.get(terminology.system_name(text_of(coding.get("system")) or "") or "")
    if system is None:
        return ""
    code = spell(text_of(coding.get("code")) or "", system)
    for concept in (*_COVERS, *_NO_REGION):
        for row in terminology.value_sets.get(concept, ()):
            if row.code == code and row.system == system.url and not row.prefix:
                return row.display
    return ""


def _reasons(draft: Json) -> Iterator[Any]:
    """The coded reasons of the order, those of its contained conditions included."""
    yield from objects_of(draft.get("reasonCode"))
    contained = {text_of(part.get("id")): part for part in objects_of(draft.get("contained"))}
    for reference in objects_of(draft.get("reasonReference")):
        target = text_of(reference.get("reference")) or ""
        part = contained.get(target.removeprefix("#")) if target.startswith("#") else None
        yield part.get("code") if part else {"text": reference.get("display")}


def _order_texts(draft: Json, reasons: Iterable[Any]) -> Iterator[str]:
    for reason in reasons:
        yield from words_of(reason)
    for note in objects_of(draft.get("note")):
        text = text_of(note.get("text"))
        if text:
            yield text


def _site_words(draft: Json) -> list[str]:
    return [word for site in objects_of(draft.get("bodySite")) for word in words_of(site)]


def _detail_words(draft: Json) -> list[str]:
    return [word for detail in objects_of(draft.get("orderDetail")) for word in words_of(detail)]
