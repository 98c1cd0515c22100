"""A whole cluster's trouble: which services are not well and the first cause of each, the worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from shipway.deploy.planning.causes import Cause, cause_of, task_id
from shipway.deploy.planning.counting import several
from shipway.deploy.planning.evidence import Evidence
from shipway.deploy.planning.moments import stamp_ms
from shipway.deploy.planning.post_mortem import explain
from shipway.deploy.planning.references import short, shorter

Members = dict[str, Any]

STEADY = "has reached a steady state"
OF_SERVICE = "service:"
# Codes of a program that ended by itself with 0: of a task that is meant to end, that is success.
ENDED_WELL = ("SC502",)
TASKS_NAMED = 3


class State(IntEnum):
    """The worst first."""

    DOWN = 1  # tasks are wanted, and none runs
    FAILED = 2  # the deployment failed
    SHORT = 3  # fewer run than are wanted
    FAILING = 4  # as many run, but tasks fail or targets are sick
    DEPLOYING = 5  # on its way, and nothing is known against it
    WELL = 6


@dataclass(frozen=True)
class ServiceTrouble:
    """One service that is not well. `cause` is None where what was read does not tell."""

    service: str
    state: State
    running: int
    desired: int
    cause: Cause | None
    tasks: tuple[str, ...] = ()

    def text(self) -> str:
        said = f"{self.cause.code}  {self.cause.sentence}" if self.cause else "no cause found yet"
        count = f" ({_count(self.tasks)})" if self.tasks else ""
        word = self.state.name.lower()
        return f"{word:<8} {self.service}  {self.running} of {self.desired} running  {said}{count}"

    def as_document(self) -> Members:
        return {
            "service": self.service,
            "state": self.state.name.lower(),
            "running": self.running,
            "desired": self.desired,
            **_cause_members(self.cause),
            "tasks": list(self.tasks),
        }


@dataclass(frozen=True)
class LooseTasks:
    """Tasks of no service that failed for one cause."""

    group: str
    cause: Cause
    tasks: tuple[str, ...]

    def text(self) -> str:
        named = ", ".join(shorter(task) for task in self.tasks[:TASKS_NAMED])
        more = ", ..." if len(self.tasks) > TASKS_NAMED else ""
        return f"{self.group}  {self.cause.code}  {self.cause.sentence} ({_count(self.tasks)}: {named}{more})"

    def as_document(self) -> Members:
        return {"group": self.group, **_cause_members(self.cause), "tasks": list(self.tasks)}


@dataclass(frozen=True)
class ClusterTrouble:
    """What `shipway why --all` shows."""

    cluster: str
    services: tuple[ServiceTrouble, ...]
    deploying: tuple[str, ...]
    well: int
    loose: tuple[LooseTasks, ...]
    unread: tuple[str, ...] = ()

    def text(self) -> str:
        lines = [self._headline(), *(f"  {one.text()}" for one in self.services)]
        if self.loose:
            lines += ["tasks of no service that failed:", *(f"  {one.text()}" for one in self.loose)]
        lines += [f"Not read: {said}" for said in self.unread]
        if self.services:
            worst = self.services[0].service
            lines.append(f"More: shipway why -s {self.cluster}/{worst}")
        return "\n".join(lines)

    def _headline(self) -> str:
        deploying = (
            f", {len(self.deploying)} deploying ({', '.join(self.deploying)})" if self.deploying else ""
        )
        bad = len(self.services)
        total = bad + self.well + len(self.deploying)
        if not total:
            return f"{self.cluster}: no services"
        said = f"{bad} of {several(total, 'service')} not well" if bad else f"no service of {total} is unwell"
        return f"{self.cluster}: {said}{deploying}"

    def as_document(self) -> Members:
        return {
            "cluster": self.cluster,
            "services": [one.as_document() for one in self.services],
            "deploying": list(self.deploying),
            "well": self.well,
            "tasks": [one.as_document() for one in self.loose],
            "unread": list(self.unread),
        }


@dataclass(frozen=True)
class ClusterSeen:
    """What was read: services, tasks that stopped, service deployments by ARN, sick targets by service."""

    services: tuple[Members, ...]
    stopped: tuple[Members, ...] = ()
    deployments: tuple[Members, ...] = ()
    targets: tuple[tuple[str, tuple[tuple[str, Members], ...]], ...] = ()
    unread: tuple[str, ...] = ()


def trouble_of(cluster: str, seen: ClusterSeen) -> ClusterTrouble:
    judged = [judged_service(service, seen) for service in seen.services if service.get("status") == "ACTIVE"]
    bad = [one for one in judged if one.state < State.DEPLOYING]
    return ClusterTrouble(
        cluster=cluster,
        services=tuple(sorted(bad, key=_worst_first)),
        deploying=tuple(sorted(one.service for one in judged if one.state is State.DEPLOYING)),
        well=sum(one.state is State.WELL for one in judged),
        loose=loose_tasks(seen.stopped),
        unread=seen.unread,
    )


def judged_service(service: Members, seen: ClusterSeen) -> ServiceTrouble:
    name = str(service["serviceName"])
    desired, running = int(service.get("desiredCount") or 0), int(service.get("runningCount") or 0)
    since_ms, events = since_steady(service)
    tasks = tuple(
        task
        for task in seen.stopped
        if task.get("group") == f"{OF_SERVICE}{name}" and stamp_ms(task.get("stoppedAt")) >= since_ms
    )
    arn = service.get("currentServiceDeployment")
    evidence = Evidence(
        tasks=tasks,
        events=events,
        targets=dict(seen.targets).get(name, ()),
        service=service,
        deployment=next((one for one in seen.deployments if one.get("serviceDeploymentArn") == arn), None),
    )
    finding = next(iter(explain(evidence).findings), None)
    state = _state(service, found=finding is not None)
    cause, whose = (finding.cause, finding.tasks) if finding else (None, ())
    return ServiceTrouble(name, state, running, desired, cause, whose)


def since_steady(service: Members) -> tuple[int, tuple[str, ...]]:
    """The last steady state, and the events after it, oldest first; older trouble is over."""
    later: list[str] = []
    for event in service.get("events") or ():  # newest first
        if STEADY in str(event["message"]):
            return stamp_ms(event.get("createdAt")), tuple(reversed(later))
        later.append(str(event["message"]))
    return 0, tuple(reversed(later))


def loose_tasks(stopped: Iterable[Members]) -> tuple[LooseTasks, ...]:
    groups: dict[tuple[str, Cause], list[str]] = {}
    for task in stopped:
        group = str(task.get("group") or "")
        cause = None if group.startswith(OF_SERVICE) else cause_of(task)
        if cause is not None and cause.code not in ENDED_WELL:
            what = short(str(task.get("taskDefinitionArn") or group))
            groups.setdefault((what, cause), []).append(task_id(task))
    found = [LooseTasks(what, cause, tuple(sorted(tasks))) for (what, cause), tasks in groups.items()]
    return tuple(
        sorted(found, key=lambda one: (one.cause.rank, -len(one.tasks), one.group, one.cause.sentence))
    )


def _state(service: Members, *, found: bool) -> State:
    desired, running = int(service.get("desiredCount") or 0), int(service.get("runningCount") or 0)
    rollout = next(
        (
            one.get("rolloutState")
            for one in service.get("deployments") or ()
            if one.get("status") == "PRIMARY"
        ),
        None,
    )
    if not found and rollout == "IN_PROGRESS":
        return State.DEPLOYING
    if desired and not running:
        return State.DOWN
    if rollout == "FAILED":
        return State.FAILED
    if running < desired:
        return State.SHORT
    return State.FAILING if found and desired else State.WELL


def _worst_first(one: ServiceTrouble) -> tuple[int, int, int, str]:
    rank = int(one.cause.rank) if one.cause else 99
    return (int(one.state), rank, one.running - one.desired, one.service)


def _cause_members(cause: Cause | None) -> Members:
    return {
        "code": cause.code if cause else None,
        "sentence": cause.sentence if cause else None,
        "advice": cause.advice if cause else None,
    }


def _count(tasks: tuple[str, ...]) -> str:
    return several(len(tasks), "task")
