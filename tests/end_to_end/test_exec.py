"""ECS Exec into real containers: by `shipway exec`, and by whoever speaks the session's protocol."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from typing import Any

import pytest
from websockets.sync.client import connect

from shipway.data_channel.frames import (
    BYTES,
    CHANNEL_CLOSED,
    HANDSHAKE_COMPLETE,
    HANDSHAKE_REQUEST,
    HANDSHAKE_RESPONSE,
    INPUT,
)
from shipway.data_channel.stream import Stream
from tests.end_to_end.local_ecs import COMMAND_LIMIT_S, IMAGE, LocalEcs, docker, eventually

pytestmark = pytest.mark.docker

EXEC = (sys.executable, "-m", "shipway.cli.main", "exec", "-e", "local", "-s")


def serve(local: LocalEcs, name: str, *, entered: bool = True) -> str:
    """A service whose one task runs; with ECS Exec unless told otherwise."""
    container = {"name": "main", "image": IMAGE, "memory": 32, "command": ["sleep", "600"]}
    definition = local.register(name, container)
    local.ecs.create_service(
        serviceName=name, taskDefinition=definition, desiredCount=1, enableExecuteCommand=entered
    )
    local.ecs.get_waiter("services_stable").wait(services=[name], WaiterConfig={"Delay": 1})
    return name


def run(local: LocalEcs, service: str, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EXEC, f"default/{service}", *arguments],
        env=local.environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT_S,
        check=False,
    )


def test_a_command_and_a_shell_by_command_line(local: LocalEcs) -> None:
    """Output, the command's own exit code, a piped script, many lines, and what cannot be run."""
    entered = serve(local, "entered")
    done = run(local, entered, "--", "sh", "-c", "echo it works; exit 7")
    assert (done.stdout, done.returncode) == ("it works\n", 7), done.stderr
    assert json.loads(run(local, entered, "-o", "json", "--", "id", "-u").stdout)["output"] == "0\n"
    typed = run(local, entered, typed="echo typed $((1 + 1))\nexit 3\n")
    assert typed.returncode == 3
    assert "typed 2" in typed.stdout
    count = "i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i+1)); done"
    assert run(local, entered, "--", "sh", "-c", count).stdout.split() == [
        str(number) for number in range(5000)
    ]
    assert "executable file not found" in run(local, entered, "--", "no-such-program").stdout


def test_what_runs_must_end_with_its_client(local: LocalEcs) -> None:
    """Killed, as when a laptop is closed: the command does not stay in the container."""
    service = serve(local, "left")
    [arn] = local.ecs.list_tasks(serviceName=service)["taskArns"]
    [container] = docker("ps", "--quiet", "--filter", f"label=com.amazonaws.ecs.task-arn={arn}")

    def sleeping() -> bool:
        return "4321" in docker("top", container)

    with subprocess.Popen(
        [*EXEC, f"default/{service}", "--", "sleep", "4321"],
        env=local.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as client:
        eventually("the command runs", sleeping)
        client.kill()
    eventually("the command is gone", sleeping, lambda still: not still)


def test_a_task_without_exec_is_told_what_to_do(local: LocalEcs) -> None:
    """Not an exception's name."""
    done = run(local, serve(local, "locked", entered=False), "--", "true")
    assert done.returncode == 125
    assert "enableExecuteCommand: true under service: and deploy" in done.stderr


def test_the_protocol_as_the_plugin_speaks_it(local: LocalEcs) -> None:
    """ExecuteCommand by boto3, its stream by hand: handshake, keys, their echo, the closing."""
    [arn] = local.ecs.list_tasks(serviceName=serve(local, "spoken"))["taskArns"]
    session = local.ecs.execute_command(task=arn, command="cat", interactive=True)["session"]
    stream, heard = Stream(INPUT), b""
    with connect(session["streamUrl"]) as websocket:
        websocket.send(json.dumps({"MessageSchemaVersion": "1.0", "TokenValue": session["tokenValue"]}))

        def send(payload_type: int, payload: bytes) -> None:
            websocket.send(stream.data(payload_type, payload, 0, str(uuid.uuid4())))

        closed: dict[str, Any] | None = None
        while closed is None:
            data = websocket.recv(timeout=COMMAND_LIMIT_S)
            assert isinstance(data, bytes)
            frames, answers = stream.received(data, 0, str(uuid.uuid4()))
            for answer in answers:
                websocket.send(answer)
            for frame in frames:
                if frame.message_type == CHANNEL_CLOSED:
                    closed = frame.document
                elif frame.payload_type == HANDSHAKE_REQUEST:
                    [action] = frame.document["RequestedClientActions"]
                    assert action["ActionParameters"]["SessionType"] == "Standard_Stream"
                    send(HANDSHAKE_RESPONSE, b'{"ProcessedClientActions": [], "Errors": []}')
                elif frame.payload_type == HANDSHAKE_COMPLETE:
                    send(BYTES, b"echoed\n")
                elif frame.payload_type == BYTES:
                    heard += frame.payload
                    if heard.count(b"echoed") == 2:
                        send(BYTES, b"\x04")
    assert closed["MessageType"] == CHANNEL_CLOSED
    assert heard.startswith(b"echoed\r\nechoed\r\n")
