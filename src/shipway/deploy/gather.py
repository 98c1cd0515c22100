"""Gather the evidence for a post-mortem: tasks, events, targets, instances, logs, the last good revision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.follow import resilient
from shipway.deploy.planning.causes import cause_of, task_id
from shipway.deploy.planning.evidence import Evidence
from shipway.deploy.planning.log_places import log_places
from shipway.deploy.planning.references import in_ecr, repository_name, short

Members = dict[str, Any]

LOG_LINES = 20
# Enough to speak for every group of equal failures; more would only cost calls.
TASKS_WITH_LOGS_MAX = 6


def gather(aws: Aws, service_name: str, definition_arn: str, events: tuple[str, ...]) -> Evidence:
    """Whatever cannot be read is left out: a post-mortem must not fail for a missing permission."""
    definition = resilient(None, aws.ecs.task_definition, definition_arn)
    tasks = [
        task
        for task in resilient([], aws.ecs.service_tasks, service_name)
        if task.get("taskDefinitionArn") == definition_arn
    ]
    service = resilient(None, aws.ecs.service, service_name) or {}
    good = resilient(None, last_good_definition, aws, service_name, definition_arn)
    return Evidence(
        tasks=tuple(tasks),
        events=events,
        logs=tuple(_logs(aws, definition, tasks)) if definition else (),
        targets=tuple(_targets(aws, service)),
        instances=tuple(resilient([], aws.ecs.container_instances)) if _unplaced(events) else (),
        definition=definition,
        good_definition=good,
        tags=tuple(_tags(aws, [definition, good])),
    )


def gather_task(aws: Aws, task: Members) -> Evidence:
    """The same for one task that no service started."""
    definition = resilient(None, aws.ecs.task_definition, str(task["taskDefinitionArn"]))
    return Evidence(
        tasks=(task,),
        logs=tuple(_logs(aws, definition, [task])) if definition else (),
        definition=definition,
    )


def last_good_definition(aws: Aws, service_name: str, other_than: str) -> Members | None:
    """The task definition of the last service deployment that succeeded, if it is not this one."""
    for brief in aws.ecs.service_deployments(service_name, ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL"]):
        arn = brief.get("targetServiceRevisionArn")
        if brief["status"] != "SUCCESSFUL":
            full = aws.ecs.service_deployment(brief["serviceDeploymentArn"]) or {}
            arn = (full.get("rollback") or {}).get("serviceRevisionArn")
        revision = aws.ecs.service_revision(arn) if arn else None
        if revision and revision["taskDefinition"] != other_than:
            return aws.ecs.task_definition(revision["taskDefinition"])
    return None


def _logs(aws: Aws, definition: Members, tasks: list[Members]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    failed = [task for task in tasks if cause_of(task) is not None]
    failed.sort(key=_moment, reverse=True)
    for task in failed[:TASKS_WITH_LOGS_MAX]:
        for place in log_places(definition, task_id(task), local=aws.local):
            lines = resilient([], aws.logs.last_lines, place.group, place.stream, LOG_LINES)
            if lines:
                yield task_id(task), place.container, tuple(lines)


def _targets(aws: Aws, service: Members) -> list[Members]:
    found: list[Members] = []
    for member in service.get("loadBalancers") or ():
        arn = member.get("targetGroupArn")
        if arn:
            found += resilient([], aws.elbv2.target_health, arn)
    return found


def _tags(aws: Aws, definitions: list[Members | None]) -> Iterator[tuple[str, str]]:
    images = {
        str(container.get("image"))
        for definition in definitions
        if definition is not None
        for container in definition.get("containerDefinitions") or ()
    }
    for image in sorted(images):
        repository, _, digest = image.partition("@")
        if digest and (aws.local or in_ecr(repository)):
            tag = resilient(None, aws.ecr.tag_of, repository_name(repository), digest)
            if tag:
                yield image, tag


def _unplaced(events: tuple[str, ...]) -> bool:
    return any("unable to place a task" in event for event in events)


def _moment(task: Members) -> str:
    return str(task.get("stoppedAt") or task.get("createdAt") or short(str(task.get("taskArn"))))
