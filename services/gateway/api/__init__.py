"""REST, one module per noun; each function is named as the rpc it calls."""
