"""One durable workflow per ticket, the relay that wakes it, and the reconciliation that puts lost ones back."""
