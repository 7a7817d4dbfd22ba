"""Families in tests: large ones at once, and random stories of small ones next to a simple model."""
