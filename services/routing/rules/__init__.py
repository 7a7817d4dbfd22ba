"""gRPC: keeping rules."""
