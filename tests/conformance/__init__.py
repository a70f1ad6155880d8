"""The rules of CDS Hooks that concern a service, over HTTP: `pytest tests/conformance --base-url URL`."""
