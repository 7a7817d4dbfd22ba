"""The HTTP edge: REST under /api/v1."""
