"""What a vignette is: a record that hangs on an injected now, a request made of it, and what must come back.

The rows of the specification are written for 15 June 2026, 10:00 in Singapore.
A story names the same days (`on("06-05")`), and `Days` moves them with the injected now.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from tests import builders
from tests.builders import Resource
from tests.vignettes import codings

ZONE = ZoneInfo("Asia/Singapore")
NOW = datetime(2026, 6, 15, 10, 0, tzinfo=ZONE)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a row, moved so that its 15 June 2026 is the day of `now`."""

    now: datetime

    def on(self, day: str) -> str:
        """`06-05` or `2018-03-12` as a moved date; `2026-05` and `2018` as a month or year, by the middle."""
        if len(day) == 4:
            return f"{self._moved(date(int(day), 7, 1)).year:04d}"
        if len(day) == 7:
            return self._moved(date.fromisoformat(f"{day}-15")).strftime("%Y-%m")
        return self._moved(_whole(day)).isoformat()

    def at(self, day: str, clock: str = "09:00") -> str:
        """A moved moment with Singapore's offset, as an EHR stamps it."""
        moved = self._moved(_whole(day))
        return datetime.fromisoformat(f"{moved}T{clock}").replace(tzinfo=ZONE).isoformat()

    def born(self, age: int) -> str:
        """A birth date that makes the patient `age` today, some months after the birthday."""
        return (self._today() - timedelta(days=round((age + 0.4) * 365.25))).isoformat()

    def _today(self) -> date:
        return self.now.astimezone(ZONE).date()

    def _moved(self, day: date) -> date:
        return day + (self._today() - NOW.date())


def _whole(day: str) -> date:
    return date.fromisoformat(day if len(day) == 10 else f"{NOW.year}-{day}")


Record = Callable[[Days], list[Resource]]
Orders = Callable[[Days], list[Resource]]
Change = Callable[[Resource], Resource]


@dataclass(frozen=True, slots=True)
class Story:
    """One row: `request(now)` is the whole hook request, the rest is what the answer must say.

    `outcome` is the letter of the specification (S: no card).
    `needs_store` marks a row that an override decides: five days ago, with the same record, it had the answer that
    stands here, and now it has none.
    """

    id: str
    about: str
    hook: str
    request: Callable[[datetime], dict[str, Any]]
    record: Record
    outcome: str
    recs: tuple[str, ...]
    indicator: str | None
    endorsed: bool = False
    safety: bool = False
    needs_store: bool = False


def story(
    id: str,
    patient: str,
    outcome: str,
    recs: str = "",
    indicator: str | None = None,
    *,
    hook: str = "order-select",
    orders: Orders | None = None,
    selections: Sequence[str] | None = None,
    setting: str = "AMB",
    reads: Change | None = None,
    endorsed: bool = False,
    safety: bool = False,
    needs_store: bool = False,
) -> Callable[[Record], Story]:
    """Makes a Story of a function that gives the record's resources; `patient` is "34 F", `recs` "R3 R5".

    `reads` changes the prefetch afterwards, where a read failed; `setting` is the class of the encounter.
    """

    def told(record: Record) -> Story:
        def request(now: datetime) -> dict[str, Any]:
            days = Days(now)
            prefetch = builders.prefetch_of(_person(patient, days), record(days), _visit(setting, days))
            return builders.hook_request(
                hook,
                hook_instance=str(uuid5(NAMESPACE_URL, f"urn:vignette:{id}")),
                draft_orders=(orders or lumbar_mri())(days),
                selections=selections,
                prefetch=reads(prefetch) if reads else prefetch,
            )

        return Story(
            id=id,
            about=(record.__doc__ or "").strip(),
            hook=hook,
            request=request,
            record=record,
            outcome=outcome,
            recs=tuple(recs.split()),
            indicator=indicator,
            endorsed=endorsed,
            safety=safety,
            needs_store=needs_store,
        )

    return told


def _person(patient: str, days: Days) -> Resource:
    age, sex = patient.split()
    return builders.patient(days.born(int(age)), {"F": "female", "M": "male"}[sex])


def _visit(setting: str, days: Days) -> Resource:
    place = {"AMB": "General practice consultation", "EMER": "Emergency department visit"}[setting]
    return builders.encounter(
        days.at("06-15", "09:30"), kind=setting, type=builders.concept(place), id="visit-today"
    )


def lumbar_mri(**how: Any) -> Orders:
    """The default order: lumbar MRI without contrast, draft and routine, unless `how` says otherwise."""

    def orders(days: Days) -> list[Resource]:
        order = builders.service_request(
            codings.MRI_LUMBAR,
            encounter={"reference": "Encounter/visit-today"},
            authoredOn=days.at("06-15", "09:55"),
            requester={"reference": "Practitioner/dr-1"},
            **how,
        )
        return [order]

    return orders
