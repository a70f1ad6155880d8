"""Which figures of small groups may be shown, so that none below the least is shown or can be reckoned back.

The figures are pairs: a whole, such as orders, and a part of it, such as those that were not indicated.
Clients are the groups of everybody, whose figures are always shown;
organisations, and practitioners, are the groups of a client.
What is hidden, and why it stays so, is written in `docs/scorecard.md`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

LEAST = 10

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Pair:
    """A whole and a part of it."""

    whole: int
    part: int

    @property
    def rest(self) -> int:
        """What of the whole is not in the part."""
        return self.whole - self.part


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be told of a pair; None: hidden."""

    whole: int | None = None
    part: int | None = None


NOTHING = Shown()


def show_groups(
    parent: Pair, told: Shown, groups: Mapping[Key, Pair], least: int = LEAST
) -> dict[Key, Shown]:
    """What may be told of each group, where so much is told of their parent, which they add up to.

    Of a parent that is hidden nothing is told below; where its part is hidden, so are theirs.
    """
    if told.whole is None or parent.whole < least:
        return dict.fromkeys(groups, NOTHING)
    order = sorted(groups, key=lambda key: groups[key].whole)
    pooled = _hide_wholes(groups, order, least)
    visible = [key for key in order if key not in pooled]
    split = set() if told.part is None else _show_parts(parent, groups, visible, least)
    return {
        key: NOTHING
        if key in pooled
        else Shown(groups[key].whole, groups[key].part if key in split else None)
        for key in groups
    }


def _hide_wholes(groups: Mapping[Key, Pair], order: Sequence[Key], least: int) -> set[Key]:
    """The groups below the least, and beside them the smallest others, until no sum gives one away."""
    pooled = {key for key in groups if groups[key].whole < least}
    for key in order:
        if not pooled or (len(pooled) > 1 and sum(groups[one].whole for one in pooled) >= least):
            break
        pooled.add(key)
    return pooled


def _show_parts(parent: Pair, groups: Mapping[Key, Pair], visible: Sequence[Key], least: int) -> set[Key]:
    """The visible groups whose part may be told: the smallest others are hidden until it is safe."""
    split = {key for key in visible if min(groups[key].part, groups[key].rest) >= least}
    for key in visible:
        if _is_safe(parent, groups, visible, split, least):
            break
        split.discard(key)
    return split


def _is_safe(
    parent: Pair, groups: Mapping[Key, Pair], visible: Sequence[Key], split: set[Key], least: int
) -> bool:
    """Whether each hidden part, and each rest, could be the least or more.

    What is known of the hidden ones: the sum of their parts, and each whole, or the sum of pooled wholes.
    Those below the least could then be several numbers, and because of the sum all others could, too.
    """
    bounds = [groups[key].whole for key in visible if key not in split]
    if len(visible) < len(groups):
        bounds.append(parent.whole - sum(groups[key].whole for key in visible))
    parts = parent.part - sum(groups[key].part for key in split)
    rests = sum(bounds) - parts
    return all(min(bound, parts) >= least and min(bound, rests) >= least for bound in bounds)
