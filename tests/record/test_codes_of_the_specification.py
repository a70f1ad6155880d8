"""The codes that the guideline's specification names in section 2.1 have the meaning that it gives them."""

import pytest

from tests.shipped import shipped_guideline

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"

NAMED = {
    "cauda equina": (SNOMED, {"cauda-equina": "192970008 12454008 782390002 202736000"}),
    "saddle": (SNOMED, {"saddle-numbness": "449813001"}),
    "retention": (
        SNOMED,
        {
            "urinary-retention": "267064002 236648008 236649000",
            "retention-chronic": "236650000",
            "retention-postoperative": "12245681000119103 236652008",
            "retention-drug": "367421000119109",
            "urinary-hesitancy": "5972002",
            "faecal-incontinence": "72042002",
        },
    ),
    "both legs": (SNOMED, {"bilateral-leg-symptoms": "15633361000119103 15968741000119100"}),
    "motor": (
        SNOMED,
        {
            "weakness-without-site": "163695007 713514005",
            "foot-drop": "6077001 27253007",
            "paraparesis": "1845001",
        },
    ),
    "spinal cancer": (
        SNOMED,
        {
            "spinal-metastasis": "94389000 94602001 94222008 94242004 713425003",
            "spinal-tumour": "363477002 93743001",
        },
    ),
    "spinal infection": (SNOMED, {"spinal-infection": "2304001 302935008 202752002 63627007"}),
    "risk": (
        SNOMED,
        {
            "injecting-drug-use": "228388006",
            "immunosuppression": "86406008",
            "bacteraemia": "5758002",
            "weight-loss": "422868009",
            "night-pain": "36163009",
            "claustrophobia": "19887002",
        },
    ),
    "procedures": (
        SNOMED,
        {
            "lumbar-surgery": "50172003 265717009 719217005",
            "spinal-surgery-without-level": "283165009 260648008",
            "spinal-injection": "58611004",
            "lumbar-puncture": "277762005",
            "spinal-haematoma": "703861005",
        },
    ),
    "care": (
        SNOMED,
        {"physical-therapy": "91251008 310464005", "physical-therapy-referral": "306170007"},
    ),
    "measurements": (
        LOINC,
        {
            "body-temperature": "8310-5",
            "pain-score": "72514-3",
            "body-weight": "29463-7",
            "crp": "1988-5",
            "esr": "4537-7 30341-2",
            "crp-high-sensitivity": "30522-7",
        },
    ),
}


@pytest.mark.parametrize(("system", "meanings"), NAMED.values(), ids=NAMED)
def test_a_code_of_the_specification_is_known(system: str, meanings: dict[str, str]) -> None:
    known = shipped_guideline().terminology
    for concept, codes in meanings.items():
        assert [code for code in codes.split() if concept not in known.concepts_of(system, code)] == []


def test_a_fetal_residual_volume_is_none() -> None:
    assert shipped_guideline().terminology.concepts_of(LOINC, "12168-1") == frozenset()
