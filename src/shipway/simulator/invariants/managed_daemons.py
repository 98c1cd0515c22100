"""Promises about managed daemons: one task an instance, before all others, replaced once these have left."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.arn import short_name
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonRevision
from shipway.model.task import Task
from shipway.simulator.invariants.commit import Check, Commit
from shipway.simulator.invariants.placement import placed


def tasks_on(commit: Commit, instance_arn: str | None) -> list[Task]:
    there = commit.state.by(Task, "container_instance_arn", instance_arn)
    return [task for task in there if not task.stopped]


def an_instance_has_a_managed_daemon_once(commit: Commit) -> Iterator[str]:
    for task in commit.born:
        if task.daemon_arn is None:
            continue
        alike = [t for t in tasks_on(commit, task.container_instance_arn) if t.daemon_arn == task.daemon_arn]
        if len(alike) > 1:
            yield f"task {task.task_id} was started beside another of {short_name(task.daemon_arn)}"
        instance = commit.state.get(ContainerInstance, task.container_instance_arn or "")
        names = providers_of(commit, task.daemon_arn)
        if instance is None or instance.capacity_provider_name not in names:
            yield f"task {task.task_id} of {short_name(task.daemon_arn)} was started outside {sorted(names)}"


def providers_of(commit: Commit, daemon_arn: str) -> set[str]:
    daemon = commit.state.get(Daemon, daemon_arn)
    revision = commit.state.get(DaemonRevision, daemon.revision_arn) if daemon is not None else None
    return {short_name(arn) for arn in revision.capacity_provider_arns} if revision is not None else set()


def critical_daemons_come_first(commit: Commit) -> Iterator[str]:
    """A machine that registers waits for them; nobody else is placed where one is waited for."""
    for before, instance in commit.of(ContainerInstance):
        if before is not None or instance is None:
            continue
        for daemon in commit.state.by(Daemon, "cluster_arn", instance.cluster_arn):
            revision = commit.state.get(DaemonRevision, daemon.revision_arn)
            waits = daemon.status == "ACTIVE" and revision is not None and revision.critical
            own = instance.capacity_provider_name in providers_of(commit, daemon.daemon_arn)
            if waits and own and instance.status == "ACTIVE":
                yield f"instance {instance.instance_id} serves before it has {daemon.daemon_name}"
    for task in placed(commit):
        instance = commit.state.get(ContainerInstance, task.container_instance_arn or "")
        if instance is not None and instance.held_by and not task.daemon:
            yield f"task {task.task_id} was placed where {short_name(instance.held_by[0])} is waited for"


def held_until_the_daemon_runs(commit: Commit) -> Iterator[str]:
    for before, after in commit.of(ContainerInstance):
        if before is None or after is None or after.status == "INACTIVE":
            continue
        for daemon_arn in set(before.held_by) - set(after.held_by):
            daemon = commit.state.get(Daemon, daemon_arn)
            if daemon is None or daemon.status != "ACTIVE":
                continue
            revision = commit.state.get(DaemonRevision, daemon.revision_arn)
            here = tasks_on(commit, after.container_instance_arn)
            healthy = [t for t in here if t.daemon_arn == daemon_arn and t.healthy_at is not None]
            if revision is not None and not any(t.deployment_id == revision.deployment_id for t in healthy):
                yield f"instance {after.instance_id} serves again without {daemon.daemon_name}"


def others_leave_before_a_daemon_is_replaced(commit: Commit) -> Iterator[str]:
    for task in commit.stopped_by_scheduler:
        if task.daemon_arn is None or (task.stopped_reason or "").startswith("Task failed "):
            continue
        instance = commit.state.get(ContainerInstance, task.container_instance_arn or "")
        here = tasks_on(commit, task.container_instance_arn)
        others = [t.task_id for t in here if not t.daemon]
        twice = [t for t in here if t.daemon_arn == task.daemon_arn and t.task_arn != task.task_arn]
        if instance is None or not others or twice:
            continue
        held_ms = commit.now_ms - instance.held_at
        if not instance.held_by or held_ms < commit.timing.daemon_drain_ms:
            yield f"daemon task {task.task_id} was stopped beside {', '.join(others)} after {held_ms} ms"


def a_daemon_is_rolled_out_in_batches(commit: Commit) -> Iterator[str]:
    """Instances that serve and run an older revision are held a batch at a time."""
    for daemon_arn, instances in newly_held(commit).items():
        daemon = commit.state.get(Daemon, daemon_arn)
        deployment = commit.state.get(DaemonDeployment, daemon.deployment_arn) if daemon is not None else None
        if daemon is None or deployment is None:
            continue
        fleet = [
            instance
            for instance in commit.state.by(ContainerInstance, "cluster_arn", daemon.cluster_arn)
            if instance.status != "INACTIVE"
            and (
                instance.capacity_provider_name in providers_of(commit, daemon_arn)
                or any(t.daemon_arn == daemon_arn for t in tasks_on(commit, instance.container_instance_arn))
            )
        ]
        most = max(1, int(len(fleet) * deployment.configuration.drain_percent / 100))
        outdated = [instance for instance in instances if is_outdated(commit, daemon, instance)]
        if len(outdated) > most:
            yield f"{daemon.daemon_name} holds {len(outdated)} of {len(fleet)} instances at once, not {most}"


def newly_held(commit: Commit) -> dict[str, list[ContainerInstance]]:
    found: dict[str, list[ContainerInstance]] = {}
    for before, after in commit.of(ContainerInstance):
        if before is not None and after is not None and before.status == "ACTIVE":
            for daemon_arn in set(after.held_by) - set(before.held_by):
                found.setdefault(daemon_arn, []).append(after)
    return found


def is_outdated(commit: Commit, daemon: Daemon, instance: ContainerInstance) -> bool:
    revision = commit.state.get(DaemonRevision, daemon.revision_arn)
    current = revision.deployment_id if revision is not None and daemon.status == "ACTIVE" else None
    own = [t for t in tasks_on(commit, instance.container_instance_arn) if t.daemon_arn == daemon.daemon_arn]
    return bool(own) and all(t.deployment_id != current for t in own)


CHECKS: tuple[Check, ...] = (
    an_instance_has_a_managed_daemon_once,
    critical_daemons_come_first,
    held_until_the_daemon_runs,
    others_leave_before_a_daemon_is_replaced,
    a_daemon_is_rolled_out_in_batches,
)
