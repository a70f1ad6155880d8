"""What the guideline makes of many requests: two versions of its content side by side."""
