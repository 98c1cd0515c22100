"""A container of a deployfish.yml -> a container definition, as deployfish converts it."""

from __future__ import annotations

import re
from typing import Any

from shipway.deploy.importing.compose_limits import ulimits
from shipway.deploy.importing.compose_values import pairs, port_mappings, text, words
from shipway.deploy.importing.source import Account, listed, mapping

Members = dict[str, Any]

# What deployfish takes where the file says nothing, for tasks on EC2.
CPU_UNITS, MEMORY_MIB = 256, 512
USED = (
    *("name", "image", "cpu", "memory", "memoryReservation", "ports", "links", "essential", "extra_hosts"),
    *("entrypoint", "command", "environment", "ulimits", "cap_add", "cap_drop", "tmpfs", "dockerLabels"),
    *("volumes", "logging"),
)
CONTAINER_LEFT = {"labels": "deployfish itself takes `dockerLabels` only."}


def deployfish_container(
    given: Members, service: Members, volumes: list[Members], account: Account
) -> Members:
    where = f"{given['name']}."
    account.rest(where, given, USED, CONTAINER_LEFT)
    container: Members = {"name": given["name"], "image": given["image"], **_sizes(given, service)}
    if given.get("essential") is False:
        container["essential"] = False
    container["portMappings"] = port_mappings(listed(given.get("ports")), account, str(given["name"]))
    for key, member in (("command", "command"), ("entrypoint", "entryPoint")):
        if given.get(key):
            container[member] = words(given[key])
    container["environment"] = _environment(given, service)
    container["secrets"] = _secrets(service)
    container["mountPoints"] = _mounts(given, volumes)
    container["links"] = given.get("links")
    container["dockerLabels"] = {
        name: text(value) for name, value in pairs(given.get("dockerLabels")).items()
    }
    logging = mapping(given.get("logging"), f"{where}logging")
    if logging:
        options = {key: text(value) for key, value in mapping(logging.get("options"), "options").items()}
        container["logConfiguration"] = {
            "logDriver": logging["driver"],
            **({"options": options} if options else {}),
        }
    container["extraHosts"] = [
        dict(zip(("hostname", "ipAddress"), text(line).split(":", 1), strict=True))
        for line in listed(given.get("extra_hosts"))
    ]
    container["ulimits"] = ulimits(given)
    container["linuxParameters"] = _linux_parameters(given)
    if service.get("readonly_root_filesystem") is not None:
        container["readonlyRootFilesystem"] = bool(service["readonly_root_filesystem"])
    return {key: item for key, item in container.items() if item not in (None, [], {})}


def _sizes(given: Members, service: Members) -> Members:
    found = {
        key: int(given[key]) for key in ("cpu", "memory", "memoryReservation") if given.get(key) is not None
    }
    if service.get("launch_type") != "FARGATE":
        found.setdefault("cpu", CPU_UNITS)
        if "memoryReservation" not in found and service.get("memory") is None:
            found.setdefault("memory", MEMORY_MIB)
    return found


def _environment(given: Members, service: Members) -> list[Members]:
    """deployfish adds its own only where there are others."""
    if "environment" not in given:
        return []
    own = {
        "DEPLOYFISH_SERVICE_NAME": service["name"],
        "DEPLOYFISH_ENVIRONMENT": service.get("environment", "undefined"),
        "DEPLOYFISH_CLUSTER_NAME": service.get("cluster", "default"),
    }
    every = {**pairs(given["environment"]), **own}
    return [{"name": name, "value": text(value)} for name, value in every.items()]


def _secrets(service: Members) -> list[Members]:
    """`KEY=value` and `KEY:secure=value` are this service's parameters; `:external` ones are of elsewhere."""
    found = []
    for line in listed(service.get("config")):
        name = text(line).partition("=")[0].partition(":")[0]
        if "=" not in text(line) or ":external" in text(line):
            found.append({"name": name.rpartition(".")[2], "valueFrom": name})
        else:
            found.append(
                {"name": name, "valueFrom": f"{service.get('cluster', 'default')}.{service['name']}.{name}"}
            )
    return found


def _mounts(given: Members, volumes: list[Members]) -> list[Members]:
    """A path of the instance becomes a volume of the task, added to `volumes` as deployfish does."""
    found = []
    for line in listed(given.get("volumes")):
        origin, target, *mode = text(line).split(":")
        name = re.sub("[^A-Za-z0-9_-]", "_", origin)[:254]
        if name not in {volume["name"] for volume in volumes}:
            volumes.append({"name": name, "host": {"sourcePath": origin}})
        found.append({"sourceVolume": name, "containerPath": target, "readOnly": mode == ["ro"]})
    return found


def _linux_parameters(given: Members) -> Members:
    found: Members = {}
    capabilities = {
        member: given[key] for key, member in (("cap_add", "add"), ("cap_drop", "drop")) if given.get(key)
    }
    if capabilities:
        found["capabilities"] = capabilities
    mounts = [
        {
            "containerPath": item["container_path"],
            "size": int(item["size"]),
            **({"mountOptions": item["mount_options"]} if item.get("mount_options") else {}),
        }
        for item in listed(given.get("tmpfs"))
    ]
    if mounts:
        found["tmpfs"] = mounts
    return found
