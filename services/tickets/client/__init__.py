"""Typed clients of the tickets service, one for each of its gRPC services."""
