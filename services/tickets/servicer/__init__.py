"""protobuf to domain and back, one class for each service."""
