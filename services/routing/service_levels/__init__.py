"""Service levels in routing: kept as documents, checked as a whole, compiled for decisions."""
