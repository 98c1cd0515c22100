"""Gather the evidence for a post-mortem: tasks, events, targets, instances, logs, the last good revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.calls import DENIED_CODES
from shipway.deploy.edge.moments import moment_s
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.planning.causes import cause_of, task_id
from shipway.deploy.planning.causes.placement import UNPLACED
from shipway.deploy.planning.evidence import Evidence
from shipway.deploy.planning.log_places import LogPlace, all_log_places, logged_elsewhere
from shipway.deploy.planning.references import in_ecr, repository_name, short

Members = dict[str, Any]

LOG_LINES = 20
# Enough to speak for every group of equal failures; more would only cost calls.
TASKS_WITH_LOGS_MAX = 6
# Before the end of a task, where its stream has to be searched from some beginning.
SEARCHED_S = 600


class Looks:
    """Looks that only add to what is told: one that fails leaves a word, and the telling goes on."""

    def __init__(self) -> None:
        self._unread: dict[str, None] = {}

    def at(self, what: str, otherwise: Any, look: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return look(*arguments)
        except DeployError as error:
            self._unread[f"{what}: {error.sentence}"] = None
            return otherwise

    def say(self, sentence: str) -> None:
        self._unread[sentence] = None

    @property
    def unread(self) -> tuple[str, ...]:
        return tuple(self._unread)


def gather(aws: Aws, service_name: str, definition_arn: str, events: tuple[str, ...]) -> Evidence:
    """A post-mortem does not fail for a missing permission: what could not be read is said."""
    looks = Looks()
    definition = looks.at("the task definition", None, aws.ecs.task_definition, definition_arn)
    tasks = [
        task
        for task in looks.at("the tasks", [], aws.ecs.service_tasks, service_name)
        if task.get("taskDefinitionArn") == definition_arn
    ]
    service = looks.at("the service", None, aws.ecs.service, service_name) or {}
    good = looks.at("earlier deployments", None, last_good_definition, aws, service_name, definition_arn)
    groups = [
        str(one["targetGroupArn"]) for one in service.get("loadBalancers") or () if one.get("targetGroupArn")
    ]
    instances = (
        looks.at("the container instances", [], aws.ecs.container_instances)
        if _held_up(events, service)
        else ()
    )
    return Evidence(
        tasks=tuple(tasks),
        events=events,
        logs=tuple(_logs(aws, definition, tasks, looks)) if definition else (),
        targets=tuple(_targets(aws, groups, looks)),
        target_groups=dict(_target_groups(aws, groups, looks)),
        service=service,
        deployment=looks.at("the service deployment", None, _newest_deployment, aws, service_name),
        instances=tuple(instances),
        definition=definition,
        good_definition=good,
        tags=tuple(_tags(aws, [definition, good], looks)),
        unread=looks.unread,
    )


def gather_task(aws: Aws, task: Members) -> Evidence:
    """The same for one task; of its service only what its end may need."""
    looks = Looks()
    definition = looks.at(
        "the task definition", None, aws.ecs.task_definition, str(task["taskDefinitionArn"])
    )
    kind, _, name = str(task.get("group") or "").partition(":")
    service = looks.at("the service", None, aws.ecs.service, name) or {} if kind == "service" else {}
    groups = [
        str(one["targetGroupArn"]) for one in service.get("loadBalancers") or () if one.get("targetGroupArn")
    ]
    return Evidence(
        tasks=(task,),
        events=tuple(
            str(event["message"])
            for event in reversed(service.get("events") or ())
            if task_id(task) in str(event["message"])
        ),
        logs=tuple(_logs(aws, definition, [task], looks)) if definition else (),
        target_groups=dict(_target_groups(aws, groups, looks)),
        service=service,
        definition=definition,
        unread=looks.unread,
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


def _newest_deployment(aws: Aws, service_name: str) -> Members | None:
    briefs = aws.ecs.service_deployments(service_name)
    return aws.ecs.service_deployment(str(briefs[0]["serviceDeploymentArn"])) if briefs else None


def _logs(
    aws: Aws, definition: Members, tasks: list[Members], looks: Looks
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    failed = [task for task in tasks if cause_of(task) is not None]
    failed.sort(key=_moment, reverse=True)
    if failed:
        for container, driver in logged_elsewhere(definition, local=aws.local):
            looks.say(f"the log lines of {container}: they are with {driver}")
    for task in failed[:TASKS_WITH_LOGS_MAX]:
        for place in all_log_places(definition, task, local=aws.local):
            lines = looks.at(f"the log lines of {place.container}", [], _last_lines, aws, place, task)
            if lines:
                yield task_id(task), place.container, tuple(lines)


def _last_lines(aws: Aws, place: LogPlace, task: Members) -> list[str]:
    """Some may search a group and not read a stream."""
    try:
        return aws.logs.last_lines(place.group, place.stream, LOG_LINES)
    except AwsRefusal as refusal:
        if refusal.code not in DENIED_CODES:
            raise
        ended_s = moment_s(task.get("stoppedAt") or task.get("createdAt")) or 0.0
        start_ms = int(max(0.0, ended_s - SEARCHED_S) * 1000)
        return aws.logs.found_lines(place.group, place.stream, LOG_LINES, start_ms)


def _targets(aws: Aws, groups: list[str], looks: Looks) -> Iterator[tuple[str, Members]]:
    for arn in groups:
        for target in looks.at("the targets' health", [], aws.elbv2.target_health, arn):
            yield arn, target


def _target_groups(aws: Aws, groups: list[str], looks: Looks) -> Iterator[tuple[str, Members]]:
    for arn in groups:
        found = looks.at("the target group", None, aws.elbv2.target_group_by_arn, arn)
        if found is not None:
            yield arn, found


def _tags(aws: Aws, definitions: list[Members | None], looks: Looks) -> Iterator[tuple[str, str]]:
    images = {
        str(container.get("image"))
        for definition in definitions
        if definition is not None
        for container in definition.get("containerDefinitions") or ()
    }
    for image in sorted(images):
        repository, _, digest = image.partition("@")
        if digest and (aws.local or in_ecr(repository)):
            tag = looks.at("the images' tags", None, aws.ecr.tag_of, repository_name(repository), digest)
            if tag:
                yield image, tag


def _held_up(events: tuple[str, ...], service: Members) -> bool:
    """Whether the container instances may have to do with it."""
    unplaced = any(UNPLACED.search(event) for event in events)
    maximum = (service.get("deploymentConfiguration") or {}).get("maximumPercent", 200)
    return unplaced or maximum <= 100


def _moment(task: Members) -> str:
    return str(task.get("stoppedAt") or task.get("createdAt") or short(str(task.get("taskArn"))))
