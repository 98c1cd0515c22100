"""A tiny world for one service: commits plans in memory, plays the agents, holds every plan to the rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from shipway.api.ecs.deployment_configuration import configuration_wire
from shipway.api.ecs.service_view import RevisionCount, counts_of, shown_revisions
from shipway.model import actions as act
from shipway.model.container_instance import ContainerInstance
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.snapshot import AddressPool, ServiceSnapshot, TargetView, Timing
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.scheduler.daemon_seats import eligible_for, seated
from shipway.scheduler.rolling import limits_of
from shipway.scheduler.services import decide_service
from shipway.scheduler.shift.stages import shift_of
from shipway.scheduler.survey import is_live
from shipway.simulator.invariants import Commit, violations
from shipway.store.commit import commit_plan
from shipway.store.fleet import fleet_of
from shipway.store.store import State, Transaction
from tests.builders import (
    CLUSTER,
    START_MS,
    TARGET_GROUP,
    a_revision,
    a_service,
    a_service_deployment,
    a_task_definition,
    an_instance,
    revision_arn,
)

PASSES_MAX = 100
NO_TASKS = RevisionCount()


class World:
    """`settle()` passes until nothing more is decided; `run()`, `crash()` and so on are agents' reports."""

    def __init__(self, service: Service | None = None, **members: Any) -> None:
        self.now_ms = START_MS
        self.state = State()
        self.tx = Transaction(self.state)
        self.service = service or a_service()
        self.instances = members.pop("instances", tuple(an_instance(number) for number in (1, 2, 3)))
        self.definition: dict[str, Any] = members.pop("definition", {})
        self.timing = Timing(**members.pop("timing", {}))
        self.revision_members = members
        self.ids = CountingIds()
        self.updates = 0
        self.targets: dict[str, tuple[TargetView, ...]] = {}
        self.alarms: dict[str, str] = {}
        self.messages: list[str] = []
        self.last_plan = act.Plan()
        self.update()

    def update(self) -> None:
        """CreateService, or UpdateService with a new task definition."""
        shown = shown_revisions(self.state, self.service, self.task_counts()) if self.updates else []
        self.updates += 1
        before = self.deployment(self.updates - 1) if self.updates > 1 else None
        if before is not None and before.in_progress:
            self.edit_deployment(self.updates - 1, status="STOP_REQUESTED")
        revision = a_revision(self.updates, created_at=self.now_ms, **self.revision_members)
        deployment = a_service_deployment(
            self.updates,
            status="PENDING",
            created_at=self.now_ms,
            source_revision_arns=tuple(revision.service_revision_arn for revision in shown),
            deployment_configuration=configuration_wire(self.service.deployment_configuration),
            shift=shift_of(self.service.deployment_configuration),
        )
        self.tx.put(revision)
        self.tx.put(deployment)
        self.service = replace(
            self.service,
            revision_arn=revision.service_revision_arn,
            service_deployment_arn=deployment.service_deployment_arn,
        )

    def scale(self, desired_count: int) -> None:
        self.service = replace(self.service, desired_count=desired_count)

    def snapshot(self) -> ServiceSnapshot:
        tasks = tuple(sorted(self.state.all(Task), key=lambda task: (task.created_at, task.task_arn)))
        primary = self.service.revision_arn
        return ServiceSnapshot(
            now_ms=self.now_ms,
            service=self.service,
            revisions=tuple(
                sorted(
                    self.state.all(ServiceRevision),
                    key=lambda r: (r.service_revision_arn != primary, -r.created_at, r.service_revision_arn),
                )
            ),
            service_deployments=tuple(
                sorted(self.state.all(ServiceDeployment), key=lambda d: (-d.created_at, d.key))
            ),
            task_definitions={
                revision.task_definition_arn: a_task_definition(number, **self.definition)
                for number, revision in enumerate(self.state.all(ServiceRevision), 1)
            },
            tasks=tasks,
            targets=self.targets,
            fleet=fleet_of(self.state, CLUSTER),
            addresses=AddressPool(),
            timing=self.timing,
            alarms=self.alarms,
        )

    def step(self) -> act.Plan:
        snapshot = self.snapshot()
        plan = decide_service(snapshot, self.ids)
        self.check(snapshot, plan)
        self.remember_targets()
        tx = Transaction(self.state)
        refused = commit_plan(tx, plan.actions, self.now_ms)
        assert not refused, [action.text() for action in refused]
        broken = violations(Commit(self.state, tx.changes(), self.now_ms, self.timing))
        assert not broken, "\n".join([*broken, "the plan:", plan.text()])
        self.messages += [action.message for action in plan.actions if isinstance(action, act.EmitEvent)]
        self.last_plan = plan
        return plan

    def check(self, snapshot: ServiceSnapshot, plan: act.Plan) -> None:
        check_safety(snapshot, plan)

    def remember_targets(self) -> None:
        """The registrations as records, for the invariants to count."""
        views = [(arn, view) for arn, views in self.targets.items() for view in views]
        for target in self.state.all(Target):
            self.tx.delete(Target, target.key)
        for number, (task_arn, view) in enumerate(views):
            self.tx.put(
                Target(
                    target_group_arn=view.target_group_arn,
                    target_id=f"10.0.0.{number}",
                    port=view.port,
                    address=f"10.0.0.{number}",
                    address_port=view.port,
                    task_arn=task_arn,
                    state=view.state,
                    registered_at=self.now_ms,
                    state_since=self.now_ms,
                )
            )

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
        self.tx.put(replace(known, version=known.version + 1, **changes))

    # The records

    @property
    def service(self) -> Service:
        [service] = self.state.all(Service)
        return service

    @service.setter
    def service(self, service: Service) -> None:
        self.tx.put(service)

    @property
    def instances(self) -> tuple[ContainerInstance, ...]:
        return tuple(self.state.all(ContainerInstance))

    @instances.setter
    def instances(self, instances: tuple[ContainerInstance, ...]) -> None:
        for instance in instances:
            self.tx.put(instance)

    @property
    def tasks(self) -> dict[str, Task]:
        return {task.task_arn: task for task in self.state.all(Task)}

    def deployment(self, number: int) -> ServiceDeployment:
        deployment = self.state.get(ServiceDeployment, a_service_deployment(number).service_deployment_arn)
        assert deployment is not None
        return deployment

    def edit_deployment(self, number: int, **changes: Any) -> None:
        self.tx.put(replace(self.deployment(number), **changes))

    def revision(self, number: int) -> ServiceRevision:
        revision = self.state.get(ServiceRevision, revision_arn(number))
        assert revision is not None
        return revision

    def shown(self) -> list[str]:
        """`deployments[]` as a person reads it: number, status, roll-out state, desired: running+pending."""
        counts = self.task_counts()
        lines = []
        for revision in shown_revisions(self.state, self.service, counts):
            status = "PRIMARY" if revision.service_revision_arn == self.service.revision_arn else "ACTIVE"
            count = counts.get(revision.deployment_id, NO_TASKS)
            lines.append(
                f"{revision.deployment_id.rpartition('/')[2]} {status} {revision.rollout_state}"
                f" {revision.desired_count}: {count.running}+{count.pending}"
            )
        return lines

    def task_counts(self) -> dict[str, RevisionCount]:
        return counts_of(self.state.all(Task))

    def told(self) -> list[str]:
        """The events since the last call, without the service's name."""
        told, self.messages = self.messages, []
        return [shortened(message) for message in told]


def rolled_out(world: World) -> World:
    """The service with its first revision, steady."""
    world.settle()
    world.run()
    while world.service.steady_at is None:
        world.wait(1_000)
        make_targets(world, "healthy")
    world.told()
    return world


def make_targets(world: World, state: str, tasks: list[Task] | None = None) -> None:
    for task in world.live() if tasks is None else tasks:
        if task.running and "load_balancers" in world.revision_members:
            view = TargetView(TARGET_GROUP, 80, state, "Health checks failed with these codes: [503]")
            world.targets = {**world.targets, task.task_arn: (view,)}


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

    def word43(self) -> str:
        return f"{self._next():043d}"

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
