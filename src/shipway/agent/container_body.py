"""What Docker Engine is asked to create for one container of a task. Pure.

The agent derives a body from the task, and lays the payload's dockerConfig.config and .hostConfig over
it, as Amazon's agent does; what belongs to the instance (network, labels, metadata addresses, where logs
are kept) stays the agent's.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from shipway.agent.log_destination import docker_part
from shipway.agent.resources import MIB
from shipway.agent.task_state import PAUSE_NAME, TaskState
from shipway.agent.wire import ContainerPayload, EfsVolume, NetworkInterface

LABEL = "com.amazonaws.ecs."
INSTANCE_LABEL = "shipway.instance"
INSTALLATION_LABEL = "shipway.installation"
ESSENTIAL_LABEL = "shipway.essential"
VOLUMES_LABEL = "shipway.volumes"
# "80/tcp,443/tcp": what an awsvpc task listens on, for machines that cannot reach its address.
PORTS_LABEL = "shipway.ports"
NAMES_LABEL = "shipway.names"

LINK_LOCAL_URL = "http://169.254.170.2"
ROTATED_FILES = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}}
MEMORY_MIB_MIN = 6
CPU_SHARES_MIN, CPU_SHARES_MAX = 2, 262144
JOINED_LISTS = ("Binds", "VolumesFrom", "Links")


class InstanceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a container is told, or placed by, of the instance it runs on."""

    cluster: str
    instance_id: str
    installation: str = ""
    address: str = "127.0.0.1"
    region: str = "us-east-1"
    metadata_port: int = 0
    link_local: bool = False
    task_network: str = ""
    publish_task_ports: bool = False
    machine_cpus: int = 1


def docker_name(task: TaskState, name: str) -> str:
    """Amazon's form. The same for the same container every time, so that a create that is repeated
    cannot make a second one.
    """
    digest = hashlib.sha256(f"{task.arn}/{name}".encode()).hexdigest()[:20]
    cleaned = re.sub(r"[^A-Za-z0-9-]", "", name)
    family = re.sub(r"[^A-Za-z0-9_.-]", "", task.payload.family) or "task"
    return f"ecs-{family}-{task.payload.version or '0'}-{cleaned}-{digest}"


def container_body(task: TaskState, name: str, facts: InstanceFacts) -> dict[str, Any]:
    if name == PAUSE_NAME:
        return _pause_body(task, facts)
    spec = task.spec(name)
    state = task.container(name)
    assert state is not None
    overlay, host_overlay = docker_part(spec, "config"), docker_part(spec, "host_config")
    body: dict[str, Any] = {"Image": state.image_reference or spec.image}
    command = _command(spec)
    if command is not None:
        body["Cmd"] = command
    if spec.entry_point is not None:
        body["Entrypoint"] = list(spec.entry_point)
    body.update(overlay)
    body["Env"] = [
        *(overlay.get("Env") or ()),
        *(f"{key}={value}" for key, value in _environment(task, name, facts)),
    ]
    body["Labels"] = {**(overlay.get("Labels") or {}), **_labels(task, name, facts)}
    if task.network_mode == "bridge" and spec.port_mappings:
        body["ExposedPorts"] = {**(overlay.get("ExposedPorts") or {}), **{port: {} for port in _ports(spec)}}
    if task.awsvpc:
        body.pop("ExposedPorts", None)  # Docker refuses them for a container that joins another's network
    body["HostConfig"] = _host_config(task, spec, host_overlay, facts)
    return body


def _host_config(
    task: TaskState, spec: ContainerPayload, overlay: dict[str, Any], facts: InstanceFacts
) -> dict[str, Any]:
    derived: dict[str, Any] = {
        "CpuShares": min(max(spec.cpu, CPU_SHARES_MIN), CPU_SHARES_MAX),
        "LogConfig": ROTATED_FILES,
        "Binds": _binds(task, spec),
        "VolumesFrom": _volumes_from(task, spec),
        "Links": [_link(task, link) for link in spec.links or ()],
    }
    memory_mib = spec.memory or task.payload.memory
    if memory_mib:
        derived["Memory"] = max(memory_mib, MEMORY_MIB_MIN) * MIB
    if task.payload.cpu and task.payload.cpu < facts.machine_cpus:
        # Approximate: ECS limits the task's containers together; each gets the task's limit here.
        derived["NanoCpus"] = round(task.payload.cpu * 1e9)
    if spec.privileged:
        derived["Privileged"] = True
    for member, mode in (("PidMode", task.payload.pid_mode), ("IpcMode", task.payload.ipc_mode)):
        if mode:
            derived[member] = mode
    joined = {member: [*derived[member], *(overlay.get(member) or ())] for member in JOINED_LISTS}
    merged = {**derived, **overlay, **joined}
    if (overlay.get("LogConfig") or {}).get("Type") in (None, "", "awslogs"):
        merged["LogConfig"] = ROTATED_FILES
    merged["NetworkMode"] = f"container:{docker_name(task, PAUSE_NAME)}" if task.awsvpc else task.network_mode
    merged["PortBindings"] = _port_bindings(spec, facts) if task.network_mode == "bridge" else {}
    merged["RestartPolicy"] = {}  # the agent restarts, never Docker
    merged["AutoRemove"] = False
    return merged


def _command(spec: ContainerPayload) -> list[str] | None:
    overrides = (
        msgspec.json.decode(spec.overrides)
        if isinstance(spec.overrides, str) and spec.overrides
        else spec.overrides
    )
    if overrides and overrides.get("command") is not None:
        return list(overrides["command"])
    return None if spec.command is None else list(spec.command)


def _ports(spec: ContainerPayload) -> list[str]:
    return [f"{mapping.container_port}/{mapping.protocol or 'tcp'}" for mapping in spec.port_mappings or ()]


def _port_bindings(spec: ContainerPayload, facts: InstanceFacts) -> dict[str, list[dict[str, str]]]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port, mapping in zip(_ports(spec), spec.port_mappings or (), strict=True):
        binding = {"HostIp": facts.address, "HostPort": str(mapping.host_port or "")}
        bindings.setdefault(port, []).append(binding)
    return bindings


def _binds(task: TaskState, spec: ContainerPayload) -> list[str]:
    sources = {volume.name: volume for volume in task.payload.volumes or ()}
    binds = []
    for mount in spec.mount_points or ():
        volume = sources[mount.source_volume or ""]
        source = (
            volume.host.source_path
            if volume.host and volume.host.source_path
            else volume_name(task, volume.name)
        )
        binds.append(f"{source}:{mount.container_path}{':ro' if mount.read_only else ''}")
    return binds


def volume_name(task: TaskState, name: str) -> str:
    """The Docker volume behind a volume without a source path: a file system's, shared by its own name, else
    one for this task.
    """
    efs = next((v.efs_volume_configuration for v in task.payload.volumes or () if v.name == name), None)
    if efs is not None:
        return file_system_volume(efs)
    if name not in task_volumes(task):
        return name
    digest = hashlib.sha256(task.arn.encode()).hexdigest()[:20]
    return f"ecs-{task.payload.family}-{task.payload.version}-{name}-{digest}"


def file_system_volume(efs: EfsVolume) -> str:
    """One Docker volume stands for a directory of an EFS file system, or for what an access point shows."""
    root = (efs.root_directory or "/").rstrip("/")
    access_point = efs.authorization_config.access_point_id if efs.authorization_config else None
    part = access_point or (hashlib.sha256(root.encode()).hexdigest()[:8] if root else "")
    return "-".join(word for word in ("shipway-efs", efs.file_system_id, part) if word)


def task_volumes(task: TaskState) -> list[str]:
    """Names of the volumes that live and die with the task."""
    own = [v for v in task.payload.volumes or () if v.efs_volume_configuration is None]
    volumes = [v for v in own if not (v.host and v.host.source_path)]
    shared = [v.name for v in volumes if (d := v.docker_volume_configuration) and d.scope == "shared"]
    return [volume.name for volume in volumes if volume.name not in shared]


def _volumes_from(task: TaskState, spec: ContainerPayload) -> list[str]:
    return [
        f"{docker_name(task, source.source_container)}{':ro' if source.read_only else ''}"
        for source in spec.volumes_from or ()
    ]


def _link(task: TaskState, link: str) -> str:
    name, _, alias = link.partition(":")
    return f"{docker_name(task, name)}:{alias or name}"


def metadata_url(network_mode: str, facts: InstanceFacts) -> str:
    """Where a container finds the metadata server; empty where it cannot reach it."""
    if network_mode == "none":
        return ""
    if facts.link_local:
        return LINK_LOCAL_URL
    return f"http://127.0.0.1:{facts.metadata_port}" if network_mode == "host" else ""


def _environment(task: TaskState, name: str, facts: InstanceFacts) -> list[tuple[str, str]]:
    state = task.container(name)
    assert state is not None
    environment = dict(task.spec(name).environment or {})
    fargate = task.payload.launch_type == "FARGATE"
    environment.setdefault("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE" if fargate else "AWS_ECS_EC2")
    if "AWS_REGION" not in environment and "AWS_DEFAULT_REGION" not in environment:
        environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = facts.region
    base = metadata_url(task.network_mode, facts)
    if base:
        endpoint = f"{facts.metadata_port}-{state.token}"
        environment["ECS_CONTAINER_METADATA_URI"] = f"{base}/v3/{endpoint}"
        environment["ECS_CONTAINER_METADATA_URI_V4"] = f"{base}/v4/{endpoint}"
        environment["ECS_AGENT_URI"] = f"{base}/api/{endpoint}"
    credentials = task.payload.role_credentials
    if base and credentials:
        path = f"/v2/credentials/{facts.metadata_port}-{credentials.credentials_id}"
        if base == LINK_LOCAL_URL:
            environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = path
        else:
            environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = base + path
    return sorted(environment.items())


def _labels(task: TaskState, name: str, facts: InstanceFacts) -> dict[str, str]:
    volumes = [volume_name(task, volume) for volume in task_volumes(task)]
    labels = {
        f"{LABEL}cluster": facts.cluster,
        f"{LABEL}container-name": name,
        f"{LABEL}task-arn": task.arn,
        f"{LABEL}task-definition-family": task.payload.family,
        f"{LABEL}task-definition-version": task.payload.version,
        INSTANCE_LABEL: facts.instance_id,
        INSTALLATION_LABEL: facts.installation,
        ESSENTIAL_LABEL: "true" if task.spec(name).essential else "false",
    }
    return {**labels, VOLUMES_LABEL: ",".join(volumes)} if volumes else labels


def _pause_body(task: TaskState, facts: InstanceFacts) -> dict[str, Any]:
    interface = (task.payload.elastic_network_interfaces or ())[0]
    endpoint: dict[str, Any] = {"IPAMConfig": {"IPv4Address": interface.private_address}}
    names = listed_in_label(task, NAMES_LABEL)
    if names:
        endpoint["Aliases"] = names
    body: dict[str, Any] = {
        "Image": task.spec(PAUSE_NAME).image,
        "Labels": _labels(task, PAUSE_NAME, facts),
        "HostConfig": _pause_host_config(interface, facts),
    }
    if interface.mac_address:
        # The first form is for engines up to API 1.43, the second for later ones.
        body["MacAddress"] = endpoint["MacAddress"] = interface.mac_address
    if interface.private_dns_name:
        body["Hostname"] = interface.private_dns_name.split(".", 1)[0]
    if facts.publish_task_ports:
        ports = published_task_ports(task)
        body["ExposedPorts"] = {port: {} for port in ports}
        body["HostConfig"]["PortBindings"] = {
            port: [{"HostIp": facts.address, "HostPort": ""}] for port in ports
        }
    body["NetworkingConfig"] = {"EndpointsConfig": {facts.task_network: endpoint}}
    return body


def _pause_host_config(interface: NetworkInterface, facts: InstanceFacts) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "NetworkMode": facts.task_network,
        "LogConfig": {"Type": "none", "Config": {}},
    }
    if interface.domain_name_servers:
        settings["Dns"] = list(interface.domain_name_servers)
    if interface.domain_name:
        settings["DnsSearch"] = list(interface.domain_name)
    return settings


def published_task_ports(task: TaskState) -> list[str]:
    declared = [port for spec in task.payload.containers for port in _ports(spec)]
    return sorted({*declared, *listed_in_label(task, PORTS_LABEL)})


def listed_in_label(task: TaskState, label: str) -> list[str]:
    labels = (docker_part(spec, "config").get("Labels") or {} for spec in task.payload.containers)
    return sorted({word for found in labels for word in str(found.get(label, "")).split(",") if word})
