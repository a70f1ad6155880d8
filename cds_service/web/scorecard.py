"""The scorecard as a page: `GET /scorecard`, for whoever knows its token; without one set there is none.

It sends figures alone, but they are the site's: nothing of it is stored on the way, and no page may frame it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from cds_service.errors import BadRequest, NotAuthenticated, ScorecardNotReady
from cds_service.evaluation.scorecard_period import BadPeriod, Period, read_month, read_period
from cds_service.feedback.kept import own_reasons
from cds_service.store import StoreUnavailable
from cds_service.web.json_answer import json_answer
from cds_service.wiring import Services

if TYPE_CHECKING:
    from cds_service.evaluation.scorecard_page import Page
    from cds_service.evaluation.scorecard_refresh import CountedScorecards

_PATH = "/scorecard"
_FORMATS = ("html", "csv", "json")


def make_blueprint(services: Services) -> Blueprint:
    """The page; no route at all where no token is set, so that it is an unknown address."""
    blueprint = Blueprint("scorecard", __name__)
    token = services.settings.scorecard_token.get_secret_value()
    if not token:
        return blueprint
    refuse_strangers = _make_check(token)
    cards = _Lazily(services)

    @blueprint.get(_PATH)
    def show() -> Response:
        refuse_strangers()
        try:
            return _answer(services, cards.get())
        except BadPeriod as error:
            raise BadRequest(f"{error}.".capitalize()) from None
        except StoreUnavailable:
            raise ScorecardNotReady("The database does not answer.") from None

    @blueprint.after_request
    def keep_private(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        if response.status_code == 401:
            # A browser asks for a password then, and sends it with any user name.
            response.headers["WWW-Authenticate"] = 'Basic realm="scorecard", charset="UTF-8"'
        return response

    return blueprint


class _Lazily:
    """What reads the figures, made when the first asks: SQLAlchemy takes most of a second to load."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = Lock()
        self._made: CountedScorecards | None = None

    def get(self) -> CountedScorecards:
        from cds_service.evaluation.scorecard_refresh import open_scorecards

        with self._lock:
            if self._made is None:
                self._made = open_scorecards(self._services)
            return self._made


def _make_check(token: str) -> Callable[[], None]:
    """What raises NotAuthenticated without the token.

    Wrong tries are not counted: its length makes guessing hopeless, and a count would let a stranger
    lock the owner out.
    """
    expected = sha256(token.encode()).digest()

    def check() -> None:
        sent = _sent_token()
        if sent is None:
            raise NotAuthenticated("no token")
        if not hmac.compare_digest(sha256(sent.encode("utf-8", "surrogatepass")).digest(), expected):
            raise NotAuthenticated("wrong token")

    return check


def _sent_token() -> str | None:
    """The bearer token, or the password of any user; None without one."""
    sent = request.authorization
    if sent is None:
        return None
    return sent.token if sent.type == "bearer" else sent.password


def _answer(services: Services, cards: CountedScorecards) -> Response:
    from cds_service.evaluation.scorecard_page import poster_page, scorecard_page
    from cds_service.evaluation.scorecard_report import scorecard_csv, scorecard_json

    guideline, now = services.guideline, services.clock()
    form = request.args.get("format", "html")
    if form not in _FORMATS:
        raise BadRequest(f"'format' must be one of {', '.join(_FORMATS)}.")
    reasons = own_reasons(guideline.words)
    if month := request.args.get("month"):
        if set(request.args) - {"month"}:
            raise BadRequest("'month' gives the page for the wall, and takes no other parameter.")
        return _html(poster_page(cards.poster(read_month(month), now, reasons)))
    today = now.astimezone(guideline.zone).date()
    period = read_period(request.args.get("from"), request.args.get("to"), today)
    card = cards.read(period, now)
    match form:
        case "json":
            return json_answer(scorecard_json(card))
        case "csv":
            return _download(scorecard_csv(card, guideline.words, reasons), period)
        case _:
            return _html(scorecard_page(card, guideline.words, reasons, served=True))


def _html(page: Page) -> Response:
    response = Response(page.html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = page.policy
    return response


def _download(text: str, period: Period) -> Response:
    response = Response(text, content_type="text/csv; charset=utf-8")
    name = f"scorecard-{period.first}-{period.last}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
