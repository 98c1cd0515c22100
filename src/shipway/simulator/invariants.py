"""What must hold whatever happens: one check a promise, each with a name, each a function of one commit.

The checks count for themselves and ask nothing of the scheduler's code, so that a mistake there is not
repeated here. They look at what a commit touched only, so they are cheap enough to run after each. Promises
that need more than the state (containers, acknowledged writes, the end) are in `watch.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, cast

from shipway.model.arn import short_name
from shipway.model.container_instance import ContainerInstance
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.snapshot import Timing
from shipway.model.target import DRAINING, HEALTHY, Target
from shipway.model.task import Task
from shipway.store import Change, Reads

ORDER = (
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
)
SETTLED_AT_BIRTH = (
    "task_definition_arn",
    "cluster_arn",
    "created_at",
    "launch_type",
    "group",
    "started_by",
    "service_arn",
    "deployment_id",
    "reservation",
)
EVENTS_MAX = 100


class Commit:
    """One commit as the checks see it: what it changed, and the state after it."""

    def __init__(self, state: Reads, changes: tuple[Change, ...], now_ms: int, timing: Timing) -> None:
        self.state = state
        self.changes = changes
        self.now_ms = now_ms
        self.timing = timing
        self._before = {
            change.key: cast("Task | None", change.before) for change in changes if change.kind is Task
        }

    def of(self, kind: type[Any]) -> list[tuple[Any, Any]]:
        """Records of a kind before and after."""
        return [(change.before, change.after) for change in self.changes if change.kind is kind]

    @cached_property
    def born(self) -> list[Task]:
        return [after for before, after in self.of(Task) if before is None and after is not None]

    @cached_property
    def stopped_by_scheduler(self) -> list[Task]:
        return [
            after
            for before, after in self.of(Task)
            if before is not None
            and after is not None
            and before.desired_status == "RUNNING"
            and after.desired_status == "STOPPED"
            and after.stop_code == "ServiceSchedulerInitiated"
        ]

    def was(self, task: Task) -> Task | None:
        """The task before this commit."""
        return self._before.get(task.task_arn, task)

    def service(self, task: Task) -> Service | None:
        return self.state.get(Service, task.service_arn or "")

    def rolls(self, service: Service) -> bool:
        """A REPLICA service, while no traffic shifts: between deployments every one of them rolls."""
        if (service.deployment_controller, service.scheduling_strategy) != ("ECS", "REPLICA"):
            return False
        current = self.state.get(ServiceDeployment, service.service_deployment_arn or "")
        touched = [d for pair in self.of(ServiceDeployment) for d in pair if d is not None]
        own = [d for d in (current, *touched) if d is not None and d.service_arn == service.service_arn]
        return all(d.strategy == "ROLLING" for d in own if d.in_progress)

    def rolling_services(self, tasks: list[Task]) -> list[Service]:
        """The REPLICA services of these tasks that roll, each once."""
        services = [self.service(task) for task in tasks if task.service_arn]
        found = {service.service_arn: service for service in services if service is not None}
        return [service for service in found.values() if service.status == "ACTIVE" and self.rolls(service)]


def is_live(task: Task) -> bool:
    """Meant to run, and neither past RUNNING nor without an essential container."""
    dead = any(container.essential and container.last_status == "STOPPED" for container in task.containers)
    return task.desired_status == "RUNNING" and ORDER.index(task.last_status) <= 3 and not dead


def last_status_only_forward(commit: Commit) -> Iterator[str]:
    for before, after in commit.of(Task):
        if before is None or after is None:
            continue
        if ORDER.index(after.last_status) < ORDER.index(before.last_status):
            yield f"task {after.task_id} went from {before.last_status} to {after.last_status}"
        if before.desired_status == "STOPPED" and after.desired_status != "STOPPED":
            yield f"task {after.task_id} was to stop and is wanted again"


def tasks_are_one_shot(commit: Commit) -> Iterator[str]:
    """What was settled at birth stays; a place once found stays; a STOPPED task is over."""
    for before, after in commit.of(Task):
        if before is None or after is None:
            continue
        changed = [name for name in SETTLED_AT_BIRTH if getattr(before, name) != getattr(after, name)]
        if before.container_instance_arn not in (None, after.container_instance_arn):
            changed.append("container_instance_arn")
        if before.stopped and (before.stopped_at, before.containers) != (after.stopped_at, after.containers):
            changed.append("its end")
        if changed:
            yield f"task {after.task_id}: {', '.join(changed)} changed"


def no_task_lost(commit: Commit) -> Iterator[str]:
    for before, after in commit.of(Task):
        if after is None and before is not None and not before.stopped:
            yield f"task {before.task_id} was forgotten while {before.last_status}"


def nothing_started_at_desired_count_0(commit: Commit) -> Iterator[str]:
    """Nor for a deleted service. While traffic shifts, the revision that serves is kept to the end."""
    for task in commit.born:
        service = commit.service(task)
        if service is None:
            continue
        if service.status != "ACTIVE" or (service.desired_count == 0 and commit.rolls(service)):
            wanted = f"{service.status} with desired count {service.desired_count}"
            yield f"task {task.task_id} was started for {service.service_name}, which is {wanted}"


def nothing_started_for_a_failed_deployment(commit: Commit) -> Iterator[str]:
    for task in commit.born:
        if task.service_arn is None or task.deployment_id is None:
            continue
        service = commit.service(task)
        revisions = commit.state.by(ServiceRevision, "service_arn", task.service_arn)
        own = [revision for revision in revisions if revision.deployment_id == task.deployment_id]
        if service is not None and service.scheduling_strategy == "REPLICA":
            for revision in own:
                if revision.rollout_state == "FAILED":
                    yield f"task {task.task_id} was started for {revision.deployment_id}, which has FAILED"


def maximum_percent_is_kept(commit: Commit) -> Iterator[str]:
    for service in commit.rolling_services(commit.born):
        upper = service.desired_count * service.deployment_configuration.maximum_percent // 100
        live = sum(is_live(task) for task in commit.state.by(Task, "service_arn", service.service_arn))
        if live > upper:
            yield f"{service.service_name} has {live} live tasks after a start; {upper} is the maximum"


def minimum_healthy_percent_is_kept(commit: Commit) -> Iterator[str]:
    """By the scheduler's own doing: unhealthy tasks may go, and accidents happen."""
    for service in commit.rolling_services(commit.stopped_by_scheduler):
        percent = service.deployment_configuration.minimum_healthy_percent
        lower = min(service.desired_count, (service.desired_count * percent + 99) // 100)
        healthy = left = 0
        for task in commit.state.by(Task, "service_arn", service.service_arn):
            before = commit.was(task)
            if before is not None and is_live(before) and task.healthy_at is not None:
                healthy += 1
                left += is_live(task)
        if left < min(lower, healthy):
            yield (
                f"{service.service_name} was left with {left} healthy tasks of {healthy} by stops; "
                f"{lower} is the minimum"
            )


def healthy_means_healthy(commit: Commit) -> Iterator[str]:
    """A task counts from the moment on at which every check says so, or after the dwell without any."""
    for before, task in commit.of(Task):
        if task is None or task.healthy_at is None or (before is not None and before.healthy_at is not None):
            continue
        revision = next(
            (
                r
                for r in commit.state.by(ServiceRevision, "service_arn", task.service_arn)
                if r.deployment_id == task.deployment_id
            ),
            None,
        )
        bindings = revision.load_balancers if revision is not None else ()
        targets = commit.state.by(Target, "task_arn", task.task_arn)
        if before is None or not before.running:
            yield f"task {task.task_id} counts as healthy before it runs"
        if task.has_health_check and task.health_status != "HEALTHY":
            yield f"task {task.task_id} counts as healthy, its containers say {task.health_status}"
        if len(targets) < len(bindings) or any(target.state != HEALTHY for target in targets):
            states = [target.state for target in targets]
            yield f"task {task.task_id} counts as healthy, its {len(bindings)} targets are {states}"
        ran_ms = commit.now_ms - (task.started_at or 0)
        if not task.has_health_check and not bindings and ran_ms < commit.timing.dwell_ms:
            yield f"task {task.task_id} counts as healthy after {ran_ms} ms without any check"


def deployments_end_once(commit: Commit) -> Iterator[str]:
    for before, after in commit.of(ServiceDeployment):
        if (
            before is not None
            and after is not None
            and not before.in_progress
            and after.status != before.status
        ):
            name = short_name(after.service_deployment_arn)
            yield f"service deployment {name} had ended as {before.status} and is {after.status}"
    for _, service in commit.of(Service):
        if service is not None and service.service_deployment_arn is not None:
            current = commit.state.get(ServiceDeployment, service.service_deployment_arn)
            if current is None or not current.in_progress:
                yield f"{service.service_name} names a service deployment that is not in progress"


def completed_means_rolled_out(commit: Commit) -> Iterator[str]:
    """Every task of the new revision is healthy, and no other has any, unless success comes early."""
    for before, revision in commit.of(ServiceRevision):
        if revision is None or before is None or before.rollout_state == revision.rollout_state:
            continue
        service = commit.state.get(Service, revision.service_arn)
        if revision.rollout_state != "COMPLETED" or service is None or not commit.rolls(service):
            continue
        if service.deployment_configuration.early_success.enable:
            continue
        live = [task for task in commit.state.by(Task, "service_arn", revision.service_arn) if is_live(task)]
        own = [t for t in live if t.deployment_id == revision.deployment_id and t.healthy_at is not None]
        if len(own) != service.desired_count or len(live) != len(own):
            yield (
                f"{revision.deployment_id} completed with {len(own)} healthy tasks of {service.desired_count}"
                f" and {len(live) - len(own)} other live ones"
            )


def a_deployment_fails_for_its_failures(commit: Commit) -> Iterator[str]:
    for before, revision in commit.of(ServiceRevision):
        if revision is None or before is None or before.rollout_state == revision.rollout_state:
            continue
        if revision.rollout_state != "FAILED" or "circuit breaker" not in (
            revision.rollout_state_reason or ""
        ):
            continue
        service = commit.state.get(Service, revision.service_arn)
        if service is None:
            continue
        tasks = commit.state.by(Task, "deployment_id", revision.deployment_id)
        failed = sum(failed_since(task, revision.failures_since) for task in tasks)
        breaker = service.deployment_configuration.circuit_breaker
        threshold = breaker.threshold_value
        if breaker.threshold_type != "COUNT":
            threshold = (service.desired_count * breaker.threshold_value + 99) // 100
        if breaker.threshold_type == "BOUNDED_PERCENT":
            threshold = min(200, max(3, threshold))
        if all(task.started_at is None for task in tasks):  # no digest of its images is known
            threshold = min(3, threshold)
        if failed < threshold:
            yield f"{revision.deployment_id} failed after {failed} failed tasks; {threshold} is the threshold"


def failed_since(task: Task, moment: int) -> bool:
    by_itself = task.stop_code in ("TaskFailedToStart", "EssentialContainerExited")
    unhealthy = (task.stopped_reason or "").startswith("Task failed ")
    at = task.stopping_at if unhealthy else task.stopped_at
    return (by_itself or unhealthy) and at is not None and at > moment


def protected_tasks_are_left_alone(commit: Commit) -> Iterator[str]:
    for task in commit.stopped_by_scheduler:
        service = commit.service(task)
        unhealthy = (task.stopped_reason or "").startswith("Task failed ")
        protected = (task.protected_until or 0) > commit.now_ms
        if protected and not unhealthy and service is not None and service.status == "ACTIVE":
            yield f"task {task.task_id} is protected and was stopped: {task.stopped_reason}"


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
        daemon = service is not None and service.scheduling_strategy == "DAEMON"
        if (
            instance is not None
            and (instance.status != "ACTIVE" or not instance.agent_connected)
            and not daemon
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


def no_target_is_registered_for_a_stopping_task(commit: Commit) -> Iterator[str]:
    for before, target in commit.of(Target):
        if target is None or target.task_arn is None or target.state == DRAINING:
            continue
        if before is None or before.task_arn != target.task_arn:
            task = commit.state.get(Task, target.task_arn)
            if task is None or task.desired_status == "STOPPED":
                status = "gone" if task is None else f"{task.last_status}, wanted {task.desired_status}"
                yield f"target {target.target_id}:{target.port} was registered for a task that is {status}"


def events_are_capped(commit: Commit) -> Iterator[str]:
    for _, service in commit.of(Service):
        if service is not None and len(service.events) > EVENTS_MAX:
            yield f"{service.service_name} has {len(service.events)} events"


CHECKS: dict[str, Callable[[Commit], Iterator[str]]] = {
    check.__name__.replace("_", " "): check
    for check in (
        last_status_only_forward,
        tasks_are_one_shot,
        no_task_lost,
        nothing_started_at_desired_count_0,
        nothing_started_for_a_failed_deployment,
        maximum_percent_is_kept,
        minimum_healthy_percent_is_kept,
        healthy_means_healthy,
        deployments_end_once,
        completed_means_rolled_out,
        a_deployment_fails_for_its_failures,
        protected_tasks_are_left_alone,
        placement_stays_within_resources,
        placement_asks_who_may_run_tasks,
        addresses_are_given_once,
        no_target_is_registered_for_a_stopping_task,
        events_are_capped,
    )
}


def violations(commit: Commit) -> list[str]:
    """`promise: what was seen`, for each promise that the commit broke."""
    return [f"{name}: {seen}" for name, check in CHECKS.items() for seen in check(commit)]
