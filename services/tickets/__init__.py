"""gRPC: the system of record."""
