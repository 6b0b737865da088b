"""Free ports on the loopback."""

import random
import socket

# Below the ports that the kernel gives to connections: none of those takes one meanwhile.
RANGE = range(20_000, 32_000)


def free_ports(count: int) -> int:
    """Return the first of `count` neighbouring free ports."""
    while True:
        first = random.choice(RANGE)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def free_field() -> int:
    """Return a free UDP port for an emulated card; one without a name, which nfcpy takes for its number."""
    while True:
        port = random.choice(RANGE)
        if _is_free(port, socket.SOCK_DGRAM) and not has_name(port):
            return port


def has_name(port: int) -> bool:
    """Tell whether this machine has a name for a UDP port."""
    return not socket.getnameinfo(("127.0.0.1", port), socket.NI_DGRAM)[1].isdigit()


def _is_free(port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
