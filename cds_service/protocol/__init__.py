"""CDS Hooks on the wire: what comes in, and what goes out."""
