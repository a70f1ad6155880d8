"""Discovery says what a client needs, in members that the standard knows."""

from cds_service.protocol.discovery import HOOK_SERVICES, describe_services

TEMPLATES = {"patient": "Patient/{{context.patientId}}", "aLast": "Condition?patient={{context.patientId}}"}


def test_both_hooks_have_a_service_of_their_own_id() -> None:
    entries = describe_services(TEMPLATES)["services"]
    assert [(entry["id"], entry["hook"]) for entry in entries] == [
        ("lumbar-mri-order-select", "order-select"),
        ("lumbar-mri-order-sign", "order-sign"),
    ]


def test_an_entry_has_every_described_member_and_no_other() -> None:
    for entry in describe_services(TEMPLATES)["services"]:
        assert set(entry) == {
            "hook",
            "id",
            "title",
            "description",
            "usageRequirements",
            "version",
            "hookVersion",
            "prefetch",
        }
        assert all(entry.values())


def test_prefetch_keeps_its_order() -> None:
    assert list(describe_services(TEMPLATES)["services"][0]["prefetch"]) == ["patient", "aLast"]


def test_an_empty_prefetch_is_left_out() -> None:
    assert "prefetch" not in describe_services({})["services"][0]


def test_ids_need_no_escaping_in_an_address() -> None:
    assert all(service.id.replace("-", "").isalpha() for service in HOOK_SERVICES)
