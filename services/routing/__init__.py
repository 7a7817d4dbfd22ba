"""gRPC: decides what happens to a ticket, and keeps teams and their members."""
