"""The guideline as its owner reads and signs it: one page, or one document a recommendation."""

from cds_service.review.page import render_review

__all__ = ["render_review"]
