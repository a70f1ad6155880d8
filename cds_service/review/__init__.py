"""The guideline as its owner reads and signs it: one page, or one document a recommendation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from cds_service.guideline.content import Guideline
from cds_service.review.html import as_html
from cds_service.review.markdown import as_markdown
from cds_service.review.pack import make_pack
from cds_service.review.page import render_review

__all__ = ["Format", "render_pack", "render_review"]

Format = Literal["html", "md"]


def render_pack(guideline: Guideline, now: datetime, form: Format) -> Mapping[str, str]:
    """Every document of the review pack by its file name."""
    documents = make_pack(guideline, now)
    if form == "md":
        return {f"{document.name}.md": as_markdown(document) for document in documents}
    return {f"{document.name}.html": as_html(document, documents) for document in documents}
