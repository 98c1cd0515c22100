"""The tasks loop: places tasks that wait for an instance, signals those whose targets are drained, forgets
old ones.
"""

from __future__ import annotations

from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings, earliest
from shipway.scheduler.run_task import UnplacedSnapshot, plan_unplaced
from shipway.scheduler.tasks import TasksSnapshot, plan_tasks
from shipway.store.fleet import fleet_for


async def tasks_pass(around: Surroundings) -> PassResult:
    snapshots = unplaced_snapshots(around)
    plans = [plan_unplaced(snapshot, around.ids) for snapshot in snapshots]
    plans.append(plan_tasks(tasks_snapshot(around)))
    refused = sum(len(around.commit(plan)) for plan in plans)
    return PassResult(
        sum(len(plan.actions) for plan in plans), refused, earliest([plan.wake_at for plan in plans])
    )


def unplaced_snapshots(around: Surroundings) -> list[UnplacedSnapshot]:
    """One a fleet: Fargate's waiting tasks of every cluster share one, the others have their cluster's."""
    state = around.store.state
    waiting: dict[tuple[str, str], list[Task]] = {}
    for cluster_arn in state.table(Task).values("unplaced"):
        for task in state.by(Task, "unplaced", cluster_arn):
            fargate = task.launch_type == "FARGATE"
            waiting.setdefault(("", "FARGATE") if fargate else (cluster_arn, "EC2"), []).append(task)
    return [
        UnplacedSnapshot(
            now_ms=around.clock.now_ms(),
            tasks=tuple(sorted(tasks, key=lambda task: (task.created_at, task.task_arn))),
            task_definitions=definitions_of(around, tasks),
            fleet=fleet_for(state, cluster_arn, launch_type, around.place),
        )
        for (cluster_arn, launch_type), tasks in waiting.items()
    ]


def definitions_of(around: Surroundings, tasks: list[Task]) -> dict[str, TaskDefinition]:
    arns = sorted({task.task_definition_arn for task in tasks})
    found = {arn: around.store.state.get(TaskDefinition, arn) for arn in arns}
    return {arn: definition for arn, definition in found.items() if definition is not None}


def tasks_snapshot(around: Surroundings) -> TasksSnapshot:
    state = around.store.state
    primary = [state.get(ServiceRevision, service.revision_arn) for service in state.all(Service)]
    return TasksSnapshot(
        now_ms=around.clock.now_ms(),
        tasks=tuple(state.all(Task)),
        task_arns_with_targets=frozenset(state.table(Target).values("task_arn")),
        revisions=tuple(revision for revision in primary if revision is not None),
        timing=around.timing,
    )
