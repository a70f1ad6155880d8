"""What was asked and denied, and what the checklist still asks, as a card says it."""

import pytest

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Denial
from cds_service.guideline.lumbar_mri.asked import denied_lines, items_in_words
from tests.guideline.lumbar_mri.decision_builders import cauda_equina, day


def no(key: str, when: str, *, asked: bool = True, fresh: bool = True) -> Denial:
    return Denial(key, day(when), asked=asked, fresh=fresh)


def test_denials_stand_by_kind_and_day_with_the_newest_first(guideline: Guideline) -> None:
    made = cauda_equina(
        denied=(
            no("bladder", "2026-06-10"),
            no("bowel", "2026-06-14", asked=False),
            no("saddle", "2026-06-12"),
            no("leg-power", "2026-06-10"),
            no("fever", "2026-01-02", fresh=False),
            no("weight", "2026-02-03", asked=False, fresh=False),
        )
    )
    assert list(denied_lines(made, guideline.words)) == [
        "Asked and denied on 12 Jun 2026: saddle numbness.",
        "Asked and denied on 10 Jun 2026: bladder, leg weakness.",
        "Denied on 3 Feb 2026, too long ago to count: weight loss.",
        "Denied on 2 Jan 2026, too long ago to count: fever.",
        "Recorded as absent on 14 Jun 2026: bowel.",
    ]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        pytest.param((10,), "item 10", id="one"),
        pytest.param((2, 1), "items 1, 2", id="two in a row"),
        pytest.param((1, 2, 3), "items 1-3", id="three in a row"),
        pytest.param((9, 1, 3, 2, 4), "items 1-4, 9", id="a range and one"),
        pytest.param((1, 2, 5, 6, 7), "items 1, 2, 5-7", id="two and a range"),
    ],
)
def test_items_in_a_row_are_said_as_a_range(
    numbers: tuple[int, ...], said: str, guideline: Guideline
) -> None:
    assert items_in_words(numbers, guideline.words) == said
