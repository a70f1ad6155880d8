"""The scorecard over HTTP: who may see it, what a browser may do with it, and what it refuses."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import update
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from cds_service.app import Services, create_app
from cds_service.settings import Settings
from cds_service.store.database import Database
from cds_service.store.tables import feedback
from tests.evaluation.generated_year import generate_year
from tests.evaluation.scorecard_stores import sqlite_at, store

TOKEN = "a token of these tests"  # noqa: S105
YEAR = "/scorecard?from=2026-01-01&to=2026-06-15"
COMMENT = "<script>alert('x')</script> & he said"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = sqlite_at(tmp_path_factory.mktemp("scorecard"))
    year = generate_year(4_000, seed=2)
    store(database, year)
    with database.begin() as connection:
        connection.execute(
            update(feedback).where(feedback.c.comment_characters == 12).values(comment=COMMENT)
        )
    return database


@pytest.fixture(scope="module")
def client(database: Database, services: Services) -> FlaskClient:
    return served(services, url_of(database))


def url_of(database: Database) -> str:
    return database._url.render_as_string(hide_password=False)


def served(services: Services, url: str, **changes: Any) -> FlaskClient:
    settings = Settings(database_url=url, scorecard_token=SecretStr(TOKEN))
    return create_app(services=dataclasses.replace(services, settings=settings, **changes)).test_client()


def ask(client: FlaskClient, path: str = YEAR, token: str = TOKEN) -> TestResponse:
    return client.get(path, headers={"Authorization": f"Bearer {token}"})


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Elements(HTMLParser):
    """The elements of a page with their attributes, in their order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name in names]


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {TOKEN}"}, basic("anybody", TOKEN), basic("", TOKEN)],
    ids=["bearer", "basic", "basic-no-user"],
)
def test_whoever_has_the_token_sees_the_page(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(YEAR, headers=headers)
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    assert "<h1>Lumbar MRI orders" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer another token of these tests"},
        {"Authorization": f"Bearer {TOKEN} "[:-2]},
        {"Authorization": f"Digest {TOKEN}"},
        basic("anybody", TOKEN.upper()),
        basic(TOKEN, ""),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer \xff\xfe"},
        {"X-Forwarded-For": "127.0.0.1", "Cookie": f"token={TOKEN}"},
    ],
    ids=[
        "none",
        "empty",
        "another",
        "shorter",
        "digest",
        "case",
        "as-user",
        "no-base64",
        "latin-1",
        "cookie",
    ],
)
def test_without_the_token_there_is_only_401(
    services: Services, database: Database, headers: dict[str, str]
) -> None:
    answer = served(services, url_of(database)).get(YEAR, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="scorecard", charset="UTF-8"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json()["resourceType"] == "OperationOutcome"


def test_the_token_does_not_come_in_the_address(services: Services, database: Database) -> None:
    answer = served(services, url_of(database)).get(f"{YEAR}&token={TOKEN}&access_token={TOKEN}")
    assert answer.status_code == 401


def test_without_a_token_set_there_is_no_such_page(services: Services, database: Database) -> None:
    settings = Settings(database_url=url_of(database))
    stranger = create_app(services=dataclasses.replace(services, settings=settings)).test_client()
    unknown, answer = stranger.get("/nothing"), ask(stranger, token="")
    assert answer.status_code == 404
    assert answer.get_json() == unknown.get_json()


def test_a_stranger_cannot_lock_the_owner_out(services: Services, database: Database) -> None:
    client = served(services, url_of(database))
    assert {ask(client, token=f"wrong {n}").status_code for n in range(30)} == {401}
    assert {client.get(YEAR).status_code for _ in range(20)} == {401}
    assert ask(client).status_code == 200


def test_a_short_token_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="at least 16 characters"):
        Settings(scorecard_token=SecretStr("x" * 15))


def test_the_token_is_in_no_text_of_the_settings() -> None:
    settings = Settings(scorecard_token=SecretStr(TOKEN))
    assert TOKEN not in repr(settings) + str(settings) + settings.model_dump_json()


def test_the_token_and_the_address_are_in_no_log_line(client: FlaskClient) -> None:
    with capture_logs() as lines:
        ask(client)
        ask(client, "/scorecard?from=Tan-Ah-Kow")
    assert TOKEN not in str(lines)
    assert "Tan-Ah-Kow" not in str(lines)


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-13-01", "from=yesterday", "to=2026-02-30", "from=2026-06-01&to=2026-05-31",
        "from=20260101", "from=2026-W01-1", "from=0001-01-01", "to=9999-12-31", "from=1990-01-01",
        "from=2020-01-01&to=2026-01-01", "month=2026-00", "month=2026-1", "month=2026-10-01", "month=x",
        "month=2026-05&format=json", "month=2026-05&from=2026-01-01",
        "format=pdf", "from=%00%ff", "from=2026-01-0%D9%A1",
    ],
)  # fmt: skip
def test_nonsense_is_answered_with_400(client: FlaskClient, query: str) -> None:
    answer = ask(client, f"/scorecard?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["resourceType"] == "OperationOutcome"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("query", ["", "?from=&to=", "?to=2026-06-15", "?from=2026-06-15&to=2026-06-15"])
def test_days_may_be_left_out(client: FlaskClient, query: str) -> None:
    assert ask(client, f"/scorecard{query}").status_code == 200


def test_without_days_it_is_the_last_twelve_months(client: FlaskClient) -> None:
    told = ask(client, "/scorecard?format=json").get_json()
    assert (told["from"], told["to"]) == ("2025-07-01", "2026-06-15")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_sent_to_it(client: FlaskClient, method: str) -> None:
    answer = client.open(YEAR, method=method, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 405


def test_the_policy_allows_one_style_sheet_and_images_of_the_page_alone(client: FlaskClient) -> None:
    for path in (YEAR, "/scorecard?month=2026-05"):
        answer = ask(client, path)
        policy = dict(
            part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";")
        )
        style = re.search("<style>(.*?)</style>", answer.text, re.S)
        assert style
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert policy == {
            "default-src": "'none'",
            "style-src": f"'sha256-{digest}'",
            "img-src": "data:",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": "'none'",
        }


def test_the_page_has_nothing_that_its_policy_forbids(client: FlaskClient) -> None:
    page = Elements(ask(client).text)
    assert page.of("script", "link", "iframe", "object", "embed", "base") == []
    for _, attributes in page.found:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for name in ("src", "srcset"):
            assert (attributes.get(name) or "data:image/svg+xml;").startswith("data:image/svg+xml;")


def test_charts_hold_no_script_and_no_address(client: FlaskClient) -> None:
    images = [image["src"] or "" for image in Elements(ask(client).text).of("img")]
    assert len(images) == 4
    for image in images:
        drawing = base64.b64decode(image.partition(",")[2])
        for element in ElementTree.fromstring(drawing).iter():  # noqa: S314
            assert element.tag.partition("}")[2] not in ("script", "a", "image", "use", "foreignObject")
            assert not [name for name in element.attrib if "href" in name or name.startswith("on")]
        assert b"@import" not in drawing
        assert re.findall(rb"https?://[^\"' ]*", drawing) == [b"http://www.w3.org/2000/svg"]


def test_the_page_can_be_read_without_looking_at_it(client: FlaskClient) -> None:
    page = Elements(ask(client).text)
    assert page.of("html") == [{"lang": "en"}]
    levels = [int(name[1]) for name, _ in page.found if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))
    assert len(page.of("table")) == len(page.of("caption")) > 10
    assert all(head.get("scope") in ("row", "col") for head in page.of("th"))
    assert all(image.get("alt") for image in page.of("img"))
    # What scrolls sideways in a narrow window can be scrolled with the keyboard.
    assert all(
        box.get("tabindex") == "0" and box.get("aria-label")
        for box in page.of("div")
        if box.get("class") == "wide"
    )


def test_comments_are_shown_as_text(client: FlaskClient) -> None:
    page = ask(client).text
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; he said" in page
    assert COMMENT not in page


def test_no_answer_is_stored_or_framed(client: FlaskClient) -> None:
    for path in (YEAR, f"{YEAR}&format=csv", f"{YEAR}&format=json"):
        headers = ask(client, path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_all_formats_tell_the_same(client: FlaskClient) -> None:
    told = ask(client, f"{YEAR}&format=json").get_json()
    text = ask(client, f"{YEAR}&format=csv").text
    page = ask(client).text
    for outcome, orders in told["orders"]["byOutcome"].items():
        assert re.search(rf"^orders by outcome,{outcome},,[^,]*,orders,{orders}$", text, re.M)
    assert f'<dd class="big">{told["orders"]["all"]:,}</dd>' in page
    for kind in ("clients", "organisations", "practitioners"):
        hidden = told["groups"][kind]["hiddenGroups"]
        assert f"\n{kind},,,,hidden groups,{hidden}\n" in text
        for group in told["groups"][kind]["groups"]:
            orders = "hidden" if group["orders"] is None else group["orders"]
            assert f"\n{kind},{group['client']},{group['name']},,orders,{orders}\n" in text
            assert group["name"] in page


def test_no_small_figure_of_a_group_is_told_in_any_format(client: FlaskClient) -> None:
    told = ask(client, f"{YEAR}&format=json").get_json()
    groups = [
        group
        for kind in ("clients", "organisations", "practitioners")
        for group in told["groups"][kind]["groups"]
    ]
    figures = [group[name] for group in groups for name in ("orders", "notIndicated", "cards", "accepted")]
    assert len(groups) > 20
    assert min(figure for figure in figures if figure is not None) >= 10
    assert None in figures
    assert "tiny" not in json.dumps(told["groups"])


def test_the_poster_is_of_one_month(client: FlaskClient) -> None:
    answer = ask(client, "/scorecard?month=2026-05")
    assert "Our lumbar MRI orders in May 2026" in answer.text
    assert "For the next month" in answer.text


def test_where_the_database_is_gone_it_says_so(services: Services, tmp_path: Path) -> None:
    client = served(services, f"sqlite:///{tmp_path}/missing/store.sqlite3")
    answer = ask(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert str(tmp_path) not in answer.text
    (tmp_path / "missing").mkdir()
    assert ask(client).status_code == 200


def test_an_empty_store_has_a_page_too(services: Services, tmp_path: Path) -> None:
    client = served(services, f"sqlite:///{tmp_path}/store.sqlite3")
    assert "Nothing was ordered in this period." in ask(client).text
    assert "Nothing was ordered in this month." in ask(client, "/scorecard?month=2026-05").text
    assert ask(client, f"{YEAR}&format=csv").status_code == 200


def test_what_came_since_is_on_the_page_ten_minutes_later(services: Services, tmp_path: Path) -> None:
    database, moment = sqlite_at(tmp_path), [services.clock()]
    client = served(services, url_of(database), clock=lambda: moment[0])
    assert ask(client, f"{YEAR}&format=json").get_json()["orders"]["all"] == 0
    store(database, generate_year(50, seed=1))
    assert ask(client, f"{YEAR}&format=json").get_json()["orders"]["all"] == 0
    moment[0] += timedelta(minutes=11)
    ask(client)  # begins to count; a slow machine may still be at it
    wait_until(lambda: ask(client, f"{YEAR}&format=json").get_json()["orders"]["all"] > 0)


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds, or fail after a time that no machine needs."""
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)
