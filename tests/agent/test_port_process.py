"""A connection into a container: where it goes, and what passes."""

from __future__ import annotations

import asyncio

import pytest

from shipway.agent.engine import EngineError
from shipway.agent.port_addresses import port_addresses
from shipway.agent.port_process import connected
from shipway.agent.task_state import PAUSE_NAME, RUNNING, ContainerState, NetworkBinding, TaskState
from tests.agent.builders import a_task, an_interface


def running(task: TaskState, **members: object) -> tuple[TaskState, ContainerState]:
    container = ContainerState(name="web", phase=RUNNING, runtime_id="r-1", **members)  # type: ignore[arg-type]
    return task.with_container(container), container


def test_where_a_port_is_reached() -> None:
    """At the container's own address, then where it is published; with awsvpc at the task's."""
    binding = NetworkBinding(bind_ip="0.0.0.0", container_port=80, host_port=32768, protocol="tcp")
    bridged = running(a_task(), addresses=(("bridge", "172.17.0.2"),), network_bindings=(binding,))
    assert port_addresses(*bridged, 80) == [("172.17.0.2", 80), ("127.0.0.1", 32768)]
    assert port_addresses(*bridged, 81) == [("172.17.0.2", 81)]
    assert port_addresses(*running(a_task(networkMode="host")), 80) == [("127.0.0.1", 80)]
    interface = an_interface("10.99.0.5")
    task, container = running(a_task(networkMode="awsvpc", elasticNetworkInterfaces=[interface]))
    pause = ContainerState(name=PAUSE_NAME, phase=RUNNING, addresses=(("tasks", "10.99.0.5"),))
    assert port_addresses(task.with_container(pause), container, 80) == [("10.99.0.5", 80)]


async def test_bytes_pass_both_ways_to_the_servers_end() -> None:
    """And the connection is closed with the session."""
    closed = asyncio.Event()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello " + await reader.readline())
        writer.write_eof()
        await reader.read()
        closed.set()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        process = await connected(*running(a_task(), addresses=(("bridge", "127.0.0.1"),)), port)
        await process.write(b"\x00you\n")
        said = b""
        while data := await process.read():
            said += data
        assert said == b"hello \x00you\n"
        assert await process.end(ended=True) is None
        await asyncio.wait_for(closed.wait(), 10)


async def test_a_port_where_nobody_answers_is_said() -> None:
    """With the container's name."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(EngineError, match=f"Nothing answers at port {port} of the container web"):
        await connected(*running(a_task(), addresses=(("bridge", "127.0.0.1"),)), port)
