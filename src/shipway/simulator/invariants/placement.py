"""Promises about where tasks are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shipway.model.arn import short_name
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.simulator.invariants.commit import (
    Check,
    Commit,
)


def placed(commit: Commit) -> list[Task]:
    """Tasks that found their instance in this commit."""
    return [
        after
        for before, after in commit.of(Task)
        if after is not None
        and after.container_instance_arn is not None
        and (before is None or before.container_instance_arn is None)
    ]


def placement_stays_within_resources(commit: Commit) -> Iterator[str]:
    for arn in sorted({task.container_instance_arn or "" for task in placed(commit)}):
        instance = commit.state.get(ContainerInstance, arn)
        if instance is None:
            yield f"a task was placed on {short_name(arn)}, which does not exist"
            continue
        tasks = [t for t in commit.state.by(Task, "container_instance_arn", arn) if not t.stopped]
        taken = [t.reservation for t in tasks]
        cpu, memory = sum(r.cpu for r in taken), sum(r.memory for r in taken)
        if cpu > instance.cpu or memory > instance.memory:
            yield (
                f"instance {instance.instance_id} has {instance.cpu} CPU and {instance.memory} MiB, "
                f"its tasks take {cpu} and {memory}"
            )
        for kind, reserved in (("ports_tcp", instance.ports_tcp), ("ports_udp", instance.ports_udp)):
            ports = Counter([*reserved, *(port for r in taken for port in getattr(r, kind))])
            twice = [port for port, count in ports.items() if count > 1]
            if twice:
                yield f"instance {instance.instance_id} gave {kind} {twice} twice"


def placement_asks_who_may_run_tasks(commit: Commit) -> Iterator[str]:
    """Only ACTIVE instances with their agent connected get new tasks; distinct means distinct."""
    for task in placed(commit):
        instance = commit.state.get(ContainerInstance, task.container_instance_arn or "")
        service = commit.service(task)
        if (
            instance is not None
            and (instance.status != "ACTIVE" or not instance.agent_connected)
            and not task.daemon
        ):
            connected = "connected" if instance.agent_connected else "disconnected"
            yield f"task {task.task_id} was placed on an instance that is {instance.status} and {connected}"
        constraints = service.placement_constraints if service is not None else task.placement_constraints
        if any(constraint.get("type") == "distinctInstance" for constraint in constraints):
            there = commit.state.by(Task, "container_instance_arn", task.container_instance_arn)
            alike = [t for t in there if t.group == task.group and t.desired_status == "RUNNING"]
            if len(alike) > 1:
                yield f"task {task.task_id} shares its instance with another of {task.group}"


def addresses_are_given_once(commit: Commit) -> Iterator[str]:
    for _, task in commit.of(Task):
        if task is not None and task.network_address is not None:
            holders = commit.state.by(Task, "network_address", task.network_address)
            if len(holders) > 1:
                yield f"{task.network_address} belongs to {len(holders)} tasks"


def an_instance_has_a_daemon_once(commit: Commit) -> Iterator[str]:
    for task in commit.born:
        service = commit.service(task)
        if service is None or service.scheduling_strategy != "DAEMON":
            continue
        there = commit.state.by(Task, "container_instance_arn", task.container_instance_arn)
        alike = [t for t in there if t.service_arn == task.service_arn and not t.stopped]
        if len(alike) > 1:
            yield f"task {task.task_id} was started beside another of {service.service_name}"


CHECKS: tuple[Check, ...] = (
    placement_stays_within_resources,
    placement_asks_who_may_run_tasks,
    addresses_are_given_once,
    an_instance_has_a_daemon_once,
)
