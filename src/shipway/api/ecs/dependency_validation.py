"""The rules between containers of one task definition: dependsOn and links."""

from __future__ import annotations

from shipway.api.ecs.container_validation import client_error
from shipway.model.record import Document

CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")


def check_dependencies(containers: list[Document]) -> None:
    by_name = {container["name"]: container for container in containers}
    depends = {name: [d["containerName"] for d in c.get("dependsOn") or []] for name, c in by_name.items()}
    links = {name: [link.partition(":")[0] for link in c.get("links") or []] for name, c in by_name.items()}
    for container in containers:
        for dependency in container.get("dependsOn") or []:
            check_dependency(dependency, by_name)
        for target in links[container["name"]]:
            if target not in by_name:
                raise client_error(f"Cannot link to container '{target}' because it does not exist")
    if has_cycle(depends):
        raise client_error("Container dependencies should not have a cycle")
    if has_cycle(links):
        raise client_error("Container links should not have a cycle")


def check_dependency(dependency: Document, by_name: dict[str, Document]) -> None:
    target, condition = by_name.get(dependency["containerName"]), dependency["condition"]
    if target is None:
        raise client_error(
            f"Cannot depend on container + '{dependency['containerName']}' because it does not exist"
        )
    if condition not in CONDITIONS:
        raise client_error(f"dependsOn.condition '{condition}' is not one of [{','.join(CONDITIONS)}].")
    if condition in ("SUCCESS", "COMPLETE") and target["essential"]:
        raise client_error(
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
        )
    if condition == "HEALTHY" and not target.get("healthCheck"):
        raise client_error(
            f"The container '{target['name']}' is a dependency with condition HEALTHY but has no healthCheck."
        )


def has_cycle(edges: dict[str, list[str]]) -> bool:
    """Takes away, again and again, what points to nothing that is left."""
    left = dict(edges)
    while left:
        free = [name for name, targets in left.items() if not any(target in left for target in targets)]
        if not free:
            return True
        left = {name: targets for name, targets in left.items() if name not in free}
    return False
