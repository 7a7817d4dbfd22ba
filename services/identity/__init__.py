"""Who people are: accounts, roles, tokens. It knows nothing of tickets."""
