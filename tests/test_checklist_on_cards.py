"""The red-flag checklist through the whole service: what each answer does to the outcome and to the words."""

import json
import re
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.answer import answer_hook
from cds_service.guideline.content import Guideline, load_guideline
from cds_service.knowledge.questionnaire import build_questionnaire
from cds_service.protocol.request import read_hook_request
from tests import builders
from tests.builders import Resource
from tests.checklists import ALL_NO, RED_FLAGS, checklist
from tests.properties.asking import RANKS
from tests.vignettes import codings, forms
from tests.vignettes.asking import ask, numbered_uuids
from tests.vignettes.stories import STORIES
from tests.vignettes.story import NOW, Days, lumbar_mri

CONTENT = Path(__file__).parents[1] / "cards" / "lumbar-mri"
TEN_DAYS, FIVE_WEEKS = "2026-06-05", "2026-05-11"
WITH_WORSE = ("bladder", "bowel", "saddle", "leg-power", "both-legs")
POSITIVE = [
    *((item, answer) for item in WITH_WORSE for answer in ("yes", "worse")),
    *((item, "yes") for item in ("fever", "weight", "cancer")),
    *(("procedure", answer) for answer in ("operation", "injection")),
]


def card(*record: Resource, onset: str = TEN_DAYS, hook: str = "order-sign") -> dict[str, Any]:
    """The card about a lumbar MRI for pain since `onset`, beside this record."""
    days = Days(NOW)
    pain = builders.condition(codings.LOW_BACK_PAIN, onset=onset, recorded=onset)
    visit = builders.encounter(days.at("06-15", "09:30"), id="visit-today")
    request = builders.hook_request(
        hook,
        hook_instance="5c1e3c6a-0000-4000-8000-000000000001",
        draft_orders=lumbar_mri()(days),
        prefetch=builders.prefetch_of(builders.patient("1980-03-10"), [pain, *record], visit),
    )
    return dict(ask(request, NOW)["cards"][0])


def decided(shown: Mapping[str, Any]) -> dict[str, Any]:
    return dict(shown["extension"]["org.lumbar-mri-cds.decision"])


def outcome(*record: Resource, **story: str) -> str:
    return str(decided(card(*record, **story))["outcome"])


def block(shown: Mapping[str, Any], heading: str) -> str:
    found = re.search(rf"\*\*{heading}\*\*\n\n(.*?)(?=\n\n\*\*|\Z)", shown["detail"], re.S)
    return found[1] if found else ""


def missing(shown: Mapping[str, Any]) -> str:
    return block(shown, "Not recorded or out of date")


def to_do(shown: Mapping[str, Any]) -> str:
    return block(shown, "What to do")


@pytest.mark.parametrize(
    ("item", "answer", "expected", "leading", "says"),
    [
        ("bladder", "yes", "emergency", "R4", "Bladder trouble"),
        ("bladder", "worse", "emergency", "R4", "Bladder trouble (yes, and getting worse)"),
        ("bowel", "yes", "emergency", "R4", "Bowel trouble"),
        ("bowel", "worse", "emergency", "R4", "Bowel trouble (yes, and getting worse)"),
        ("saddle", "yes", "emergency", "R4", "Saddle numbness"),
        ("saddle", "worse", "emergency", "R4", "Saddle numbness (yes, and getting worse)"),
        ("leg-power", "yes", "urgent", "R3", "Weakness of a leg"),
        ("leg-power", "worse", "urgent", "R3", "Weakness of a leg (yes, and getting worse)"),
        ("both-legs", "yes", "urgent", "R4", "Pain or numbness in both legs"),
        ("both-legs", "worse", "urgent", "R4", "Pain or numbness in both legs (yes, and getting worse)"),
        ("fever", "yes", "urgent", "R5", "Fever or chills"),
        ("weight", "yes", "possible", "R5", "Unexplained weight loss"),
        ("cancer", "yes", "urgent", "R5", "Cancer, 15 Jun 2026"),
        ("procedure", "operation", "indicated", "R6", "Operation on the lower back, date not recorded"),
        ("procedure", "injection", "possible", "R6", "Injection into the lower back, date not recorded"),
    ],
)
def test_a_yes_has_the_outcome_of_its_red_flag(
    item: str, answer: str, expected: str, leading: str, says: str
) -> None:
    shown = card(checklist({item: answer}))
    assert (decided(shown)["outcome"], decided(shown)["recommendations"][0]) == (expected, leading)
    assert says in shown["detail"].replace("\\", "")


@pytest.mark.parametrize(
    ("item", "answer", "since", "expected"),
    [
        pytest.param("saddle", "yes", "2026-06-01", "emergency", id="saddle, 14 days"),
        pytest.param("saddle", "yes", "2026-05-31", "urgent", id="saddle, 15 days"),
        pytest.param("saddle", "yes", "2026-03-17", "urgent", id="saddle, 90 days"),
        pytest.param("saddle", "yes", "2026-03-16", "possible", id="saddle, 91 days"),
        pytest.param("saddle", "worse", "2019-01-01", "emergency", id="saddle for years, and worse"),
        pytest.param("leg-power", "yes", "2026-05-04", "urgent", id="weakness, 42 days"),
        pytest.param("leg-power", "yes", "2026-05-03", "possible", id="weakness, 43 days"),
        pytest.param("procedure", "operation", "2026-05-01", "urgent", id="operated before the pain"),
        pytest.param("procedure", "operation", "2012-01-01", "indicated", id="operated long ago"),
        pytest.param("procedure", "injection", "2026-05-01", "urgent", id="injected before the pain"),
        pytest.param("procedure", "injection", "2026-02-01", "not-indicated", id="injected long ago"),
    ],
)
def test_the_day_of_an_item_is_the_day_of_its_red_flag(
    item: str, answer: str, since: str, expected: str
) -> None:
    assert outcome(checklist({item: answer}, {item: since})) == expected


@pytest.mark.parametrize(
    ("item", "words", "gap"),
    [
        ("bladder", "bladder", "bladder and bowel function"),
        ("bowel", "bowel", "bladder and bowel function"),
        ("saddle", "saddle numbness", "saddle sensation"),
        ("leg-power", "leg weakness", "lower-limb power"),
        ("both-legs", "both legs", None),
        ("fever", "fever", "fever"),
        ("weight", "weight loss", "weight loss"),
        ("cancer", "cancer", "cancer"),
        ("procedure", "spinal injection or surgery", "spinal injection or surgery"),
    ],
)
def test_a_no_is_told_as_asked_and_denied_on_its_day(item: str, words: str, gap: str | None) -> None:
    shown = card(checklist({item: "no"}))
    assert decided(shown)["outcome"] == "not-indicated"
    assert f"- Asked and denied on 15 Jun 2026: {words}." in missing(shown)
    assert gap not in decided(shown)["notRecorded"]


def test_where_only_the_bladder_was_asked_for_the_bowel_is_not_recorded() -> None:
    assert "bowel function" in decided(card(checklist({"bladder": "no"})))["notRecorded"]


@pytest.mark.parametrize("item", RED_FLAGS)
def test_not_known_is_no_no_and_stops_not_indicated(item: str) -> None:
    shown = card(checklist(ALL_NO | {item: "unknown"}))
    assert decided(shown)["outcome"] == "unclear"
    assert "cannot be used" in shown["summary"]
    number = RED_FLAGS.index(item) + 1
    assert re.search(rf"\bitem {number}\b", to_do(shown))


@pytest.mark.parametrize("item", RED_FLAGS)
def test_an_item_that_is_not_answered_is_not_denied(item: str) -> None:
    answers = {name: "no" for name in RED_FLAGS if name != item}
    shown = card(checklist(answers))
    assert decided(shown)["outcome"] == "not-indicated"
    assert f"Red-flag checklist: item {RED_FLAGS.index(item) + 1}." in missing(shown)


def test_a_whole_checklist_of_no_is_a_negative_screen_and_leaves_nothing_open() -> None:
    shown = card(checklist(ALL_NO))
    assert "notRecorded" not in decided(shown)
    assert "Red-flag screen of 15 Jun negative." in shown["detail"]
    assert "hecklist" not in shown["detail"]


@pytest.mark.parametrize(
    ("authored", "denied", "old"),
    [
        pytest.param("2026-06-01", "Asked and denied on 1 Jun 2026: saddle numbness, cancer.", "", id="14 days"),
        pytest.param(
            "2026-05-31",
            "Asked and denied on 31 May 2026: cancer.",
            "Denied on 31 May 2026, too long ago to count: saddle numbness.",
            id="15 days",
        ),
    ],
)  # fmt: skip
def test_a_no_that_is_too_old_is_told_as_such(authored: str, denied: str, old: str) -> None:
    shown = card(checklist({"saddle": "no", "cancer": "no"}, authored=authored))
    assert denied in missing(shown)
    assert old in missing(shown)
    assert ("saddle sensation" in decided(shown)["notRecorded"]) is bool(old)
    assert "saddle sensation" not in missing(shown), "what was denied long ago is not told as never recorded"


def test_bladder_and_bowel_denied_long_ago_are_not_told_as_never_recorded() -> None:
    shown = card(checklist({"bladder": "no", "bowel": "no"}, authored="2026-05-01"))
    assert "too long ago to count: bladder, bowel." in missing(shown)
    assert "bladder and bowel function" not in missing(shown)


def test_a_checklist_without_a_day_denies_nothing() -> None:
    shown = card(checklist(ALL_NO, authored=None))
    assert "denied" not in shown["detail"].lower()
    assert len(decided(shown)["notRecorded"]) >= 5


@pytest.mark.parametrize("authored", ["2026", "2026-06"])
def test_a_no_of_some_day_of_a_month_or_year_is_no_screen_of_a_day(authored: str) -> None:
    assert "screen" not in card(checklist(ALL_NO, authored=authored))["detail"]


def test_a_no_that_may_be_too_old_closes_no_gap() -> None:
    shown = card(checklist(ALL_NO, authored="2026"))
    assert "saddle sensation" in decided(shown)["notRecorded"]
    assert "too long ago to count: bladder, bowel, saddle numbness" in missing(shown)


def test_a_yes_of_an_unfinished_checklist_blocks_not_indicated() -> None:
    assert outcome(checklist({"saddle": "yes"}, status="in-progress")) == "possible"


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        pytest.param("2026-06-14", "emergency", id="the day before the no"),
        pytest.param("2026-06-15", "emergency", id="the day of the no"),
    ],
)
def test_a_no_never_takes_a_red_flag_away(recorded: str, expected: str) -> None:
    numb = builders.condition(codings.SADDLE_NUMBNESS, onset=recorded, recorded=recorded)
    shown = card(numb, checklist(ALL_NO))
    assert decided(shown)["outcome"] == expected
    assert "records disagree" in shown["detail"]
    assert "saddle numbness" not in missing(shown)


def test_an_older_no_does_not_undo_a_newer_yes() -> None:
    shown = card(checklist(ALL_NO, authored="2026-06-10"), checklist({"saddle": "yes"}))
    assert decided(shown)["outcome"] == "emergency"


@pytest.mark.parametrize(
    ("result", "denied"),
    [
        pytest.param(
            builders.observation(
                builders.concept("Body temperature", loinc="8310-5"),
                builders.quantity(38.6, "Cel"),
                effective="2026-06-15",
            ),
            "fever",
            id="a measured fever",
        ),
        pytest.param(
            builders.muscle_power("Right ankle dorsiflexion", 3, "2026-06-15"), "leg weakness", id="a grade"
        ),
        pytest.param(
            builders.observation(
                builders.concept("Post-void residual volume"),
                builders.quantity(450, "mL"),
                effective="2026-06-15",
            ),
            "bladder",
            id="a residual volume",
        ),
        pytest.param(
            builders.procedure(builders.concept("L4/5 discectomy"), performed="2020-01-01"),
            "spinal injection or surgery",
            id="an operation",
        ),
    ],
)
def test_what_a_measurement_speaks_for_is_not_listed_as_denied(result: Resource, denied: str) -> None:
    lines = missing(card(result, checklist(ALL_NO)))
    assert "Asked and denied on 15 Jun 2026" in lines
    assert denied not in lines.replace("saddle numbness", "")


def test_an_unclear_card_does_not_ask_what_a_form_of_the_same_day_denied() -> None:
    shown = card(forms.negative_screen(Days(NOW)), onset=FIVE_WEEKS)
    assert decided(shown)["outcome"] == "unclear"
    assert "Red-flag checklist: item 10." in to_do(shown)
    assert not re.search(r"bladder|saddle|fever|weight|cancer", to_do(shown))
    assert "Asked and denied on 15 Jun 2026: bladder, bowel, saddle numbness" in missing(shown)


def test_an_unclear_card_asks_what_nobody_asked_and_names_the_items() -> None:
    shown = card(checklist({"bladder": "no", "bowel": "no", "saddle": "no"}), onset=FIVE_WEEKS)
    assert (
        "- Ask (checklist items 4-10): leg power, both legs, fever, weight loss, cancer, "
        "operation or injection, treatment so far." in to_do(shown)
    )


def test_a_possible_card_names_the_items_of_its_pathway() -> None:
    words = builders.condition(builders.concept("numb saddle area"), recorded="2026-06-14")
    shown = card(words)
    assert decided(shown)["outcome"] == "possible"
    assert "Red-flag checklist: items 1-5." in to_do(shown)


def test_a_possible_card_does_not_name_items_that_were_answered_these_days() -> None:
    words = builders.condition(builders.concept("numb saddle area"), recorded="2026-06-14")
    shown = card(words, checklist({"bladder": "no", "bowel": "no", "both-legs": "no"}))
    assert "Red-flag checklist: items 3, 4." in to_do(shown)


def test_what_else_was_asked_without_a_usable_answer_is_one_line() -> None:
    shown = card(checklist(dict.fromkeys(RED_FLAGS, "unknown")))
    why = block(shown, "Why you see this")
    assert "Also asked, answer not usable: Weakness of a leg, Cancer, Unexplained weight loss" in why
    assert why.count("not usable") == 5


def test_words_that_a_form_denies_are_told_as_a_dispute() -> None:
    words = builders.condition(builders.concept("numb saddle area"), recorded="2026-06-14")
    shown = card(words, checklist(ALL_NO))
    assert decided(shown)["outcome"] == "possible"
    assert "in words only; records disagree" in block(shown, "Why you see this")


def test_a_yes_of_an_unfinished_form_says_where_it_is_from() -> None:
    shown = card(checklist({"saddle": "yes"}, status="stopped"))
    assert "Saddle numbness (form not finished), 15 Jun 2026" in shown["detail"].replace("\\", "")


@pytest.mark.parametrize("told", ["V04", "V87"])
def test_cards_of_other_outcomes_name_no_items(told: str) -> None:
    cards = ask(STORIES[told].request(NOW), NOW)["cards"]
    assert all("hecklist" not in shown["detail"] for shown in cards)


@pytest.mark.parametrize(
    ("answer", "since", "expected", "leading"),
    [
        pytest.param("none", None, "not-indicated", ["R1"], id="none"),
        pytest.param("unknown", None, "unclear", ["R1", "R2"], id="not known"),
        pytest.param("physiotherapy", "2026-05-19", "not-indicated", ["R1"], id="27 days"),
        pytest.param("physiotherapy", "2026-05-18", "may-be-indicated", ["R2"], id="28 days"),
        pytest.param("painkillers", None, "unclear", ["R1", "R2"], id="since nobody says when"),
    ],
)
def test_treatment_so_far_settles_r1_against_r2(
    answer: str, since: str | None, expected: str, leading: list[str]
) -> None:
    form = checklist(ALL_NO | {"treatment": answer}, {"treatment": since} if since else None)
    shown = decided(card(form, onset=FIVE_WEEKS))
    assert (shown["outcome"], shown["recommendations"]) == (expected, leading)


@pytest.mark.parametrize(
    "record",
    [(), (checklist(ALL_NO),), (checklist({"saddle": "no", "fever": "no", "cancer": "no"}),)],
    ids=["nothing asked", "all denied", "some denied"],
)
@pytest.mark.parametrize("onset", [TEN_DAYS, FIVE_WEEKS])
def test_what_stands_before_the_evidence_stays_short(record: tuple[Resource, ...], onset: str) -> None:
    before = re.split(r"\*\*(?:Evidence|Limits)\*\*", card(*record, onset=onset)["detail"])[0]
    assert len(re.sub(r"(?m)^\*\*[^*]+\*\*$", "", before).split()) <= 150


# --- What the owner changes in checklist.toml, and nowhere else ----------------------------------------------

NIGHT_PAIN = """
[[items]]
link_id = "night-pain"
text = "Pain that wakes you at night?"
finding = "Pain at night"
short = "night pain"
choices = ["yes", "no", "unknown"]
yes = ["night-pain"]
settles = ["cancer", "infection"]
"""


@pytest.fixture(scope="module")
def with_night_pain(tmp_path_factory: pytest.TempPathFactory) -> Guideline:
    """The guideline of a copy of the content, whose checklist has one item more."""
    folder = shutil.copytree(CONTENT, tmp_path_factory.mktemp("cards") / "lumbar-mri")
    with (folder / "checklist.toml").open("a", encoding="utf-8") as file:
        file.write(NIGHT_PAIN)
    return load_guideline(folder)


def answered_by(guideline: Guideline, *record: Resource) -> dict[str, Any]:
    pain = builders.condition(codings.LOW_BACK_PAIN, onset=TEN_DAYS, recorded=TEN_DAYS)
    request = builders.hook_request(
        "order-sign",
        hook_instance="5c1e3c6a-0000-4000-8000-000000000001",
        draft_orders=lumbar_mri()(Days(NOW)),
        prefetch=builders.prefetch_of(builders.patient("1980-03-10"), [pain, *record]),
    )
    read = read_hook_request(request, "order-sign", guideline.prefetch)
    answered = answer_hook(read, now=NOW, guideline=guideline, new_uuid=numbered_uuids())
    return dict(json.loads(json.dumps(answered.response))["cards"][0])


def test_an_item_added_to_the_file_is_asked_read_and_named_without_another_edit(
    with_night_pain: Guideline,
) -> None:
    asked = [item["linkId"] for item in build_questionnaire(with_night_pain)["item"]]
    assert asked[-1] == "night-pain"
    shown = answered_by(with_night_pain, checklist(ALL_NO | {"night-pain": "yes"}))
    assert (decided(shown)["outcome"], decided(shown)["recommendations"]) == ("possible", ["R5"])
    assert "Pain at night, 15 Jun 2026" in shown["detail"]
    weak = builders.condition(builders.concept("Unexplained weight loss"), recorded="2026-06-14")
    assert "Red-flag checklist: items 6-8, 11." in to_do(answered_by(with_night_pain, weak))


# --- A yes never lowers an outcome ---------------------------------------------------------------------------


@cache
def rank_of_story(name: str) -> int:
    return _rank(STORIES[name].request(NOW))


def _rank(request: dict[str, Any]) -> int:
    request = request | {"hook": "order-sign"}
    request["context"] = {k: v for k, v in request["context"].items() if k != "selections"}
    shown = [
        decided(one)
        for one in ask(request, NOW)["cards"]
        if "org.lumbar-mri-cds.decision" in one["extension"]
    ]
    return max((RANKS[one["outcome"]] for one in shown), default=-1)


def _stories_with_forms() -> list[str]:
    """The stories whose client sends forms; the others would not send a checklist either."""
    sent = {
        name: told.request(NOW)["prefetch"].get("questionnaireResponses") for name, told in STORIES.items()
    }
    return [name for name, forms_ in sent.items() if isinstance(forms_, dict) and forms_.get("type")]


def test_nearly_every_story_can_be_told_with_a_checklist() -> None:
    assert len(_stories_with_forms()) >= len(STORIES) - 3


@pytest.mark.parametrize(
    ("item", "answer", "since"),
    [
        *((item, answer, None) for item, answer in POSITIVE),
        *(
            (item, answer, day)
            for item, answer in POSITIVE
            for day in ("2026-04-20", "2015-05")
            if item not in ("fever", "weight")
        ),
    ],
)
def test_a_yes_never_lowers_the_outcome_of_any_story(item: str, answer: str, since: str | None) -> None:
    form = checklist({item: answer}, {item: since} if since else None) | {"id": "checklist-1"}
    for name in _stories_with_forms():
        request = STORIES[name].request(NOW)
        bundle = request["prefetch"]["questionnaireResponses"]
        subject = {"reference": f"Patient/{request['context']['patientId']}"}
        entries = [*bundle.get("entry", ()), {"resource": form | {"subject": subject}}]
        request["prefetch"] = request["prefetch"] | {"questionnaireResponses": bundle | {"entry": entries}}
        assert _rank(request) >= rank_of_story(name), name
