"""What the service is made of: which of it has a known weakness, and the bill of materials."""
