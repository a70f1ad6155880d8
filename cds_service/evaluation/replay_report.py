"""A replay as text of 80 columns, and as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cds_service.evaluation.content_diff import Difference
from cds_service.evaluation.replay import Change, Replay

_EXAMPLES = 3
_WIDTH_COLUMNS = 80


def report_json(replay: Replay) -> dict[str, Any]:
    """Everything that was found, with every order and not only examples."""
    return {
        "old": replay.old,
        "new": replay.new,
        "requests": replay.requests,
        "orders": replay.orders,
        "requestsWithoutCard": replay.without_card,
        "unchangedOrders": _unchanged(replay),
        "lostEmergencies": [_change_json(change) for change in replay.lost_emergencies],
        "outcomeChanges": [_change_json(change) for change in replay.outcome_changes],
        "wordChanges": [_change_json(change) for change in replay.word_changes],
        "unreadable": [{"file": request.file, "error": request.error} for request in replay.unreadable],
        "differences": [asdict(difference) for difference in replay.differences],
    }


def report_lines(replay: Replay) -> Iterator[str]:
    """The report as a person reads it: what is lost first, then by recommendation, then the content."""
    yield f"Old  {replay.old}"
    yield f"New  {replay.new}"
    yield ""
    yield f"{_count(replay.requests, 'request')} with {_count(replay.orders, 'order')} that a card is about:"
    yield f"{len(replay.outcome_changes):>6} with another outcome"
    yield f"{len(replay.word_changes):>6} with the same outcome in other words"
    yield f"{_unchanged(replay):>6} unchanged"
    if replay.without_card:
        yield f"Neither version has a card for {_count(replay.without_card, 'request')}."
    yield from _section("EMERGENCY LOST", _by_answer(replay.lost_emergencies, examples=None))
    yield from _section("Outcomes that change", _by_recommendation(replay.outcome_changes, _by_answer))
    yield from _section("Words that change", _by_recommendation(replay.word_changes, _by_parts))
    yield from _section("What differs in the content", _differences(replay.differences))
    unreadable = (f"  {request.file}: {request.error}" for request in replay.unreadable)
    yield from _section("Requests that could not be read", unreadable)


def _unchanged(replay: Replay) -> int:
    return replay.orders - len(replay.changes)


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "recommendation": change.recommendation,
        "file": change.file,
        "order": change.order,
        "before": change.before,
        "after": change.after,
        "parts": list(change.parts),
    }


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """The title and its lines; nothing where there are no lines."""
    found = list(lines)
    if found:
        yield from ("", title, *found)


def _by_recommendation(
    changes: Sequence[Change], then: Callable[[Sequence[Change]], Iterator[str]]
) -> Iterator[str]:
    groups: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.recommendation].append(change)
    for recommendation in sorted(groups):
        yield f"  {recommendation}"
        yield from then(groups[recommendation])


def _by_answer(changes: Sequence[Change], examples: int | None = _EXAMPLES) -> Iterator[str]:
    yield from _grouped(changes, lambda change: f"{change.before} -> {change.after}", examples)


def _by_parts(changes: Sequence[Change]) -> Iterator[str]:
    yield from _grouped(changes, lambda change: ", ".join(change.parts), _EXAMPLES)


def _grouped(changes: Sequence[Change], name: Callable[[Change], str], examples: int | None) -> Iterator[str]:
    """A line a group with its size, and below it the orders, no more than `examples`; None: all of them."""
    groups: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        groups[name(change)].append(change)
    for title, members in groups.items():
        yield f"    {_count(len(members), 'order')}: {title}"
        yield from (f"      {change.file}  {change.order}".rstrip() for change in members[:examples])
        if examples is not None and len(members) > examples:
            yield f"      and {len(members) - examples} more"


def _differences(differences: Iterable[Difference]) -> Iterator[str]:
    for difference in differences:
        yield f"  {difference.kind} {difference.name}"
        for mark, text in (("-", difference.before), ("+", difference.after)):
            yield from (f"    {mark} {line}" for line in _shortened(text))


def _shortened(text: str) -> Iterator[str]:
    room = _WIDTH_COLUMNS - 6
    yield from (line if len(line) <= room else f"{line[: room - 1]}…" for line in text.splitlines() if line)


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
