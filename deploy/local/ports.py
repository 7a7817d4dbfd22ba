"""Takes every port of the stack before anything starts, so that a busy one is one sentence and not a crash later."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from deploy.local.settings import LocalSettings
from services.domain.errors import Invalid, Unavailable


@dataclass(frozen=True, slots=True)
class Port:
    """One listening address and the variable that moves it."""

    host: str
    number: int
    variable: str


def stack_ports(settings: LocalSettings) -> dict[str, Port]:
    """Every port that this stack will listen on, by process; the Temporal UI is a second port of one process."""
    listen = settings.listen
    ports = {
        "gateway": Port(listen, settings.port, "DURADESK_PORT"),
        "tickets": Port(listen, settings.grpc_port, "DURADESK_GRPC_PORT"),
        "routing": Port(listen, settings.grpc_port + 1, "DURADESK_GRPC_PORT (plus 1)"),
        "identity": Port(listen, settings.grpc_port + 2, "DURADESK_GRPC_PORT (plus 2)"),
        "mail": Port(listen, settings.smtp_port, "DURADESK_SMTP_PORT"),
    }
    if settings.lmtp_port:
        ports["lmtp"] = Port(listen, settings.lmtp_port, "DURADESK_LMTP_PORT")
    if settings.embeds_sink:
        ports["sink"] = Port("127.0.0.1", settings.sink_port, "DURADESK_SMTP_SINK_PORT")
    if settings.embeds_temporal:
        ports["temporal"] = Port("127.0.0.1", settings.temporal_port, "DURADESK_TEMPORAL_PORT")
        ports["temporal-ui"] = Port("127.0.0.1", settings.temporal_ui_port, "DURADESK_TEMPORAL_UI_PORT")
    return ports


class Reservation:
    """Holds ports until the processes that they belong to are about to start; a held port refuses connections."""

    def __init__(self, sockets: Mapping[str, socket.socket]) -> None:
        self._sockets = dict(sockets)

    def release(self, *names: str) -> None:
        """Give the named ports back; with no name, all of them."""
        for name in names or tuple(self._sockets):
            if held := self._sockets.pop(name, None):
                held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def reserve(ports: Mapping[str, Port]) -> Reservation:
    """Bind every port; raises Invalid when two are the same, Unavailable when one is taken."""
    _check_distinct(ports)
    sockets: dict[str, socket.socket] = {}
    try:
        for name, port in ports.items():
            sockets[name] = _bind(port)
    except Unavailable:
        Reservation(sockets).release()
        raise
    return Reservation(sockets)


def _check_distinct(ports: Mapping[str, Port]) -> None:
    seen: dict[int, Port] = {}
    for port in ports.values():
        if other := seen.get(port.number):
            raise Invalid(
                f"{other.variable} and {port.variable} are both port {port.number}: give one of them another."
            )
        seen[port.number] = port


def _bind(port: Port) -> socket.socket:
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(
        socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
    )  # a port in TIME_WAIT is free; a listening one still fails
    try:
        held.bind((port.host, port.number))
    except OSError as error:
        held.close()
        raise Unavailable(_sentence(port, error)) from None
    return held


def _sentence(port: Port, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port.number} is used by another process: set {port.variable} to a free port."
    if error.errno == errno.EACCES:
        return f"Port {port.number} needs more rights than this user has: set {port.variable} to a port above 1023."
    return (
        f"{port.host}:{port.number} cannot be listened on ({error.strerror}): see {port.variable} and DURADESK_LISTEN."
    )
