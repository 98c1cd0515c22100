"""ECS Exec: a command in a running container. The session itself is carried by the instances' room."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.ecs.identifiers import cluster_of, invalid
from shipway.api.ecs.tasks import looked_up
from shipway.api.errors import ApiError
from shipway.model.last_status import RUNNING
from shipway.model.task import EXEC_AGENT, Container, Task

NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute "
    "command agent isn’t running. Wait and try again or run a new task with execute command enabled and try "
    "again."
)
NOT_CONNECTED = "The execute command failed due to an internal error. Try again later."
COMMAND_LENGTH_MAX = 4096


async def execute_command(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    if not request.interactive:
        raise invalid("Interactive is the only mode supported currently.")
    if not request.command or len(request.command) > COMMAND_LENGTH_MAX:
        raise invalid(f"command must have 1 to {COMMAND_LENGTH_MAX} characters.")
    [(task, _)] = looked_up(call, cluster, [request.task])
    if task is None:
        raise invalid("The referenced task was not found.")
    container = container_of(task, request.container)
    if not task.enable_execute_command or not agent_runs(container):
        raise invalid(NOT_ENABLED)
    what = {"taskArn": task.task_arn, "containerName": container.name, "command": request.command}
    session = await call.open_session(task.container_instance_arn or "", what)
    if session is None:
        raise ApiError("TargetNotConnectedException", NOT_CONNECTED)
    return {
        "clusterArn": cluster.cluster_arn,
        "taskArn": task.task_arn,
        "containerArn": container.container_arn,
        "containerName": container.name,
        "interactive": True,
        "session": session,
    }


def container_of(task: Task, name: str | None) -> Container:
    if name is None and len(task.containers) != 1:
        raise invalid("A container must be named, for the task has several.")
    found = next((one for one in task.containers if name in (None, one.name)), None)
    if found is None:
        raise invalid(f"The container {name} is not in the task.")
    return found


def agent_runs(container: Container) -> bool:
    return any(
        agent.get("name") == EXEC_AGENT and agent.get("lastStatus") == RUNNING
        for agent in container.managed_agents
    )
