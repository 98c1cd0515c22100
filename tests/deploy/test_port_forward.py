"""`shipway port-forward` against fakes: a real port here, a session there for each connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import pytest

from shipway.deploy.edge.data_channel import Console, SessionEnd
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.execute_command import Place
from shipway.deploy.port_forward import Forwarding, Ports, ports_of, target_of

from .fake_aws import ScriptedCalls, refuse
from .fakes import World

TASK = {
    "taskArn": "arn:aws:ecs:r:a:task/hello/" + "f" * 32,
    "clusterArn": "arn:aws:ecs:r:a:cluster/hello",
    "containers": [{"name": "log"}, {"name": "web", "runtimeId": "r-1"}],
}
PLACE = Place(TASK, "web")
STARTED = {"SessionId": "s", "StreamUrl": "ws://x", "TokenValue": "t"}


class Ssm(ScriptedCalls):
    service = "ssm"


def a_world(answer: Any = None) -> tuple[World, Ssm]:
    world, ssm = World(), Ssm({"StartSession": answer or (lambda _: STARTED)})
    world.services["ssm"] = ssm
    return world, ssm


def capitals(session: dict[str, Any], console: Console) -> SessionEnd:
    """The other end: says what it hears in capitals, until `end`."""
    while (data := console.read()) not in (b"", b"end"):
        console.write(data.upper())
    return SessionEnd(None)


@contextmanager
def forwarding(world: World, hold: Any = capitals) -> Iterator[Forwarding]:
    found = Forwarding(world.aws, PLACE, Ports(0, 80), hold, world.tools.progress.say)
    serving = Thread(target=found.serve, daemon=True)
    serving.start()
    try:
        yield found
    finally:
        found.close()
        serving.join(10)
        assert not serving.is_alive()


def dialled(found: Forwarding) -> socket.socket:
    return socket.create_connection(("127.0.0.1", found.local), timeout=10)


@pytest.mark.parametrize(
    ("text", "ports"),
    [("8080:80", Ports(8080, 80)), ("80", Ports(80, 80)), (":80", Ports(0, 80))],
)
def test_ports_are_written_as_local_and_remote(text: str, ports: Ports) -> None:
    """One number is both; none before the colon is any that is free."""
    assert ports_of(text) == ports


@pytest.mark.parametrize("text", ["", "web", "80:", "0", "1:70000", "70000:1", "1:2:3"])
def test_what_is_no_port_is_refused(text: str) -> None:
    """With examples."""
    with pytest.raises(UsageError, match=r"is not LOCAL:REMOTE, such as 8080:80"):
        ports_of(text)


def test_each_connection_has_a_session_of_its_own() -> None:
    """They go on side by side."""
    world, ssm = a_world()
    with forwarding(world) as found, dialled(found) as one, dialled(found) as other:
        for connection, word in ((one, b"a"), (other, b"b"), (one, b"c")):
            connection.sendall(word)
            assert connection.recv(10) == word.upper()
        one.sendall(b"end")
        assert one.recv(10) == b""
    assert found.as_document() == {
        "localPort": found.local,
        "remotePort": 80,
        "taskArn": TASK["taskArn"],
        "container": "web",
        "connections": 2,
    }
    assert (
        ssm.requests("StartSession")
        == [
            {
                "Target": f"ecs:hello_{'f' * 32}_r-1",
                "DocumentName": "AWS-StartPortForwardingSession",
                "Parameters": {"portNumber": ["80"], "localPortNumber": [str(found.local)]},
            }
        ]
        * 2
    )


def test_a_session_that_cannot_be_had_closes_its_connection_and_is_said() -> None:
    """The next one is tried again."""
    world, _ = a_world(refuse("TargetNotConnected"))
    with forwarding(world) as found:
        for _ in range(2):
            with dialled(found) as connection:
                assert connection.recv(10) == b""
    said = "web of task ffffffff is not reached any more: the task has ended, or its exec agent holds"
    assert [line.startswith(said) for line in world.progress.lines] == [True, True]


def test_a_port_where_nobody_answers_is_said() -> None:
    """In the words of the session's other end."""
    world, _ = a_world()
    with forwarding(world, lambda *_: SessionEnd(None, "nothing answers")) as found, dialled(found) as one:
        assert one.recv(10) == b""
    assert world.progress.lines == ["port 80 of web: nothing answers"]


def test_a_connection_ends_with_its_session_though_it_is_still_read_from() -> None:
    """As the session's own input does, on a thread of its own."""
    reading = Event()
    readers: list[Thread] = []

    def left_reading(session: dict[str, Any], console: Console) -> SessionEnd:
        def read() -> None:
            assert console.read() == b"go"
            reading.set()
            with suppress(OSError):  # of a connection that is closed meanwhile
                console.read()

        readers.append(Thread(target=read, daemon=True))
        readers[0].start()
        assert reading.wait(10)
        return SessionEnd(None)

    world, _ = a_world()
    with forwarding(world, left_reading) as found, dialled(found) as connection:
        connection.sendall(b"go")
        assert connection.recv(10) == b""
    readers[0].join(10)
    assert not readers[0].is_alive()


def test_a_port_that_is_taken_is_said() -> None:
    """With the way to any other."""
    world, _ = a_world()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = Ports(taken.getsockname()[1], 80)
        with pytest.raises(DeployError, match=r"cannot be listened on: .* or :80 for any"):
            Forwarding(world.aws, PLACE, ports, capitals, world.tools.progress.say)


def test_a_container_that_has_not_started_has_no_target() -> None:
    """It has no runtime id yet."""
    with pytest.raises(DeployError, match="The container log has not started yet"):
        target_of(Place(TASK, "log"))
