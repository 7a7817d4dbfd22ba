"""The only user of identity's SQL, by noun."""
