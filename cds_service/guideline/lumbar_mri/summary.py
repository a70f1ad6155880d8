"""The one line of a card: the action, the features that fit, and the recommendation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Finding, MriOrder, Outcome
from cds_service.guideline.lumbar_mri.escaping import cut_at_word, plain_text
from cds_service.guideline.lumbar_mri.phrases import Feature, capitalised, feature_of
from cds_service.guideline.lumbar_mri.wording import SHARED
from cds_service.guideline.words import Words
from cds_service.protocol.card import SUMMARY_CHARACTERS

MARK_CHARACTERS = 30
LEAST_MARK_CHARACTERS = 12
_NO_FEATURES = re.compile(r" ?\(\$features\)|:? ?\$features")
# Asked for, not yet given: the strength belongs to a recommendation that applies.
_WITHOUT_STRENGTH = frozenset({Outcome.POSSIBLE, Outcome.UNCLEAR, Outcome.OUTSIDE})


@dataclass(frozen=True, slots=True)
class Place:
    """Which of several orders a card is about."""

    number: int = 1
    total: int = 1


def fit_summary(template: str, features: Sequence[Feature], tag: str, limit: int = SUMMARY_CHARACTERS) -> str:
    """The template with as many features as fit, then the tag; the tag is never cut.

    `template` has only `$features` left to fill; a feature that it names itself is not said again.
    Features go from the last one on, then the date of the first; words go only where no feature is left.
    """
    new = [feature for feature in features if feature.text.lower() not in template.lower()]
    dated = [feature.dated for feature in new]
    tries = [dated[:count] for count in range(len(dated), 0, -1)]
    tries += [[feature.text] for feature in new[:1]]
    for said in (*tries, []):
        whole = _ended(_with_features(template, said), tag)
        if len(whole) <= limit:
            return whole
    return _ended(cut_at_word(_with_features(template, ()), limit - len(tag)), tag)


def features_of(finding: Finding | None, today: date) -> tuple[Feature, ...]:
    """The finding's facts in a few words each, said once."""
    evidence = finding.evidence if finding else ()
    return tuple(dict.fromkeys(feature_of(fact, today) for fact in evidence))


def tag_of(decision: Decision, guideline: Guideline) -> str:
    """How a summary ends: " (ACE R4, strong)."; with a low certainty, which the doctor must see as well.

    "." where no recommendation applies.
    """
    if not decision.recommendations:
        return "."
    if decision.outcome is Outcome.UNCLEAR and len(decision.recommendations) > 1:
        return f" (ACE {'/'.join(decision.recommendations)})."
    leading = guideline.recommendations[decision.recommendations[0]]
    if decision.outcome in _WITHOUT_STRENGTH:
        return f" (ACE {leading.id})."
    low = "; low certainty" if leading.certainty == "low" else ""
    return f" (ACE {leading.id}, {leading.strength}{low})."


def mark_of(order: MriOrder, place: Place, room: int, words: Words) -> str:
    """What tells the summaries of several orders apart: "; order 2: MRI whole spine"; empty for one order.

    `room` is what the summary has left; a label that does not fit gives way to "; order 2 of 3".
    """
    if place.total < 2:
        return ""
    fills = {"place": str(place.number), "order": ""}
    least = len(words.say(SHARED, "order-mark", fills))
    limit = min(MARK_CHARACTERS, max(LEAST_MARK_CHARACTERS, room - least))
    label = plain_text(order.label, limit)
    if label != plain_text(order.label, len(order.label) + 1):  # what is cut off may be all the difference
        return words.say(SHARED, "order-mark-of", {"place": fills["place"], "total": str(place.total)})
    return words.say(SHARED, "order-mark", {**fills, "order": label})


def _with_features(template: str, features: Sequence[str]) -> str:
    if not features:
        return _NO_FEATURES.sub("", template).strip()
    said = ", ".join(features)
    if ". $features" in template:
        said = capitalised(said)
    return template.replace("$features", said).strip()


def _ended(text: str, tag: str) -> str:
    """The text and the tag, without a full stop between them."""
    return f"{text.rstrip(' .,;:')}{tag}"
