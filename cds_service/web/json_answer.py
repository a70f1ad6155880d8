"""Answers as strict JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

MEDIA_TYPE = "application/json"


def json_answer(payload: dict[str, Any], status: int = 200) -> Response:
    """`payload` as the body of a response; keys keep their order, which prefetch templates may depend on."""
    body = msgspec.json.encode(payload)
    return Response(body, status=status, content_type=MEDIA_TYPE)
