"""A living service: its status, its way back, its end and its post-mortem."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.follow import resilient
from shipway.deploy.gather import gather, gather_task
from shipway.deploy.lookup import task_named
from shipway.deploy.observe import required_service, urls
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.causes import cause_of
from shipway.deploy.planning.deployed import taken_back
from shipway.deploy.planning.post_mortem import PostMortem, explain
from shipway.deploy.planning.references import short
from shipway.deploy.planning.service_report import ServiceReport
from shipway.deploy.release import begin_and_follow
from shipway.deploy.steering import UNENDED
from shipway.deploy.tools import Tools

Members = dict[str, Any]

GONE_WITHIN_S = 600.0
DEPLOYMENTS_SHOWN = 5


@dataclass(frozen=True)
class DeleteToo:
    """What stands around the service, and whether it goes with it."""

    load_balancer: str | None = None
    delete_load_balancer: bool = False
    delete_cluster: bool = False


@dataclass(frozen=True)
class Deleted:
    """What is gone, and what of the service's surroundings is still there."""

    removed: tuple[str, ...]
    kept: tuple[str, ...] = ()

    def text(self) -> str:
        still = f"\nstill there: {', '.join(self.kept)}" if self.kept else ""
        return f"deleted: {', '.join(self.removed)}{still}"


def status(aws: Aws, name: str) -> ServiceReport:
    """The service, its deployments, tasks, targets and latest events."""
    service = required_service(aws, name)
    targets: list[Members] = []
    for member in service.get("loadBalancers") or ():
        if member.get("targetGroupArn"):
            targets += resilient([], aws.elbv2.target_health, member["targetGroupArn"])
    latest: list[Members] = resilient([], aws.ecs.service_deployments, name)[:DEPLOYMENTS_SHOWN]
    return ServiceReport(
        service=service,
        tasks=tuple(resilient([], aws.ecs.service_tasks, name)),
        targets=tuple(targets),
        service_deployments=tuple(latest),
        urls=resilient((), urls, aws, service),
        task_definitions=tuple(resilient((), _task_definitions, aws, latest)),
        current=resilient(None, _unended, aws, latest),
    )


def _unended(aws: Aws, briefs: list[Members]) -> Members | None:
    arn = next((str(one["serviceDeploymentArn"]) for one in briefs if one.get("status") in UNENDED), None)
    return aws.ecs.service_deployment(arn) if arn else None


def _task_definitions(aws: Aws, briefs: list[Members]) -> list[tuple[str, str]]:
    revisions = aws.ecs.service_revisions([str(brief["targetServiceRevisionArn"]) for brief in briefs])
    return [(str(one["serviceRevisionArn"]), str(one["taskDefinition"])) for one in revisions]


def rollback(aws: Aws, name: str, tools: Tools, timeout_s: float, wanted: str | None = None) -> Outcome:
    """Deploy again the task definition of the last service deployment that succeeded with another one.

    Or the one that is wanted: a revision's number, `family:revision`, its ARN or a service revision's.
    """
    service = required_service(aws, name)
    before = str(service["taskDefinition"])
    target = (
        revision_wanted(aws, wanted, before)
        if wanted
        else last_successful(
            aws, aws.ecs.service_deployments(name), before, taken_back(service.get("tags") or [])
        )
    )
    if target is None:
        raise DeployError(
            f"No earlier deployment of {name} succeeded with another task definition than {short(before)}, "
            "so there is nothing to roll back to."
        )
    tools.progress.say(f"rolling {name} back from {short(before)} to {short(target)}")
    return begin_and_follow(aws, service, {"taskDefinition": target}, tools, timeout_s)


def revision_wanted(aws: Aws, wanted: str, current: str) -> str:
    """The ARN of an ACTIVE task definition that is not the current one."""
    if ":service-revision/" in wanted:
        revision = aws.ecs.service_revision(wanted)
        reference = str(revision["taskDefinition"]) if revision else wanted
    else:
        family = short(current).partition(":")[0]
        reference = f"{family}:{wanted}" if wanted.isdigit() else wanted
    found = aws.ecs.task_definition(reference)
    if found is None:
        raise DeployError(
            f"There is no task definition {short(reference)}. `shipway history` lists what was deployed."
        )
    if found.get("status") != "ACTIVE":
        raise DeployError(
            f"{short(reference)} was deregistered, so ECS deploys it no more. Deploy its image again instead."
        )
    if found["taskDefinitionArn"] == current:
        raise DeployError(
            f"{short(current)} is what the service has already. `shipway restart` replaces its tasks."
        )
    return str(found["taskDefinitionArn"])


def last_successful(
    aws: Aws, briefs: list[Members], current: str, unwanted: tuple[str, ...] = ()
) -> str | None:
    """Not "revision minus one": that one may never have run, or never have worked; nor one that was taken
    back after its deployment, for its smoke test failed.
    """
    for brief in briefs:
        if brief.get("status") != "SUCCESSFUL":
            continue
        revision = aws.ecs.service_revision(str(brief["targetServiceRevisionArn"]))
        if revision is None or revision["taskDefinition"] == current:
            continue
        if short(str(revision["taskDefinition"])) not in unwanted:
            return str(revision["taskDefinition"])
    return None


def delete(aws: Aws, name: str, tools: Tools, too: DeleteToo) -> Deleted:
    """End the service and its tasks, the load balancer a deployment made, and the cluster if asked."""
    required_service(aws, name)
    aws.ecs.delete_service(name)
    tools.progress.say(f"deleting the service {name}: its tasks are drained and stopped")
    try:
        _until_gone(aws, name, tools)
    except KeyboardInterrupt:
        raise DeployError(
            f"Interrupted: ECS goes on deleting the service {name}; nothing else was deleted.", exit_code=130
        ) from None
    removed, kept = [f"the service {name}"], []
    if too.load_balancer is not None and too.delete_load_balancer:
        removed += _delete_balancer(aws, too.load_balancer)
    elif too.load_balancer is not None and resilient(None, aws.elbv2.load_balancer, too.load_balancer):
        kept.append(f"the load balancer {too.load_balancer} (--delete-load-balancer)")
    if too.delete_cluster:
        aws.ecs.delete_cluster()
        removed.append(f"the cluster {aws.ecs.cluster}")
    return Deleted(tuple(removed), tuple(kept))


def _until_gone(aws: Aws, name: str, tools: Tools) -> None:
    until_ms = tools.pace.now_ms() + int(GONE_WITHIN_S * 1000)
    while (service := aws.ecs.service(name)) is not None:
        if tools.pace.now_ms() >= until_ms:
            raise DeployError(
                f"The service {name} is still {service.get('status')} after {GONE_WITHIN_S / 60:.0f} min; "
                "ECS goes on with it. Look with `shipway status`."
            )
        tools.progress.now(f"{service.get('runningCount', 0)} tasks still running")
        tools.pace.pause(1.0)


def _delete_balancer(aws: Aws, name: str) -> list[str]:
    removed = []
    load_balancer = aws.elbv2.load_balancer(name)
    if load_balancer is not None:
        aws.elbv2.delete_load_balancer(load_balancer["LoadBalancerArn"])
        removed.append(f"the load balancer {name}")
    target_group = aws.elbv2.target_group(name)
    if target_group is not None:
        aws.elbv2.delete_target_group(target_group["TargetGroupArn"])
        removed.append(f"the target group {name}")
    return removed


def why_service(aws: Aws, name: str) -> PostMortem:
    """The post-mortem of the newest revision that failed, or of the one in use."""
    service = required_service(aws, name)
    tasks = resilient([], aws.ecs.service_tasks, name)
    failed = sorted((task for task in tasks if cause_of(task) is not None), key=_created, reverse=True)
    arn = str(failed[0]["taskDefinitionArn"] if failed else service["taskDefinition"])
    events = tuple(str(event["message"]) for event in reversed(service.get("events") or ()))
    return explain(gather(aws, name, arn, _current(events)))


def why_task(aws: Aws, task: str) -> PostMortem:
    """The post-mortem of one task."""
    found = aws.ecs.tasks([task_named(aws, task)])
    if not found:
        raise DeployError(
            f"There is no task {task} in the cluster {aws.ecs.cluster} (stopped ones are kept an hour)."
        )
    return explain(gather_task(aws, found[0]))


def _current(events: tuple[str, ...]) -> tuple[str, ...]:
    """What came after the last steady state; older trouble is over."""
    for index in range(len(events) - 1, -1, -1):
        if "has reached a steady state" in events[index]:
            return events[index + 1 :]
    return events


def _created(task: Members) -> str:
    return str(task.get("createdAt", ""))


def delete_too(
    application: Application | None, *, delete_load_balancer: bool, delete_cluster: bool
) -> DeleteToo:
    """The load balancer is the one that a deployment of this file makes."""
    if application is not None and application.load_balancer is not None:
        name = application.load_balancer.name or application.name
        return DeleteToo(name, delete_load_balancer, delete_cluster)
    if delete_load_balancer:
        raise DeployError("There is no load_balancer block in shipway.yml, so no load balancer to delete.")
    return DeleteToo(delete_cluster=delete_cluster)


def confirm(question: str) -> None:
    """Ask on a terminal; where nobody can answer, demand --yes."""
    if not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here; give --yes to delete.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if not sys.stdin.readline().strip().lower().startswith("y"):
        raise DeployError("Nothing was deleted.")
