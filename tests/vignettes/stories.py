"""All rows of the specification's vignettes as `STORIES`, by their id.

V47 stands here twice: its row says what order-sign answers and, in its note, that order-select stays silent.
"""

from collections.abc import Mapping
from types import ModuleType

from tests.vignettes import back_pain, cancer_infection, cauda_equina, neurology, orders, procedures, special
from tests.vignettes.story import NOW, Story

__all__ = ["NOW", "STORIES", "Story"]

_CHAPTERS: tuple[ModuleType, ...] = (
    back_pain,
    neurology,
    cauda_equina,
    cancer_infection,
    procedures,
    special,
    orders,
)

STORIES: Mapping[str, Story] = {
    told.id: told for chapter in _CHAPTERS for told in vars(chapter).values() if isinstance(told, Story)
}
