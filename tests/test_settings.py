"""Settings come from the environment, and the documentation lists exactly those that there are."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from cds_service.__main__ import render_settings_table
from cds_service.settings import Settings, settings_table

README = Path(__file__).parent.parent / "README.md"


def test_a_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_PORT", "9000")
    monkeypatch.setenv("CDS_CORS_ORIGINS", "https://a.example/, https://b.example")
    settings = Settings()
    assert (settings.port, settings.cors_origins) == (9000, ("https://a.example", "https://b.example"))


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
