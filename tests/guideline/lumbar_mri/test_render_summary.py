"""The summary: the action first, the features that fit, the recommendation last, at most 139 characters."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.guideline.content import Guideline
from cds_service.guideline.decision import Decision, Evidence, Outcome, Pathway, Plan, SafetyLine
from cds_service.guideline.lumbar_mri.phrases import (
    Feature,
    feature_of,
    fhir_date,
    in_singular,
    long_date,
    named,
    short_date,
    statement,
    statements,
)
from cds_service.guideline.lumbar_mri.summary import fit_summary
from cds_service.guideline.lumbar_mri.wording import SUMMARY_OF_PATTERN, VARIANTS
from cds_service.record.dates import Interval, read_date
from cds_service.record.facts import DateProblem
from tests.guideline.lumbar_mri.decision_builders import (
    RECOMMENDATION,
    card_of,
    cards_of,
    cauda_equina,
    decision,
    device,
    draft,
    fact,
    finding,
    order,
    short_pain,
)
from tests.guideline.lumbar_mri.facts_builders import TODAY, ZONE

TAG = " (ACE R4, strong)."
FIXED = {"not-indicated": Outcome.NOT_INDICATED, "may-be-indicated": Outcome.MAY_BE_INDICATED}
FIXED |= {"outside": Outcome.OUTSIDE, "unclear": Outcome.UNCLEAR}
ALL_VARIANTS = [
    (file, variant) for file, variants in VARIANTS.items() if file != "endorsed" for variant in variants
]

WITH_OWN_SUMMARY = [
    (file, name) for file, name in ALL_VARIANTS if name not in SUMMARY_OF_PATTERN.get(file, ())
]


def features(*texts: str) -> list[Feature]:
    return [Feature(text, f"{text} 14 Jun") for text in texts]


def outcome_of(file: str, variant: str) -> Outcome:
    if variant in ("value-unknown", "unclear"):
        return Outcome.UNCLEAR
    return FIXED.get(file) or Outcome(variant.partition("-")[0])


def decision_of(file: str, variant: str, *evidence: Evidence, fill: str = "10") -> Decision:
    """A decision that speaks with these words, every blank of a finding filled with the same text."""
    outcome = outcome_of(file, variant)
    pathway = Pathway(file) if file in {p.value for p in RECOMMENDATION} else Pathway.PAIN
    recommendation = RECOMMENDATION.get(pathway) or {"not-indicated": "R1", "may-be-indicated": "R2"}.get(
        file, ""
    )
    blanks = (
        "pain_days",
        "care_days",
        "care_weeks",
        "days",
        "weeks",
        "procedure",
        "ago",
        "cancer",
        "screen",
        "reason",
    )
    found = finding(
        pathway, outcome, variant, evidence, recommendation=recommendation, fills=dict.fromkeys(blanks, fill)
    )
    return decision(found, reason=f"{file}.{variant}", plan=Plan(priority="stat"), unread=("Condition",))


def test_all_features_are_named_where_they_fit() -> None:
    said = fit_summary("Refer now. $features", features("saddle numbness", "retention"), TAG)
    assert said == "Refer now. Saddle numbness 14 Jun, retention 14 Jun (ACE R4, strong)."


def test_features_go_from_the_last_one_on() -> None:
    said = fit_summary("Refer now. $features", features("saddle numbness", "retention"), TAG, limit=60)
    assert said == "Refer now. Saddle numbness 14 Jun (ACE R4, strong)."


def test_the_only_feature_loses_its_date_before_it_goes() -> None:
    said = fit_summary("Refer now. $features", features("saddle numbness"), TAG, limit=45)
    assert said == "Refer now. Saddle numbness (ACE R4, strong)."


def test_a_summary_may_be_as_long_as_its_limit() -> None:
    whole = "Refer now. Saddle numbness 14 Jun (ACE R4, strong)."
    said = fit_summary("Refer now. $features", features("saddle numbness"), TAG, limit=len(whole))
    assert said == whole


def test_no_later_feature_takes_the_place_of_the_first() -> None:
    given = features("numbness of the whole saddle", "retention")
    assert fit_summary("Refer now. $features", given, TAG, limit=45) == "Refer now (ACE R4, strong)."


@pytest.mark.parametrize(
    ("template", "said"),
    [
        pytest.param("Refer now. $features", "Refer now (ACE R4, strong).", id="own sentence"),
        pytest.param(
            "Check factor X: $features", "Check factor X (ACE R4, strong).", id="a last letter alone"
        ),
        pytest.param("Refer now: $features", "Refer now (ACE R4, strong).", id="behind a colon"),
        pytest.param("One sign ($features). Check", "One sign. Check (ACE R4, strong).", id="in brackets"),
    ],
)
def test_without_features_nothing_of_their_place_is_left(template: str, said: str) -> None:
    assert fit_summary(template, [], TAG) == said


def test_words_are_cut_only_when_no_feature_is_left() -> None:
    said = fit_summary("Refer to the emergency department now", features("saddle numbness"), TAG, limit=40)
    assert said == "Refer to the… (ACE R4, strong)."


def test_a_feature_that_the_words_name_is_not_said_twice() -> None:
    said = fit_summary("Call after discectomy. $features", features("Discectomy", "fever"), TAG)
    assert said == "Call after discectomy. Fever 14 Jun (ACE R4, strong)."


@given(
    st.text("abcdefgh 0123456789.,", max_size=200).filter(str.strip),
    st.lists(st.text("abcdef 0123456789.", min_size=1, max_size=70).filter(str.strip), max_size=8),
)
def test_a_summary_always_fits_and_always_ends_with_its_recommendation(head: str, texts: list[str]) -> None:
    said = fit_summary(f"{head}. $features", features(*texts), TAG)
    assert len(said) <= 139
    assert said.endswith(TAG)


@given(st.lists(st.integers(0, 10**9).map(str), min_size=1, max_size=60))
def test_no_number_is_cut(numbers: list[str]) -> None:
    said = fit_summary(" ".join(numbers), [], TAG)
    assert set(re.findall(r"\d+", said.removesuffix(TAG))) <= set(numbers)


@pytest.mark.parametrize(("file", "variant"), ALL_VARIANTS)
@pytest.mark.parametrize("primary_care", [True, False], ids=["primary", "hospital"])
def test_every_variant_fits_with_the_longest_record_text(
    file: str, variant: str, primary_care: bool, guideline: Guideline
) -> None:
    text = "Extraordinarily long description of a finding 123.45 " * 5
    made = decision_of(file, variant, *[fact(text)] * 5, fill=text)
    for card in cards_of(replace(made, primary_care=primary_care), made, guideline=guideline):
        assert 1 <= len(card["summary"]) <= 139
        assert card["summary"].endswith(".")
        assert "$" not in card["summary"]
        assert "$" not in card["detail"]


@pytest.mark.parametrize(("file", "variant"), WITH_OWN_SUMMARY)
def test_every_variant_has_room_for_a_feature_of_its_own(
    file: str, variant: str, guideline: Guideline
) -> None:
    words = guideline.words.sections[file][f"summary.{variant}"]
    made = decision_of(file, variant, fact("Retention of urine"), fill="21")
    assert ("retention of urine" in card_of(made, guideline)["summary"].lower()) == ("$features" in words)


@pytest.mark.parametrize(
    ("made", "end"),
    [
        pytest.param(cauda_equina(), "(ACE R4, strong).", id="strong"),
        pytest.param(
            decision_of("procedure", "urgent"), "(ACE R6, strong; low certainty).", id="low certainty"
        ),
        pytest.param(decision_of("may-be-indicated", "band"), "(ACE R2, conditional).", id="conditional"),
        pytest.param(decision_of("cancer", "possible-weak"), "(ACE R5).", id="possible has no strength"),
        pytest.param(
            replace(decision_of("unclear", "care-unknown"), recommendations=("R1", "R2")),
            "(ACE R1/R2).",
            id="between two",
        ),
        pytest.param(
            cauda_equina(recommendations=("R4", "R5")), "(ACE R4, strong).", id="the leading one alone"
        ),
        pytest.param(decision_of("outside", "child"), "not assessed.", id="outside names none"),
    ],
)
def test_the_summary_ends_with_recommendation_and_strength(
    made: Decision, end: str, guideline: Guideline
) -> None:
    assert card_of(made, guideline)["summary"].endswith(end)


def test_the_emergency_starts_with_the_action_and_names_the_features(guideline: Guideline) -> None:
    assert card_of(cauda_equina(), guideline)["summary"] == (
        "Refer to ED now: suspected cauda equina, emergency MRI. "
        "Saddle numbness 14 Jun, residual volume 450 mL 15 Jun (ACE R4, strong)."
    )


def test_in_hospital_nobody_is_sent_to_the_emergency_department(guideline: Guideline) -> None:
    assert card_of(cauda_equina(primary_care=False), guideline)["summary"].startswith(
        "Call the spine team now"
    )


def test_short_pain_reads_as_the_guideline_says_it(guideline: Guideline) -> None:
    assert card_of(short_pain(), guideline)["summary"] == (
        "MRI not indicated: low back pain 10 days, no red flag found in the coded record (ACE R1, strong)."
    )


def test_one_day_is_a_day(guideline: Guideline) -> None:
    made = short_pain()
    (found,) = made.findings
    made = replace(made, findings=(replace(found, fills={"pain_days": "1"}),), fills={})
    assert "low back pain 1 day, no red flag" in card_of(made, guideline)["summary"]


def test_a_blank_without_a_value_leaves_the_general_words(guideline: Guideline) -> None:
    made = short_pain()
    made = replace(made, findings=(replace(made.findings[0], fills={}),), fills={})
    assert card_of(made, guideline)["summary"].startswith(
        "MRI not indicated: low back pain, no red flag found"
    )


def test_a_variant_without_words_of_its_own_has_those_of_its_outcome(guideline: Guideline) -> None:
    made = decision_of("cauda-equina", "urgent")
    default = replace(made, reason="cauda-equina.other", outcome=Outcome.INDICATED)
    urgent, other, general = (
        card_of(one, guideline)["summary"].partition(" (")[0]
        for one in (made, replace(made, reason="cauda-equina.urgent-other"), default)
    )
    assert other == urgent != general


@pytest.mark.parametrize(
    ("line", "summary"),
    [
        pytest.param(device("unsafe"), "Proceed once MRI safety is settled: MRI is indicated.", id="unsafe"),
        pytest.param(device("conditional"), "Proceed as ordered: MRI is indicated, priority fits.", id="conditional"),
        pytest.param(device("unsafe", own_card=False), "Proceed as ordered: MRI is indicated, priority fits.",
                     id="told in a line of this card"),
    ],
)  # fmt: skip
def test_a_right_order_waits_only_for_a_device_that_may_forbid_it(
    line: SafetyLine, summary: str, guideline: Guideline
) -> None:
    made = replace(decision_of("cauda-equina", "urgent", fact("x")), safety=(line,), endorsed=True)
    assert cards_of(made, guideline=guideline)[0]["summary"].startswith(summary)


def test_an_open_red_flag_beside_a_routine_outcome_is_the_summary(guideline: Guideline) -> None:
    late = finding(Pathway.PROCEDURE, Outcome.INDICATED, "indicated", (fact("Lumbar fusion", "2012-03-01"),))
    open_flag = finding(
        Pathway.CAUDA_EQUINA, Outcome.POSSIBLE, "possible", (fact("Hesitancy", short="hesitancy"),)
    )
    made = decision(late, open_flag, reason="procedure.indicated", first_lines=("check-first",))
    card = card_of(made, guideline)
    assert card["summary"].startswith(
        "Check saddle, bladder and leg power today before this MRI. Hesitancy 14 Jun"
    )
    assert card["detail"].startswith("**Check saddle sensation, bladder and leg power today")
    assert "routine" not in (card["summary"] + card["detail"]).lower()


def test_two_orders_have_summaries_that_differ(guideline: Guideline) -> None:
    wide = order(draft(id="mri-2"), label="MRI whole spine", covers="whole-spine")
    one, two = cards_of(cauda_equina(), cauda_equina(order=wide), guideline=guideline)
    assert "order 1 of 2" in one["summary"]  # its label has no room, and half of one may be the other's
    assert "order 2: MRI whole spine" in two["summary"]
    assert "Order checked (2 of 2): MRI whole spine." in two["detail"]


def test_a_label_is_named_only_where_the_whole_of_it_has_room(guideline: Guideline) -> None:
    wide = order(draft(id="mri-2"), label="MRI whole spine", covers="whole-spine")
    long, short = (decision_of("procedure", "urgent", fact("x"), fill=fill) for fill in ("long " * 12, "it"))
    for made, mark in ((long, "; order 2 of 2 ("), (short, "; order 2: MRI whole spine (")):
        _, card = cards_of(made, replace(made, order=wide), guideline=guideline)
        assert mark in card["summary"]


def test_two_orders_with_one_label_are_told_apart_by_number(guideline: Guideline) -> None:
    one, two = cards_of(cauda_equina(), cauda_equina(), guideline=guideline)
    assert one["summary"] != two["summary"]


def test_a_dollar_sign_of_the_record_is_no_blank(guideline: Guideline) -> None:
    made = decision_of("procedure", "urgent", fact("x"), fill="$features and $$ $order")
    assert "$" not in card_of(made, guideline)["summary"]


def test_markup_of_the_record_opens_no_tag_in_summary_or_labels(guideline: Guideline) -> None:
    marked = order(label="<script>MRI</script>")
    made = cauda_equina(order=marked, safety=(device(text="<img src=x>"),))
    for card in cards_of(made, made, guideline=guideline):
        texts = [card["summary"], card["detail"]]
        texts += [a["description"] for s in card.get("suggestions", ()) for a in s["actions"]]
        assert not any(re.search(r"<[A-Za-z/!]", text) for text in texts)


@pytest.mark.parametrize(
    ("recorded", "long", "short"),
    [
        pytest.param("2026-06-14", "14 Jun 2026", "14 Jun", id="a day of this year"),
        pytest.param("2025-12-31", "31 Dec 2025", "31 Dec 2025", id="a day of another year"),
        pytest.param("2026-05", "May 2026", "May 2026", id="a month"),
        pytest.param("2026-02", "Feb 2026", "Feb 2026", id="a short month"),
        pytest.param("2019", "2019", "2019", id="a year"),
        pytest.param("2026-06-14T23:30:00Z", "15 Jun 2026", "15 Jun", id="a moment in the guideline's zone"),
    ],
)
def test_dates_are_said_as_they_are_known(recorded: str, long: str, short: str) -> None:
    when = read_date(recorded, ZONE)
    assert when is not None
    assert (long_date(when), short_date(when, TODAY)) == (long, short)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        pytest.param("2026-06-02", "2026-06-15", "2 Jun 2026 to 15 Jun 2026", id="some days"),
        pytest.param("2026-06-01", "2026-06-15", "1 Jun 2026 to 15 Jun 2026", id="from the first of a month"),
        pytest.param("2026-06-15", "2026-06-30", "15 Jun 2026 to 30 Jun 2026", id="to the last of a month"),
        pytest.param("2026-05-01", "2026-06-30", "1 May 2026 to 30 Jun 2026", id="two months"),
        pytest.param("2025-01-01", "2026-12-31", "1 Jan 2025 to 31 Dec 2026", id="two years"),
    ],
)
def test_any_other_interval_shows_both_ends_and_counts_by_its_last(first: str, last: str, said: str) -> None:
    when = Interval(date.fromisoformat(first), date.fromisoformat(last))
    assert (long_date(when), short_date(when, TODAY), fhir_date(when)) == (said, said, last)


@pytest.mark.parametrize(
    ("text", "when", "dated"),
    [
        pytest.param("Saddle anaesthesia", None, "saddle anaesthesia", id="no date, capital within a line"),
        pytest.param("HIV infection", "2026-06-14", "HIV infection 14 Jun", id="abbreviation"),
        pytest.param("L4/5 discectomy", "2026-06-14", "L4/5 discectomy 14 Jun", id="level"),
        pytest.param("CRP 40", "2026-06-14", "CRP 40 on 14 Jun", id="a number before the date"),
        pytest.param("Power 4-", "2026-06-14", "power 4- on 14 Jun", id="a grade before the date"),
        pytest.param("Power 5 to 3 in 13 days", "2026-06-14", "power 5 to 3 in 13 days to 14 Jun", id="days"),
        pytest.param("Power 5 to 3 in 1 day", "2026-06-14", "power 5 to 3 in 1 day to 14 Jun", id="one day"),
        pytest.param(
            "Radiculopathy of roots X", "2026-06-14", "radiculopathy of roots X 14 Jun", id="a letter"
        ),
        pytest.param("X-ray finding", "2026-06-14", "X-ray finding 14 Jun", id="a letter and a hyphen"),
        pytest.param("Long " * 20, None, f"long {'Long ' * 10}Long…", id="no longer than a line has room"),
    ],
)
def test_a_feature_reads_within_a_line(text: str, when: str | None, dated: str) -> None:
    assert feature_of(fact(text, when), TODAY).dated == dated


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("1 days ago, 1 weeks", "1 day ago, 1 week", id="one"),
        pytest.param("21 days", "21 days", id="twenty-one"),
        pytest.param("0.1 months or 2,1 years", "0.1 months or 2,1 years", id="a fraction"),
    ],
)
def test_one_of_a_kind_is_said_in_the_singular(text: str, said: str) -> None:
    assert in_singular(text) == said


@pytest.mark.parametrize(
    ("text", "short", "said"),
    [
        pytest.param("5 mL", "residual volume 5 mL", "Residual volume 5 mL", id="a bare value"),
        pytest.param("0.45 L", "residual volume 450 mL", "Residual volume 450 mL (recorded as 0.45 L)", id="unit"),
        pytest.param("450 mL", "", "450 mL", id="a bare value without a name"),
        pytest.param("Numb saddle", "saddle numbness", "Numb saddle", id="words"),
    ],
)  # fmt: skip
def test_a_bare_value_is_said_with_what_was_measured(text: str, short: str, said: str) -> None:
    assert named(fact(text, short=short)) == said


@pytest.mark.parametrize(
    ("resource", "when", "more", "said"),
    [
        pytest.param("Condition/c1", "2026-06-14", {}, "Numb, 14 Jun 2026 (Condition)", id="dated"),
        pytest.param("Condition/c1", None, {}, "Numb, date not recorded (Condition)", id="undated"),
        pytest.param("Patient/p1", None, {}, "Numb (birth date)", id="an age has no date"),
        pytest.param(None, None, {}, "Numb", id="of no resource"),
        pytest.param(
            "Condition/c1", "2026-06-14", {"date_problem": DateProblem.FUTURE, "note": "as recorded"},
            "Numb, 14 Jun 2026, date in the future, not used (Condition); as recorded", id="date and problem",
        ),
        pytest.param("Condition/c1/_history/2", "2026-06-14", {}, "Numb, 14 Jun 2026 (Condition)", id="a version"),
        pytest.param(f"{'C' * 60}/1", "2026-06-14", {}, f"Numb, 14 Jun 2026 ({'C' * 39}…)", id="endless type"),
    ],
)  # fmt: skip
def test_a_fact_says_its_date_and_where_it_stands(
    resource: str | None, when: str | None, more: dict[str, Any], said: str, guideline: Guideline
) -> None:
    assert statement(fact("Numb", when, resource, **more), guideline.words) == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        pytest.param("abc", ["a", "b", "c"], id="as many as there is room for"),
        pytest.param("abcd", ["a", "b", "and 2 more on record"], id="one more"),
        pytest.param("abcb", ["a", "b", "c"], id="one of them twice"),
        pytest.param("axbc", ["a", "b", "c"], id="one of them said before"),
    ],
)
def test_facts_beyond_their_room_are_counted(facts: str, said: list[str], guideline: Guideline) -> None:
    evidence = [fact(text, None, None) for text in facts]
    assert statements(evidence, guideline.words, 3, but=("x",)) == said


@pytest.mark.parametrize(
    ("unread", "named"),
    [
        pytest.param(("Condition",), "problem list", id="one"),
        pytest.param(("Condition", "Procedure"), "problem list and procedures", id="two"),
        pytest.param(
            ("Observation", "Condition", "Procedure", "Device"),
            "observations and results and 3 more parts of the record",
            id="the first of many",
        ),
    ],
)
def test_a_summary_says_how_much_could_not_be_read(
    unread: tuple[str, ...], named: str, guideline: Guideline
) -> None:
    found = finding(Pathway.PAIN, Outcome.UNCLEAR, "unread", recommendation="R1")
    summary = card_of(decision(found, reason="unclear.unread", unread=unread), guideline)["summary"]
    assert summary == f"Check red flags yourself before ordering: {named} could not be read (ACE R1)."
