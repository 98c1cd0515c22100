"""What a container of a compose file may use, and Docker's own settings for it."""

from __future__ import annotations

from typing import Any

from shipway.deploy.importing.compose_values import mebibytes, number, text
from shipway.deploy.importing.source import Account, listed, mapping

Members = dict[str, Any]

# ECS wants one of memory and memoryReservation; compose needs neither.
MEMORY_RESERVATION_MIB = 128
CPU_UNITS = 1024
DEPLOY_LEFT = {
    "restart_policy": "the service keeps its tasks running.",
    "update_config": "say it in `deploymentConfiguration` of the service.",
    "rollback_config": "say it in `deploymentConfiguration` of the service.",
    "placement": "say it in `placementConstraints` and `placementStrategy` of the service.",
    "labels": "say them in `tags` of the service.",
    "mode": "global is `schedulingStrategy: DAEMON` in the service.",
    "endpoint_mode": "it is Swarm's.",
}


def sizes(service: Members, account: Account, name: str) -> Members:
    deploy = mapping(service.get("deploy"), f"{name}.deploy")
    account.rest(f"{name}.deploy.", deploy, ("replicas", "resources"), DEPLOY_LEFT)
    resources = mapping(deploy.get("resources"), f"{name}.deploy.resources")
    limits, reservations = (mapping(resources.get(key), key) for key in ("limits", "reservations"))
    for key, part in (("limits", limits), ("reservations", reservations)):
        account.rest(f"{name}.deploy.resources.{key}.", part, ("cpus", "memory"), {})
    found: Members = {}
    cpus = limits.get("cpus", service.get("cpus", reservations.get("cpus")))
    if cpus is not None:
        found["cpu"] = round(number(cpus) * CPU_UNITS)
    limit = limits.get("memory", service.get("mem_limit"))
    reserved = reservations.get("memory", service.get("mem_reservation"))
    if limit is not None:
        found["memory"] = mebibytes(limit)
    if reserved is not None:
        found["memoryReservation"] = mebibytes(reserved)
    if limit is None and reserved is None:
        found["memoryReservation"] = MEMORY_RESERVATION_MIB
        account.note(
            f"{name} has no memory limit; ECS needs one, so {MEMORY_RESERVATION_MIB} MiB are reserved."
        )
    return found


def linux_parameters(service: Members, account: Account, where: str) -> Members:
    found: Members = {}
    capabilities = {
        member: [text(item) for item in listed(service.get(key))]
        for key, member in (("cap_add", "add"), ("cap_drop", "drop"))
        if service.get(key)
    }
    if capabilities:
        found["capabilities"] = capabilities
    if service.get("init"):
        found["initProcessEnabled"] = True
    if service.get("shm_size") is not None:
        found["sharedMemorySize"] = mebibytes(service["shm_size"])
    mounts = [item for entry in listed(service.get("tmpfs")) for item in _tmpfs(text(entry), account, where)]
    if mounts:
        found["tmpfs"] = mounts
    devices = [_device(text(entry)) for entry in listed(service.get("devices"))]
    if devices:
        found["devices"] = devices
    return found


def _tmpfs(entry: str, account: Account, where: str) -> list[Members]:
    path, _, options = entry.partition(":")
    chosen = [option for option in options.split(",") if option]
    size = next((option.partition("=")[2] for option in chosen if option.startswith("size=")), None)
    if size is None:
        account.leave(f"{where}tmpfs {path}", "ECS needs its size: write `/path:size=64m`.")
        return []
    others = [option for option in chosen if not option.startswith("size=")]
    return [{"containerPath": path, "size": mebibytes(size), **({"mountOptions": others} if others else {})}]


def _device(entry: str) -> Members:
    outside, _, rest = entry.partition(":")
    inside, _, letters = rest.partition(":")
    names = {"r": "read", "w": "write", "m": "mknod"}
    permissions = [names[letter] for letter in letters if letter in names]
    return {
        "hostPath": outside,
        **({"containerPath": inside} if inside else {}),
        **({"permissions": permissions} if permissions else {}),
    }


def ulimits(service: Members) -> list[Members]:
    found = []
    for name, value in mapping(service.get("ulimits"), "ulimits").items():
        soft, hard = (value["soft"], value["hard"]) if isinstance(value, dict) else (value, value)
        found.append({"name": name, "softLimit": int(soft), "hardLimit": int(hard)})
    return found
