"""Staffing in routing: how teams give their tickets, what people can do, and who is here."""
