"""The whole help desk on one machine, with its own PostgreSQL and Temporal, under one command."""
