"""StartSession with a container of a task: one of its ports is forwarded over the session."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.ecs.exec_sessions import agent_runs
from shipway.api.errors import ApiError
from shipway.model.task import Container, Task

FORWARDING = "AWS-StartPortForwardingSession"
DEFAULT_PORT = "80"
PORT_MAX = 65_535


async def start_session(call: Call, request: Any) -> dict[str, Any]:
    if request.document_name != FORWARDING:
        raise ApiError("InvalidDocument", f"Local ECS knows the document {FORWARDING} only.")
    port = port_of((request.parameters or {}).get("portNumber") or [DEFAULT_PORT])
    task, container = target_of(call, request.target)
    what = {"taskArn": task.task_arn, "containerName": container.name, "port": port}
    session = await call.open_session(task.container_instance_arn or "", what)
    if session is None:
        raise not_connected(request.target)
    return {
        "SessionId": session["sessionId"],
        "StreamUrl": session["streamUrl"],
        "TokenValue": session["tokenValue"],
    }


def port_of(given: list[str]) -> int:
    text = given[0]
    if len(given) == 1 and text.isdecimal() and 0 < int(text) <= PORT_MAX:
        return int(text)
    raise ApiError("InvalidParameters", f"portNumber {text} is not a port.")


def target_of(call: Call, target: str) -> tuple[Task, Container]:
    """`ecs:CLUSTER_TASK_RUNTIME`, whose container runs and may be entered."""
    kind, _, rest = target.partition(":")
    names = rest.rsplit("_", 2)
    if kind == "ecs" and len(names) == 3:
        cluster, task_id, runtime_id = names
        task = call.store.state.get(Task, call.place.task(cluster, task_id))
        for container in task.containers if task else ():
            if task and container.runtime_id == runtime_id and agent_runs(container):
                return task, container
    raise not_connected(target)


def not_connected(target: str) -> ApiError:
    return ApiError("TargetNotConnected", f"{target} is not connected.")
