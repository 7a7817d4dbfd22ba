"""Decides what happens to tickets, and keeps what decisions need: teams. It changes no ticket."""
