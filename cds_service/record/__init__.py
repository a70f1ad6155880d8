"""FHIR resources become facts: what the record says, and what it could not say."""
