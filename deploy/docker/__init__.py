"""Duradesk in containers: the image and how it tells that it is healthy."""
