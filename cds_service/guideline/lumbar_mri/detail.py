"""The text of a card in fixed blocks: why, what to do, what is missing, evidence, limits."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome, Pathway, Plan
from cds_service.guideline.lumbar_mri.asked import denied_lines, items_in_words
from cds_service.guideline.lumbar_mri.card_words import CardWords, threshold_fills
from cds_service.guideline.lumbar_mri.phrases import capitalised, statements
from cds_service.guideline.lumbar_mri.plan import needs_operating_team, suspects_cancer, suspects_infection
from cds_service.guideline.lumbar_mri.record_gaps import PARTS_OF_GAP
from cds_service.guideline.lumbar_mri.summary import Place
from cds_service.guideline.lumbar_mri.why import block, bullets, why
from cds_service.guideline.lumbar_mri.wording import SAFETY, SHARED, by_key, find, unread_names
from cds_service.guideline.words import Words

STALE_FACTS = 4
_WITH_MRI = frozenset({Outcome.EMERGENCY, Outcome.URGENT, Outcome.INDICATED, Outcome.MAY_BE_INDICATED})
_BOTH_LEGS = frozenset({"both-legs-weak", "bilateral"})  # the odds ratio is for these alone (8.8.10)
_QUESTIONS = (Outcome.POSSIBLE, Outcome.UNCLEAR)
_EMPTY_WORDS = frozenset({"and", "or", "function", "sensation", "volume", "post-void"})


def write_detail(decision: Decision, said: CardWords, guideline: Guideline, place: Place) -> str:
    """The detail of the guideline's card, as GitHub Flavored Markdown without HTML."""
    words = said.words
    blocks = [
        ("", first_lines(decision, guideline)),
        ("why", why(decision, said, place)),
        ("do", _what_to_do(decision, said, guideline)),
        ("missing", _missing(decision, guideline)),
        ("change", changes(decision, said)),
        ("evidence", _evidence(decision, said, guideline)),
        ("limits", _limits(words)),
    ]
    if decision.endorsed:
        blocks = [block for block in blocks if block[0] != "change"]
    return "\n\n".join(written for name, lines in blocks if (written := block(name, lines, words)))


def first_lines(decision: Decision, guideline: Guideline) -> Iterator[str]:
    """What must be read before anything else."""
    fills = threshold_fills(guideline)
    for key in decision.first_lines:
        section = f"first.{key}"
        known = guideline.words.has(SHARED, section)
        line = guideline.words.say(SHARED, section, fills) if known else capitalised(key.replace("-", " "))
        yield f"**{line}**\n"


def changes(decision: Decision, said: CardWords) -> Iterator[str]:
    """What would change the advice, as list items."""
    for key in decision.would_change:
        line = by_key(said.words, "change", key, said.thresholds)
        yield line if line.startswith("- ") else f"- {capitalised(line)}."


def not_recorded(decision: Decision, words: Words) -> list[str]:
    """What the record is silent about, in plain words."""
    return [by_key(words, "missing", key) for key in decision.not_recorded]


def safety_lines(decision: Decision, words: Words, *, all_kinds: bool, do: str = "") -> Iterator[str]:
    """One line a fact of MRI safety; a device has a card of its own unless `all_kinds`.

    `do` is what the card says already: artefact-reducing sequences are not asked for twice.
    """
    for line in decision.safety:
        if all_kinds or not line.own_card:
            (fact,) = statements((line.evidence,), words, 1)
            named = (f"{line.kind}-named",) if "artefact" in do else ()
            said = find(words, SAFETY, "line", (*named, line.kind), {"fact": fact})
            if said:
                yield said


def _what_to_do(decision: Decision, said: CardWords, guideline: Guideline) -> Iterator[str]:
    words = said.words
    do = said.markdown("do") or ""
    yield do
    if decision.outcome in _QUESTIONS:
        yield from (f"- {line}" for line in _to_settle(decision, guideline))
    checks = [] if decision.endorsed else _checks(decision, do, words)
    if checks:
        yield f"- {words.say(SHARED, 'checks', {'checks': ', '.join(checks)})}"
    yield from (f"- {line}" for line in _beside(decision, do, words))
    study = study_words(decision.plan, words)
    leading = decision.leading.pathway if decision.leading else None
    # After an operation contrast answers some questions only; `do` names them, and a suggestion offers it.
    only_offered = leading is Pathway.PROCEDURE and decision.outcome is Outcome.URGENT
    if study and not only_offered:
        section = "protocol-to-consider" if decision.endorsed else "protocol"
        yield f"- {words.say(SHARED, section, {'protocol': study})}"
    yield from bullets(_in_pregnancy(decision, words))
    with_card = decision.outcome not in (Outcome.NOT_INDICATED, Outcome.OUTSIDE)
    yield from bullets(safety_lines(decision, words, all_kinds=not with_card, do=do))


def _in_pregnancy(decision: Decision, words: Words) -> Iterator[str]:
    """What a pregnancy adds (2.13); the safety line about contrast says the same as the first."""
    if not decision.pregnant:
        return
    told = any(line.kind == "pregnancy" for line in decision.safety)
    if decision.outcome in _WITH_MRI and not told:
        yield words.say(SHARED, "pregnant")
    if any(finding.pathway is Pathway.CAUDA_EQUINA for finding in decision.findings):
        yield words.say(SHARED, "pregnant.cauda-equina")


def _to_settle(decision: Decision, guideline: Guideline) -> Iterator[str]:
    """The items of the checklist that would settle the card; a gap's card names the red flags they ask for.

    Treatment so far, and the red flags of a disease, are named by the words of their own cards.
    """
    items = [item for item in guideline.checklist.items if item.link_id in decision.open_items]
    if not items:
        return
    numbers = items_in_words([item.number for item in items], guideline.words)
    of_disease = decision.leading is not None and decision.leading.pathway is not Pathway.PAIN
    names_them = decision.outcome is Outcome.UNCLEAR and not of_disease
    if names_them and any(not item.treatment for item in items):
        names = ", ".join(item.short for item in items)
        yield guideline.words.say(SHARED, "settle", {"items": numbers, "names": names})
    else:
        yield guideline.words.say(SHARED, "settled-by", {"items": numbers})


def _beside(decision: Decision, do: str, words: Words) -> Iterator[str]:
    """What the leading disease's words leave out; beside a right order, what the doctor still does."""
    if decision.endorsed:
        section = f"endorsed.{decision.plan.setting}"
        in_clinic = decision.primary_care and decision.outcome is Outcome.URGENT
        if in_clinic and words.has(SHARED, section) and not _is_said_beside(decision):
            yield words.say(SHARED, section)
    # The short words of a right order say nothing of the disease that leads, either.
    leading = decision.leading.pathway if decision.leading and not decision.endorsed else None
    if suspects_infection(decision.findings) and leading is not Pathway.INFECTION:
        yield words.say(SHARED, "beside.cultures" if "CRP and ESR" in do else "beside.infection")
    if suspects_cancer(decision.findings) and leading is not Pathway.CANCER:
        yield words.say(SHARED, "beside.cancer")
    haematoma = decision.plan.pattern == "haematoma"
    # Of a haematoma the first line says so.
    if needs_operating_team(decision.findings) and leading is not Pathway.PROCEDURE and not haematoma:
        yield words.say(SHARED, "beside.procedure")
    if haematoma and leading is not Pathway.PROCEDURE:
        yield words.say(SHARED, "beside.haematoma")


def _is_said_beside(decision: Decision) -> bool:
    """Whether the words beside a right order tell the same team already."""
    match decision.plan.setting:
        case "oncology":
            return suspects_cancer(decision.findings)
        case "operating-team":
            return needs_operating_team(decision.findings)
        case _:
            return False


def _checks(decision: Decision, do: str, words: Words) -> list[str]:
    """What to check today besides what `do` names; nothing in an emergency, which must not wait for it."""
    if decision.leading is None or decision.outcome is Outcome.EMERGENCY:
        return []
    named = do.lower()
    checks = [by_key(words, "check", key) for key in decision.leading.checks]
    return [check for check in checks if not all(word in named for word in _telling_words(check))]


def _telling_words(check: str) -> list[str]:
    return [word for word in check.lower().split() if word not in _EMPTY_WORDS]


def study_words(plan: Plan, words: Words) -> str:
    """Region and contrast that should change: "whole spine, with and without contrast"; empty: neither."""
    region = words.say(SHARED, f"region.{plan.region}") if plan.region else ""
    contrast = (
        words.say(SHARED, f"contrast.{plan.contrast}")
        if plan.contrast in ("without", "with-and-without")
        else ""
    )
    return ", ".join(part for part in (region, contrast) if part)


def _missing(decision: Decision, guideline: Guideline) -> Iterator[str]:
    """What could not be read, is not recorded, was denied, or is too old to count."""
    words = guideline.words
    if decision.unread:
        what = ", ".join(unread_names(decision.unread, words))
        yield f"- {words.say(SHARED, 'unread', {'what': what})}"
    if decision.endorsed:  # a short card asks for nothing more
        return
    silent = [by_key(words, "missing", key) for key in _never_told(decision)]
    if silent:
        yield f"- {words.say(SHARED, 'not-recorded')}: {', '.join(silent)}."
    if decision.outcome is Outcome.NOT_INDICATED:
        yield from (f"- {line}" for line in _to_settle(decision, guideline))
    yield from (f"- {line}" for line in denied_lines(decision, words))
    stale = statements(decision.stale, words, STALE_FACTS)
    if stale:
        yield f"- {words.say(SHARED, 'stale')}: {'; '.join(stale)}."


def _never_told(decision: Decision) -> list[str]:
    """The gaps without an old answer, which is told with its day instead."""
    old = {denial.key for denial in decision.denied if not denial.fresh}
    return [key for key in decision.not_recorded if not old.issuperset(PARTS_OF_GAP.get(key, (key,)))]


def _evidence(decision: Decision, said: CardWords, guideline: Guideline) -> Iterator[str]:
    if not decision.recommendations or decision.outcome is Outcome.UNCLEAR:
        return
    words, file = said.words, said.subject
    leading = guideline.recommendations[decision.recommendations[0]]
    yield "- " + words.say(
        SHARED,
        "certainty",
        {"recommendation": leading.id, "strength": leading.strength, "certainty": leading.certainty},
    )
    if any(f.outcome is Outcome.EMERGENCY and f.flags & _BOTH_LEGS for f in decision.findings):
        yield words.say(SHARED, "both-legs")
    sections = ["evidence"]
    if guideline.switches.other_figures:
        sections.append("evidence.other")
    yield from (words.say(file, section) for section in sections if words.has(file, section))


def _limits(words: Words) -> Iterator[str]:
    yield words.say(SHARED, "limits")
    yield f"- {words.say(SHARED, 'closing')}"
