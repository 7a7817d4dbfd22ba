"""The HTTP door: REST under /api/v1 over the services, which it calls in the caller's name. It decides nothing itself."""
