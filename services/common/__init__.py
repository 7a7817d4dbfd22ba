"""Plumbing without a business word, shared by all services."""
