"""Reads what `/metrics` shows."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from cds_service.metrics import PREFIX


def value(text: str, name: str, **labels: str) -> float:
    """The sum of all samples of a name, without its prefix, that have these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"{PREFIX}_{name}" and labels.items() <= sample.labels.items()
    )


def labels_of(text: str) -> set[str]:
    """Every value of every label."""
    return {
        word
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for word in sample.labels.values()
    }
