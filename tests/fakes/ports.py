"""Free ports on the loopback."""

import random
import socket


def free_ports(count: int) -> int:
    """Return the first of `count` neighbouring free ports."""
    while True:
        # Below the ports that the kernel gives to connections: none of those takes one meanwhile.
        first = random.randrange(20_000, 32_000)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
