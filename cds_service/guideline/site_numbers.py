"""The guideline's numbers and switches, and a site's in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cds_service.guideline.content_head import Head, notes_of, switches_of, thresholds_of
from cds_service.guideline.content_types import Threshold
from cds_service.guideline.faults import faults_of
from cds_service.guideline.problems import refuse
from cds_service.guideline.site import Site, SiteChange
from cds_service.guideline.site_overlay import list_changes, own_numbers
from cds_service.guideline.thresholds import Switches, Thresholds


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers and switches as they hold at a site, and what the site changed."""

    notes: Mapping[str, Threshold]
    thresholds: Thresholds
    switches: Switches
    changes: tuple[SiteChange, ...] = ()


def lay_over(head: Head, site: Site | None) -> Numbers:
    """The guideline's numbers and switches under the site's; raises ContentError for what does not fit."""
    notes = notes_of(head)
    if site is None:
        return Numbers(notes, thresholds_of(notes), switches_of(head.switches))
    own, switches = own_numbers(notes, site), {**head.switches, **site.switches}
    faults = (*faults_of(lambda: thresholds_of(own)), *faults_of(lambda: switches_of(switches)))
    refuse(map(site.table.problem, faults))
    changes = tuple(list_changes(site, notes, head.switches, head.time_zone))
    return Numbers(own, thresholds_of(own), switches_of(switches), changes)
