"""Rows V98 to V117: orders, reads that failed, repeats, impossible dates."""

from tests.builders import Concept, Resource, condition, operation_outcome, service_request
from tests.builders import muscle_power as grade
from tests.vignettes import back_pain, cancer_infection, cauda_equina, codings
from tests.vignettes.forms import pain, pain_scores
from tests.vignettes.story import Days, Orders, lumbar_mri, story


def one_order(code: Concept) -> Orders:
    """A single draft of this code."""
    return lambda days: [service_request(code, id="order-1", authoredOn=days.at("06-15", "09:55"))]


def lumbar_and_knee(days: Days) -> list[Resource]:
    """Two drafts of one ordering session."""
    return [
        *lumbar_mri()(days),
        service_request(codings.MRI_KNEE, id="knee-1", authoredOn=days.at("06-15", "09:50")),
    ]


def conditions_forbidden(prefetch: Resource) -> Resource:
    """The client was refused the problem list."""
    return prefetch | {"conditions": operation_outcome("forbidden", "Search on Condition was refused (403)")}


def observations_go_on(prefetch: Resource) -> Resource:
    """Only the first page of the observations came along."""
    next_page = "https://ehr.example/fhir/Observation?patient=p1&page=2"
    return prefetch | {
        "observations": prefetch["observations"] | {"link": [{"relation": "next", "url": next_page}]}
    }


@story("V98", "34 F", "S", orders=one_order(codings.MRI_THORACIC))
def v98(days: Days) -> list[Resource]:
    """As V01; the order is an MRI of the thoracic spine."""
    return back_pain.v01.record(days)


@story("V99", "34 F", "S", orders=one_order(codings.MRI_KNEE))
def v99(days: Days) -> list[Resource]:
    """As V01; the order is an MRI of the knee."""
    return back_pain.v01.record(days)


@story("V100", "34 F", "S", orders=one_order(codings.CT_LUMBAR))
def v100(days: Days) -> list[Resource]:
    """As V01; the order is a CT."""
    return back_pain.v01.record(days)


@story("V101", "34 F", "S", orders=lumbar_and_knee, selections=["ServiceRequest/knee-1"])
def v101(days: Days) -> list[Resource]:
    """Two drafts, and only the knee is selected."""
    return back_pain.v01.record(days)


@story("V102", "34 F", "N", "R1", "warning", hook="order-sign", orders=lumbar_and_knee)
def v102(days: Days) -> list[Resource]:
    """The same drafts at signing."""
    return back_pain.v01.record(days)


@story(
    "V104",
    "44 M",
    "E",
    "R4",
    "critical",
    orders=lumbar_mri(reason={"coding": codings.CAUDA_EQUINA["coding"][1:]}),
)
def v104(days: Days) -> list[Resource]:
    """The reason on the order is G83.4; the record is empty."""
    return []


@story("V106", "44 M", "X", "R1 R2", "info", reads=conditions_forbidden)
def v106(days: Days) -> list[Resource]:
    """As V01, but the problem list was refused."""
    return back_pain.v01.record(days)


@story("V107", "44 M", "X", "R1 R2", "info", reads=observations_go_on)
def v107(days: Days) -> list[Resource]:
    """As V01, but a second page of observations was never fetched."""
    return [*back_pain.v01.record(days), *pain_scores(days, ("06-08", 6))]


@story("V108", "40 F", "P", "R4", "info", orders=lumbar_mri(note="? cauda equina"))
def v108(days: Days) -> list[Resource]:
    """The note on the order asks about cauda equina; nothing is coded."""
    return [pain(days, "06-10")]


@story("V110", "36 F", "E", "R4", "info", orders=lumbar_mri(priority="stat"), setting="EMER", endorsed=True)
def v110(days: Days) -> list[Resource]:
    """As V28, already in the emergency department with a stat order."""
    return cauda_equina.v28.record(days)


@story("V111", "54 F", "U", "R5", "warning", needs_store=True)
def v111(days: Days) -> list[Resource]:
    """As V57; the accepted override of 10 June lives in the store of feedback.

    Without the store the answer is that of V57, which stands here; with it there is none.
    """
    return cancer_infection.v57.record(days)


@story("V113", "50 F", "S", orders=lumbar_mri(status="entered-in-error"))
def v113(days: Days) -> list[Resource]:
    """The draft itself was entered in error."""
    return [pain(days, "06-05")]


@story("V115", "47 M", "E", "R4", "critical", orders=lumbar_mri(reason=codings.CAUDA_EQUINA))
def v115(days: Days) -> list[Resource]:
    """Ordered for cauda equina syndrome as a routine, from a general practice."""
    return []


@story("V116", "52 F", "U", "R5", "info", orders=lumbar_mri(priority="urgent"), endorsed=True)
def v116(days: Days) -> list[Resource]:
    """Active breast cancer, power normal, and the order is urgent already."""
    return [
        *cancer_infection.v56.record(days),
        *(grade(f"{side} ankle dorsiflexion", 5, days.at("06-14")) for side in ("Right", "Left")),
        *(grade(f"{side} knee extension", 5, days.at("06-14")) for side in ("Right", "Left")),
    ]


@story("V117", "50 M", "X", "R1 R2", "info")
def v117(days: Days) -> list[Resource]:
    """The pain is dated two weeks from now."""
    return [condition(codings.LOW_BACK_PAIN, onset=days.on("07-01"), recorded=days.on("06-15"))]
