"""The guideline: its content under `cards/`, and the rules that read it."""
