"""A tiny world for one service: applies plans to values, plays the agents, holds every plan to the rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.event import Event, with_events
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.snapshot import AddressPool, Fleet, ServiceSnapshot, TargetView, Timing
from shipway.model.task import Task
from shipway.scheduler.daemon_seats import eligible_for, seated
from shipway.scheduler.rolling import limits_of
from shipway.scheduler.services import decide_service
from shipway.scheduler.survey import is_live
from tests.builders import (
    START_MS,
    a_fleet,
    a_revision,
    a_service,
    a_service_deployment,
    a_task_definition,
    an_instance,
    revision_arn,
)

PASSES_MAX = 100


class World:
    """`settle()` passes until nothing more is decided; `run()`, `crash()` and so on are agents' reports."""

    def __init__(self, service: Service | None = None, **members: Any) -> None:
        self.now_ms = START_MS
        self.service = service or a_service()
        self.instances = members.pop("instances", tuple(an_instance(number) for number in (1, 2, 3)))
        self.definition: dict[str, Any] = members.pop("definition", {})
        self.timing = Timing(**members.pop("timing", {}))
        self.revision_members = members
        self.ids = CountingIds()
        self.revisions: dict[str, ServiceRevision] = {}
        self.deployments: dict[str, ServiceDeployment] = {}
        self.tasks: dict[str, Task] = {}
        self.targets: dict[str, tuple[TargetView, ...]] = {}
        self.messages: list[str] = []
        self.last_plan = act.Plan()
        self.update()

    def update(self) -> None:
        """CreateService, or UpdateService with a new task definition."""
        number = len(self.revisions) + 1
        revision = a_revision(number, created_at=self.now_ms, **self.revision_members)
        deployment = a_service_deployment(number, status="PENDING", created_at=self.now_ms)
        self.revisions[revision.service_revision_arn] = revision
        self.deployments[deployment.service_deployment_arn] = deployment
        self.service = replace(
            self.service,
            revision_arn=revision.service_revision_arn,
            service_deployment_arn=deployment.service_deployment_arn,
        )

    def scale(self, desired_count: int) -> None:
        self.service = replace(self.service, desired_count=desired_count)

    def snapshot(self) -> ServiceSnapshot:
        tasks = tuple(sorted(self.tasks.values(), key=lambda task: (task.created_at, task.task_arn)))
        primary = self.service.revision_arn
        return ServiceSnapshot(
            now_ms=self.now_ms,
            service=self.service,
            revisions=tuple(
                sorted(
                    self.revisions.values(),
                    key=lambda r: (r.service_revision_arn != primary, -r.created_at, r.service_revision_arn),
                )
            ),
            service_deployments=tuple(sorted(self.deployments.values(), key=lambda d: -d.created_at)),
            task_definitions={
                revision.task_definition_arn: a_task_definition(number, **self.definition)
                for number, revision in enumerate(self.revisions.values(), 1)
            },
            tasks=tasks,
            targets=self.targets,
            fleet=self.fleet(),
            addresses=AddressPool(),
            timing=self.timing,
        )

    def fleet(self) -> Fleet:
        return a_fleet(*self.instances, tasks=tuple(self.tasks.values()))

    def step(self) -> act.Plan:
        snapshot = self.snapshot()
        plan = decide_service(snapshot, self.ids)
        check_safety(snapshot, plan)
        for action in plan.actions:
            self.apply(action)
        self.last_plan = plan
        return plan

    def settle(self) -> None:
        for _ in range(PASSES_MAX):
            if not self.step().actions:
                return
        raise AssertionError(f"the plans never come to rest:\n{self.last_plan.text()}")

    def wait(self, ms: int) -> None:
        """Time passes; whatever the plans want to be woken for happens at its moment."""
        until = self.now_ms + ms
        self.settle()
        while (wake_at := self.last_plan.wake_at) is not None and wake_at <= until:
            assert wake_at > self.now_ms
            self.now_ms = wake_at
            self.settle()
        self.now_ms = until
        self.settle()

    # The agents

    def live(self, revision: int | None = None) -> list[Task]:
        return [task for task in self.of(revision) if task.live]

    def of(self, revision: int | None = None) -> list[Task]:
        own = [t for t in self.tasks.values() if revision in (None, int((t.deployment_id or "/0")[8:]))]
        return sorted(own, key=lambda task: (task.created_at, task.task_arn))

    def run(self, tasks: Iterable[Task] | None = None) -> None:
        for task in list(self.live() if tasks is None else tasks):
            if task.pending:
                containers = tuple(replace(c, last_status="RUNNING") for c in task.containers)
                self.report(task, last_status="RUNNING", started_at=self.now_ms, containers=containers)

    def end_stopping(self) -> None:
        """Whatever was told to stop has stopped."""
        for task in list(self.tasks.values()):
            if task.desired_status == "STOPPED" and not task.stopped:
                self.report(task, last_status="STOPPED", stopped_at=self.now_ms)

    def crash(self, task: Task, exit_code: int = 1) -> None:
        containers = tuple(replace(c, last_status="STOPPED", exit_code=exit_code) for c in task.containers)
        self.end(task, "EssentialContainerExited", containers=containers)

    def fail_to_start(self, task: Task) -> None:
        self.end(task, "TaskFailedToStart")

    def end(self, task: Task, stop_code: str, **changes: Any) -> None:
        moments = {"stopping_at": self.now_ms, "stopped_at": self.now_ms}
        self.report(
            task, last_status="STOPPED", desired_status="STOPPED", stop_code=stop_code, **moments, **changes
        )

    def report(self, task: Task, **changes: Any) -> None:
        known = self.tasks[task.task_arn]
        self.tasks[task.task_arn] = replace(known, version=known.version + 1, **changes)

    # The commit

    def apply(self, action: act.Action) -> None:
        service = self.service
        match action:
            case act.StartTask(task=task):
                assert task.task_arn not in self.tasks
                self.tasks[task.task_arn] = task
            case act.StopTask(task_arn=arn, version=version, stop_code=code, stopped_reason=reason):
                task = self.tasks[arn]
                assert task.version == version and task.desired_status == "RUNNING"
                status = {"stop_code": code, "stopped_reason": reason, "stopping_at": self.now_ms}
                self.report(task, last_status="STOPPING", desired_status="STOPPED", **status)
            case act.MarkHealthy(task_arn=arn, healthy_at=healthy_at):
                self.tasks[arn] = replace(self.tasks[arn], healthy_at=healthy_at)
            case act.EmitEvent(message=message, cause=cause):
                noted = service.noted if cause is None else (*service.noted, cause)
                events = with_events(service.events, (Event(action.event_id, self.now_ms, message),))
                self.service = replace(service, events=events, noted=noted)
                self.messages.append(message)
            case act.ClearCause(cause=cause):
                self.service = replace(service, noted=tuple(c for c in service.noted if c != cause))
            case act.SetSteady(steady=steady):
                self.service = replace(service, steady_at=self.now_ms if steady else None)
            case act.CloseService():
                self.service = replace(service, status="INACTIVE", service_deployment_arn=None)
            case _:
                self.apply_to_deployments(action)

    def apply_to_deployments(self, action: act.Action) -> None:
        match action:
            case act.SetDesiredCount(service_revision_arn=arn, desired_count=count):
                self.edit_revision(arn, desired_count=count)
            case act.ResetFailures(service_revision_arn=arn, failures_since=since):
                self.edit_revision(arn, failures_since=since)
            case act.BeginDeployment(service_deployment_arn=arn):
                self.edit_deployment(arn, status="IN_PROGRESS")
            case act.CountFailures(service_deployment_arn=arn, failure_count=count):
                self.edit_deployment(arn, failure_count=count)
            case act.StopDeployment(service_deployment_arn=arn, status=status, status_reason=why):
                self.edit_deployment(arn, status=status, status_reason=why)
            case act.CompleteDeployment(service_revision_arn=arn, status=status):
                self.edit_revision(arn, rollout_state="COMPLETED", completed_at=self.now_ms)
                self.edit_deployment(action.service_deployment_arn, status=status)
                self.service = replace(self.service, service_deployment_arn=None)
            case act.FailDeployment(service_revision_arn=arn, status=status, status_reason=why):
                self.edit_revision(
                    arn, rollout_state="FAILED", rollout_state_reason=action.rollout_state_reason
                )
                self.edit_deployment(action.service_deployment_arn, status=status, status_reason=why)
                if status != "ROLLBACK_IN_PROGRESS":
                    self.service = replace(self.service, service_deployment_arn=None)
            case act.RollBack(to_revision=revision, service_deployment_arn=arn):
                self.revisions[revision.service_revision_arn] = revision
                self.edit_deployment(arn, status="ROLLBACK_IN_PROGRESS")
                changes = {"revision_arn": revision.service_revision_arn, "service_deployment_arn": arn}
                self.service = replace(self.service, **changes)
            case _:
                raise AssertionError(action.text())

    def edit_revision(self, arn: str, **changes: Any) -> None:
        self.revisions[arn] = replace(self.revisions[arn], **changes)

    def edit_deployment(self, arn: str | None, **changes: Any) -> None:
        if arn is not None:
            self.deployments[arn] = replace(self.deployments[arn], **changes)

    def deployment(self, number: int) -> ServiceDeployment:
        return list(self.deployments.values())[number - 1]

    def revision(self, number: int) -> ServiceRevision:
        return self.revisions[revision_arn(number)]

    def told(self) -> list[str]:
        """The events since the last call, without the service's name."""
        told, self.messages = self.messages, []
        return [shortened(message) for message in told]


def shortened(message: str) -> str:
    return re.sub(r"\(task 0*", "(task ", message.removeprefix("(service web) "))


class CountingIds:
    """Ids that tests can name: the first task is 1."""

    def __init__(self) -> None:
        self._drawn = 0

    def hex32(self) -> str:
        return f"{self._next():032d}"

    def uuid(self) -> str:
        return f"event-{self._drawn}"

    def number19(self) -> str:
        return f"{self._next():019d}"

    def word21(self) -> str:
        return f"{self._next():021d}"

    def _next(self) -> int:
        self._drawn += 1
        return self._drawn


def check_safety(snapshot: ServiceSnapshot, plan: act.Plan) -> None:
    """What must hold for every plan, whatever the snapshot."""
    if snapshot.service.scheduling_strategy == "DAEMON":
        check_daemon_safety(snapshot, plan)
        snapshot = seated(snapshot, eligible_for(snapshot))
    service = snapshot.service
    limits = limits_of(service.desired_count, service.deployment_configuration)
    started = [action.task for action in plan.actions if isinstance(action, act.StartTask)]
    stops = {action.task_arn: action for action in plan.actions if isinstance(action, act.StopTask)}
    live = [task for task in snapshot.tasks if is_live(task)]
    assert not started or len(live) - len(stops) + len(started) <= limits.upper, "above maximumPercent"
    assert not started or (service.desired_count > 0 and service.status == "ACTIVE"), "started at desired 0"
    healthy = {task.task_arn for task in live if task.healthy_at is not None}
    marks = [action for action in plan.actions if isinstance(action, act.MarkHealthy)]
    healthy |= {mark.task_arn for mark in marks if mark.healthy_at is not None}
    healthy -= {mark.task_arn for mark in marks if mark.healthy_at is None}
    left = healthy - stops.keys()
    if service.status == "ACTIVE":
        assert len(left) >= min(limits.lower, len(healthy)), "below minimumHealthyPercent by its own doing"
    taken: dict[str, int] = {}
    for task in started:
        arn = task.container_instance_arn or ""
        taken[arn] = taken.get(arn, 0) + task.reservation.memory
    for view in snapshot.fleet.instances:
        assert taken.get(view.instance.container_instance_arn, 0) <= max(0, view.remaining.memory)


def check_daemon_safety(snapshot: ServiceSnapshot, plan: act.Plan) -> None:
    """Tasks start on eligible instances only, and never where one of the service is, or has not gone yet."""
    held = [task.container_instance_arn for task in snapshot.tasks if not task.stopped]
    fit = {view.instance.container_instance_arn for view in eligible_for(snapshot)}
    for action in plan.actions:
        if isinstance(action, act.StartTask):
            assert action.task.container_instance_arn in fit, "started on an instance that should have none"
            assert action.task.container_instance_arn not in held, "two tasks on one instance"
            held.append(action.task.container_instance_arn)
