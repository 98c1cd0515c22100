"""The actions of a deployment's plan: frozen values, each with its one effect and a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Members = dict[str, Any]

# Stands for what an earlier action of the same plan will make.
REGISTERED = "the new revision"


@dataclass(frozen=True)
class BuildSecret:
    """A secret of a build, by the name that the Dockerfile mounts; its value stays where it is."""

    id: str
    env: str | None
    file: str | None


@dataclass(frozen=True)
class BuildImage:
    container: str
    context: str
    dockerfile: str | None
    target: str | None
    platform: str | None
    args: tuple[tuple[str, str], ...] = field(repr=False)
    reason: str
    secrets: tuple[BuildSecret, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()

    def text(self) -> str:
        return f"build the image of {self.container} from {self.context}"


@dataclass(frozen=True)
class CreateRepository:
    repository: str
    reason: str

    def text(self) -> str:
        return f"create the image repository {self.repository}"


@dataclass(frozen=True)
class PushImage:
    container: str
    repository: str
    tag: str | None
    reason: str

    def text(self) -> str:
        return f"push the image of {self.container} to {self.repository}:{self.tag or '<its content>'}"


@dataclass(frozen=True)
class CreateCluster:
    cluster: str
    reason: str

    def text(self) -> str:
        return f"create the cluster {self.cluster}"


@dataclass(frozen=True)
class CheckRoom:
    cluster: str
    task_definition: Members
    reason: str

    def text(self) -> str:
        return f"see that a container instance of {self.cluster} can hold the task"


@dataclass(frozen=True)
class CreateLoadBalancer:
    name: str
    members: Members
    reason: str

    def text(self) -> str:
        return f"create the load balancer {self.name}"


@dataclass(frozen=True)
class CreateTargetGroup:
    name: str
    members: Members
    reason: str

    def text(self) -> str:
        return f"create the target group {self.name}"


@dataclass(frozen=True)
class ModifyTargetGroup:
    name: str
    members: Members
    reason: str

    def text(self) -> str:
        return f"change the health check of the target group {self.name}"


@dataclass(frozen=True)
class SetTargetGroupAttributes:
    name: str
    attributes: tuple[tuple[str, str], ...]
    reason: str

    def text(self) -> str:
        pairs = ", ".join(f"{key} = {value}" for key, value in self.attributes)
        return f"set on the target group {self.name}: {pairs}"


@dataclass(frozen=True)
class CreateListener:
    name: str
    port: int
    reason: str

    def text(self) -> str:
        return f"create the listener of {self.name} on port {self.port}"


@dataclass(frozen=True)
class RegisterTaskDefinition:
    members: Members
    reason: str

    def text(self) -> str:
        return f"register a revision of the task definition {self.members['family']}"


@dataclass(frozen=True)
class CreateService:
    service: str
    task_definition: str
    members: Members
    target_group: str | None
    reason: str

    def text(self) -> str:
        return f"create the service {self.service} with {self.task_definition.rsplit('/', 1)[-1]}"


@dataclass(frozen=True)
class UpdateService:
    service: str
    task_definition: str | None
    members: Members
    target_group: str | None
    deploys: bool
    reason: str

    def text(self) -> str:
        changed = sorted(self.members)
        if self.task_definition is not None:
            changed = [f"to {self.task_definition.rsplit('/', 1)[-1]}", *changed]
        tail = "" if self.deploys else ", no task is replaced"
        return f"update the service {self.service} ({', '.join(changed)}){tail}"


@dataclass(frozen=True)
class CreateCodeDeployment:
    service: str
    application: str
    deployment_group: str
    config: str | None
    task_definition: str
    properties: Members
    hooks: tuple[Members, ...]
    reason: str

    def text(self) -> str:
        how = f" by {self.config}" if self.config else ""
        what = self.task_definition.rsplit("/", 1)[-1]
        group = f"{self.application}/{self.deployment_group}"
        return f"have CodeDeploy deploy {what} to {self.service} ({group}){how}"


Action = (
    BuildImage
    | CreateRepository
    | PushImage
    | CreateCluster
    | CheckRoom
    | CreateLoadBalancer
    | CreateTargetGroup
    | ModifyTargetGroup
    | SetTargetGroupAttributes
    | CreateListener
    | RegisterTaskDefinition
    | CreateCodeDeployment
    | CreateService
    | UpdateService
)

Plan = tuple[Action, ...]


def render(plan: Plan) -> str:
    """One line an action; the dry run, the log, and what tests compare."""
    if not plan:
        return "nothing to do: everything is as the file says"
    return "\n".join(f"{number}. {action.text()}: {action.reason}" for number, action in enumerate(plan, 1))
