"""`shipway port-forward`: a port of this machine that leads into a container, over Systems Manager."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.data_channel import Hold
from shipway.deploy.errors import AwsRefusal, DeployError, UsageError
from shipway.deploy.execute_command import Place
from shipway.deploy.planning.references import short, shorter

Members = dict[str, Any]

PORTS = re.compile(r"(?:(?P<local>\d*):)?(?P<remote>\d+)")
PORT_MAX = 65_535
DOCUMENT = "AWS-StartPortForwardingSession"
READ_BYTES = 16 * 1024
ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """`local` is 0 for any that is free."""

    local: int
    remote: int


def ports_of(text: str) -> Ports:
    """`8080:80`; `80` is the same at both ends, `:80` any free one here."""
    match = PORTS.fullmatch(text)
    if match is not None:
        remote = int(match["remote"])
        ports = Ports(remote if match["local"] is None else int(match["local"] or 0), remote)
        if 0 < ports.remote <= PORT_MAX and ports.local <= PORT_MAX:
            return ports
    raise UsageError(f"{text!r} is not LOCAL:REMOTE, such as 8080:80, 80 or :80.")


def target_of(place: Place) -> str:
    """As Systems Manager names a container."""
    containers = place.task.get("containers") or ()
    known = {str(one["name"]): one.get("runtimeId") for one in containers}
    runtime_id = known.get(place.container)
    if not runtime_id:
        raise DeployError(f"The container {place.container} has not started yet. Try again in a moment.")
    cluster = short(str(place.task["clusterArn"]))
    return f"ecs:{cluster}_{short(str(place.task['taskArn']))}_{runtime_id}"


class Connection:
    """One accepted connection, as a session's console."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self) -> bytes:
        return self._connection.recv(READ_BYTES)

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)

    def size(self) -> tuple[int, int] | None:
        return None

    def end(self) -> None:
        """Closing alone says nothing to the other side while somebody still waits to read."""
        with suppress(OSError):  # it has gone before
            self._connection.shutdown(socket.SHUT_RDWR)


class Forwarding:
    """Listens on this machine; each connection gets a session of its own, so they do not wait for another."""

    def __init__(self, aws: Aws, place: Place, ports: Ports, hold: Hold, say: Callable[[str], None]) -> None:
        self._aws = aws
        self._place = place
        self._target = target_of(place)
        self._remote = ports.remote
        self._hold = hold
        self._say = say
        self._one_call = Lock()
        self.connections = 0
        try:
            self._listener = socket.create_server((ADDRESS, ports.local))
        except OSError as error:
            raise DeployError(
                f"Port {ports.local} of this machine cannot be listened on: {error.strerror}. Give another, "
                f"or :{ports.remote} for any that is free."
            ) from None
        self.local = int(self._listener.getsockname()[1])

    @property
    def text(self) -> str:
        task = shorter(str(self._place.task["taskArn"]))
        return f"{ADDRESS}:{self.local} -> port {self._remote} of {self._place.container}, task {task}"

    def as_document(self) -> Members:
        """For `-o json`."""
        return {
            "localPort": self.local,
            "remotePort": self._remote,
            "taskArn": self._place.task["taskArn"],
            "container": self._place.container,
            "connections": self.connections,
        }

    def serve(self) -> None:
        """Until it is interrupted, or closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            self.connections += 1
            Thread(target=self._forward, args=(connection,), daemon=True).start()

    def close(self) -> None:
        # Closing alone does not wake whoever waits for a connection.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            self._say("the listener was closed already")
        self._listener.close()

    def _forward(self, connection: socket.socket) -> None:
        console = Connection(connection)
        with connection:
            try:
                ended = self._hold(self._session(), console)
                if ended.said.strip():
                    self._say(f"port {self._remote} of {self._place.container}: {ended.said.strip()}")
            except OSError:
                return  # the one who connected has gone
            except DeployError as error:
                self._say(error.sentence)
            finally:
                console.end()

    def _session(self) -> Members:
        request = {
            "Target": self._target,
            "DocumentName": DOCUMENT,
            "Parameters": {"portNumber": [str(self._remote)], "localPortNumber": [str(self.local)]},
        }
        try:
            with self._one_call:
                answer = self._aws.service("ssm").call("StartSession", request)
        except AwsRefusal as refusal:
            if refusal.code != "TargetNotConnected":
                raise
            raise DeployError(
                f"{self._place.container} of task {shorter(str(self._place.task['taskArn']))} is not reached "
                "any more: the task has ended, or its exec agent holds no channel. See `shipway tasks`."
            ) from None
        return {
            "sessionId": answer["SessionId"],
            "streamUrl": answer["StreamUrl"],
            "tokenValue": answer["TokenValue"],
        }
