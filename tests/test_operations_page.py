"""What docs/operations.md tells whoever is on call, held against the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from cds_service.app import Services, create_app
from cds_service.guideline.review_state import ReviewState
from cds_service.metrics import METRICS, PREFIX, Described
from cds_service.settings import settings_table
from cds_service.web.operations import NOT_FROM_A_COLLECTOR
from cds_service.web.readiness import Part
from cds_service.web.server import HTTP, PROCESSES, server_options

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SOURCES = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "cds_service").rglob("*.py"))


def rows_under(title: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    table = re.split(r"^#+ ", TEXT.split(f"# {title}\n", 1)[1], flags=re.MULTILINE)[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_stands_there_with_its_labels(metric: Described) -> None:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    assert f"| `{metric.full_name}` | {metric.kind} | {labels} | {metric.text} |" in TEXT


def test_no_metric_is_told_that_there_is_not() -> None:
    suffixes = re.compile(r"_(bucket|sum|count)$")
    known = {metric.full_name for metric in METRICS}
    named = set(re.findall(rf"{PREFIX}_\w+", TEXT)) - {f"{PREFIX}_"}
    assert {suffixes.sub("", name) for name in named} == known


def test_alerts_select_by_labels_that_there_are() -> None:
    labels = {metric.full_name: {*metric.labels, "le", "job"} for metric in METRICS}
    selected = re.findall(rf"({PREFIX}_\w+?)(?:_bucket)?\{{([^}}]*)\}}", TEXT)
    assert len(selected) > 4
    for name, selectors in selected:
        assert set(re.findall(r"(\w+)[=!]", selectors)) <= labels[name]


@pytest.mark.parametrize("name", [*PROCESSES, *HTTP])
def test_every_setting_of_the_server_stands_there_with_its_value_and_a_reason(name: str) -> None:
    told = {row[0]: row for row in rows_under("Settings of the server")}
    assert told[f"`{name}`"][1] == f"`{(PROCESSES | HTTP)[name]!r}`"
    assert told[f"`{name}`"][2].endswith(".")


def test_no_setting_of_the_server_is_told_that_there_is_not(services: Services) -> None:
    assert {
        row[0].strip("`") for row in rows_under("Settings of the server")
    } == PROCESSES.keys() | HTTP.keys()
    options = server_options(services.settings, services, lambda: None)
    assert {name: options[name] for name in PROCESSES | HTTP} == PROCESSES | HTTP


def test_every_word_of_readiness_is_explained() -> None:
    told = {
        row[0].strip("`"): set(re.findall(r"`([^`]+)`", row[1])) for row in rows_under("What readiness means")
    }
    assert told["database"] | told["keySets"] == set(get_args(Part))
    assert told["guideline"] == {state.value for state in ReviewState}
    assert told["status"] == {"ready", "degraded", "unavailable"}


def test_readiness_has_the_members_that_are_told(services: Services) -> None:
    answer = create_app(services=services).test_client().get("/readyz")
    assert [row[0].strip("`") for row in rows_under("What readiness means")] == list(answer.get_json())


@pytest.mark.parametrize("address", [row[0].strip("`") for row in rows_under("Addresses")])
def test_every_address_is_there(services: Services, address: str) -> None:
    assert create_app(services=services).test_client().get(address).status_code == 200


@pytest.mark.parametrize("header", NOT_FROM_A_COLLECTOR)
def test_every_header_that_keeps_out_is_told(header: str) -> None:
    assert f"`{header}`" in TEXT.split("### Who may read")[1].split("##")[0]


@pytest.mark.parametrize(
    "field", sorted({name for row in rows_under("Log") for name in re.findall(r"`(\w+)`", row[0])})
)
def test_every_field_of_the_log_is_written_somewhere(field: str) -> None:
    assert re.search(rf'(\b{field}=|"{field}")', SOURCES)


@pytest.mark.parametrize(
    "event",
    sorted(
        set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", TEXT.split("## What to do when")[1])) - {"some missing"}
    ),
)
def test_every_line_to_look_for_is_written_somewhere(event: str) -> None:
    assert f'"{event}"' in SOURCES


@pytest.mark.parametrize("name", sorted(set(re.findall(r"CDS_[A-Z_]+", TEXT))))
def test_every_named_setting_exists(name: str) -> None:
    assert name in {row[0] for row in settings_table()}
