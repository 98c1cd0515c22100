"""The least that an application's deployments need, as IAM policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shipway.deploy.permissions.places import Arns, Places
from shipway.deploy.permissions.table import BEHIND, DEPLOY, RUN, TABLE
from shipway.deploy.verification.observed import Subject
from shipway.deploy.verification.roles import PULLS, TASKS_OF_ECS, needs_of_start

Members = dict[str, Any]
VERSION = "2012-10-17"
ECS = "ecs.amazonaws.com"
IN_CLUSTER = (
    "in_cluster",
    "task_definition",
    "run_around",
)  # calls whose cluster is no resource but a condition
SESSIONS = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
MOUNTS = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite")


def deployer_policy(services: Sequence[Places], purposes: Iterable[str]) -> Members:
    """For whoever runs Shipway, with one or several services of one cluster."""
    wanted = set(purposes)
    grouped: dict[tuple[Arns, bool], set[str]] = {}
    for row in (*TABLE, *BEHIND):
        resources = _of_all(services, row.on) if wanted & set(row.purposes) else ()
        if resources:
            grouped.setdefault((resources, row.on in IN_CLUSTER), set()).add(row.action)
    statements = [
        allow(actions, resources, _in(services[0]) if within else None)
        for (resources, within), actions in sorted(grouped.items())
    ]
    if wanted & {DEPLOY, RUN}:
        given = _united(places.task_roles() for places in services)
        taken = _united(places.service_roles() for places in services) if DEPLOY in wanted else ()
        passed = ((given, TASKS_OF_ECS), (taken, ECS))
        statements += [
            allow({"iam:PassRole"}, roles, {"StringEquals": {"iam:PassedToService": service}})
            for roles, service in passed
            if roles
        ]
    return policy(statements)


def _of_all(services: Sequence[Places], kind: str) -> Arns:
    return _united(places.of(kind) for places in services)


def _united(found: Iterable[Arns]) -> Arns:
    return tuple(sorted({arn for arns in found for arn in arns}))


def execution_policy(places: Places) -> Members:
    """For the role with which ECS pulls images, reads secrets and writes logs before a container runs."""
    definition = places.application.task_definition
    subject = Subject(definition, {}, {})
    needs = needs_of_start(subject, places.region, places.account)
    statements = [allow(need.actions, (need.resource,)) for need in needs]
    pulled = {str(need["Resource"]) for need in statements}
    built = [arn for arn in places.repositories() if arn not in pulled]
    if built:
        statements.append(allow(PULLS, tuple(built)))
        if "*" not in pulled:
            statements.append(allow({"ecr:GetAuthorizationToken"}, ("*",)))
    buckets = sorted(
        str(file["value"])
        for container in definition.get("containerDefinitions") or ()
        for file in container.get("environmentFiles") or ()
        if file.get("type") == "s3"
    )
    if buckets:
        statements.append(allow({"s3:GetObject"}, tuple(buckets)))
        holders = sorted({arn.split("/")[0] for arn in buckets})
        statements.append(allow({"s3:GetBucketLocation"}, tuple(holders)))
    return policy(statements)


def task_policy(places: Places) -> Members:
    """For the containers' own role: what ECS needs of it. What the program needs only you know."""
    statements = []
    if places.application.service.get("enableExecuteCommand"):
        statements.append(allow(SESSIONS, ("*",)))
    systems = []
    for volume in places.application.task_definition.get("volumes") or ():
        told = volume.get("efsVolumeConfiguration") or {}
        if (told.get("authorizationConfig") or {}).get("iam") == "ENABLED":
            systems.append(places.arn("elasticfilesystem", f"file-system/{told['fileSystemId']}"))
    if systems:
        statements.append(allow(MOUNTS, tuple(sorted(set(systems)))))
    return policy(statements)


def trust_policy() -> Members:
    """Of both roles: ECS may give them to tasks."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": TASKS_OF_ECS},
        "Action": "sts:AssumeRole",
    }
    return policy([statement])


def policy(statements: list[Members]) -> Members:
    return {"Version": VERSION, "Statement": statements}


def allow(actions: Iterable[str], resources: Arns, condition: Members | None = None) -> Members:
    made: Members = {
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": list(resources) if len(resources) > 1 else resources[0],
    }
    return made | ({"Condition": condition} if condition else {})


def _in(places: Places) -> Members:
    return {"ArnEquals" if "*" not in places.cluster_arn else "ArnLike": {"ecs:cluster": places.cluster_arn}}
