"""What the REST API takes and gives, as pydantic models, by noun."""
