"""The members of a container definition that travel as Docker Engine API JSON: `dockerConfig`.

The agent lays these over what it derives itself (image, command, environment, CPU, memory, ports, mounts), so
only what it does not derive is in here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from shipway.model.record import Document

MIB = 1024 * 1024
SECOND_NS = 1_000_000_000
API_VERSION = "1.18"  # a minimum that every agent accepts; the shape has been the same since
PORTS_LABEL = "shipway.ports"
NAMES_LABEL = "shipway.names"
DEVICE_PERMISSIONS = {"read": "r", "write": "w", "mknod": "m"}

CONFIG: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "user": ("User", str),
    "workingDirectory": ("WorkingDir", str),
    "hostname": ("Hostname", str),
    "interactive": ("OpenStdin", bool),
    "pseudoTerminal": ("Tty", bool),
    "disableNetworking": ("NetworkDisabled", bool),
    "dockerLabels": ("Labels", dict),
    "healthCheck": ("Healthcheck", lambda check: healthcheck(check)),
}

HOST_CONFIG: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "memoryReservation": ("MemoryReservation", lambda mib: mib * MIB),
    "privileged": ("Privileged", bool),
    "readonlyRootFilesystem": ("ReadonlyRootfs", bool),
    "dnsServers": ("Dns", list),
    "dnsSearchDomains": ("DnsSearch", list),
    "extraHosts": ("ExtraHosts", lambda hosts: [f"{host['hostname']}:{host['ipAddress']}" for host in hosts]),
    "dockerSecurityOptions": ("SecurityOpt", list),
    "ulimits": ("Ulimits", lambda limits: [ulimit(limit) for limit in limits]),
    "systemControls": ("Sysctls", lambda controls: {c["namespace"]: c["value"] for c in controls}),
}


def docker_config(
    container: Document, network_mode: str, log_config: Document, service_names: tuple[str, ...] = ()
) -> Document:
    """The `dockerConfig` of one container, its two halves as JSON texts with sorted keys.

    `service_names` are labels to any agent; ours makes them names of the task in its network.
    """
    config = translated(container, CONFIG)
    if network_mode == "awsvpc" and container.get("portMappings"):
        config["Labels"] = {**config.get("Labels", {}), PORTS_LABEL: listed_ports(container)}
    if network_mode == "awsvpc" and service_names:
        config["Labels"] = {**config.get("Labels", {}), NAMES_LABEL: ",".join(service_names)}
    host_config = translated(container, HOST_CONFIG)
    host_config.update(linux_parameters(container.get("linuxParameters") or {}, container.get("memory")))
    if network_mode != "awsvpc":  # there the agent joins the container to the pause container's network
        host_config["NetworkMode"] = network_mode
    host_config["LogConfig"] = log_config
    return {"version": API_VERSION, "config": as_text(config), "hostConfig": as_text(host_config)}


def translated(container: Document, table: dict[str, tuple[str, Callable[[Any], Any]]]) -> Document:
    return {
        name: translate(container[member])
        for member, (name, translate) in table.items()
        if container.get(member)
    }


def listed_ports(container: Document) -> str:
    """What an awsvpc task listens on, "80/tcp,53/udp".

    Its payload may hold no port mappings, but our agent publishes these where a task's address cannot be
    reached (Docker Desktop). To any other agent it is a label like others.
    """
    return ",".join(f"{m['containerPort']}/{m.get('protocol') or 'tcp'}" for m in container["portMappings"])


def as_text(value: Document) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def healthcheck(check: Document) -> Document:
    docker: Document = {
        "Test": list(check["command"]),
        "Interval": (check.get("interval") or 30) * SECOND_NS,
        "Timeout": (check.get("timeout") or 5) * SECOND_NS,
        "Retries": check.get("retries") or 3,
    }
    if check.get("startPeriod"):
        docker["StartPeriod"] = check["startPeriod"] * SECOND_NS
    return docker


def ulimit(limit: Document) -> Document:
    return {"Name": limit["name"], "Soft": limit["softLimit"], "Hard": limit["hardLimit"]}


def linux_parameters(parameters: Document, memory_mib: int | None) -> Document:
    host_config: Document = {}
    capabilities = parameters.get("capabilities") or {}
    if capabilities.get("add"):
        host_config["CapAdd"] = list(capabilities["add"])
    if capabilities.get("drop"):
        host_config["CapDrop"] = list(capabilities["drop"])
    if parameters.get("devices"):
        host_config["Devices"] = [device(entry) for entry in parameters["devices"]]
    if parameters.get("initProcessEnabled"):
        host_config["Init"] = True
    if parameters.get("sharedMemorySize"):
        host_config["ShmSize"] = parameters["sharedMemorySize"] * MIB
    if parameters.get("tmpfs"):
        host_config["Tmpfs"] = {entry["containerPath"]: tmpfs_options(entry) for entry in parameters["tmpfs"]}
    host_config.update(swap(parameters, memory_mib))
    return host_config


def device(entry: Document) -> Document:
    permissions = "".join(DEVICE_PERMISSIONS[name] for name in entry.get("permissions") or DEVICE_PERMISSIONS)
    return {
        "PathOnHost": entry["hostPath"],
        "PathInContainer": entry.get("containerPath") or entry["hostPath"],
        "CgroupPermissions": permissions,
    }


def tmpfs_options(entry: Document) -> str:
    return ",".join([f"size={entry['size']}m", *(entry.get("mountOptions") or [])])


def swap(parameters: Document, memory_mib: int | None) -> Document:
    """ECS counts swap on top of memory, Docker counts both together.

    Without maxSwap, swappiness says nothing.
    """
    max_swap = parameters.get("maxSwap")
    if max_swap is None or not memory_mib:
        return {}
    host_config: Document = {"MemorySwap": (memory_mib + max_swap) * MIB}
    if max_swap and parameters.get("swappiness") is not None:
        host_config["MemorySwappiness"] = parameters["swappiness"]
    return host_config
