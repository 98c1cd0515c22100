"""What must hold between the state and the world around it: containers, targets, acknowledged writes, and the
end. As `invariants`, every check has a name; what they find is collected, and the simulation stops at it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

from shipway.model.arn import short_name
from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonRevision
from shipway.model.outbox import OutboxMessage
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.target import DRAINING, HEALTHY, Target
from shipway.model.task import Task
from shipway.simulator import invariants
from shipway.simulator.agent import Agent
from shipway.simulator.agent_task import AgentTask
from shipway.simulator.containers import Container
from shipway.simulator.ledger import Ledger
from shipway.simulator.world import World
from shipway.store import Change, State
from shipway.store.fleet import fleet_of

TARGET_GRACE_S = 10.0  # a commit, an fsync, a pass: long enough for a target to go after its task

Check = Callable[[State, World], Iterator[str]]


class Watch:
    """Hooks into a world. `found` are the broken promises, the first of them first."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self.found: list[str] = []
        self._world = world
        self._ledger = ledger
        self._homes: dict[str, str] = {}  # task ARN -> the agent that runs it
        self._late: dict[str, float] = {}  # keys of targets that should be gone -> since when
        world.on_commit.append(self._committed)
        world.on_start.append(self._started)
        world.fleet.on_changed.append(self._happened)

    def moment(self) -> None:
        """A moment of virtual time is over."""
        if self._late and self._world.network.server is not None:
            self._look_at_late_targets()

    def at_rest(self) -> list[str]:
        """After the end: everything agrees with everything."""
        state = self._world.store.state
        return [f"{name}: {seen}" for name, check in AT_REST.items() for seen in check(state, self._world)]

    def _committed(self, changes: tuple[Change, ...]) -> None:
        world = self._world
        commit = invariants.Commit(world.store.state, changes, world.clock.now_ms(), world.surface.timing)
        self.found.extend(invariants.violations(commit))
        for change in changes:
            if isinstance(change.after, Task) and change.after.stopped:
                for target in world.store.state.by(Target, "task_arn", change.key):
                    self._late[target.key] = asyncio.get_running_loop().time()

    def _started(self) -> None:
        """The control plane has read its record."""
        self.found.extend(
            f"no acknowledged write lost: {lost}" for lost in self._ledger.lost(self._world.store.state)
        )
        now = asyncio.get_running_loop().time()
        self._late = dict.fromkeys(self._late, now)

    def _happened(self, agent: Agent, task: AgentTask, container: Container) -> None:
        if not container.running:
            return
        home = self._homes.setdefault(task.arn, agent.name)
        if home != agent.name:
            self.found.append(f"no task doubled: {short_name(task.arn)} runs on {home} and on {agent.name}")
        if ("Task", task.arn) not in self._world.disk.rows:
            self.found.append(
                f"no container without a task: {container.runtime_id} started, and its task is not on disk"
            )

    def _look_at_late_targets(self) -> None:
        state, now = self._world.store.state, asyncio.get_running_loop().time()
        for key, since in list(self._late.items()):
            target = state.get(Target, key)
            task = state.get(Task, target.task_arn or "") if target is not None else None
            if target is None or (task is not None and not task.stopped) or target.state == DRAINING:
                del self._late[key]
            elif now - since > TARGET_GRACE_S:
                del self._late[key]
                self.found.append(
                    f"no target registered for a stopped task: {target.target_id}:{target.port} is"
                    f" {target.state} {now - since:.1f} s after its task stopped"
                )


def no_container_without_a_task(state: State, world: World) -> Iterator[str]:
    for agent, task in world.fleet.tasks():
        known = state.get(Task, task.arn)
        if task.over:
            continue
        if known is None or known.stopped or known.container_instance_arn != agent.arn:
            status = "forgotten" if known is None else known.last_status
            yield f"{agent.name} runs {short_name(task.arn)}, which is {status}"


def no_task_without_its_containers(state: State, world: World) -> Iterator[str]:
    running = {task.arn for _, task in world.fleet.tasks() if task.status == "RUNNING"}
    for task in state.all(Task):
        if task.running and task.task_arn not in running:
            yield f"task {task.task_id} is RUNNING and its containers do not run"
        if not task.stopped and not task.running:
            yield f"task {task.task_id} is left {task.last_status}, wanted {task.desired_status}"


def every_deployment_has_ended(state: State, world: World) -> Iterator[str]:
    for deployment in state.all(ServiceDeployment):
        if deployment.in_progress:
            yield f"{short_name(deployment.service_deployment_arn)} is {deployment.status}"


def every_running_task_is_registered_and_nobody_else(state: State, world: World) -> Iterator[str]:
    wanted: Counter[tuple[str, str]] = Counter()
    for task in state.all(Task):
        if task.service_arn is None or not task.running:
            continue
        for revision in state.by(ServiceRevision, "service_arn", task.service_arn):
            if revision.deployment_id == task.deployment_id:
                wanted.update((task.task_arn, binding.target_group_arn) for binding in revision.bindings)
    there = [target for target in state.all(Target) if target.task_arn is not None]
    registered = Counter((target.task_arn or "", target.target_group_arn) for target in there)
    for (task_arn, _), count in sorted((wanted - registered).items()):
        yield f"task {short_name(task_arn)} lacks {count} targets"
    for (task_arn, _), count in sorted((registered - wanted).items()):
        yield f"task {short_name(task_arn)} has {count} targets too many"
    for target in there:
        if target.state != HEALTHY:
            yield f"target {target.target_id}:{target.port} is {target.state}: {target.description}"


def every_message_was_delivered(state: State, world: World) -> Iterator[str]:
    for message in state.all(OutboxMessage):
        yield f"{message.message_id} about {short_name(message.task_arn)} waits in the outbox"


def every_service_has_its_desired_count(state: State, world: World) -> Iterator[str]:
    for service in state.all(Service):
        if service.status == "INACTIVE" or service.scheduling_strategy != "REPLICA":
            continue
        tasks = [task for task in state.by(Task, "service_arn", service.service_arn) if not task.stopped]
        if len(tasks) != service.desired_count:
            yield f"{service.service_name} has {len(tasks)} tasks of {service.desired_count}"


def every_instance_counts_what_it_runs(state: State, world: World) -> Iterator[str]:
    """The ledgers that follow every change say what a count from the beginning says."""
    for cluster in state.all(Cluster):
        for view in fleet_of(state, cluster.cluster_arn).instances:
            arn = view.instance.container_instance_arn
            tasks = [task for task in state.by(Task, "container_instance_arn", arn) if not task.stopped]
            cpu = view.instance.cpu - sum(task.reservation.cpu for task in tasks)
            memory = view.instance.memory - sum(task.reservation.memory for task in tasks)
            told = (view.tasks, view.remaining.cpu, view.remaining.memory)
            if told != (len(tasks), cpu, memory):
                has = (len(tasks), cpu, memory)
                yield f"{view.instance.instance_id} is said to have {told}, it has {has}"


def every_group_is_as_large_as_it_should_be(state: State, world: World) -> Iterator[str]:
    """Within its owner's limits; nobody is about to leave; and where it scales by itself none is to spare."""
    for provider in state.all(CapacityProvider):
        size = world.groups.sizes.get(provider.auto_scaling_group_arn)
        if size is None:
            continue
        least, most = size.minimum, size.maximum
        if provider.managed_scaling.enabled:
            needed = busy_members(state, provider) * 100 / provider.managed_scaling.target_capacity
            most = min(most, max(least, ceil(needed)))
        else:
            least = most = min(max(size.desired, size.minimum), size.maximum)
        if provider.leaving or not least <= len(provider.members) <= most:
            has = f"{len(provider.members)} instances, {len(provider.leaving)} of them about to leave"
            yield f"{provider.name} has {has}, and should have {least} to {most}"


def busy_members(state: State, provider: CapacityProvider) -> int:
    """The instances of its group with a task other than a daemon's."""
    instances = [i for i in state.all(ContainerInstance) if i.capacity_provider_name == provider.name]
    return sum(
        any(
            not task.stopped and not task.daemon
            for task in state.by(Task, "container_instance_arn", instance.container_instance_arn)
        )
        for instance in instances
    )


def every_instance_has_its_managed_daemons(state: State, world: World) -> Iterator[str]:
    for daemon in state.all(Daemon):
        revision = state.get(DaemonRevision, daemon.revision_arn)
        names = revision.provider_names if revision is not None else frozenset()
        for instance in state.by(ContainerInstance, "cluster_arn", daemon.cluster_arn):
            if instance.status == "INACTIVE" or not instance.agent_connected:
                continue
            tasks = state.by(Task, "container_instance_arn", instance.container_instance_arn)
            own = [task for task in tasks if task.daemon_arn == daemon.daemon_arn and not task.stopped]
            current = [t for t in own if revision is not None and t.deployment_id == revision.deployment_id]
            wanted = instance.capacity_provider_name in names and instance.status == "ACTIVE"
            if (len(own), len(current)) != ((1, 1) if wanted else (0, 0)) or instance.held_by:
                has = f"{len(own)} tasks of {daemon.daemon_name}, {len(current)} of them current"
                yield f"{instance.instance_id} is {instance.status} and has {has}"


AT_REST: dict[str, Check] = {
    check.__name__.replace("_", " "): check
    for check in (
        no_container_without_a_task,
        no_task_without_its_containers,
        every_deployment_has_ended,
        every_running_task_is_registered_and_nobody_else,
        every_message_was_delivered,
        every_service_has_its_desired_count,
        every_instance_counts_what_it_runs,
        every_group_is_as_large_as_it_should_be,
        every_instance_has_its_managed_daemons,
    )
}


def counts_match(state: State, services: list[dict[str, Any]]) -> Iterator[str]:
    """What DescribeServices counts is what is there."""
    for told in services:
        tasks = state.by(Task, "service_arn", told["serviceArn"])
        running = sum(task.running and task.desired_status == "RUNNING" for task in tasks)
        pending = sum(task.pending for task in tasks)
        if (told["runningCount"], told["pendingCount"]) != (running, pending):
            yield (
                f"counts match: {told['serviceName']} tells {told['runningCount']} running and"
                f" {told['pendingCount']} pending, {running} and {pending} are"
            )
