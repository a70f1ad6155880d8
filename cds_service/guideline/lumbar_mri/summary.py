"""The one line of a card: the action, the features that fit, and the recommendation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Template

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Outcome
from cds_service.guideline.lumbar_mri.escaping import cut_at_word, plain_text
from cds_service.guideline.lumbar_mri.phrases import capitalised, feature, in_singular
from cds_service.protocol.card import SUMMARY_CHARACTERS

MARK_CHARACTERS = 30
_NO_FEATURES = re.compile(r" ?\(\$features\)|:? ?\$features")
# Asked for, not yet given: the strength belongs to a recommendation that applies.
_WITHOUT_STRENGTH = frozenset({Outcome.POSSIBLE, Outcome.UNCLEAR, Outcome.OUTSIDE})


def fit_summary(template: str, features: Sequence[str], tag: str, limit: int = SUMMARY_CHARACTERS) -> str:
    """The template with as many features as fit, then the tag; the tag is never cut.

    `template` has only `$features` left to fill.
    Features go from the last one on; words go only where none is left.
    """
    for count in range(len(features), -1, -1):
        text = _with_features(template, features[:count])
        whole = _ended(text, tag)
        if len(whole) <= limit:
            return whole
    return _ended(cut_at_word(text, limit - len(tag)), tag)


def features_of(decision: Decision) -> tuple[str, ...]:
    """The leading finding's facts in a few words each, said once."""
    leading = decision.leading
    if leading is None:
        return ()
    return tuple(dict.fromkeys(feature(fact, decision.today) for fact in leading.evidence))


def tag_of(decision: Decision, guideline: Guideline, mark: str = "") -> str:
    """How a summary ends: " (ACE R4, strong)."; with a low certainty, which the doctor must see as well.

    `mark` names the order where several cards are shown; "." where no recommendation applies.
    """
    named = f"; order: {plain_text(mark, MARK_CHARACTERS)}" if mark else ""
    if not decision.recommendations:
        return f"{named}." if named else "."
    if decision.outcome is Outcome.UNCLEAR and len(decision.recommendations) > 1:
        return f"{named} (ACE {'/'.join(decision.recommendations)})."
    leading = guideline.recommendations[decision.recommendations[0]]
    if decision.outcome in _WITHOUT_STRENGTH:
        return f"{named} (ACE {leading.id})."
    low = "; low certainty" if leading.certainty == "low" else ""
    return f"{named} (ACE {leading.id}, {leading.strength}{low})."


def fill_all_but_features(section: str, fills: Mapping[str, str]) -> str:
    """The section with every blank but `$features` filled."""
    # A dollar sign of the record must not become a blank of ours.
    plain = {name: value.replace("$", "") for name, value in fills.items() if name != "features"}
    return in_singular(Template(section).safe_substitute(plain))


def _with_features(template: str, features: Sequence[str]) -> str:
    if not features:
        return _NO_FEATURES.sub("", template).strip()
    said = ", ".join(features)
    if re.search(r"\. \$features", template):
        said = capitalised(said)
    return template.replace("$features", said).strip()


def _ended(text: str, tag: str) -> str:
    """The text and the tag, without a full stop between them."""
    return f"{text.rstrip(' .,;:')}{tag}"
