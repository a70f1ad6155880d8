"""A clinician's change: only files under `cards/`, or of a site, and everything that tells of it follows.

Discovery, decision, card, review pack and FHIR resources are asked over HTTP and by the command's own function.
"""

import json
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import build_services, create_app
from cds_service.guideline.content import Guideline, load_guideline
from cds_service.review import render_pack
from cds_service.settings import Settings
from tests.builders import observation, quantity
from tests.conftest import NOW
from tests.vignettes.asking import numbered_uuids
from tests.vignettes.stories import STORIES

CARDS = Path(__file__).parents[1] / "cards" / "lumbar-mri"
DECISION = "org.lumbar-mri-cds.decision"
LOINC = "http://loinc.org"
LOCAL_SCAN = "99999-5"  # an invented code with a right check digit


@dataclass(frozen=True)
class Told:
    """Everything that a version of the content says, each as its reader gets it."""

    guideline: Guideline

    @cached_property
    def client(self) -> FlaskClient:
        services = build_services(Settings())
        return create_app(
            services=replace(services, guideline=self.guideline, clock=lambda: NOW, new_uuid=numbered_uuids())
        ).test_client()

    def read(self, path: str) -> Any:
        return json.loads(self.client.get(path).get_data())

    @property
    def discovery(self) -> str:
        return json.dumps(self.read("/cds-services"))

    def card(self, story: str, *extra: dict[str, Any]) -> dict[str, Any]:
        """The card for a story, with more observations on record."""
        request = deepcopy(STORIES[story].request(NOW))
        found = request["prefetch"]["observations"]
        entries = found.setdefault("entry", [])
        entries += [{"resource": one | {"id": f"more-{n}"}} for n, one in enumerate(extra)]
        found["total"] = len(entries)
        answer = self.client.post(f"/cds-services/lumbar-mri-{request['hook']}", json=request)
        card: dict[str, Any] = json.loads(answer.get_data())["cards"][0]
        return card

    def outcome(self, story: str, *extra: dict[str, Any]) -> str:
        outcome: str = self.card(story, *extra)["extension"][DECISION]["outcome"]
        return outcome

    @cached_property
    def review(self) -> dict[str, str]:
        """The documents of the review pack by name, with what a site changed."""
        return dict(render_pack(self.guideline, NOW, "md"))

    @property
    def plan(self) -> str:
        return json.dumps(self.read("/fhir/PlanDefinition/lumbar-mri"))


@pytest.fixture(scope="module")
def before() -> Told:
    return Told(load_guideline(CARDS))


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str, str], Told]:
    """Replaces text in one file of a copy of the content, and tells what follows."""
    folder = Path(shutil.copytree(CARDS, tmp_path / "lumbar-mri"))

    def change(file: str, pattern: str, put: str) -> Told:
        text, count = re.subn(pattern, put, (folder / file).read_text(encoding="utf-8"), count=1)
        assert count == 1, pattern
        (folder / file).write_text(text, encoding="utf-8")
        return Told(load_guideline(folder))

    return change


def residual_volume(millilitres: int) -> dict[str, Any]:
    """A bladder scan under a code that the guideline does not know, without any words."""
    code = {"coding": [{"system": LOINC, "code": LOCAL_SCAN}]}
    return observation(code, quantity(millilitres, "mL"), effective="2026-06-15T08:00:00+08:00")


def test_a_raised_threshold_is_followed_by_decision_card_review_and_plan(
    before: Told, changed: Callable[[str, str, str], Told]
) -> None:
    """V04 has 34 days of conservative care: enough for 28, too few for 35."""
    after = changed("guideline.toml", r"(\[thresholds\.care_min_days\]\nvalue = )28", r"\g<1>35")
    assert (before.outcome("V04"), after.outcome("V04")) == ("may-be-indicated", "not-indicated")
    sentence = "Adequate conservative care for {} days or more"
    for told in (before, after):
        days = "28" if told is before else "35"
        assert sentence.format(days) in told.review["R2.md"]
        assert f"allows R2 | **{days}** days" in told.review["R2.md"], "the table of numbers"
        assert sentence.format(days) in told.plan
    assert "5 to 6 weeks" in after.card("V07")["detail"], "the advice says the number in weeks"


def test_an_added_code_is_followed_by_discovery_decision_review_and_value_set(
    before: Told, changed: Callable[[str, str, str], Told]
) -> None:
    row = f"\n{LOINC},{LOCAL_SCAN},Residual volume by bladder scan,exact,page:a source\n"
    after = changed("value_sets/residual-volume.csv", r"\n\Z", row)
    scan = residual_volume(450)
    assert (before.outcome("V03", scan), after.outcome("V03", scan)) == ("not-indicated", "emergency")
    assert LOCAL_SCAN not in before.discovery
    assert LOCAL_SCAN in after.discovery
    assert LOCAL_SCAN not in "".join(before.review.values())
    assert LOCAL_SCAN in after.review["R4.md"]
    published = json.dumps(after.read("/fhir/ValueSet/residual-volume"))
    assert LOCAL_SCAN in published
    maps = json.dumps(after.read("/fhir/ConceptMap"))
    assert LOCAL_SCAN in maps


def test_a_reworded_card_is_followed_by_the_card_and_the_review(
    before: Told, changed: Callable[[str, str, str], Told]
) -> None:
    words = "No MRI for now: back pain for $pain_days days, no red flag in the coded record"
    after = changed("not-indicated.md", r"(## summary\.short\n\n).*", rf"\g<1>{words}")
    said = words.replace("$pain_days", "20")
    assert before.card("V03")["summary"] != said
    assert after.card("V03")["summary"].startswith(said)
    assert "No MRI for now" not in before.review["R1.md"]
    assert "No MRI for now" in after.review["R1.md"]


@pytest.mark.parametrize(
    ("file", "pattern", "put"),
    [
        pytest.param(
            "guideline.toml", r"(\[thresholds\.care_min_days\]\nvalue = )28", r"\g<1>35", id="number"
        ),
        pytest.param("not-indicated.md", "MRI not indicated", "MRI is not indicated", id="word"),
        pytest.param("value_sets/fever.csv", "Fever", "Feverish", id="code"),
    ],
)
def test_every_change_has_a_digest_that_card_review_and_resources_carry(
    before: Told, changed: Callable[[str, str, str], Told], file: str, pattern: str, put: str
) -> None:
    after = changed(file, pattern, put)
    digest = after.guideline.digest
    assert digest != before.guideline.digest
    assert after.card("V04")["extension"][DECISION]["guideline"]["digest"] == digest
    assert digest in after.review["index.md"]
    assert digest.removeprefix("sha256:") in after.plan


def test_a_sites_change_is_followed_in_the_same_way(before: Told, tmp_path: Path) -> None:
    site = Path(shutil.copytree(CARDS.parents[1] / "sites" / "polyclinic", tmp_path / "site"))
    (site / "site.toml").write_text(
        (site / "site.toml")
        .read_text(encoding="utf-8")
        .replace("[thresholds.care_cover_days]\nvalue = 21", "[thresholds.care_min_days]\nvalue = 35"),
        encoding="utf-8",
    )
    with (site / "codes.csv").open("a", encoding="utf-8") as codes:
        codes.write("catalogue,SCAN-1,Bladder scan,residual-volume\n")
    after = Told(load_guideline(CARDS, site))
    assert (before.outcome("V04"), after.outcome("V04")) == ("may-be-indicated", "not-indicated")
    assert "SCAN-1" in after.discovery
    assert "SCAN-1" in json.dumps(after.read("/fhir/ValueSet/residual-volume"))
    assert "Adequate conservative care for 35 days or more" in after.plan
    index = after.review["index.md"]
    assert "28 d" in index
    assert "35 d" in index
    assert "SCAN-1" in after.review["R4.md"]
