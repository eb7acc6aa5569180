"""Free TCP ports on 127.0.0.1, chosen once and kept."""

import random
import socket

from ncmatch.services.errors import ServiceError

# Below Linux's range for outgoing connections (32768 and up): a port from there could be
# taken by anybody's outgoing connection while our server is down.
LOW, HIGH = 20_000, 30_000


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def choose(*, preferred: int | None = None, taken: set[int]) -> int:
    """The preferred port when it is free, else a random free one not yet promised."""
    if preferred is not None and preferred not in taken and is_free(preferred):
        return preferred
    for _ in range(500):
        port = random.randrange(LOW, HIGH)  # noqa: S311  any free port will do
        if port not in taken and is_free(port):
            return port
    raise ServiceError(f"No free TCP port found between {LOW} and {HIGH} on 127.0.0.1.")
