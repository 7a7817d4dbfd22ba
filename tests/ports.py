"""Ports for servers of tests, which are told their port before they listen."""

import random
import socket

# Of its own: whoever seeds the usual dice would have two processes throw the same.
_DICE = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Ports that are free now, in a row: the second and third gRPC ports follow the first.

    They lie below those that the system gives to outgoing connections, which would come and go under a starting stack.
    """
    while True:
        first = _DICE.randrange(10_000, 32_000)
        ports = list(range(first, first + count))
        if all(map(_is_free, ports)):
            return ports


def free_port() -> int:
    """A port that nobody listens on now."""
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
