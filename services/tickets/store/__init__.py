"""The only user of SQL: one module for each noun."""
