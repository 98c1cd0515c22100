"""What exists only in AWS, and what stands in for it in a rehearsal. Pure.

Each function takes members of the application away or replaces them, and tells what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from shipway.deploy.application.application import Application
from shipway.rehearsal.stand_ins_container import stood_in_container
from shipway.rehearsal.stand_ins_service import stood_in_service

Members = dict[str, Any]
Tell = Callable[[str, str], None]

FOREIGN_MEMBERS = (
    "proxyConfiguration",
    "inferenceAccelerators",
    "enableFaultInjection",
    "trustedExecutionConfiguration",
)
FOREIGN_VOLUMES = {
    "efsVolumeConfiguration": "EFS",
    "s3filesVolumeConfiguration": "S3",
    "fsxWindowsFileServerVolumeConfiguration": "FSx",
    "configuredAtLaunch": "EBS",
}
OWN_ATTRIBUTES = ("ecs.availability-zone", "ecs.os-type", "ecs.cpu-architecture", "ecs.os-family")


@dataclass(frozen=True)
class StandIn:
    """`what` exists in AWS only; `instead` is what the rehearsal has."""

    what: str
    instead: str

    def text(self) -> str:
        return f"{self.what}: {self.instead}"


def stood_in(application: Application, secrets: Mapping[str, str]) -> tuple[Application, tuple[StandIn, ...]]:
    """The application without what exists only in AWS. Target groups are `stand_ins_balancing`'s."""
    told: list[StandIn] = []

    def tell(what: str, instead: str) -> None:
        if StandIn(what, instead) not in told:
            told.append(StandIn(what, instead))

    changed = msgspec.structs.replace(
        application,
        task_definition=_definition(application.task_definition, secrets, tell),
        service=_service(application.service, tell),
    )
    return changed, tuple(told)


def without_hooks(application: Application) -> tuple[Application, tuple[StandIn, ...]]:
    """Whoever is told of deployments, and what commands do beyond this machine, is not meant by a rehearsal.
    `before_build` makes what is built.
    """
    hooks = application.hooks
    names = ("before_deploy", "after_deploy", "on_failure", "on_rollback")
    told = [
        StandIn(f"hook {name}", "left out: it may reach beyond this machine")
        for name in names
        if getattr(hooks, name)
    ]
    if application.notify is not None:
        told.append(StandIn("webhook", "nobody is told"))
    kept = type(hooks)(before_build=hooks.before_build)
    return msgspec.structs.replace(application, hooks=kept, notify=None), tuple(told)


def without_tasks_around(application: Application) -> tuple[Application, tuple[StandIn, ...]]:
    """For simulated containers, which run no program."""
    around = (("before_deploy", application.before_deploy), ("after_deploy", application.after_deploy))
    told = tuple(
        StandIn(f"{when} {', '.join(names)}", "left out: simulated containers run no program")
        for when, names in around
        if names
    )
    return msgspec.structs.replace(application, before_deploy=(), after_deploy=()), told


def unknown_secrets(application: Application, given: Iterable[str]) -> list[str]:
    """Names of --secret that no container asks for."""
    containers = application.task_definition["containerDefinitions"]
    names = {secret["name"] for container in containers for secret in container.get("secrets") or ()}
    return sorted(set(given) - names)


def _service(service: Members, tell: Tell) -> Members:
    service = stood_in_service(service, tell)
    if service.get("placementConstraints"):
        service["placementConstraints"] = kept_constraints(service["placementConstraints"], tell)
    return service


def _definition(definition: Members, secrets: Mapping[str, str], tell: Tell) -> Members:
    definition = {**definition}
    for member in ("taskRoleArn", "executionRoleArn"):
        if definition.get(member):
            role = str(definition[member]).rpartition("/")[2]
            tell(f"{member} {role}", "a role that may do everything here, and nothing in AWS")
    for member in FOREIGN_MEMBERS:
        if definition.pop(member, None):
            tell(member, "left out")
    for member in ("pidMode", "ipcMode"):
        if definition.get(member) == "task":
            del definition[member]
            tell(f"{member} task", "each container has its own")
    if definition.get("volumes"):
        definition["volumes"] = [_volume(volume, tell) for volume in definition["volumes"]]
    if definition.get("placementConstraints"):
        definition["placementConstraints"] = kept_constraints(definition["placementConstraints"], tell)
    definition["containerDefinitions"] = [
        stood_in_container(container, secrets, tell) for container in definition["containerDefinitions"]
    ]
    return definition


def _volume(volume: Members, tell: Tell) -> Members:
    name = str(volume["name"])
    for member, kind in FOREIGN_VOLUMES.items():
        if volume.get(member):
            tell(f"{kind} volume {name}", "an empty volume of each task's own")
            return {"name": name}
    docker = volume.get("dockerVolumeConfiguration") or {}
    foreign = docker.get("driver") not in (None, "", "local") or docker.get("driverOpts")
    if foreign or docker.get("labels"):
        tell(f"Docker volume {name} with its driver's options", "an empty local volume of each task's own")
        return {"name": name, "dockerVolumeConfiguration": {"scope": "task"}}
    return volume


def kept_constraints(constraints: list[Members], tell: Tell) -> list[Members]:
    """Those that a local instance can meet."""
    kept = []
    for constraint in constraints:
        expression = str(constraint.get("expression") or "")
        named = [word.partition("attribute:")[2] for word in expression.split() if "attribute:" in word]
        if constraint.get("type") == "memberOf" and any(name not in OWN_ATTRIBUTES for name in named):
            tell(f"placement constraint {expression}", "left out: instances here have no such attributes")
        else:
            kept.append(constraint)
    return kept
