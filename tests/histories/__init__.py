"""Histories of each release's workflows, replayed against the present code: a release must understand what waits."""
