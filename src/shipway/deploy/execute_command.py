"""`shipway exec`: a command in a running container, by ECS Exec."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.data_channel import SessionEnd
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.lookup import task_named
from shipway.deploy.planning.references import shorter

Members = dict[str, Any]

SHELL = "/bin/sh"
EXEC_AGENT = "ExecuteCommandAgent"


@dataclass(frozen=True)
class Place:
    """The container that a session goes into."""

    task: Members
    container: str


@dataclass(frozen=True)
class Executed:
    """`exit_code` is None where the session did not tell one; `output` only when it was kept."""

    task_arn: str
    container: str
    exit_code: int | None
    output: str | None = None

    def as_document(self) -> Members:
        """For `-o json`."""
        return {
            "taskArn": self.task_arn,
            "container": self.container,
            "exitCode": self.exit_code,
            "output": self.output,
        }


def find_place(aws: Aws, service: str, task: str | None, container: str | None) -> Place:
    """The task that was named, or the service's that started last and can be reached."""
    if task is not None:
        found = aws.ecs.tasks([task_named(aws, task)])
    else:
        found = aws.ecs.tasks(aws.ecs.task_arns(serviceName=service))
    running = [one for one in found if one.get("lastStatus") == "RUNNING"]
    if not running:
        what = f"The task {task} does not run" if task else f"No task of {service} runs"
        raise DeployError(f"{what}, so there is nothing to go into. See `shipway tasks`.")
    reachable = [one for one in running if one.get("enableExecuteCommand")]
    if not reachable:
        raise DeployError(
            f"The task {shorter(running[-1]['taskArn'])} was started without ECS Exec. Write "
            "enableExecuteCommand: true under service: and deploy; tasks that run already never get it."
        )
    chosen = max(reachable, key=lambda one: str(one.get("startedAt") or ""))
    return Place(chosen, _container(chosen, container))


def _container(task: Members, name: str | None) -> str:
    containers = [str(found["name"]) for found in task.get("containers") or ()]
    if name is not None and name not in containers:
        raise DeployError(f"The task has no container {name!r}; it has {', '.join(containers)}.")
    if name is None and len(containers) > 1:
        raise DeployError(f"The task has several containers; name one: --container {'|'.join(containers)}.")
    return name or containers[0]


Hold = Callable[[Members], SessionEnd]


def execute(aws: Aws, place: Place, command: tuple[str, ...], hold: Hold) -> Executed:
    """Run it, and hold its session to its end."""
    text = shlex.join(command) if command else SHELL
    arn = str(place.task["taskArn"])
    try:
        answer = aws.ecs.execute_command(arn, place.container, text)
    except AwsRefusal as refusal:
        raise _refused(aws, place, refusal) from None
    ended = hold(answer["session"])
    if ended.said.strip() and ended.exit_code is None:
        raise DeployError(f"{shlex.join(command) or SHELL} in {place.container}: {ended.said.strip()}")
    return Executed(arn, place.container, ended.exit_code)


def _refused(aws: Aws, place: Place, refusal: AwsRefusal) -> DeployError:
    if refusal.code == "TargetNotConnectedException":
        return DeployError(
            f"{place.container} of task {shorter(place.task['taskArn'])} cannot be reached: its exec agent "
            "holds no channel. See that its subnet reaches ssmmessages and its task role allows it."
        )
    agents = [agent for one in place.task.get("containers") or () for agent in one.get("managedAgents") or ()]
    states = {str(agent.get("lastStatus")) for agent in agents if agent.get("name") == EXEC_AGENT}
    if refusal.code == "InvalidParameterException" and "RUNNING" not in states:
        told = f"is {', '.join(sorted(states))}" if states else "was not started"
        return DeployError(
            f"{place.container} cannot be entered: its exec agent {told}. A task that has just started may "
            "need a moment; its task role must allow ssmmessages:*."
        )
    return refusal
