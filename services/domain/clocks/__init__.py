"""Service levels: policies with their targets and ladders, and the four clocks that measure a ticket by them. Pure."""
