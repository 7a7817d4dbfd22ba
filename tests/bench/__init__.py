"""Measurements of speed, run by hand and not by `make test`."""
