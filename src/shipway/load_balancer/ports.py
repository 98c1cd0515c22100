"""Ports: which one a listener gets on loopback when the one asked for may be taken or forbidden."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from enum import Enum
from itertools import chain

import msgspec

from shipway.model.listener import Listener

LOOPBACK = "127.0.0.1"
PORT_MAX = 65_535
UNPRIVILEGED_OFFSET = 8_000  # where port 80 may not be opened at all, people expect 8080 rather than 1024


class Bindable(Enum):
    """What came of trying to open a port."""

    FREE = "free"
    TAKEN = "taken"
    FORBIDDEN = "forbidden"


def try_bind(port: int) -> Bindable:
    """Opens the port on loopback for a moment. Nothing but trying tells the truth about permissions."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # Envoy sets it too: connections in TIME_WAIT
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            forbidden = error.errno in (errno.EACCES, errno.EPERM)
            return Bindable.FORBIDDEN if forbidden else Bindable.TAKEN
    return Bindable.FREE


class PortChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A listener with the port it was given, and why in one sentence."""

    listener: Listener
    reason: str


def plan_ports(
    listeners: Iterable[Listener], held: frozenset[int], bind: Callable[[int], Bindable]
) -> tuple[PortChoice, ...]:
    """Ports for the listeners that have none, or whose port can no longer be opened.

    Listeners that ask for the same port share one. `held` are the ports that our Envoy has open or is about
    to open; they are not tried. A port once given is kept for as long as it can be.
    """
    in_order = sorted(listeners, key=lambda listener: (listener.created_at, listener.listener_arn))
    given: dict[int, int] = {}
    for listener in in_order:
        port = listener.bound_port
        if port is not None and listener.port not in given and (port in held or bind(port) is Bindable.FREE):
            given[listener.port] = port
    choices = []
    for listener in in_order:
        if listener.port not in given:
            given[listener.port] = nearest(listener.port, held.union(given.values()), bind)
        port = given[listener.port]
        if port != listener.bound_port:
            changed = msgspec.structs.replace(listener, bound_port=port)
            choices.append(PortChoice(listener=changed, reason=sentence(listener, port)))
    return tuple(choices)


def nearest(asked: int, taken: frozenset[int], bind: Callable[[int], Bindable]) -> int:
    first = asked
    if asked not in taken and bind(asked) is Bindable.FORBIDDEN:
        first = asked + UNPRIVILEGED_OFFSET
    for port in chain(range(first, PORT_MAX + 1), range(asked - 1, 0, -1)):
        if port not in taken and bind(port) is Bindable.FREE:
            return port
    raise OSError(f"No port of {LOOPBACK} can be opened for a listener on port {asked}.")


def sentence(listener: Listener, port: int) -> str:
    if port == listener.port:
        return f"Port {port} is open on {LOOPBACK}."
    return f"Port {listener.port} could not be opened on {LOOPBACK}; port {port} is open instead."
