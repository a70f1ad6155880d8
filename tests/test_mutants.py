"""The account of the mutants: what counts as killed, and which survivors have a reason."""

import json
from pathlib import Path

import pytest

from tests import mutants

SOURCE = """\
def x_is_old__mutmut_orig(days):
    return days > 14


def x_is_old__mutmut_1(days):
    return days >= 14


def x_is_old__mutmut_2(days):
    return days > 15


def x_is_old__mutmut_3(days):
    return days > None
"""
MODULE = "cds_service.guideline.age"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of mutmut over one function: one mutant killed, one refused by its types, one alive, one not run."""
    made = tmp_path / mutants.MADE
    made.mkdir(parents=True)
    (made / "age.py").write_text(SOURCE)
    codes = {1: 0, 2: 1, 3: 37, 4: None}
    results = {f"{MODULE}.x_is_old__mutmut_{number}": code for number, code in codes.items()}
    (made / "age.py.meta").write_text(json.dumps({"exit_code_by_key": results}))
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def give_reason(folder: Path, mutant: str) -> None:
    text = f"[[harmless]]\nreason = 'the same day'\nmutants = [{json.dumps(mutant)}]\n"
    (folder / mutants.REASONS).write_text(text)


def test_every_mutant_is_counted_by_what_became_of_it(folder: Path) -> None:
    assert mutants.figures() == {MODULE: {"survived": 1, "killed": 1, "types": 1, "not run": 1}}


def test_a_survivor_is_named_by_its_function_and_what_it_became(folder: Path) -> None:
    assert [str(each) for each in mutants.survivors()] == [f"{MODULE}:is_old | return days >= 14"]


def test_a_survivor_without_a_reason_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give_reason(folder, "another")
    assert mutants.main([]) == 1
    told = capsys.readouterr().out
    assert f"without a reason: {MODULE}:is_old | return days >= 14" in told
    assert "killed or gone, so needs no reason: another" in told


@pytest.mark.parametrize(("least", "status"), [(0.5, 0), (0.51, 1)])
def test_too_few_killed_end_with_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch, least: float, status: int
) -> None:
    give_reason(folder, f"{MODULE}:is_old | return days >= 14")
    monkeypatch.setattr(mutants, "LEAST_KILLED", least)
    assert mutants.main([]) == status


def test_every_reason_of_the_project_names_functions_that_there_are() -> None:
    from tests.knock_out import find_function

    for mutant in mutants.reasons():
        assert callable(find_function(mutant.partition(" | ")[0]))
