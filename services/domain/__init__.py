"""What is true of tickets, as pure functions on frozen dataclasses: no I/O, no clock, no randomness of its own."""
