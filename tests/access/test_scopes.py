"""What a token's scopes let through of a query."""

import pytest

from cds_service.access.scopes import Coverage, coverage


@pytest.mark.rule("FA-4")
@pytest.mark.parametrize(
    ("scope", "search", "read"),
    [
        (None, "all", "all"),
        ("", "all", "all"),
        ("launch launch/patient openid fhirUser offline_access", "all", "all"),
        ("user/Observation.read", "all", "all"),
        ("patient/Observation.read", "all", "all"),
        ("system/Observation.read", "all", "all"),
        ("user/*.read", "all", "all"),
        ("user/*.*", "all", "all"),
        ("user/Observation.*", "all", "all"),
        ("user/Observation.write", "none", "none"),
        ("user/Condition.read", "none", "none"),
        ("user/Condition.read launch", "none", "none"),
        ("user/Condition.read user/Observation.read", "all", "all"),
        ("user/observation.read", "none", "none"),
        ("user/Observation.rs", "all", "all"),
        ("user/Observation.r", "none", "all"),
        ("user/Observation.s", "all", "none"),
        ("user/Observation.r user/Observation.s", "all", "all"),
        ("user/Observation.cruds", "all", "all"),
        ("user/Observation.cud", "none", "none"),
        ("user/Observation.rs?category=laboratory", "part", "part"),
        ("user/Observation.r?category=laboratory", "none", "part"),
        ("user/Observation.read?x=y", "part", "part"),
        ("user/Observation.rs?category=laboratory user/Observation.rs?category=exam", "part", "part"),
        ("user/Observation.rs?category=laboratory user/*.rs", "all", "all"),
        ("user/Condition.rs user/Observation.rs?category=laboratory", "part", "part"),
        ("user/Observation", "all", "all"),
        ("user/Observation.sr", "all", "all"),
        ("user/Observation.list", "all", "all"),
        ("https://ehr.example/scopes/Condition", "all", "all"),
    ],
)
def test_a_scope_covers_what_it_says_and_one_that_cannot_be_read_covers_all(
    scope: str | None, search: str, read: str
) -> None:
    assert coverage(scope, "Observation", search=True) is Coverage(search)
    assert coverage(scope, "Observation", search=False) is Coverage(read)
