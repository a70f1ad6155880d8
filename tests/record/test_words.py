"""Where words say that it goes, and which procedures they do not name (specification 8.2)."""

import pytest

from cds_service.record.facts import Trend
from tests.record.records import shipped_guideline


@pytest.mark.parametrize(
    "text",
    [
        "knee operation last month", "post op day 3 appendicectomy", "post op follow up hip",
        "lumbar back pain, post op knee", "for surgery next week", "considering injection",
    ],
)  # fmt: skip
def test_words_of_other_operations_name_no_procedure_of_the_spine(text: str) -> None:
    pathway = shipped_guideline().patterns.pathway
    named = {mention.concept for mention in shipped_guideline().patterns.mentions(text)}
    assert not {concept for concept in named if pathway.get(concept) == "procedure"}


@pytest.mark.parametrize(
    ("text", "trend"),
    [
        pytest.param("Numbness spreading down left leg", Trend.WORSENING, id="spreading"),
        pytest.param("progressive weakness", Trend.WORSENING, id="progressive"),
        pytest.param("acute on chronic back pain", Trend.WORSENING, id="acute on chronic"),
        pytest.param("was improving, now deteriorating", Trend.WORSENING, id="worsening beats improving"),
        pytest.param("improving", Trend.IMPROVING, id="improving"),
        pytest.param("it is settling", Trend.IMPROVING, id="settling"),
        pytest.param("no fever, improving", Trend.IMPROVING, id="a denial of something else"),
        pytest.param("chronic, improving", Trend.IMPROVING, id="improving beats stable"),
        pytest.param("long-standing", Trend.STABLE, id="long-standing"),
        pytest.param("unchanged since May", Trend.STABLE, id="unchanged"),
        pytest.param("not worsening", Trend.STABLE, id="not worsening"),
        pytest.param("no progression", Trend.STABLE, id="no progression"),
        pytest.param("not improving", None, id="not improving is not improving"),
        pytest.param("no better", None, id="no better"),
        *(
            pytest.param(text, None, id=text)
            for text in (
                "no longer improving",
                "stopped improving",
                "never improved",
                "little improvement",
                "no real improvement",
                "minimal improvement",
                "isn't getting better",
                "never gets better",
                "hoping to get better",
                "would be better",
                "hasn't improved",
                "sleep improved",
                "? improving",
                "sleep improved, pain the same",
                "pain improved",
                "knee pain improved",
            )
        ),
        pytest.param("failed to improve", None, id="failed to improve"),
        pytest.param("worse on walking", None, id="worse with a movement is no course"),
        pytest.param("better when lying", None, id="better in a position is no course"),
        pytest.param("Low back pain", None, id="nothing said"),
    ],
)
def test_words_tell_where_it_goes(text: str, trend: Trend | None) -> None:
    assert shipped_guideline().patterns.trend_in(text) is trend


@pytest.mark.parametrize(
    ("text", "of_pain", "of_another"),
    [
        ("pain improved", Trend.IMPROVING, None),
        ("pain is settling", Trend.IMPROVING, None),
        ("numbness improved", None, Trend.IMPROVING),
        ("pain not improved", None, None),
        ("improving", Trend.IMPROVING, Trend.IMPROVING),
    ],
)
def test_only_what_a_fact_is_about_improves(
    text: str, of_pain: Trend | None, of_another: Trend | None
) -> None:
    patterns = shipped_guideline().patterns
    assert patterns.trend_in(text, of_pain=True) is of_pain
    assert patterns.trend_in(text) is of_another
