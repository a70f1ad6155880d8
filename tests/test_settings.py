"""Settings come from the environment, and the documentation lists exactly those that there are."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from cds_service.__main__ import main, render_settings_table
from cds_service.settings import Settings, settings_table

README = Path(__file__).parent.parent / "README.md"


def test_a_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_PORT", "9000")
    monkeypatch.setenv("CDS_CORS_ORIGINS", "https://a.example/, https://b.example")
    settings = Settings()
    assert (settings.port, settings.cors_origins) == (9000, ("https://a.example", "https://b.example"))


def test_a_secret_is_read_from_a_file_and_a_variable_wins_over_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "CDS_PSEUDONYM_KEY").write_text(f"{'k' * 40}\n")
    (tmp_path / "CDS_PORT").write_text("9000")
    monkeypatch.setenv("CDS_SECRETS_FOLDER", str(tmp_path))
    monkeypatch.setenv("CDS_PORT", "9001")
    settings = Settings()
    assert (settings.pseudonym_key.get_secret_value(), settings.port) == ("k" * 40, 9001)


@pytest.mark.parametrize("kind", ["missing", "file", "unreadable"])
def test_a_folder_of_secrets_that_cannot_be_read_is_said_in_a_line(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    if kind == "file":
        folder.write_text("no folder")
    if kind == "unreadable":
        folder.mkdir()
        (folder / "CDS_DATABASE_URL").write_bytes(b"marked\xff")
    result = CliRunner().invoke(main, ["card", "-"], env={"CDS_SECRETS_FOLDER": str(folder)})
    assert result.exit_code == 2
    assert "CDS_SECRETS_FOLDER: " in result.output
    assert "marked" not in result.output


@pytest.mark.filterwarnings("ignore:attempted to load secret file")
@pytest.mark.parametrize(
    "make", [Path.mkdir, os.mkfifo, lambda file: file.symlink_to(file)], ids=["folder", "pipe", "loop"]
)
def test_a_secret_that_is_no_file_is_not_taken_for_none(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "CDS_DATABASE_URL")
    result = CliRunner().invoke(main, ["card", "-"], env={"CDS_SECRETS_FOLDER": str(tmp_path)})
    assert result.exit_code == 2
    assert "CDS_DATABASE_URL in it is no file" in result.output


def test_no_origin_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_CORS_ORIGINS", "")
    assert Settings().cors_origins == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "x"),
        ("WORKERS", "0"),
        ("PUBLIC_BASE_URL", "a.example"),
        ("PUBLIC_BASE_URL", "https://"),
        ("PUBLIC_BASE_URL", "https:///cds"),
        ("PUBLIC_BASE_URL", "https://["),
        ("PUBLIC_BASE_URL", "https://a.example:x"),
        ("PUBLIC_BASE_URL", "https://user:secret@a.example"),
        ("PUBLIC_BASE_URL", "https://a.example?x=1"),
        ("PUBLIC_BASE_URL", "https://a.example#x"),
        ("PUBLIC_BASE_URL", "https://a example"),
        ("PUBLIC_BASE_URL", "http://evil.example\\@127.0.0.1"),
        ("LOG_LEVEL", "x"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"CDS_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("settings", "base_url", "bind"),
    [
        (Settings(), "http://127.0.0.1:8080", "127.0.0.1:8080"),
        (Settings(host="0.0.0.0", port=80), "http://127.0.0.1:80", "0.0.0.0:80"),  # noqa: S104
        (Settings(host="::1"), "http://[::1]:8080", "[::1]:8080"),
        (Settings(public_base_url="https://cds.example/x/"), "https://cds.example/x", "127.0.0.1:8080"),
    ],
)
def test_links_lead_to_where_clients_reach_the_service(settings: Settings, base_url: str, bind: str) -> None:
    assert (settings.base_url, settings.bind) == (base_url, bind)


def test_every_setting_is_described() -> None:
    assert all(description.endswith(".") for _, _, description in settings_table())


def test_the_readme_shows_the_settings_that_there_are() -> None:
    assert render_settings_table() in README.read_text(encoding="utf-8")


def test_a_site_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("", encoding="utf-8")
    with pytest.raises(ValidationError, match="must be a folder"):
        Settings(site=tmp_path / "site.toml")
