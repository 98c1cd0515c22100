"""Task definitions that nobody needs are deregistered; what is used or can be gone back to never is."""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.ecs import Ecs
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.opening import Session
from shipway.deploy.planning.pruning import Pruning, newest_first, plan_pruning
from shipway.deploy.planning.references import short
from shipway.deploy.tools import Tools

Members = dict[str, Any]

# `rollback` goes to the last success of another definition; one more is for a mistake in choosing.
SUCCESSES_KEPT_MIN = 2


def family_of(session: Session, given: str | None) -> str:
    """The one given; else the application's; else that of the service."""
    if given or session.application:
        return given or str(session.application.family if session.application else "")
    service = session.aws.ecs.service(session.service) if session.service else None
    if service is None:
        raise UsageError("Say which family: run in a folder with shipway.yml, or give -s or --family.")
    return short(str(service["taskDefinition"])).rpartition(":")[0]


def pruning(aws: Aws, family: str, keep: int) -> Pruning:
    """What would be removed. Nothing is left out of sight: what cannot be read ends it with an error."""
    revisions = newest_first(aws.ecs.task_definition_arns(family), family)
    return plan_pruning(revisions, needed(aws, family, max(keep, SUCCESSES_KEPT_MIN)), keep)


def needed(aws: Aws, family: str, successes: int) -> dict[str, str]:
    """Definition to reason, over every cluster of the region: services, their past successes, tasks."""
    found: dict[str, str] = {}
    for cluster in aws.ecs.clusters():
        ecs = aws.ecs.of_cluster(str(cluster["clusterName"]))
        for service in ecs.services():
            found = _of_service(ecs, service, family, successes) | found
        for task in ecs.tasks(ecs.task_arns(family=family)):
            if task.get("lastStatus") != "STOPPED":
                found.setdefault(str(task["taskDefinitionArn"]), f"task {short(task['taskArn'])} runs it")
    return found


def _of_service(ecs: Ecs, service: Members, family: str, successes: int) -> dict[str, str]:
    name = str(service["serviceName"])
    deployments = [*(service.get("deployments") or ()), *(service.get("taskSets") or ())]
    current = {str(one["taskDefinition"]) for one in (service, *deployments) if one.get("taskDefinition")}
    briefs = [one for one in ecs.service_deployments(name) if one.get("status") == "SUCCESSFUL"]
    arns = [str(brief["targetServiceRevisionArn"]) for brief in briefs]
    revisions = {one["serviceRevisionArn"]: str(one["taskDefinition"]) for one in ecs.service_revisions(arns)}
    past = [revisions[arn] for arn in arns if arn in revisions and revisions[arn] not in current]
    last = tuple(dict.fromkeys(past))[:successes]
    reasons = dict.fromkeys(last, f"service {name} can be rolled back to it")
    return reasons | dict.fromkeys(current, f"service {name} uses it")


def prune(aws: Aws, plan: Pruning, tools: Tools) -> None:
    for arn in plan.remove:
        aws.ecs.deregister_task_definition(arn)
        tools.progress.say(f"deregistered {short(arn)}")


def deregister(aws: Aws, references: list[str], tools: Tools, *, force: bool) -> list[str]:
    """All are looked at before any is touched: one that is used refuses them all."""
    arns = [_active(aws, reference) for reference in references]
    for arn in [] if force else arns:
        reasons = needed(aws, short(arn).rpartition(":")[0], 0)
        if arn in reasons:
            raise DeployError(f"{short(arn)} is in use: {reasons[arn]}. --force deregisters it nevertheless.")
    for arn in dict.fromkeys(arns):
        aws.ecs.deregister_task_definition(arn)
        tools.progress.say(f"deregistered {short(arn)}")
    return list(dict.fromkeys(arns))


def _active(aws: Aws, reference: str) -> str:
    if ":" not in short(reference):
        raise UsageError(f"{reference!r} names no revision; write FAMILY:REVISION.")
    found = aws.ecs.task_definition(reference)
    if found is None or found.get("status", "ACTIVE") != "ACTIVE":
        raise DeployError(f"There is no active task definition {short(reference)!r}.")
    return str(found["taskDefinitionArn"])
