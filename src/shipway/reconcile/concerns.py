"""Whom a commit concerns: a function of its changes, and of the state they led to.

It may name too many, never too few; what then is decided depends on the state alone. Each kind of record is
here, with whom it concerns or with nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from msgspec.structs import replace

from shipway.model.account_setting import AccountSetting
from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.code_deploy import CodeDeployment
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonRevision
from shipway.model.daemon_task_definition import DaemonTaskDefinition, DaemonTaskDefinitionFamily
from shipway.model.listener import Listener
from shipway.model.load_balancer import LoadBalancer
from shipway.model.outbox import OutboxMessage
from shipway.model.record import Record
from shipway.model.repository import Repository
from shipway.model.rule import Rule
from shipway.model.run_task_request import RunTaskRequest
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.target import Target
from shipway.model.target_group import TargetGroup
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition, TaskDefinitionFamily
from shipway.model.task_set import TaskSet
from shipway.store import Change, Reads
from shipway.store.ledger import counts_alike, place_of

Names = Callable[[Change, Reads], Iterable[str]]


def services_concerned(
    changes: Iterable[Change], reads: Reads, watching: Mapping[str, frozenset[str]]
) -> set[str]:
    """The services to look at. `watching`: whose decision hangs on fleets -> the clusters of those fleets."""
    changes = tuple(changes)
    named = {arn for change in changes for arn in SERVICES[change.kind](change, reads)}
    if watching:
        moved = fleets_moved(changes, reads)
        named.update(arn for arn, cluster_arns in watching.items() if cluster_arns & moved)
    return named


def fleets_moved(changes: Iterable[Change], reads: Reads) -> set[str]:
    """The clusters in whose fleet something may fit now that did not fit before."""
    clusters: set[str] = set()
    for change in changes:
        if change.kind is Task:
            before, after = cast("Task | None", change.before), cast("Task | None", change.after)
            if place_of(before) != place_of(after) or (before and after and not counts_alike(before, after)):
                for arn in {place_of(before), place_of(after)} - {None}:
                    instance = reads.get(ContainerInstance, str(arn))
                    clusters.update([instance.cluster_arn] if instance else [])
        elif change.kind is ContainerInstance and instance_differs(change):
            instances = cast("list[ContainerInstance]", [r for r in (change.before, change.after) if r])
            clusters.update(instance.cluster_arn for instance in instances)
    return clusters


def instance_differs(change: Change) -> bool:
    """Not when only its messages were numbered, or its agent told of its health."""
    before = cast("ContainerInstance | None", change.before)
    after = cast("ContainerInstance | None", change.after)
    if before is None or after is None:
        return True
    alike = replace(
        before,
        message_seq_num=after.message_seq_num,
        version=after.version,
        health_statuses=after.health_statuses,
    )
    return alike != after


def owner_of(task: Task) -> str:
    """Whoever decides about a task decides about its whole service; a task without one is its own owner."""
    return task.service_arn or task.task_arn


def nobody(change: Change, reads: Reads) -> Iterable[str]:
    return ()


def of_record(change: Change, reads: Reads) -> Iterable[str]:
    """Services, their deployments and revisions, tasks: whatever names its service."""
    records = [record for record in (change.before, change.after) if record is not None]
    return [arn for record in records if (arn := getattr(record, "service_arn", None)) is not None]


def of_target(change: Change, reads: Reads) -> Iterable[str]:
    targets = cast("list[Target]", [r for r in (change.before, change.after) if r is not None])
    tasks = [reads.get(Task, target.task_arn) for target in targets if target.task_arn]
    return [task.service_arn for task in tasks if task is not None and task.service_arn]


def of_instance(change: Change, reads: Reads) -> Iterable[str]:
    """Services with tasks on it, those that want a task on each instance, and those that balance zones."""
    if not instance_differs(change):
        return []
    record = cast("ContainerInstance", change.after or change.before)
    tasks = reads.by(Task, "container_instance_arn", change.key)
    everywhere = [
        service.service_arn
        for service in reads.by(Service, "cluster_arn", record.cluster_arn)
        if service.scheduling_strategy == "DAEMON" or service.availability_zone_rebalancing == "ENABLED"
    ]
    return [*everywhere, *(task.service_arn for task in tasks if task.service_arn)]


SERVICES: dict[type[Record], Names] = {
    AccountSetting: nobody,
    CapacityProvider: nobody,
    Cluster: nobody,
    CodeDeployment: nobody,
    ContainerInstance: of_instance,
    Daemon: nobody,
    DaemonDeployment: nobody,
    DaemonRevision: nobody,
    DaemonTaskDefinition: nobody,
    DaemonTaskDefinitionFamily: nobody,
    Listener: nobody,
    LoadBalancer: nobody,
    OutboxMessage: nobody,
    Repository: nobody,
    Rule: nobody,
    RunTaskRequest: nobody,
    Service: of_record,
    ServiceDeployment: of_record,
    ServiceRevision: of_record,
    Target: of_target,
    TargetGroup: nobody,
    Task: of_record,
    TaskDefinition: nobody,
    TaskDefinitionFamily: nobody,
    TaskSet: of_record,
}
