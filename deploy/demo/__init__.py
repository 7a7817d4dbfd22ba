"""A shop with three brands, its people and some weeks of their work, for those who want to look around."""
