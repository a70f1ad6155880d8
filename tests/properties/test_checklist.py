"""An answered checklist beside any record: a yes raises, a no lowers nothing, "not known" clears nothing."""

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Resource
from tests.checklists import RED_FLAGS, checklist
from tests.properties import changes
from tests.properties.asking import CLEARED, answer
from tests.properties.records import Request, any_request

WITH_WORSE = ("bladder", "bowel", "saddle", "leg-power", "both-legs")
DAYS = ("2026-06-15", "2026-06-01", "2026-05", "2026-03-01", "2019")


def _positive(item: str) -> list[str]:
    if item == "procedure":
        return ["operation", "injection"]
    return ["yes", "worse"] if item in WITH_WORSE else ["yes"]


@st.composite
def positive_forms(draw: st.DrawFn) -> Resource:
    """A checklist with a yes to some items and no answer to the others."""
    items = draw(st.lists(st.sampled_from(RED_FLAGS), min_size=1, unique=True))
    answers = {item: draw(st.sampled_from(_positive(item))) for item in items}
    dated = [item for item in items if item not in ("fever", "weight") and draw(st.booleans())]
    return checklist(answers, {item: draw(st.sampled_from(DAYS)) for item in dated})


negatives = st.tuples(
    st.lists(st.sampled_from(RED_FLAGS), min_size=1, unique=True),
    st.sampled_from(("2026-06-15", "2026-06-10", "2026-05-01")),
)


@given(before=any_request(), form=positive_forms())
def test_a_yes_never_lowers_the_rank(before: Request, form: Resource) -> None:
    assert answer(changes.add(before, [form])).rank >= answer(before).rank


@given(before=any_request(), asked=negatives)
def test_a_no_lowers_nothing(before: Request, asked: tuple[list[str], str]) -> None:
    """Beside the same form without answers: any old entry shows how far the record reaches back (8.4.1)."""
    items, authored = asked
    empty = changes.add(before, [checklist(dict.fromkeys(items, ()), authored=authored)])
    denied = changes.add(before, [checklist(dict.fromkeys(items, "no"), authored=authored)])
    assert answer(denied).rank >= answer(empty).rank


@given(before=any_request(), item=st.sampled_from(RED_FLAGS))
def test_not_known_is_never_cleared(before: Request, item: str) -> None:
    after = answer(changes.add(before, [checklist({item: "unknown"})]))
    assert CLEARED.isdisjoint(after.outcomes)
