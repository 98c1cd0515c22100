"""The first version and the new one, as applications. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from shipway.deploy.application.application import Application

Members = dict[str, Any]

FIRST = {"shipway.rehearsal": "first"}
# For simulated containers, unless the file says otherwise: nothing real is ready at once.
USUAL_MS = {
    "shipway.simulated.start-ms": 5_000,
    "shipway.simulated.healthy-after-ms": 10_000,
    "shipway.simulated.answers-after-ms": 10_000,
}


def everything_made(application: Application) -> Application:
    """Nothing of it is there yet, so whatever it needs may be created."""
    balancer = application.load_balancer
    if balancer is not None:
        balancer = msgspec.structs.replace(balancer, create=True)
    return msgspec.structs.replace(application, create=True, load_balancer=balancer)


def first_version(application: Application) -> Application:
    """The file's own, told apart by a Docker label: so the new version is a revision of its own."""
    return with_essential_container(application, lambda container: labelled(container, FIRST))


def with_usual_times(application: Application, speed: float) -> Application:
    """For simulated containers, whose times are shortened as ECS's own are."""
    usual = {label: str(round(ms / speed)) for label, ms in USUAL_MS.items()}
    definition = application.task_definition
    containers = [
        labelled(container, usual | (container.get("dockerLabels") or {}))
        for container in definition["containerDefinitions"]
    ]
    return msgspec.structs.replace(
        application, task_definition={**definition, "containerDefinitions": containers}
    )


def labelled(container: Members, labels: Members) -> Members:
    return {**container, "dockerLabels": {**(container.get("dockerLabels") or {}), **labels}}


def with_essential_container(application: Application, change: Callable[[Members], Members]) -> Application:
    definition = application.task_definition
    name = essential(definition)
    containers = [
        change(container) if container["name"] == name else container
        for container in definition["containerDefinitions"]
    ]
    return msgspec.structs.replace(
        application, task_definition={**definition, "containerDefinitions": containers}
    )


def essential(definition: Members) -> str:
    """The name of the first container whose end ends the task."""
    containers = definition["containerDefinitions"]
    return str(next((c for c in containers if c.get("essential", True)), containers[0])["name"])


def unbuilt_images(application: Application, given: dict[str, str]) -> dict[str, str]:
    """Where nothing is built, since nothing runs: a name for each image."""
    names = {
        container: f"{image.repository or f'{application.name}/{container}'}:{image.tag or 'rehearsed'}"
        for container, image in application.images.items()
    }
    return names | given
