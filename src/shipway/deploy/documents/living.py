"""What stands and runs. ECS's own members are handed on as ECS gave them, under ECS's names."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

EcsMembers = Annotated[dict[str, Any], Meta(description="as ECS gave it")]

Strings = dict[str, str]
Names = tuple[str, ...]
AnyObject = dict[str, Any]


class StatusDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A service and all around it."""

    service: EcsMembers
    tasks: tuple[EcsMembers, ...]
    targets: tuple[Annotated[dict[str, Any], Meta(description="as Elastic Load Balancing gave it")], ...]
    service_deployments: Annotated[tuple[EcsMembers, ...], Meta(description="newest first")]
    current_service_deployment: EcsMembers | None
    urls: tuple[str, ...]


class StatusesDocument(Struct, frozen=True, kw_only=True):
    """Of every service of a file."""

    services: Annotated[dict[str, StatusDocument], Meta(description="by their names in shipway.yml")]


class LockDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who holds a deploy lock, and why. Moments in epoch milliseconds."""

    owner: str
    reason: str
    since_ms: int
    until_ms: Annotated[int | None, Meta(description="null: until it is removed")]


class LocksDocument(Struct, frozen=True, kw_only=True):
    """The deploy locks."""

    cluster: str
    locks: Annotated[dict[str, LockDocument | None], Meta(description="by service; null: not locked")]


class LogLine(Struct, frozen=True, kw_only=True):
    """`timestamp` in epoch milliseconds."""

    container: str
    task: str
    message: str
    timestamp: int | None


class TaskContainer(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a container ended."""

    name: str
    exit_code: int | None
    reason: str | None


class TaskDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A one-off task."""

    task_arn: str
    container_instance_arn: str | None
    last_status: str
    stop_code: str | None
    stopped_reason: str | None
    containers: tuple[TaskContainer, ...]


class ForwardedDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port that led into a container; told at its end."""

    local_port: int
    remote_port: int
    task_arn: str
    container: str
    connections: int


class TasksRunDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Tasks that were run or started. `container` is the one whose exit code is meant."""

    exit_code: int
    tasks: tuple[TaskDocument, ...]
    container: str | UnsetType = UNSET
    explanation: Annotated[str | UnsetType, Meta(description="why it failed, if it did")] = UNSET


class DeletedDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is gone, and what is still there."""

    deleted: tuple[str, ...]
    still_there: tuple[str, ...]


class PrunedDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Task definitions that are gone, and those that are kept, with the reason."""

    removed: tuple[str, ...]
    kept: dict[str, str]
    dry_run: bool


class DeregisteredDocument(Struct, frozen=True, kw_only=True):
    """Task definitions that are gone."""

    deregistered: tuple[str, ...]


class ArtifactsDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Image ids, pushed images, and the task definition with them."""

    built: dict[str, str]
    images: dict[str, str]
    task_definition_arn: str | None
    registered: bool


class ExecutedDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A command that ran in a container; `exitCode` is null where the session told none."""

    task_arn: str
    container: str
    exit_code: int | None
    output: str | None


class FilesDocument(Struct, frozen=True, kw_only=True):
    """What `init` or `eject` wrote; for `--from` also what was left behind, and what `plan` says of it."""

    files: tuple[str, ...]
    folder: str
    source: str = ""
    notCarried: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unchanged: bool | None = None
    plan: tuple[str, ...] = ()


class InstancesMadeDocument(Struct, frozen=True, kw_only=True):
    """A group of container instances: its stack, and the stack's outputs."""

    stack: str | None
    changed: bool
    CapacityProvider: str
    AutoScalingGroup: str | UnsetType = UNSET
    SecurityGroup: str | UnsetType = UNSET


class InstancesStatusDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Container instances that were drained or activated. `empty`: no task is left there."""

    container_instances: tuple[str, ...]
    status: str
    empty: bool


class InstancesDeletedDocument(Struct, frozen=True, kw_only=True):
    """The group that is gone."""

    deleted: str


class WordsDocument(Struct, frozen=True, kw_only=True):
    """What may stand for the last word of a command line."""

    words: tuple[str, ...]


class ScriptDocument(Struct, frozen=True, kw_only=True):
    """A script for a shell."""

    shell: str
    script: str
