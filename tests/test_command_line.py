"""The command line answers as HTTP does, and says by its exit status how."""

import json
import socket
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cds_service import __version__
from cds_service.__main__ import main, render_settings_table
from cds_service.example import example_request
from cds_service.settings import Settings
from tests.web.hook_calls import knee_request

LUMBAR_MRI = {"coding": [{"system": "http://snomed.info/sct", "code": "394451000119106"}]}


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


def lumbar_request_without_a_record() -> dict[str, Any]:
    body = knee_request()
    body["context"]["draftOrders"]["entry"][0]["resource"]["code"] = LUMBAR_MRI
    return body


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_card_prints_the_response_for_the_hook_that_the_request_names(tmp_path: Path, hook: str) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(knee_request(hook)))
    result = run("card", str(file))
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"cards": []})


def test_card_reads_standard_input() -> None:
    result = run("card", "-", stdin=json.dumps(knee_request()))
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"cards": []})


@pytest.mark.parametrize(
    "sent",
    ["{bad", "[]", "{}", '{"hook": "patient-view"}', json.dumps({**knee_request(), "context": []})],
)
def test_card_prints_the_outcome_and_ends_with_2_where_http_says_400(sent: str) -> None:
    result = run("card", "-", stdin=sent)
    assert (result.exit_code, json.loads(result.stdout)["resourceType"]) == (2, "OperationOutcome")


def test_card_ends_with_3_where_http_says_412() -> None:
    result = run("card", "-", stdin=json.dumps(lumbar_request_without_a_record()))
    assert (result.exit_code, json.loads(result.stdout)["issue"][0]["code"]) == (3, "incomplete")


def test_card_evaluates_at_the_moment_that_it_is_given() -> None:
    example = json.dumps(example_request(datetime(2026, 6, 15, 2, tzinfo=UTC)))
    result = run("card", "-", "--now", "2026-06-15T10:00+08:00", stdin=example)
    decision = json.loads(result.stdout)["cards"][0]["extension"]["org.lumbar-mri-cds.decision"]
    assert (decision["outcome"], decision["evaluatedAt"]) == ("emergency", "2026-06-15T10:00:00+08:00")


def test_a_moment_without_an_offset_is_in_the_guidelines_time_zone() -> None:
    example = json.dumps(example_request(datetime(2026, 6, 15, 2, tzinfo=UTC)))
    result = run("card", "-", "--now", "2026-06-15T10:00", stdin=example)
    decision = json.loads(result.stdout)["cards"][0]["extension"]["org.lumbar-mri-cds.decision"]
    assert decision["evaluatedAt"] == "2026-06-15T10:00:00+08:00"


def test_a_moment_that_is_none_is_a_usage_error() -> None:
    assert run("card", "-", "--now", "yesterday", stdin="{}").exit_code == 2


@pytest.mark.parametrize("days", [0, 1, 400])
def test_the_example_happens_on_the_day_it_is_asked_for(days: int) -> None:
    moment = datetime(2026, 6, 15, 10, tzinfo=timezone(timedelta(hours=8))) + timedelta(days=days)
    order = example_request(moment)["context"]["draftOrders"]["entry"][0]["resource"]
    assert date.fromisoformat(order["authoredOn"][:10]) == moment.date()


def test_the_example_is_printed_as_a_request() -> None:
    assert json.loads(run("example").stdout)["hook"] in {"order-select", "order-sign"}


def test_settings_prints_the_table() -> None:
    assert run("settings").stdout.strip() == render_settings_table()


@pytest.mark.parametrize("option", ["--port=0", "--workers=0", "--port=x"])
def test_serve_refuses_options_that_make_no_sense(option: str) -> None:
    assert run("serve", option).exit_code == 2


@pytest.mark.parametrize(("option", "value"), [("--port", "99999"), ("--workers", "0")])
def test_serve_names_the_option_that_makes_no_sense(option: str, value: str) -> None:
    result = run("serve", option, value)
    assert (f"{option}: " in result.stderr, "CDS_" in result.stderr) == (True, False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_serve_says_in_one_line_that_the_port_is_taken(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        port = listener.getsockname()[1]
        result = run("serve", "--host", host, "--port", str(port))
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: The service cannot start: port {port} on {host} is in use; "
        "choose another with --port or CDS_PORT.\n"
    )


def test_serve_says_that_the_address_is_not_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_ANYONE_MAY_CALL", "true")
    result = run("serve", "--host", "192.0.2.1")  # an address for documentation, which nobody has
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "--host or CDS_HOST" in result.stderr


def test_a_setting_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_PORT", "x")
    result = run("card", "-", stdin="{}")
    assert (result.exit_code, "CDS_PORT" in result.stderr) == (2, True)


def test_review_prints_the_whole_guideline() -> None:
    result = run("review")
    assert result.exit_code == 0
    assert all(f"R{number}" in result.stdout for number in range(1, 7))


def test_the_version_is_told() -> None:
    assert __version__ in run("--version").stdout


@pytest.mark.parametrize("name", ["host", "port", "workers", "threads"])
def test_an_option_of_serve_tells_the_default_of_its_setting(name: str) -> None:
    option = next(option for option in main.commands["serve"].params if option.name == name)
    assert isinstance(option, click.Option)
    assert str(Settings.model_fields[name].default) in (option.help or "")


def test_card_answers_as_the_client_that_is_named_would_get_it(tmp_path: Path) -> None:
    file = tmp_path / "clients.toml"
    file.write_text('[[client]]\nname = "rated"\npama_rating = true\n', encoding="utf-8")
    example = json.dumps(example_request(datetime(2026, 6, 15, 2, tzinfo=UTC)))
    arguments = ("card", "-", "--now", "2026-06-15T10:00+08:00")
    asked = (*arguments, "--client", "rated")
    result = CliRunner().invoke(main, asked, input=example, env={"CDS_CLIENTS": str(file)})
    assert (result.exit_code, "pama-rating" in result.stdout) == (0, True)
    assert "pama-rating" not in run(*arguments, stdin=example).stdout


def test_card_refuses_the_name_of_no_client() -> None:
    result = run("card", "-", "--client", "nobody", stdin=json.dumps(knee_request()))
    assert (result.exit_code, "--client: no client of that name" in result.stderr) == (2, True)
