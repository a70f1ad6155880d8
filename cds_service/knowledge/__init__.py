"""The guideline's content as FHIR R4 resources."""
