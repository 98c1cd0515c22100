"""A compose file -> one task definition whose containers are its services.

Services of a compose file find each other by name, which ECS offers to the containers of one task (links).
Whoever wants a service of its own for each cuts the files apart; importing them apart would cut what works.
"""

from __future__ import annotations

from typing import Any

from shipway.deploy.errors import DeployError
from shipway.deploy.importing.compose_container import CONTAINER_LEFT, compose_container
from shipway.deploy.importing.compose_values import container_name, number, translated
from shipway.deploy.importing.compose_volumes import task_volumes
from shipway.deploy.importing.imported import Imported
from shipway.deploy.importing.source import Account, Source, mapping

Members = dict[str, Any]

CARRIED = {
    "`services`": "containers of one task definition, in bridge mode, linked by name",
    "`image`; `build` with context, dockerfile, args, target, platform": "`image`; `images` in shipway.yml",
    "`command`, `entrypoint`": "`command`, `entryPoint`; a string is split into words as compose does",
    "`environment`, `env_file`": "`environment`; a secret's value in an env file becomes `${NAME}`",
    "`${VAR}` in all its forms but `+`": "Shipway's own; unset is empty, as in compose",
    "`ports`": "`portMappings`, the published port as `hostPort`",
    "`depends_on`": "`dependsOn` with START, HEALTHY or SUCCESS, and `links`",
    "`healthcheck`": "`healthCheck`, within ECS's bounds",
    "`volumes`": "a shared volume of Docker's, which stays on its instance; an absolute path",
    "`deploy.replicas`, `scale`": "`desiredCount`",
    "`deploy.resources`, `mem_limit`, `mem_reservation`, `cpus`": "`cpu`, `memory`, `memoryReservation`",
    "`user`, `working_dir`, `init`, `ulimits`, `cap_add`...": "ECS's member of that meaning",
    "`logging`": "`logConfiguration`",
}
TOP_LEFT = {
    "networks": "the containers of a task share one network, and find each other by their links.",
    "secrets": "put each into Secrets Manager or SSM and name it under `secrets` of its container.",
    "configs": "build the file into the image, or give its text in `environment`.",
    "include": "write one file with `docker compose config` and import that.",
    "version": "compose itself has no more use for it.",
}
NOT_CARRIED = {
    **{f"`{key}`": why for key, why in CONTAINER_LEFT.items()},
    **{f"`{key}` (of the file)": why for key, why in TOP_LEFT.items()},
    "services with `profiles`": "compose starts them only when asked; use `tasks` in shipway.yml.",
    "relative bind mounts": "an instance has no such folder; COPY it into the image.",
    "`.env`": "set what `${VAR}` names when you deploy; compose's own .env is not read.",
}
SHAPE = ("name", "services", "volumes")


def import_compose(source: Source) -> Imported:
    account = Account()
    value = translated(source.value, account)
    services = mapping(value.get("services"), f"{source.name}: services")
    used = {name: mapping(item, f"{source.name}: {name}") for name, item in services.items()}
    for name in [name for name, item in used.items() if item.get("profiles")]:
        account.leave(name, NOT_CARRIED["services with `profiles`"])
        del used[name]
    if not used:
        raise DeployError(f"{source.name} has no services that compose starts.")
    if "include" in value:
        raise DeployError(
            f"{source.name} includes others. Write one file: `docker compose config > flat.yaml`."
        )
    account.rest("", value, SHAPE, TOP_LEFT)
    images: Members = {}
    containers = [compose_container(source, name, used, images, account) for name in used]
    name = container_name(str(value.get("name") or source.folder_name))
    published = any(port.get("hostPort") for item in containers for port in item.get("portMappings", ()))
    definition = {
        "family": name,
        "networkMode": "bridge",
        "containerDefinitions": containers,
        "volumes": task_volumes(used, mapping(value.get("volumes"), f"{source.name}: volumes"), account),
    }
    keys: Members = {"name": name, "cluster": name}
    if images:
        keys["images"] = images
    if len(used) > 1:
        account.note("All services are containers of one task: when an essential one ends, ECS replaces it.")
    return Imported(
        source=source.name,
        keys=keys,
        task_definition={key: item for key, item in definition.items() if item},
        service=_service(name, used, published, account),
        not_carried=tuple(account.left),
        notes=tuple(account.notes),
    )


def _service(name: str, used: dict[str, Members], published: bool, account: Account) -> Members:
    counts = {
        service: int(number(item.get("scale", mapping(item.get("deploy"), service).get("replicas", 1))))
        for service, item in used.items()
    }
    count = max(counts.values())
    if len(set(counts.values())) > 1:
        wanted = ", ".join(f"{service} {number}" for service, number in counts.items())
        account.leave(
            "replicas", f"{wanted}: containers of one task come in equal numbers; desiredCount is {count}."
        )
    service: Members = {"serviceName": name, "desiredCount": count, "launchType": "EC2"}
    if published:
        # As compose does it: a port of the instance is free only once the old container has ended.
        service["deploymentConfiguration"] = {"minimumHealthyPercent": 0, "maximumPercent": 100}
        account.note(
            "Ports with a fixed number are free again only when the old task has ended, so a deployment "
            "stops it first. To have none of that, leave hostPort out and put a load_balancer in front."
        )
    return service
