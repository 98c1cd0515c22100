"""One commit as the checks see it, and what several of them ask about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, cast

from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.snapshot import Timing
from shipway.model.task import Task
from shipway.model.task_set import TaskSet
from shipway.store import Change, Reads

# Written again on purpose: held to the model's own table, a report could go wherever that says.
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
        """A REPLICA service, while no traffic shifts nor stands half-way: otherwise each of them rolls."""
        if (service.deployment_controller, service.scheduling_strategy) != ("ECS", "REPLICA"):
            return False
        current = self.state.get(ServiceDeployment, service.service_deployment_arn or "")
        touched = [d for pair in self.of(ServiceDeployment) for d in pair if d is not None]
        own = [d for d in (current, *touched) if d is not None and d.service_arn == service.service_arn]
        if any(d.strategy != "ROLLING" for d in own if d.in_progress):
            return False
        primary = self.state.get(ServiceRevision, service.revision_arn)
        stalled = primary is not None and primary.rollout_state == "FAILED"
        return not (stalled and self.shifting_to(service, service.revision_arn))

    def shifting_to(self, service: Service, revision_arn: str) -> bool:
        """Whether the revision came with a deployment that shifts traffic."""
        deployments = self.state.by(ServiceDeployment, "service_arn", service.service_arn)
        return any(d.shift is not None and d.target_revision_arn == revision_arn for d in deployments)

    def rolling_services(self, tasks: list[Task]) -> list[Service]:
        """The REPLICA services of these tasks that roll, each once."""
        services = [self.service(task) for task in tasks if task.service_arn]
        found = {service.service_arn: service for service in services if service is not None}
        return [service for service in found.values() if service.status == "ACTIVE" and self.rolls(service)]


def is_live(task: Task) -> bool:
    """Meant to run, and neither past RUNNING nor without an essential container."""
    dead = any(container.essential and container.last_status == "STOPPED" for container in task.containers)
    return task.desired_status == "RUNNING" and ORDER.index(task.last_status) <= 3 and not dead


def revision_of(commit: Commit, task: Task) -> ServiceRevision | None:
    revisions = commit.state.by(ServiceRevision, "service_arn", task.service_arn)
    return next((revision for revision in revisions if revision.deployment_id == task.deployment_id), None)


def task_set_is_gone(commit: Commit, service: Service, task: Task) -> bool:
    """Its user has deleted it."""
    sets = commit.state.by(TaskSet, "service_arn", service.service_arn)
    own = next((each for each in sets if each.task_set_id == task.deployment_id), None)
    return service.deployment_controller != "ECS" and (own is None or own.status == "DRAINING")


def failed_since(task: Task, moment: int) -> bool:
    by_itself = task.stop_code in ("TaskFailedToStart", "EssentialContainerExited")
    unhealthy = (task.stopped_reason or "").startswith("Task failed ")
    at = task.stopping_at if unhealthy else task.stopped_at
    return (by_itself or unhealthy) and at is not None and at > moment


Check = Callable[[Commit], Iterator[str]]
