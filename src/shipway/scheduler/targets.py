"""Targets of services' tasks: RUNNING ones are registered, stopping ones drained, STOPPED ones removed.

`target_id` and `port` are what ECS registers: the task's address and container port (`ip`), or the EC2
instance id and the host port (`instance`). `address` is where the task is really reached from here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from shipway.model.actions import Action, DrainTarget, Plan, RegisterTarget, RemoveTarget
from shipway.model.container_instance import ContainerInstance
from shipway.model.record import Document
from shipway.model.service import Service
from shipway.model.service_revision import LoadBalancerBinding, ServiceRevision
from shipway.model.snapshot import Timing
from shipway.model.target import DRAINING, Target, deregistering
from shipway.model.target_group import TargetGroup
from shipway.model.task import Task
from shipway.scheduler.events import Narrator, begun_draining, deregistered, registered
from shipway.seams import Ids


class TargetsSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Services, their tasks, and what is registered. Dictionaries by ARN, revisions by `deployment_id`."""

    now_ms: int
    services: tuple[Service, ...]
    revisions: dict[str, ServiceRevision]
    tasks: tuple[Task, ...]  # those of the services, and all that a target still names
    instances: dict[str, ContainerInstance]
    target_groups: dict[str, TargetGroup]
    targets: tuple[Target, ...]
    timing: Timing


class Registration(msgspec.Struct, frozen=True):
    """A binding, resolved: what the target is called and where it answers."""

    target_id: str
    port: int
    address: str
    address_port: int


def plan_targets(snapshot: TargetsSnapshot, ids: Ids) -> Plan:
    tasks = {task.task_arn: task for task in snapshot.tasks}
    known = {target.key: target for target in snapshot.targets}
    joining = tuple(
        target
        for task in snapshot.tasks
        if task.running and task.desired_status == "RUNNING"
        for target in wanted_targets(snapshot, task)
        if target.key not in known or known[target.key].task_arn != task.task_arn
    )
    owned = [target for target in snapshot.targets if target.task_arn is not None]
    gone = [target for target in owned if is_gone(tasks.get(target.task_arn or ""))]
    draining = [
        target
        for target in owned
        if target not in gone and target.state != DRAINING and is_stopping(tasks.get(target.task_arn or ""))
    ]
    replaced = {target.key for target in joining}
    actions: list[Action] = [
        *(RegisterTarget(target=target, reason="Its task is RUNNING.") for target in joining),
        *(
            RemoveTarget(target_key=t.key, reason="Its task has STOPPED.")
            for t in gone
            if t.key not in replaced
        ),
        *(
            DrainTarget(target=drained(snapshot, target), reason="Its task is to stop.")
            for target in draining
        ),
    ]
    left = [target for target in gone if target.state != DRAINING]
    return Plan((*actions, *told(snapshot, joining, (*left, *draining), ids)))


def is_gone(task: Task | None) -> bool:
    return task is None or task.stopped


def is_stopping(task: Task | None) -> bool:
    return task is not None and task.desired_status == "STOPPED"


def drained(snapshot: TargetsSnapshot, target: Target) -> Target:
    group = snapshot.target_groups.get(target.target_group_arn)
    delay_ms = snapshot.timing.scaled(group.deregistration_delay_s * 1000) if group else 0
    return deregistering(target, delay_ms, snapshot.now_ms)


def wanted_targets(snapshot: TargetsSnapshot, task: Task) -> tuple[Target, ...]:
    revision = snapshot.revisions.get(task.deployment_id or "")
    instance = snapshot.instances.get(task.container_instance_arn or "")
    targets = []
    for binding in revision.bindings if revision else ():
        group = snapshot.target_groups.get(binding.target_group_arn)
        found = registration(task, binding, group, instance) if group and instance else None
        if found is not None:
            targets.append(
                Target(
                    target_group_arn=binding.target_group_arn,
                    target_id=found.target_id,
                    port=found.port,
                    address=found.address,
                    address_port=found.address_port,
                    availability_zone=task.availability_zone or "",
                    task_arn=task.task_arn,
                    registered_at=snapshot.now_ms,
                    state_since=snapshot.now_ms,
                )
            )
    return tuple(targets)


def registration(
    task: Task, binding: LoadBalancerBinding, group: TargetGroup, instance: ContainerInstance
) -> Registration | None:
    """None while the agent has not told the port yet."""
    host_port = published_port(task, binding)
    if task.interface is not None:
        address = task.interface.private_ipv4_address
        # Where addresses of containers cannot be reached (Docker Desktop), the agent publishes their ports.
        reached = (instance.private_ip, host_port) if host_port else (address, binding.container_port)
        return Registration(address, binding.container_port, *reached)
    if host_port is None:
        return None
    target_id = instance.private_ip if group.target_type == "ip" else instance.ec2_instance_id
    return Registration(target_id, host_port, instance.private_ip, host_port)


def published_port(task: Task, binding: LoadBalancerBinding) -> int | None:
    """The host port that the agent reported for the bound container port."""
    named = [container for container in task.containers if container.name == binding.container_name]
    # The ports of an awsvpc task are its pause container's: they are told of whichever container comes first.
    containers = named if task.interface is None else task.containers
    bindings: list[Document] = [found for container in containers for found in container.network_bindings]
    for found in bindings:
        if found.get("containerPort") == binding.container_port and found.get("hostPort"):
            return int(found["hostPort"])
    # In the network mode host nothing is published: the container's own port is the machine's.
    at_host = not bindings and binding.container_port in task.reservation.ports_tcp
    return binding.container_port if at_host else None


def told(
    snapshot: TargetsSnapshot, joined: Sequence[Target], left: Sequence[Target], ids: Ids
) -> tuple[Action, ...]:
    """The events of each service: what was registered, what was deregistered, and whose connections drain."""
    tasks = {task.task_arn: task for task in snapshot.tasks}
    actions: list[Action] = []
    for service in snapshot.services:
        narrator = Narrator(service, ids)
        own = {arn for arn, task in tasks.items() if task.service_arn == service.service_arn}
        for group_arn, count in count_by_group(target for target in joined if target.task_arn in own):
            actions.extend(narrator.tell(registered(count, group_arn), "Tasks reached RUNNING."))
        leaving = [target for target in left if target.task_arn in own]
        for group_arn, count in count_by_group(leaving):
            actions.extend(narrator.tell(deregistered(count, group_arn), "Tasks stop or have stopped."))
        drained_arns = sorted({target.task_arn or "" for target in leaving})
        by_deployment = Counter(tasks[arn].deployment_id or "" for arn in drained_arns)
        for deployment_id, count in sorted(by_deployment.items()):
            revision = snapshot.revisions.get(deployment_id)
            current = revision is not None and revision.service_revision_arn == service.revision_arn
            about = "" if current else deployment_id
            actions.extend(narrator.tell(begun_draining(count), "Their targets were deregistered.", about))
    return tuple(actions)


def count_by_group(targets: Iterable[Target]) -> list[tuple[str, int]]:
    return sorted(Counter(target.target_group_arn for target in targets).items())
