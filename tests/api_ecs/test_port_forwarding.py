"""Systems Manager's StartSession with a container: which port of which."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shipway.api.errors import ApiError
from shipway.api.shapes import service_shapes
from shipway.api.ssm.sessions import start_session
from tests.api_ecs.agents import report
from tests.api_ecs.front import Ecs
from tests.api_ecs.test_exec_sessions import RUNNING, SESSION, Opened

Wire = dict[str, Any]


async def started(ecs: Ecs, opened: Opened, **members: Any) -> Wire:
    operation = service_shapes("ssm").operation("StartSession")
    assert operation is not None
    wanted = {"DocumentName": "AWS-StartPortForwardingSession", "Parameters": {"portNumber": ["5432"]}}
    request = operation.decoder.decode(msgspec.json.encode(wanted | members))
    return await start_session(msgspec.structs.replace(ecs.call, open_session=opened), request)


@pytest.fixture
def task(ecs: Ecs, instance: Wire, web: str) -> Wire:
    """One whose container `web` runs as `r-1`."""
    [task] = ecs("RunTask", taskDefinition="web", enableExecuteCommand=True)["tasks"]
    containers = [{"containerName": "web", "status": "RUNNING", "runtimeId": "r-1"}]
    report(ecs, task, "RUNNING", containers=containers, managedAgents=RUNNING)
    found: Wire = task
    return found


def target(task: Wire, runtime_id: str = "r-1") -> str:
    return f"ecs:default_{task['taskArn'].rpartition('/')[2]}_{runtime_id}"


async def test_a_port_of_a_container_is_asked_for(ecs: Ecs, task: Wire) -> None:
    """At the task's instance; the answer has Systems Manager's names."""
    opened = Opened(SESSION)
    assert await started(ecs, opened, Target=target(task)) == {
        "SessionId": SESSION["sessionId"],
        "StreamUrl": SESSION["streamUrl"],
        "TokenValue": SESSION["tokenValue"],
    }
    what = {"taskArn": task["taskArn"], "containerName": "web", "port": 5432}
    assert opened.asked == [(task["containerInstanceArn"], what)]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"Target": "i-1234567890"}, "TargetNotConnected"),
        ({"Target": "ecs:default_none_r-1"}, "TargetNotConnected"),
        ({"Parameters": {"portNumber": ["http"]}}, "InvalidParameters"),
        ({"Parameters": {"portNumber": ["70000"]}}, "InvalidParameters"),
        ({"DocumentName": "AWS-StartSSHSession"}, "InvalidDocument"),
    ],
)
async def test_what_is_not_there_is_refused(ecs: Ecs, task: Wire, members: Wire, code: str) -> None:
    """In Systems Manager's own exceptions, and no session is opened."""
    opened = Opened(SESSION)
    with pytest.raises(ApiError) as caught:
        await started(ecs, opened, **{"Target": target(task), **members})
    assert (caught.value.code, opened.asked) == (code, [])


async def test_who_is_away_is_not_connected(ecs: Ecs, task: Wire) -> None:
    """A container that was replaced has another id; an agent may hold no channel."""
    for wanted in (target(task, "r-2"), target(task)):
        with pytest.raises(ApiError, match="is not connected"):
            await started(ecs, Opened(None), Target=wanted)
