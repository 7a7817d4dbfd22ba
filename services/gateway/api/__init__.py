"""REST, a module per resource."""
