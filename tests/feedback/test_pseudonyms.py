"""Keyed hashes: equal for equal names, of no use without the key, and of one kind only."""

from cds_service.feedback.pseudonyms import Pseudonyms

HERE = Pseudonyms(b"a key of the site that is long enough")
ELSEWHERE = Pseudonyms(b"a key of another site, long enough too")


def test_equal_names_have_equal_pseudonyms_and_others_others() -> None:
    found = [
        HERE.practitioner("epic", "Practitioner/1"),
        HERE.practitioner("epic", "Practitioner/2"),
        HERE.practitioner("cerner", "Practitioner/1"),
        HERE.organisation("epic", "Practitioner/1"),
        HERE.case(("epic",), "Practitioner/1", ""),
        ELSEWHERE.practitioner("epic", "Practitioner/1"),
    ]
    assert len(set(found)) == len(found)
    assert HERE.practitioner("epic", "Practitioner/1") == found[0]


def test_names_are_not_run_together() -> None:
    assert HERE.practitioner("ab", "c") != HERE.practitioner("a", "bc")
    assert HERE.case(("a", "b"), "c", "d") != HERE.case(("a",), "b", "cd")


def test_the_same_fact_of_another_case_has_another_mark() -> None:
    first, second = HERE.case(("epic",), "1", "lumbar"), HERE.case(("epic",), "2", "lumbar")
    assert HERE.fact(first, "CRP 42 mg/L") != HERE.fact(second, "CRP 42 mg/L")


def test_a_name_that_is_no_proper_text_has_a_pseudonym_too() -> None:
    assert HERE.practitioner("epic", "\ud800\x00")


def test_the_key_is_not_shown() -> None:
    assert "long enough" not in repr(HERE)
