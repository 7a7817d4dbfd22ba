"""Measurements of speed, run by hand; `make test` only sees that they come to their end."""
