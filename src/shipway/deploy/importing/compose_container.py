"""One service of a compose file -> one container definition."""

from __future__ import annotations

from typing import Any

from shipway.deploy.application.env_file import env_file_pairs
from shipway.deploy.importing.compose_health import container_health, depends_on
from shipway.deploy.importing.compose_limits import linux_parameters, sizes, ulimits
from shipway.deploy.importing.compose_values import (
    container_name,
    pairs,
    port_mappings,
    seconds,
    text,
    words,
)
from shipway.deploy.importing.compose_volumes import mount_points
from shipway.deploy.importing.source import Account, Source, listed, mapping
from shipway.deploy.planning.masking import is_secret

Members = dict[str, Any]

STOP_TIMEOUT_S_MAX = 120
# Compose's member -> ECS's, taken as they stand.
SAME = {
    "user": "user",
    "working_dir": "workingDirectory",
    "hostname": "hostname",
    "privileged": "privileged",
    "read_only": "readonlyRootFilesystem",
    "tty": "pseudoTerminal",
    "stdin_open": "interactive",
    "dns": "dnsServers",
    "dns_search": "dnsSearchDomains",
    "security_opt": "dockerSecurityOptions",
}
SEVERAL = ("dns", "dns_search", "security_opt")
OTHERS = (
    *("image", "build", "command", "entrypoint", "environment", "env_file", "ports", "expose", "depends_on"),
    *(
        "healthcheck",
        "volumes",
        "deploy",
        "scale",
        "mem_limit",
        "mem_reservation",
        "cpus",
        "labels",
        "logging",
    ),
    *("links", "init", "shm_size", "cap_add", "cap_drop", "tmpfs", "devices", "ulimits", "extra_hosts"),
    *("sysctls", "stop_grace_period", "platform"),
)
CONTAINER_LEFT = {
    "restart": "the service keeps its tasks running; what an essential container ends, a new task replaces.",
    "container_name": "ECS names each container itself; `shipway logs` takes the service's name.",
    "networks": "the containers of a task share one network, and find each other by their links.",
    "network_mode": "the task has one network mode, bridge here; change `networkMode` if it must be another.",
    "secrets": "put each into Secrets Manager or SSM and name it under `secrets` of its container.",
    "configs": "build the file into the image, or give its text in `environment`.",
    "extends": "write one file with `docker compose config` and import that.",
    "develop": "it is for the folder of a developer; a deployment has none.",
    "pull_policy": "a deployment pins the digest of what it built.",
    "stop_signal": "ECS sends SIGTERM; say STOPSIGNAL in the Dockerfile.",
}


def compose_container(
    source: Source, name: str, services: dict[str, Members], images: Members, account: Account
) -> Members:
    service = services[name]
    where = f"{name}."
    account.rest(where, service, (*OTHERS, *SAME, "profiles"), CONTAINER_LEFT)
    container: Members = {"name": container_name(name)}
    if service.get("build") is not None:
        images[container["name"]] = _build(source, service, account, where)
    elif service.get("image"):
        container["image"] = service["image"]
    container |= sizes(service, account, name)
    if _ends_by_itself(name, services):
        container["essential"] = False
    for key, member in (("entrypoint", "entryPoint"), ("command", "command")):
        if service.get(key) is not None:
            container[member] = words(service[key])
    container["environment"] = _environment(source, service, account)
    container["portMappings"] = port_mappings(listed(service.get("ports")), account, name)
    container |= depends_on(service, services, account, name)
    container["healthCheck"] = container_health(service, account, where)
    container["mountPoints"] = mount_points(service, account, name)
    for key, member in SAME.items():
        if service.get(key) is not None:
            container[member] = (
                [text(item) for item in listed(service[key])] if key in SEVERAL else service[key]
            )
    container["dockerLabels"] = {label: text(value) for label, value in pairs(service.get("labels")).items()}
    container |= _logging(service)
    container["linuxParameters"] = linux_parameters(service, account, where)
    container["ulimits"] = ulimits(service)
    container["extraHosts"] = _extra_hosts(service)
    container["systemControls"] = [
        {"namespace": namespace, "value": text(value)}
        for namespace, value in pairs(service.get("sysctls")).items()
    ]
    if service.get("stop_grace_period") is not None:
        container["stopTimeout"] = min(STOP_TIMEOUT_S_MAX, seconds(service["stop_grace_period"]))
    return {key: value for key, value in container.items() if value not in (None, [], {}, "")}


def _build(source: Source, service: Members, account: Account, where: str) -> Members:
    build = service["build"]
    if isinstance(build, str):
        build = {"context": build}
    used = ("context", "dockerfile", "args", "target", "platforms")
    account.rest(f"{where}build.", build, used, {"secrets": "write them under `images` in shipway.yml."})
    image: Members = {"context": source.path(str(build.get("context", ".")))}
    for key in ("dockerfile", "target"):
        if build.get(key):
            image[key] = build[key]
    arguments = pairs(build.get("args"))
    if arguments:
        image["args"] = {
            key: f"${{{key}}}" if value is None else text(value) for key, value in arguments.items()
        }
    platform = ",".join(listed(build.get("platforms"))) or service.get("platform")
    if platform:
        image["platform"] = platform
    if service.get("image"):
        repository, colon, tag = str(service["image"]).rpartition(":")
        image["repository"] = repository if colon and "/" not in tag else service["image"]
    return image


def _ends_by_itself(name: str, services: dict[str, Members]) -> bool:
    waits = (
        mapping(item.get("depends_on"), name)
        for item in services.values()
        if isinstance(item.get("depends_on"), dict)
    )
    return any(
        (condition.get(name) or {}).get("condition") == "service_completed_successfully"
        for condition in waits
    )


def _environment(source: Source, service: Members, account: Account) -> list[Members]:
    found: dict[str, str] = {}
    for item in listed(service.get("env_file")):
        path = item["path"] if isinstance(item, dict) else str(item)
        if isinstance(item, dict) and item.get("required") is False and source.beside(path) is None:
            continue
        for name, value in env_file_pairs(source.text_of(path)).items():
            if is_secret(name):
                account.note(
                    f"{name} of {path} looks like a secret: it is ${{{name}}}, to be set on deploying. "
                    "Better yet, use `secrets`."
                )
            found[name] = f"${{{name}}}" if is_secret(name) else value.replace("$", "$$")
    for name, value in pairs(service.get("environment")).items():
        found[name] = f"${{{name}:-}}" if value is None else text(value)
    return [{"name": name, "value": value} for name, value in found.items()]


def _logging(service: Members) -> Members:
    logging = mapping(service.get("logging"), "logging")
    if not logging.get("driver"):
        return {}
    options = {key: text(value) for key, value in mapping(logging.get("options"), "logging.options").items()}
    return {"logConfiguration": {"logDriver": logging["driver"], **({"options": options} if options else {})}}


def _extra_hosts(service: Members) -> list[Members]:
    entries = service.get("extra_hosts") or ()
    if isinstance(entries, dict):
        return [{"hostname": name, "ipAddress": text(address)} for name, address in entries.items()]
    found = []
    for entry in entries:
        name, _, address = text(entry).replace("=", ":", 1).partition(":")
        found.append({"hostname": name, "ipAddress": address})
    return found
