"""Where a DAEMON service has its tasks: one seat on every container instance that should have one."""

from __future__ import annotations

import msgspec

from shipway.model.record import Document
from shipway.model.snapshot import Fleet, InstanceView, ServiceSnapshot
from shipway.model.task import Task
from shipway.scheduler.birth import definition_constraints
from shipway.scheduler.constraints import constraint_miss, looks_at_tasks
from shipway.scheduler.health import Condition
from shipway.scheduler.placement import active
from shipway.scheduler.survey import Survey


class Seat(msgspec.Struct, frozen=True):
    """One instance, its live task, and whether a task is leaving. Two live ones are one too many."""

    view: InstanceView
    live: tuple[Condition, ...] = ()
    leaving: bool = False
    newest: Task | None = None  # of all tasks that it had, the stopped ones included

    @property
    def instance_arn(self) -> str:
        return self.view.instance.container_instance_arn

    @property
    def empty(self) -> bool:
        """Also what stops still holds its ports and volumes: the next task starts when it is gone."""
        return not self.live and not self.leaving


def eligible(fleet: Fleet, constraints: tuple[Document, ...], group: str) -> tuple[InstanceView, ...]:
    """The ACTIVE instances that meet the constraints. One whose agent is away counts while it has its task.

    `distinctInstance` is what a daemon is anyway; its own task must not speak against it.
    """
    lasting = tuple(constraint for constraint in constraints if constraint.get("type") != "distinctInstance")
    return tuple(
        view
        for view in active(fleet)
        if (view.instance.agent_connected or view.groups.get(group))
        and constraint_miss(view, lasting, group) is None
    )


def eligible_for(snapshot: ServiceSnapshot) -> tuple[InstanceView, ...]:
    """By the constraints of the service and of its PRIMARY revision's task definition, as they are now."""
    return eligible(snapshot.fleet, constraints_of(snapshot), f"service:{snapshot.service.service_name}")


def speaks_of_tasks(snapshot: ServiceSnapshot) -> bool:
    """Whether tasks of others may take or give it a seat."""
    constraints = constraints_of(snapshot)
    return any(looks_at_tasks(each) for each in constraints if each.get("type") != "distinctInstance")


def constraints_of(snapshot: ServiceSnapshot) -> tuple[Document, ...]:
    definition = snapshot.task_definitions.get(snapshot.revisions[0].task_definition_arn)
    own = definition_constraints(definition) if definition else ()
    return (*own, *snapshot.service.placement_constraints)


def seats_of(survey: Survey, views: tuple[InstanceView, ...]) -> tuple[Seat, ...]:
    live: dict[str, list[Condition]] = {}
    for condition in survey.live:
        live.setdefault(condition.task.container_instance_arn or "", []).append(condition)
    tasks: dict[str, list[Task]] = {}
    for task in survey.snapshot.tasks:
        tasks.setdefault(task.container_instance_arn or "", []).append(task)
    seats = []
    for view in views:
        arn = view.instance.container_instance_arn
        here = [task for task in tasks.get(arn, ()) if not task.stopped]
        seated = tuple(live.get(arn, ()))
        newest = next(reversed(tasks.get(arn, [])), None)
        seats.append(Seat(view, seated, len(here) > len(seated), newest))
    return tuple(seats)


def elsewhere(snapshot: ServiceSnapshot, views: tuple[InstanceView, ...]) -> tuple[Task, ...]:
    """Tasks that are not over on instances that should not have one: draining, unfit, or away."""
    arns = {view.instance.container_instance_arn for view in views}
    return tuple(t for t in snapshot.tasks if not t.stopped and t.container_instance_arn not in arns)


def seated(snapshot: ServiceSnapshot, views: tuple[InstanceView, ...]) -> ServiceSnapshot:
    """The snapshot as the arithmetic of deployments sees it: so many tasks wanted as there are seats."""
    away = {task.task_arn for task in elsewhere(snapshot, views)}
    return msgspec.structs.replace(
        snapshot,
        service=msgspec.structs.replace(snapshot.service, desired_count=len(views)),
        tasks=tuple(task for task in snapshot.tasks if task.task_arn not in away),
    )
