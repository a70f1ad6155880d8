"""What the README promises, held against the content and the code."""

import re
from pathlib import Path

import pytest

from cds_service.__main__ import main
from cds_service.app import cards_folder
from cds_service.guideline.content import load_guideline
from cds_service.guideline.lumbar_mri.card_sections import FINDING_BLANKS
from cds_service.guideline.lumbar_mri.decision import STOPPING_READS, TRIED_READS
from cds_service.protocol.discovery import USAGE_REQUIREMENTS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CARDS_README = (ROOT / "cards" / "README.md").read_text(encoding="utf-8")
GUIDELINE = load_guideline(cards_folder() / "lumbar-mri")


@pytest.mark.parametrize("key", GUIDELINE.prefetch)
def test_every_prefetch_key_stands_there_with_its_reason(key: str) -> None:
    assert f"| `{key}` | {GUIDELINE.prefetch_reasons[key]} |" in README


@pytest.mark.parametrize("key", [*STOPPING_READS, *TRIED_READS])
@pytest.mark.parametrize("text", [README, USAGE_REQUIREMENTS], ids=["readme", "discovery"])
def test_every_read_that_can_stop_r1_is_named(key: str, text: str) -> None:
    rule = next(part for part in re.split(r"\n\n", text) if "R1 and R2 need" in part or "Without" in part)
    assert re.search(rf"\b{key}\b", rule)


def test_every_file_of_the_content_is_explained_to_its_owner() -> None:
    files = [path.name for path in (cards_folder() / "lumbar-mri").iterdir() if path.is_file()]
    assert len(files) > 20
    assert [name for name in files if f"`{name}`" not in CARDS_README] == []


def test_every_blank_that_a_card_can_have_is_named_to_its_owner() -> None:
    named = CARDS_README.split("Every threshold is a blank")[1].split("\n")[0]
    assert set(re.findall(r"`\$(\w+)`", named)) == FINDING_BLANKS | {"adult_age"}


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_stands_there(command: str) -> None:
    assert f"`lumbar-mri-cds {command}" in README


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_into_the_project_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:cards|cds_service|docs)/[\w/.-]*)`", README))))
def test_every_place_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()
