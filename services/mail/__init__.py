"""The mail door: SMTP in and out. Owns no table."""
