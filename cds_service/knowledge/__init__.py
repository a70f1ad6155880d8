"""The guideline as FHIR R4 resources, from the content of the cards; no card depends on them."""
