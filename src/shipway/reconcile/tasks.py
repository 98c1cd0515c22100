"""The tasks loop: places tasks that wait for an instance, signals those whose targets are drained, forgets
old ones.

Two agendas. Tasks that wait are looked at fleet by fleet; draining and old ones with all tasks of their
service, for how long a stopped task is kept depends on the others.
"""

from __future__ import annotations

from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.model.task_set import TaskSet
from shipway.reconcile.agenda import Agenda, look_at_due
from shipway.reconcile.concerns import fleets_moved, owner_of
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings, earliest
from shipway.scheduler.run_task import UnplacedSnapshot, plan_unplaced
from shipway.scheduler.tasks import TasksSnapshot, plan_tasks
from shipway.store import Change, Reads
from shipway.store.fleet import fleet_of


class TasksTurn:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._fleets = Agenda()
        self._owners = Agenda()

    def look_at_everything(self) -> None:
        self._fleets.look_at(fleets_waited_for(self._around))
        self._owners.look_at({owner_of(task) for task in self._around.store.state.all(Task)})

    def hear(self, changes: tuple[Change, ...]) -> bool:
        state = self._around.store.state
        fleets = fleets_concerned(changes, self._around) if state.table(Task).values("unplaced") else set()
        owners = owners_concerned(changes, state)
        self._fleets.look_at(fleets)
        self._owners.look_at(owners)
        return bool(fleets or owners)

    async def __call__(self) -> PassResult:
        now_ms = self._around.clock.now_ms()
        placed = await look_at_due(self._fleets, now_ms, self._place)
        tended = await look_at_due(self._owners, now_ms, self._tend)
        return PassResult(
            placed.actions + tended.actions,
            placed.refused + tended.refused,
            earliest([placed.wake_at, tended.wake_at]),
            placed.failure or tended.failure,
        )

    def _place(self, cluster_arn: str) -> PassResult:
        plan = plan_unplaced(unplaced_snapshot(self._around, cluster_arn), self._around.ids)
        refused = self._around.commit(plan)
        return PassResult(len(plan.actions), len(refused), plan.wake_at)

    def _tend(self, owner: str) -> PassResult:
        plan = plan_tasks(tasks_snapshot(self._around, owner))
        refused = self._around.commit(plan)
        return PassResult(len(plan.actions), len(refused), plan.wake_at)


def fleet_arn(task: Task, around: Surroundings) -> str:
    """The cluster whose instances it may be placed on: Fargate's are in a cluster of their own."""
    return around.place.cluster(FARGATE_CLUSTER) if task.launch_type == "FARGATE" else task.cluster_arn


def waiting_tasks(around: Surroundings) -> list[Task]:
    state = around.store.state
    return [task for arn in state.table(Task).values("unplaced") for task in state.by(Task, "unplaced", arn)]


def fleets_waited_for(around: Surroundings) -> set[str]:
    return {fleet_arn(task, around) for task in waiting_tasks(around)}


def fleets_concerned(changes: tuple[Change, ...], around: Surroundings) -> set[str]:
    if any(change.kind is TaskDefinition for change in changes):
        return fleets_waited_for(around)
    born = [change.after for change in changes if isinstance(change.after, Task)]
    waiting = {fleet_arn(task, around) for task in born if task.unplaced}
    return waiting | fleets_moved(changes, around.store.state)


def owners_concerned(changes: tuple[Change, ...], reads: Reads) -> set[str]:
    """Of tasks that drain or have stopped; services whose roll-outs begin or end keep other tasks."""
    owners: set[str] = set()
    for change in changes:
        record = change.after or change.before
        if isinstance(record, Task) and record.last_status in ("DEACTIVATING", "STOPPED"):
            owners.add(owner_of(record))
        elif isinstance(record, Target) and record.task_arn:
            task = reads.get(Task, record.task_arn)
            owners.update([owner_of(task)] if task else [])
        elif isinstance(record, Service | ServiceRevision):
            owners.add(record.service_arn)
    return owners


def unplaced_snapshot(around: Surroundings, cluster_arn: str) -> UnplacedSnapshot:
    tasks = [task for task in waiting_tasks(around) if fleet_arn(task, around) == cluster_arn]
    return UnplacedSnapshot(
        now_ms=around.clock.now_ms(),
        tasks=tuple(sorted(tasks, key=lambda task: (task.created_at, task.task_arn))),
        task_definitions=definitions_of(around, tasks),
        fleet=fleet_of(around.store.state, cluster_arn),
        timing=around.timing,
    )


def definitions_of(around: Surroundings, tasks: list[Task]) -> dict[str, TaskDefinition]:
    arns = sorted({task.task_definition_arn for task in tasks})
    found = {arn: around.store.state.get(TaskDefinition, arn) for arn in arns}
    return {arn: definition for arn, definition in found.items() if definition is not None}


def tasks_snapshot(around: Surroundings, owner: str) -> TasksSnapshot:
    """The tasks of a service with its PRIMARY revision, or one task that has no service."""
    state = around.store.state
    service, alone = state.get(Service, owner), state.get(Task, owner)
    kept = {service.revision_arn} if service else set()
    kept |= {task_set.service_revision_arn for task_set in state.by(TaskSet, "service_arn", owner)}
    revisions = [state.get(ServiceRevision, arn) for arn in sorted(kept)]
    tasks = (alone,) if alone else tuple(state.by(Task, "service_arn", owner))
    return TasksSnapshot(
        now_ms=around.clock.now_ms(),
        tasks=tasks,
        task_arns_with_targets=frozenset(
            task.task_arn for task in tasks if state.table(Target).has("task_arn", task.task_arn)
        ),
        revisions=tuple(revision for revision in revisions if revision is not None),
        timing=around.timing,
    )
