"""The language in which clinicians write phrases."""

import pytest

from cds_service.record.phrases import PhraseError, beginnings, build_book, plain

SHORT = {"ces": "cauda equina syndrome", "r/o": "rule out", "-ve": "negative"}


def found(phrase: str, text: str) -> bool:
    return bool(build_book({"it": [phrase]}).find(plain(text, SHORT)))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        pytest.param("cauda equina", "CAUDA  Equina", id="capitals and spaces"),
        pytest.param("cauda equina", "cauda-equina", id="a hyphen is a space"),
        pytest.param("bladder bowel", "bladder/bowel", id="a slash is a space"),
        pytest.param("metasta*", "metastases", id="any ending"),
        pytest.param("metasta*", "Metasta", id="no ending"),
        pytest.param("saddle|perianal numbness", "perianal numbness", id="one of two words"),
        pytest.param("loss of [the] bladder", "loss of bladder", id="a word left out"),
        pytest.param("loss of [the] bladder", "loss of the bladder", id="a word put in"),
        pytest.param("pain .. legs", "pain in both her legs", id="three words between"),
        pytest.param("pain .. legs", "pain legs", id="no word between"),
        pytest.param("# weeks", "12 weeks", id="a number"),
        pytest.param("# weeks", "1.5 weeks", id="a decimal"),
        pytest.param("cauda equina", "?CES", id="an abbreviation is written out"),
        pytest.param("rule out discitis", "r/o discitis", id="an abbreviation with a slash"),
        pytest.param("can't feel", "can’t feel", id="a typographic apostrophe"),
    ],
)
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    assert found(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        pytest.param("cauda equina", "cauda of the equina", id="other words between"),
        pytest.param("ces", "process", id="inside a word"),
        pytest.param("metasta*", "nonmetastatic", id="another beginning"),
        pytest.param("pain .. legs", "pain in one or two legs", id="four words between"),
        pytest.param("pain .. legs", "pain, both legs", id="past a comma"),
        pytest.param("pain .. legs", "pain. Both legs", id="past a full stop"),
        pytest.param("fall from # m", "fall from a m", id="no number"),
    ],
)
def test_a_phrase_is_not_found(phrase: str, text: str) -> None:
    assert not found(phrase, text)


def test_a_longer_phrase_hides_the_shorter_one_inside_it() -> None:
    book = build_book({"urge": ["urge incontinence"], "any": ["incontinence"]})
    assert book.names("urge incontinence") == {"urge"}


def test_two_names_of_the_same_words_are_both_found() -> None:
    book = build_book({"bladder": ["bladder or bowel"], "bowel": ["bladder or bowel"]})
    assert book.names("bladder or bowel") == {"bladder", "bowel"}


@pytest.mark.parametrize(
    "phrase",
    [
        pytest.param("", id="empty"),
        pytest.param(".. legs", id="begins with a gap"),
        pytest.param("[the] legs", id="begins with what may be left out"),
        pytest.param("ca* prostate", id="fewer than three letters before the star"),
        pytest.param("legs (both)", id="brackets that the language has not"),
        pytest.param("pain|", id="an empty word"),
    ],
)
def test_a_phrase_that_is_none_is_refused(phrase: str) -> None:
    with pytest.raises(PhraseError):
        build_book({"it": [phrase]})


def test_the_beginnings_of_a_text_are_those_of_its_words() -> None:
    assert beginnings("L4/5 Discectomy, (CES)") == ["l4", "5", "dis", "ces"]


def test_a_question_mark_before_a_word_asks_about_what_follows() -> None:
    assert plain("LBP ?CES", SHORT) == "lbp query cauda equina syndrome"


def test_a_question_mark_behind_a_word_stays_there() -> None:
    assert plain("CES?", SHORT) == "cauda equina syndrome ?"
