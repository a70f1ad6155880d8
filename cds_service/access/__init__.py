"""Who calls, and what of the record came with the call."""
