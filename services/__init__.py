"""Duradesk's services: pure decisions in domain, plumbing in common, and one package per service."""
