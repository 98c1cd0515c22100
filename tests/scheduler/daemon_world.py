"""A tiny world for one managed daemon: commits plans, plays the agents, holds every plan to the rules."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonDeploymentConfiguration, DaemonRevision
from shipway.model.daemon_task_definition import DaemonTaskDefinition
from shipway.model.record import Record
from shipway.model.snapshot import Timing
from shipway.model.task import Container, Task
from shipway.scheduler.daemon_stations import DaemonSnapshot
from shipway.scheduler.managed_daemon import decide_managed_daemon
from shipway.store.commit import commit_plan
from shipway.store.fleet import fleet_of
from shipway.store.store import State, Transaction
from tests.builders import (
    CLUSTER,
    PLACE,
    START_MS,
    a_container_definition,
    a_task,
    an_instance,
    instance_arn,
)
from tests.scheduler.world import CountingIds

PASSES_MAX = 100
DAEMON = PLACE.daemon("demo", "log")
PROVIDER = PLACE.arn("capacity-provider/machines")


def a_machine(number: int = 1, **members: Any) -> ContainerInstance:
    """An instance of the daemon's capacity provider."""
    return an_instance(number, **{"capacity_provider_name": "machines", **members})


def an_own_task(number: int, instance: int, **members: Any) -> Task:
    """A task that has nothing to do with the daemon."""
    alone = {"service_arn": None, "deployment_id": None, "started_by": None, "group": "family:job"}
    return a_task(1000 + number, instance=instance, **{**alone, **members})


class DaemonWorld:
    """`settle()` passes until nothing more is decided; `live()` begins an empty daemon's first roll-out."""

    def __init__(self, *instances: ContainerInstance, **members: Any) -> None:
        self.now_ms = START_MS
        self.state = State()
        self.tx = Transaction(self.state)
        self.timing = Timing()
        self.ids = CountingIds()
        self.alarms: dict[str, str] = {}
        self.updates = 0
        self.last_plan = act.Plan()
        self.configuration = members.pop("configuration", DaemonDeploymentConfiguration())
        self.revision_members = members
        for instance in instances or tuple(a_machine(number) for number in (1, 2, 3)):
            self.tx.put(instance)
        self.update()

    def update(self) -> None:
        """CreateDaemon, or UpdateDaemon with the next revision."""
        self.updates += 1
        number = self.updates
        for deployment in self.state.all(DaemonDeployment):
            if deployment.in_progress:
                self.tx.put(replace(deployment, status="STOP_REQUESTED"))
        definition = DaemonTaskDefinition(
            task_definition_arn=PLACE.daemon_task_definition("log", number),
            family="log",
            revision=number,
            body={"family": "log", "containerDefinitions": [a_container_definition("log", cpu=64)]},
        )
        members: dict[str, Any] = {"capacity_provider_arns": (PROVIDER,), **self.revision_members}
        revision = DaemonRevision(
            daemon_revision_arn=PLACE.daemon_revision("demo", "log", str(number)),
            daemon_arn=DAEMON,
            cluster_arn=CLUSTER,
            daemon_task_definition_arn=definition.task_definition_arn,
            created_at=self.now_ms,
            **members,
        )
        self.tx.put(definition)
        self.tx.put(revision)
        self.deploy(revision.daemon_revision_arn)

    def deploy(self, revision_arn: str | None) -> None:
        before = self.state.get(Daemon, DAEMON)
        number = len(self.state.all(DaemonDeployment)) + 1
        deployment = DaemonDeployment(
            daemon_deployment_arn=PLACE.daemon_deployment("demo", f"d{number}"),
            daemon_arn=DAEMON,
            cluster_arn=CLUSTER,
            target_revision_arn=revision_arn,
            configuration=self.configuration,
            created_at=self.now_ms,
        )
        self.tx.put(deployment)
        self.tx.put(
            Daemon(
                daemon_arn=DAEMON,
                cluster_arn=CLUSTER,
                status="ACTIVE" if revision_arn else "DELETE_IN_PROGRESS",
                revision_arn=revision_arn or (before.revision_arn if before else ""),
                deployment_arn=deployment.daemon_deployment_arn,
                created_at=START_MS,
            )
        )

    def records(self) -> list[Record]:
        """Everything there is, for a store of one's own."""
        kinds: tuple[type[Record], ...] = (
            ContainerInstance,
            Daemon,
            DaemonDeployment,
            DaemonRevision,
            DaemonTaskDefinition,
        )
        return [record for kind in kinds for record in self.state.all(kind)]

    def snapshot(self) -> DaemonSnapshot:
        daemon = self.state.get(Daemon, DAEMON)
        assert daemon is not None
        tasks = [task for task in self.state.all(Task) if task.daemon_arn == DAEMON]
        return DaemonSnapshot(
            now_ms=self.now_ms,
            daemon=daemon,
            revisions=tuple(reversed(self.state.all(DaemonRevision))),
            deployments=tuple(reversed(self.state.all(DaemonDeployment))),
            task_definitions={d.task_definition_arn: d for d in self.state.all(DaemonTaskDefinition)},
            tasks=tuple(sorted(tasks, key=lambda task: (task.created_at, task.task_arn))),
            fleet=fleet_of(self.state, CLUSTER),
            timing=self.timing,
            alarms=self.alarms,
        )

    def step(self) -> act.Plan:
        snapshot = self.snapshot()
        plan = decide_managed_daemon(snapshot, self.ids)
        check_daemon_safety(snapshot, plan)
        refused = commit_plan(self.tx, plan.actions, self.now_ms)
        assert not refused, [action.text() for action in refused]
        self.last_plan = plan
        return plan

    def settle(self) -> None:
        for _ in range(PASSES_MAX):
            if self.state.get(Daemon, DAEMON) is None or not self.step().actions:
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

    def run(self, broken: int | None = None) -> None:
        """The agents start what they were sent, but for the broken revision, which fails; they end what was
        told to stop; then the dwell goes by.
        """
        self.settle()
        for number, task in self.live(broken).items() if broken else ():
            if task.pending:
                self.fail(number)
        for task in self.state.all(Task):
            if task.daemon_arn == DAEMON and task.pending:
                running = tuple(replace(container, last_status="RUNNING") for container in task.containers)
                self.report(task, last_status="RUNNING", started_at=self.now_ms, containers=running)
            elif task.desired_status == "STOPPED" and not task.stopped:
                self.report(task, last_status="STOPPED", stopped_at=self.now_ms)
        self.wait(5_000)

    def rolled_out(self) -> None:
        """Everything goes well until nothing moves any more."""
        for _ in range(60):
            before = [task.version for task in self.state.all(Task)], self.statuses()
            self.run()
            if ([task.version for task in self.state.all(Task)], self.statuses()) == before:
                return

    # The agents

    def live(self, revision: int | None = None) -> dict[int, Task]:
        """The daemon's live tasks by the number of their instance."""
        return {
            int((task.container_instance_arn or "0")[-8:], 16): task
            for task in self.state.all(Task)
            if task.daemon_arn == DAEMON
            and task.live
            and revision in (None, int((task.deployment_id or "")[11:]))
        }

    def fail(self, instance: int, **members: Any) -> None:
        """The daemon's task on the instance ends by itself."""
        task = self.live()[instance]
        ended = tuple(replace(c, last_status="STOPPED", exit_code=1) for c in task.containers)
        code = "EssentialContainerExited" if task.running else "TaskFailedToStart"
        moments = {"stopping_at": self.now_ms, "stopped_at": self.now_ms}
        over = {"last_status": "STOPPED", "desired_status": "STOPPED", "stop_code": code, **moments}
        self.report(task, **{**over, "containers": ended, **members})

    def sicken(self, instance: int) -> None:
        containers = tuple(unwell(container) for container in self.live()[instance].containers)
        self.report(self.live()[instance], containers=containers)

    def report(self, task: Task, **changes: Any) -> None:
        known = self.state.get(Task, task.task_arn)
        assert known is not None
        self.tx.put(replace(known, version=known.version + 1, **changes))

    def change(self, number: int, **members: Any) -> None:
        instance = self.state.get(ContainerInstance, instance_arn(number))
        assert instance is not None
        self.tx.put(replace(instance, **members))

    def statuses(self) -> list[str]:
        return [instance.status for instance in self.state.all(ContainerInstance)]

    def deployment(self, number: int) -> DaemonDeployment:
        found = self.state.get(DaemonDeployment, PLACE.daemon_deployment("demo", f"d{number}"))
        assert found is not None
        return found


def unwell(container: Container) -> Container:
    return replace(container, has_health_check=True, health_status="UNHEALTHY")


def check_daemon_safety(snapshot: DaemonSnapshot, plan: act.Plan) -> None:
    """Never two tasks of the daemon on an instance; a critical one starts before anybody else, or after the
    others had their time to leave; no more instances out of service at once than the batch.
    """
    views = {view.instance.container_instance_arn: view for view in snapshot.fleet.instances}
    present = [task.container_instance_arn for task in snapshot.tasks if not task.stopped]
    for action in plan.actions:
        if isinstance(action, act.StartTask):
            arn = action.task.container_instance_arn or ""
            assert arn not in present, "two tasks on one instance"
            present.append(arn)
            instance = views[arn].instance
            late = snapshot.now_ms >= instance.held_at + snapshot.timing.daemon_drain_ms
            assert snapshot.target is not None
            if snapshot.target.critical:
                assert instance.status != "ACTIVE" and (views[arn].only_daemons or late)
    rolled = [a for a in plan.actions if isinstance(a, act.HoldInstance) and "batch" in a.reason]
    if rolled and snapshot.deployment is not None:
        share = int(len(views) * snapshot.deployment.configuration.drain_percent / 100)
        assert len(rolled) <= max(1, share)
        assert not any(
            snapshot.daemon.daemon_arn in view.instance.held_by and view.instance.status == "DRAINING"
            for view in views.values()
            if view.instance.agent_connected
        ), "two batches at once"
