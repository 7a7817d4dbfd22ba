"""Rules: what is done to a ticket when something happens to it and conditions hold."""
