"""The service over HTTP, with Flask."""
