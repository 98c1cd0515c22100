"""A task definition and a service as written, made ready to send: checked, and read-only members dropped."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from shipway.deploy.application.ecs_shape import (
    ShapeReport,
    hold_against,
    input_shape,
    path_text,
    sdk_version,
)
from shipway.deploy.application.suggestion import nearest
from shipway.deploy.application.variables import Path
from shipway.deploy.errors import DeployError

# What DescribeTaskDefinition and DescribeServices add; files made from their output carry these along.
READ_ONLY = {
    "RegisterTaskDefinition": frozenset(
        (
            "taskDefinitionArn",
            "revision",
            "status",
            "requiresAttributes",
            "compatibilities",
            "registeredAt",
            "registeredBy",
            "deregisteredAt",
            "deleteRequestedAt",
        )
    ),
    "CreateService": frozenset(
        (
            "serviceArn",
            "clusterArn",
            "status",
            "runningCount",
            "pendingCount",
            "deployments",
            "events",
            "createdAt",
            "createdBy",
            "roleArn",
            "taskSets",
            "currentServiceDeployment",
            "currentServiceRevisions",
            "resourceManagementType",
            "platformFamily",
        )
    ),
}

Place = Callable[[Path], str]


def ready(
    operation: str, members: Any, given: Collection[str], place: Place
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The members to send, and warnings. `given` are required members that Shipway fills in itself."""
    if not isinstance(members, dict):
        raise DeployError(f"{place(())}: {operation}'s members must be a mapping.")
    members = {key: value for key, value in members.items() if key not in READ_ONLY[operation]}
    report = ShapeReport()
    held: dict[str, Any] = hold_against(input_shape(operation), members, report)
    for path, complaint in report.wrong:
        raise DeployError(f"{place(path)}: {path_text(path)} {complaint}.")
    for path, member in report.missing:
        if path or member not in given:
            raise DeployError(_missing(path, member, members, place))
    return held, tuple(
        f"{place(path)}: the installed SDK (botocore {sdk_version()}) does not know member "
        f"{path_text(path)!r} of {operation}{'; ' + hint if hint else '.'} It is sent as written."
        for path, hint in report.unknown
    )


def check_containers(
    definition: dict[str, Any], built: Collection[str], place: Place, image_place: Place
) -> None:
    """ECS demands at least one container, each with a name and an image; the SDK's model does not say so."""
    containers = definition.get("containerDefinitions") or []
    if not containers:
        raise DeployError(_missing((), "containerDefinitions", definition, place))
    for index, container in enumerate(containers):
        path: Path = ("containerDefinitions", index)
        if not container.get("name"):
            raise DeployError(_missing(path, "name", container, place))
        if not container.get("image") and container["name"] not in built:
            raise DeployError(
                _missing(path, "image", container, place)
                + f" Or let Shipway build it: name {container['name']!r} under images: in shipway.yml."
            )
    names = [container["name"] for container in containers]
    for name in sorted(built):
        if name not in names:
            raise DeployError(
                f"{image_place((name,))}: images names the container {name!r}, which the task definition "
                f"does not have. It has: {', '.join(names)}."
            )


def _missing(path: Path, member: str, around: Any, place: Place) -> str:
    where = f"{path_text(path)} lacks" if path else "lacks"
    others = [key for key in around if isinstance(key, str)] if isinstance(around, dict) else []
    near = nearest(member, others)
    hint = f" Is {near!r} meant to be it?" if near and near != member else ""
    return f"{place(path)}: {where} {member!r}, which ECS requires.{hint}"
