"""What a phrase says of a concept, and whether a note on the order that says it stops R1."""

from cds_service.record.free_text import Said
from tests import builders
from tests.properties.asking import answer
from tests.record.records import shipped_guideline
from tests.vignettes import codings

# The surest first: a text that denies a thing once and asserts it once asserts it.
_NAMES = (
    (Said.ASSERTED, "affirmed"),
    (Said.QUERIED, "suspected"),
    (Said.DENIED, "negated"),
    (Said.ADVISED, "hypothetical"),
    (Said.FAMILY, "family"),
)


def verdict_of(phrase: str, concept: str) -> str:
    """The surest thing that the phrase says of the concept; without a concept: of anything."""
    mentions = shipped_guideline().patterns.mentions(phrase)
    about = [mention for mention in mentions if concept in ("", mention.concept)]
    said = {mention.said for mention in about}
    verdict = next((name for kind, name in _NAMES if kind in said), "none")
    past = verdict == "affirmed" and all(m.history for m in about if m.said is Said.ASSERTED)
    return "history" if past else verdict


def blocks_r1(phrase: str) -> bool:
    """Whether "not indicated" is not said of ten days of back pain once the order's note is this phrase."""
    pain = builders.condition(codings.LOW_BACK_PAIN, onset="2026-06-05", recorded="2026-06-05")
    request = builders.hook_request(
        "order-sign",
        hook_instance="5c1e3c6a-0000-4000-8000-000000000001",
        draft_orders=[builders.service_request(codings.MRI_LUMBAR, note=phrase)],
        prefetch=builders.prefetch_of(builders.patient("1980-03-10"), [pain]),
    )
    return answer(request).outcomes != ("not-indicated",)
