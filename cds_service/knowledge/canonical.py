"""What every published resource carries: its canonical address, version, status and content digest."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from cds_service import __version__
from cds_service.guideline.content import Guideline

Resource = dict[str, Any]

DIGEST_SYSTEM = "urn:lumbar-mri-cds:content-digest"
PROVENANCE = "urn:lumbar-mri-cds:provenance"
DISPLAY = "urn:lumbar-mri-cds:display"
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9.-]")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9]+")


def canonical_url(kind: str, name: str) -> str:
    """The address by which other resources name this one, such as `urn:lumbar-mri-cds:value-set:fever`.

    It does not say where the resource is served: every site serves its own copy.
    """
    return f"urn:lumbar-mri-cds:{kind}:{name}"


def edition_of(guideline: Guideline) -> str:
    """A name for this content as this version of the software tells it; fit for an ETag and a version id."""
    return hashlib.sha256(f"{__version__} {guideline.digest}".encode()).hexdigest()[:32]


def heading(resource_type: str, kind: str, name: str, title: str, guideline: Guideline) -> Resource:
    """The elements that all resources begin with.

    The date is that of the approval: until then there is none, and none is invented.
    The guideline's body has not published this, so that it is not the publisher.
    """
    return {
        "resourceType": resource_type,
        "id": id_of(name),
        "url": canonical_url(kind, name),
        "version": guideline.version,
        "name": computer_name(name),
        "title": title,
        "status": guideline.status,
        "experimental": False,
        **({"date": guideline.approval.date} if _is_approved(guideline) else {}),
        "publisher": f"lumbar-mri-cds, after the {guideline.publisher}",
    }


def approval_of(guideline: Guideline) -> Resource:
    """When the content was approved and until when, of the types that can say so; empty before that."""
    approval = guideline.approval
    if not _is_approved(guideline):
        return {}
    return {
        "approvalDate": approval.date,
        "effectivePeriod": {"start": approval.date, "end": approval.next_review},
    }


def _is_approved(guideline: Guideline) -> bool:
    return guideline.status == "active" and bool(guideline.approval.date)


def meta_of(guideline: Guideline) -> Resource:
    """The edition as the version id, and the digest of the content as a tag."""
    tag = {"system": DIGEST_SYSTEM, "code": guideline.digest}
    return {"versionId": edition_of(guideline), "tag": [tag]}


def id_of(name: str) -> str:
    """The name as a FHIR id, which a site's name for a code system need not be."""
    return _NOT_IN_ID.sub("-", name)[:64]


def title_of(name: str) -> str:
    """A file's name as a person reads it: "spinal-abscess" as "Spinal abscess"."""
    words = name.replace("-", " ")
    return words[:1].upper() + words[1:]


def computer_name(name: str) -> str:
    """A file's name as FHIR wants names for machines: "spinal-abscess" as "SpinalAbscess"."""
    joined = "".join(word[:1].upper() + word[1:] for word in _NOT_IN_NAME.split(name))
    return joined if joined[:1].isalpha() else f"N{joined}"


def extension(url: str, text: str) -> dict[str, str]:
    """One extension of ours with a text."""
    return {"url": url, "valueString": text}
