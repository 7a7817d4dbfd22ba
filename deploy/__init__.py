"""How Duradesk is run: on one machine, and with containers."""
