"""Which FHIR server may be asked, for what, and which page is still on it."""

from typing import Any

import pytest

from cds_service.access.clients import ClientProfile
from cds_service.access.fhir_addresses import join, may_be_asked, next_address, query_of
from cds_service.app import Services
from cds_service.protocol.request import HookRequest, read_hook_request

BASE = "https://ehr.example/fhir/r4"
CONDITIONS = "Condition?patient={{context.patientId}}&_count=1000"


def request_of(patient: str = "p1", **context: Any) -> HookRequest:
    drafts = {"resourceType": "Bundle"}
    whole = {"patientId": patient, "selections": [], "draftOrders": drafts, **context}
    body = {"hook": "order-select", "hookInstance": "x", "context": whole}
    return read_hook_request(body, "order-select", ())


@pytest.mark.parametrize(
    ("template", "context", "expected"),
    [
        ("Patient/{{context.patientId}}", {}, "Patient/p1"),
        (CONDITIONS, {}, "Condition?patient=p1&_count=1000"),
        ("Encounter/{{context.encounterId}}", {"encounterId": "e1"}, "Encounter/e1"),
        ("Encounter/{{context.encounterId}}", {"encounterId": "Encounter/e1"}, "Encounter/e1"),
        ("Encounter/{{context.encounterId}}", {}, None),
        ("PractitionerRole/{{userPractitionerRoleId}}", {"userId": "PractitionerRole/r1"}, "PractitionerRole/r1"),
        ("PractitionerRole/{{userPractitionerRoleId}}", {"userId": "Practitioner/d1"}, None),
        ("PractitionerRole/{{userPractitionerRoleId}}", {}, None),
        ("X/{{context.somethingElse}}", {}, None),
    ],
)  # fmt: skip
def test_a_query_is_its_template_with_the_context(
    template: str, context: dict[str, Any], expected: str | None
) -> None:
    assert query_of(template, request_of(**context)) == expected


@pytest.mark.parametrize(
    ("patient", "read", "search"),
    [
        ("a-1.B", "Patient/a-1.B", "a-1.B"),
        ("a b", "Patient/a%20b", "a%20b"),
        ("a?b&c#d", "Patient/a%3Fb%26c%23d", "a%3Fb%26c%23d"),
        ("a,b|c$d", "Patient/a%2Cb%7Cc%24d", "a%5C%2Cb%5C%7Cc%5C%24d"),
        ("ä", "Patient/%C3%A4", "%C3%A4"),
        ("a%2e", "Patient/a%252e", "a%252e"),
        ("..", None, None),
        (".", None, None),
        ("a\nb", None, None),
        ("x" * 256, f"Patient/{'x' * 256}", "x" * 256),
        ("x" * 257, None, None),
    ],
)
def test_an_id_stays_an_id_in_an_address(patient: str, read: str | None, search: str | None) -> None:
    request = request_of(patient)
    assert query_of("Patient/{{context.patientId}}", request) == read
    assert query_of("X?patient={{context.patientId}}", request) == (search and f"X?patient={search}")


@pytest.mark.rule("PFD-2")
def test_every_declared_query_can_be_asked(services: Services) -> None:
    request = request_of(encounterId="e1")
    asked = {key: query_of(template, request) for key, template in services.guideline.prefetch.items()}
    assert None not in asked.values()
    assert all(next_address(BASE, BASE, join(BASE, query or "")) for query in asked.values())


@pytest.mark.rule("FA-8")
@pytest.mark.parametrize("base", [BASE, f"{BASE}/"])
def test_a_base_keeps_its_last_part(base: str) -> None:
    assert join(base, "Patient/p1") == "https://ehr.example/fhir/r4/Patient/p1"


@pytest.mark.rule("FA-7")
@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (f"{BASE}?_getpages=1", f"{BASE}?_getpages=1"),
        (f"{BASE}/Condition?page=2", f"{BASE}/Condition?page=2"),
        ("?page=2", f"{BASE}/Condition?page=2"),
        ("Condition?page=2", f"{BASE}/Condition?page=2"),
        ("/fhir/r4?page=2", "https://ehr.example/fhir/r4?page=2"),
        ("https://ehr.example:443/fhir/r4?page=2", "https://ehr.example:443/fhir/r4?page=2"),
        ("https://evil.example/fhir/r4?page=2", None),
        ("//evil.example/fhir/r4?page=2", None),
        ("http://ehr.example/fhir/r4?page=2", None),
        ("https://ehr.example:8443/fhir/r4?page=2", None),
        ("https://user@ehr.example/fhir/r4?page=2", None),
        ("https://ehr.example@evil.example/fhir/r4", None),
        ("https://ehr.example.evil.example/fhir/r4", None),
        ("https://ehr.example/fhir/r4x?page=2", None),
        ("https://ehr.example/fhir?page=2", None),
        ("../../admin?page=2", None),
        (f"{BASE}/%2e%2e/admin", None),
        (f"{BASE}/..%2fadmin", None),
        (f"{BASE}\\..\\admin", None),
        ("javascript:alert(1)", None),
        ("https://[", None),
    ],
)
def test_a_next_page_is_below_the_base_or_nowhere(link: str, expected: str | None) -> None:
    assert next_address(BASE, f"{BASE}/Condition?patient=p1", link) == expected


@pytest.mark.rule("FA-7")
@pytest.mark.parametrize(
    ("server", "allowed"),
    [
        (BASE, True),
        (f"{BASE}/", True),
        (f"{BASE}/tenant-1", True),
        ("https://EHR.example/fhir/r4", True),
        ("https://ehr.example/fhir/r4x", False),
        ("https://ehr.example/fhir", False),
        ("http://ehr.example/fhir/r4", False),
        ("https://ehr.example:8443/fhir/r4", False),
        ("https://ehr.example./fhir/r4", False),
        (f"{BASE}?x=1", False),
        (f"{BASE}#x", False),
        (f"{BASE}/../admin", False),
        ("http://localhost:8080/fhir", False),
        ("http://127.0.0.1/fhir", False),
    ],
)
def test_only_a_server_of_the_profile_may_be_asked(server: str, allowed: bool) -> None:
    assert may_be_asked(server, ClientProfile(name="ehr", fhir_servers=(BASE,))) is allowed


@pytest.mark.rule("FA-7")
@pytest.mark.parametrize(
    ("server", "allowed"),
    [
        ("http://localhost:8080/fhir", True),
        ("http://127.0.0.1:8080/fhir", True),
        ("http://[::1]:8080/fhir", True),
        ("http://127.8.9.1/fhir", True),
        ("http://localhost.evil.example/fhir", False),
        ("http://127.0.0.1.evil.example/fhir", False),
        ("http://2130706433/fhir", False),
        ("http://0x7f.1/fhir", False),
        ("http://10.0.0.1/fhir", False),
        (BASE, False),
    ],
)
def test_a_profile_of_this_machine_allows_this_machine(server: str, allowed: bool) -> None:
    assert may_be_asked(server, ClientProfile(name="demo", loopback=True)) is allowed
