"""The rows: every primitive of the library, declared once."""
