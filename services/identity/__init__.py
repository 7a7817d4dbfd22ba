"""gRPC: who people are; credentials, roles and API tokens."""
