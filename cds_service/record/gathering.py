"""Which resources have to be read: each once, by its type, without what no rule can reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from cds_service.record.dates import read_date
from cds_service.record.facts import Measure, ReadState
from cds_service.record.observations import has_other_parts
from cds_service.record.projection import Raw
from cds_service.record.questionnaires import questionnaire_of
from cds_service.record.reading import ByType, Kept, Reading
from cds_service.record.statuses import plain_status

# Quantities of which only the latest months can change an answer.
_SERIES = frozenset({Measure.TEMPERATURE, Measure.CRP, Measure.ESR, Measure.WEIGHT, Measure.EGFR})
_WHOLE_DAY = len("2026-06-15")


class PrefetchedKey(Protocol):
    """What the reader needs of a prefetch key: its resources, and how far they are all of them."""

    @property
    def state(self) -> ReadState: ...
    @property
    def resources(self) -> Sequence[Raw]: ...


def by_type(prefetch: Mapping[str, PrefetchedKey]) -> ByType:
    """Every resource once, by its type, with the first key that it came under.

    Any key may hold any type, and one resource may come under several keys.
    Where one id comes with different contents, all are kept: which is the newer one nobody tells.
    """
    found: dict[str, list[Kept]] = {}
    met: dict[str, dict[str, list[Raw]]] = {}
    for key, read in prefetch.items():
        for raw in read.resources:
            resource_type, own_id = raw.get("resourceType", ""), raw.get("id")
            if resource_type not in found:
                found[resource_type], met[resource_type] = [], {}
            if isinstance(own_id, str):
                same = met[resource_type].setdefault(own_id, [])
                if raw in same:
                    continue
                same.append(raw)
            found[resource_type].append((key, raw))
    return found


def observations_to_read(observations: Sequence[Kept], reading: Reading) -> Iterator[Kept]:
    """The observations that have to be read.

    Of the long series of laboratory results and vital signs, values that no window reaches are left out,
    except the latest of each: years of them would otherwise be most of the work of a large record.
    """
    t = reading.thresholds
    windows = (t.weight_fresh_days, t.weight_loss_days, t.egfr_days, t.lab_days, t.fever_days)
    oldest = (reading.today - timedelta(days=max(windows) + 1)).isoformat()
    recent: set[Measure] = set()
    old: dict[Measure, tuple[str, Kept]] = {}
    for key, raw in observations:
        coded = reading.coded(raw.get("code"))
        if not (coded.concerns or has_other_parts(raw)):
            continue
        measure = coded.measure
        if measure in _SERIES:
            day = raw.get("effectiveDateTime")
            if isinstance(day, str) and len(day) >= _WHOLE_DAY and day < oldest:
                if measure not in old or day > old[measure][0]:
                    old[measure] = (day, (key, raw))
                continue
            recent.add(measure)
        yield key, raw
    yield from (kept for measure, (_, kept) in old.items() if measure not in recent)


def newest_responses(responses: Sequence[Kept], reading: Reading) -> frozenset[int]:
    """The ids (`id()`) of the responses that are the newest of their form."""
    newest: dict[str, Raw] = {}
    for _, raw in responses:
        if plain_status(raw) not in ("completed", "amended"):
            continue
        form = questionnaire_of(raw)
        if form not in newest or _authored(raw, reading) > _authored(newest[form], reading):
            newest[form] = raw
    return frozenset(map(id, newest.values()))


def _authored(raw: Raw, reading: Reading) -> tuple[date, str]:
    found = read_date(raw.get("authored"), reading.zone)
    if found is None:
        return date.min, ""
    return found.last, found.at.isoformat() if found.at else ""


_DATES = (
    "onsetDateTime", "recordedDate", "effectiveDateTime", "issued", "authoredOn", "performedDateTime",
    "start", "authored", "whenHandedOver", "dateAsserted", "sent",
)  # fmt: skip
_PERIODS = ("period", "effectivePeriod", "performedPeriod", "onsetPeriod")
_DAY = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")


def earliest_entry(resources: ByType, reading: Reading) -> date | None:
    """The day of the first dated entry of any kind."""
    days = [day for kept in resources.values() for _, raw in kept for day in _days(raw)]
    found = read_date(min(days, default=None), reading.zone)
    return found.first if found else None


def _days(raw: Raw) -> Iterator[str]:
    texts = [raw.get(name) for name in _DATES]
    for name in _PERIODS:
        period = raw.get(name)
        if isinstance(period, dict):
            texts.append(period.get("start"))
    return (text[:_WHOLE_DAY] for text in texts if isinstance(text, str) and _DAY.match(text))
