"""The pages of the desk in a real Chromium, against a real stack."""
