"""kill -9 and a new agent process: what ran goes on, what ended is told, nothing is doubled."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shipway.agent.configuration import Configuration
from tests.agent.builders import a_container, a_payload, task_arn
from tests.agent.conftest import IMAGE, docker
from tests.agent.fake_control_plane import FakeControlPlane, container_of

Spawn = Callable[[], Awaitable[Process]]
pytestmark = pytest.mark.docker


@pytest.fixture
async def spawn(configuration: Configuration, image: str, tmp_path: Path) -> AsyncIterator[Spawn]:
    """Starts real agent processes; what is left of them at the end is killed."""
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps({"access_key_id": "AKIATEST", "secret_access_key": "secret"}))
    environment = {
        **os.environ,
        "PYTHONPATH": "src",
        "SHIPWAY_BACKEND": configuration.control_plane_url,
        "SHIPWAY_CREDENTIALS_FILE": str(credentials),
        "SHIPWAY_INSTANCE_ID": configuration.instance_id,
        "SHIPWAY_ADDRESS": "127.0.1.99",
        "ECS_CONTAINER_STOP_TIMEOUT": "1s",
        "ECS_DATADIR": str(configuration.data_folder),
    }
    started: list[Process] = []

    async def start() -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shipway.agent", env=environment, stderr=asyncio.subprocess.DEVNULL
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_killed_agent_adopts_what_runs(
    control_plane: FakeControlPlane, spawn: Spawn, instance_id: str
) -> None:
    """After kill -9 the same container goes on under the same task, one that ended meanwhile is reported
    with its exit code.
    """
    lives, dies = "a" * 32, "b" * 32
    process = await spawn()
    ids = {}
    for task_id in (lives, dies):
        await control_plane.run(a_payload(a_container(image=IMAGE), task_id=task_id))
        running = await control_plane.reported(task_arn(task_id), "RUNNING")
        ids[task_id] = container_of(running, "web")["runtimeId"]
    process.kill()
    await process.wait()
    docker("kill", ids[dies])

    process = await spawn()
    stopped = await control_plane.reported(task_arn(dies), "STOPPED")
    assert container_of(stopped, "web")["exitCode"] == 137
    await control_plane.acknowledged(
        await control_plane.run(a_payload(a_container(image=IMAGE), task_id=lives))
    )
    assert docker("ps", "-q", "--no-trunc", "--filter", f"label=shipway.instance={instance_id}") == ids[lives]
    registrations = [body for name, body in control_plane.calls if name == "RegisterContainerInstance"]
    assert ["containerInstanceArn" in body for body in registrations] == [False, True]

    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 5) == 0
    assert docker("ps", "-q", "--no-trunc", "--filter", f"label=shipway.instance={instance_id}") == ids[lives]


async def test_an_agent_without_its_files_knows_its_containers(
    control_plane: FakeControlPlane, spawn: Spawn, configuration: Configuration
) -> None:
    """The data folder is lost: the task is rebuilt from labels, and stopped when the manifest does not
    have it.
    """
    process = await spawn()
    await control_plane.run(a_payload(a_container(image=IMAGE, stopTimeout=1)))
    await control_plane.reported(task_arn(), "RUNNING")
    process.kill()
    await process.wait()
    for path in (configuration.data_folder / "tasks").glob("*"):
        path.unlink()
    (configuration.data_folder / "agent.json").unlink()
    control_plane.calls.clear()

    await spawn()
    await control_plane.reported(task_arn(), "RUNNING")
    message_id = await control_plane.manifest()
    await control_plane.until(
        "a verification", lambda: [m for k, m in control_plane.frames if k == "TaskStopVerificationMessage"]
    )
    stops = [{"taskArn": task_arn(), "desiredStatus": "STOPPED"}]
    await control_plane.send("TaskStopVerificationAck", {"messageId": message_id, "stopTasks": stops})
    stopped = await control_plane.reported(task_arn(), "STOPPED")
    assert container_of(stopped, "web")["exitCode"] in (137, 143)
