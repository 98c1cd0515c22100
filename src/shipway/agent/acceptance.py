"""From the raw task of a PayloadMessage to one the agent will run, or to the reason why it cannot. Pure.

Nothing is dropped in silence: a member that is set and that this agent does not apply is refused by its name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.agent.dependencies import unresolvable
from shipway.agent.log_destination import log_refusal
from shipway.agent.task_state import STOPPED
from shipway.agent.wire import (
    HARMLESS_CONTAINER_MEMBERS,
    HARMLESS_TASK_MEMBERS,
    ContainerPayload,
    TaskPayload,
    Volume,
    unknown_members,
)

EXEC_AGENT = "ExecuteCommandAgent"
PROVIDERS = ("asm", "ssm")
NETWORK_MODES = ("bridge", "host", "none", "awsvpc")


class Accepted(msgspec.Struct, frozen=True):
    """The decoded task, and why it cannot run (empty when it can)."""

    payload: TaskPayload
    refusal: str = ""


def accept(raw: dict[str, Any]) -> Accepted:
    """Raises ValueError only for what has no ARN: there is nobody to report about."""
    arn = raw.get("arn")
    if not isinstance(arn, str) or not arn:
        raise ValueError("a task without an arn")
    try:
        payload = msgspec.convert(_without_nulls(raw), TaskPayload)
    except msgspec.ValidationError as error:
        return Accepted(_skeleton(raw, arn), f"UnrecognizedTaskError: the payload cannot be read: {error}")
    if payload.desired_status == STOPPED:
        return Accepted(payload)
    return Accepted(payload, refusal(payload, raw))


def refusal(payload: TaskPayload, raw: dict[str, Any]) -> str:
    unknown = unknown_members(raw, TaskPayload, HARMLESS_TASK_MEMBERS)
    if unknown:
        return f"UnrecognizedTaskError: this agent does not apply the task's {', '.join(unknown)}"
    for container, raw_container in zip(payload.containers, raw.get("containers") or (), strict=True):
        reason = _container_refusal(payload, container, raw_container)
        if reason:
            return f"UnrecognizedTaskError: container {container.name}: {reason}"
    if not payload.containers:
        return "UnrecognizedTaskError: the task has no containers"
    reason = _task_refusal(payload)
    if reason:
        return f"UnrecognizedTaskError: {reason}"
    problem = unresolvable(payload)
    return (
        f"TaskDependencyError: Task dependencies cannot be resolved, taskArn: {payload.arn}: {problem}"
        if problem
        else ""
    )


def _task_refusal(payload: TaskPayload) -> str:
    if payload.network_mode not in (None, *NETWORK_MODES):
        return f"network mode {payload.network_mode} is not one of {', '.join(NETWORK_MODES)}"
    if payload.network_mode == "awsvpc" and not payload.elastic_network_interfaces:
        return "network mode awsvpc without elasticNetworkInterfaces"
    if payload.pid_mode not in (None, "", "host"):
        return f"pidMode {payload.pid_mode} is not applied by this agent; host is"
    if payload.ipc_mode not in (None, "", "host", "none"):
        return f"ipcMode {payload.ipc_mode} is not applied by this agent; host and none are"
    if payload.overrides not in (None, "", "{}", {}):
        return "overrides of the task are not applied by this agent: they belong merged into its containers"
    for volume in payload.volumes or ():
        reason = _volume_refusal(volume)
        if reason:
            return f"volume {volume.name}: {reason}"
    return ""


def _volume_refusal(volume: Volume) -> str:
    if volume.type not in (None, "", "host", "docker", "efs"):
        return f"the type {volume.type} is not applied by this agent"
    docker = volume.docker_volume_configuration
    if docker and docker.driver not in (None, "", "local"):
        return f"the driver {docker.driver} is not applied by this agent; local is"
    if docker and docker.scope == "shared" and not docker.autoprovision:
        return "a shared volume without autoprovision is not applied by this agent"
    if docker and (docker.driver_opts or docker.labels):
        return "driverOpts and labels are not applied by this agent"
    return ""


def _container_refusal(payload: TaskPayload, container: ContainerPayload, raw: dict[str, Any]) -> str:
    unknown = unknown_members(raw, ContainerPayload, HARMLESS_CONTAINER_MEMBERS)
    if unknown:
        return f"this agent does not apply {', '.join(unknown)}"
    volumes = {volume.name for volume in payload.volumes or ()}
    for mount in container.mount_points or ():
        if mount.source_volume not in volumes:
            return f"mount point {mount.container_path} names a missing volume {mount.source_volume}"
    if any(mapping.container_port_range for mapping in container.port_mappings or ()):
        return "containerPortRange is not applied by this agent"
    if container.links and (payload.network_mode or "bridge") != "bridge":
        return "links need network mode bridge"
    if container.health_check_type not in (None, "", "docker"):
        return f"healthCheckType {container.health_check_type} is not applied by this agent"
    for secret in container.secrets or ():
        if secret.provider not in PROVIDERS or secret.type != "ENVIRONMENT_VARIABLE" or secret.target:
            return f"the secret {secret.name} is not applied by this agent; variables from asm and ssm are"
    unmanaged = [agent.name for agent in container.managed_agents or () if agent.name != EXEC_AGENT]
    if unmanaged:
        return f"the managed agent {unmanaged[0]} is not run by this agent; {EXEC_AGENT} is"
    authentication = container.registry_authentication
    if authentication and authentication.type != "ecr":
        return f"registryAuthentication of type {authentication.type} is not applied by this agent"
    for text, name in _docker_texts(container):
        reason = _json_object_refusal(text, name)
        if reason:
            return reason
    return log_refusal(container) or _override_refusal(container.overrides)


def _docker_texts(container: ContainerPayload) -> list[tuple[str, str]]:
    docker = container.docker_config
    if docker is None:
        return []
    return [
        (docker.config or "", "dockerConfig.config"),
        (docker.host_config or "", "dockerConfig.hostConfig"),
    ]


def _json_object_refusal(text: str, name: str) -> str:
    if not text:
        return ""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return f"{name} is not JSON: {error}"
    return "" if isinstance(value, dict) else f"{name} is not a JSON object"


def _override_refusal(overrides: Any) -> str:
    try:
        value = msgspec.json.decode(overrides) if isinstance(overrides, str) and overrides else overrides
    except msgspec.DecodeError as error:
        return f"overrides is not JSON: {error}"
    if not value:
        return ""
    if not isinstance(value, dict):
        return "overrides is not a JSON object"
    unknown = sorted(set(value) - {"command"})
    return f"overrides may hold only command, not {', '.join(unknown)}" if unknown else ""


def _without_nulls(value: Any) -> Any:
    """JSON null means absent on this wire."""
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    return [_without_nulls(member) for member in value] if isinstance(value, list) else value


def _skeleton(raw: dict[str, Any], arn: str) -> TaskPayload:
    """As much of an unreadable task as its report needs: the names of its containers."""
    containers = raw.get("containers")
    names = [c.get("name") for c in containers if isinstance(c, dict)] if isinstance(containers, list) else []
    return TaskPayload(
        arn=arn,
        containers=tuple(ContainerPayload(name=name, image="") for name in names if isinstance(name, str)),
    )
