"""RunTask, StartTask, and tasks that wait for capacity. Partial success is success and failures beside it."""

from __future__ import annotations

import msgspec

from shipway.model.actions import Action, PlaceTask, Plan, StartTask, StopTask
from shipway.model.capacity_provider import has_own_instances
from shipway.model.snapshot import AddressPool, Fleet, InstanceView, Provisioning, Timing
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.birth import Birth, Births, place_of, wanted_again, wanted_by
from shipway.scheduler.filters import RESOURCE_CHECKS
from shipway.scheduler.ground import NO_PROVIDER_INSTANCES, Ground
from shipway.scheduler.placement import Failure, active, chance_of, failures_of
from shipway.seams import Ids

UNPLACED_MAX_MS = 120_000
"""So long, at any speed, a task waits for Fargate's capacity: its instance starts in seconds."""

NO_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different availability zone"
)


class RunTaskSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The request and the fleet that it is placed on (for Fargate: the hidden instances)."""

    birth: Birth
    fleet: Fleet
    count: int = 1
    addresses: AddressPool = AddressPool()
    provisioning: Provisioning = Provisioning()


class StartTaskSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The request, the cluster's fleet, and the instances that it names, by id or ARN."""

    birth: Birth
    fleet: Fleet
    container_instances: tuple[str, ...]
    addresses: AddressPool = AddressPool()


class UnplacedSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that wait for an instance of this fleet, in the order in which they were born."""

    now_ms: int
    tasks: tuple[Task, ...]
    task_definitions: dict[str, TaskDefinition]
    fleet: Fleet
    timing: Timing = Timing()


def plan_run_task(snapshot: RunTaskSnapshot, ids: Ids) -> tuple[Plan, tuple[Failure, ...]]:
    """One StartTask for each task that finds an instance; the failures of those that find none."""
    ground = Ground(snapshot.fleet, snapshot.addresses, provisioning=snapshot.provisioning)
    births, chance = Births(snapshot.birth), chance_of(ids)
    actions: list[Action] = []
    for _ in range(snapshot.count):
        birth, wanted = births.next()
        chosen = ground.place(wanted, chance)
        refusal = None if chosen is not None else ground.refusal(birth, wanted)
        if refusal is not None:
            return Plan(tuple(actions)), ground.failures(wanted) or (of_nowhere(birth, refusal),)
        actions.append(StartTask(task=ground.bear(birth, chosen, ids), reason=requested("RunTask", birth)))
        births.count(birth)
    return Plan(tuple(actions)), ()


def of_nowhere(birth: Birth, refusal: Failure) -> Failure:
    """There is no instance to speak of: the failure is the capacity provider's."""
    provider = place_of(birth.cluster_arn).arn(f"capacity-provider/{birth.capacity_provider_name}")
    reason = "EMPTY CAPACITY PROVIDER" if refusal is NO_PROVIDER_INSTANCES else refusal.reason
    return Failure(provider, reason, refusal.detail)


def plan_start_task(snapshot: StartTaskSnapshot, ids: Ids) -> tuple[Plan, tuple[Failure, ...]]:
    """A task on each named instance. Constraints and strategies do not count; resources and agent do."""
    birth, ground = snapshot.birth, Ground(snapshot.fleet, snapshot.addresses)
    wanted = wanted_by(birth)
    actions: list[Action] = []
    failures: list[Failure] = []
    for name in snapshot.container_instances:
        view = named(ground.fleet, name)
        if view is None:
            failures.append(Failure(name, "MISSING", "no container instance of the cluster has this id"))
        elif view.instance.status != "ACTIVE":
            detail = f"its status is {view.instance.status}"
            failures.append(Failure(view.instance.container_instance_arn, "INACTIVE", detail))
        elif missed := failures_of((view,), wanted, RESOURCE_CHECKS):
            failures.extend(missed)
        else:
            ground.take(view, wanted)
            actions.append(
                StartTask(task=ground.bear(birth, view, ids), reason=requested("StartTask", birth))
            )
    return Plan(tuple(actions)), tuple(failures)


def plan_unplaced(snapshot: UnplacedSnapshot, ids: Ids) -> Plan:
    """Waiting tasks get an instance, first born first; who waited too long, or can never fit, fails."""
    ground, chance, largest = Ground(snapshot.fleet), chance_of(ids), largest_of(snapshot.fleet)
    actions: list[Action] = []
    moments: list[int] = []
    for task in snapshot.tasks:
        definition = snapshot.task_definitions.get(task.task_definition_arn)
        if task.unplaced is None or task.desired_status == "STOPPED":
            continue
        if definition is None:
            actions.append(give_up(task, "ATTRIBUTE", "Its task definition was deleted while it waited."))
            continue
        wanted = wanted_again(task, definition)
        chosen = ground.place(wanted, chance)
        give_up_at = task.created_at + patience_ms(task, snapshot.timing)
        if chosen is not None:
            actions.append(place_action(task, chosen))
        elif lacking := never_enough(task, largest):
            why = f"No instance is large enough: {told(ground.nearest_failure(wanted))}."
            actions.append(give_up(task, lacking, why))
        elif snapshot.now_ms >= give_up_at:
            nearest = ground.nearest_failure(wanted)
            actions.append(give_up(task, cause_of(task, nearest), f"It waited: {told(nearest)}."))
        else:
            moments.append(give_up_at)
    return Plan(tuple(actions), min(moments, default=None))


def patience_ms(task: Task, timing: Timing) -> int:
    own = has_own_instances(task.capacity_provider_name)
    return max(UNPLACED_MAX_MS, timing.provisioning_max_ms) if own else UNPLACED_MAX_MS


def cause_of(task: Task, nearest: Failure | None) -> str:
    empty = "EMPTY CAPACITY PROVIDER" if has_own_instances(task.capacity_provider_name) else "AGENT"
    return nearest.reason if nearest else empty


def named(fleet: Fleet, name: str) -> InstanceView | None:
    for view in fleet.instances:
        if name in (view.instance.container_instance_arn, view.instance.instance_id):
            return view
    return None


def place_action(task: Task, view: InstanceView) -> PlaceTask:
    return PlaceTask(
        task_arn=task.task_arn,
        version=task.version,
        container_instance_arn=view.instance.container_instance_arn,
        availability_zone=view.instance.availability_zone,
        interface=task.interface,
        gpu_ids=view.remaining.gpu_ids,
        reason="It waited for capacity, and there is some now.",
    )


def largest_of(fleet: Fleet) -> tuple[int, int] | None:
    """The most CPU and the most memory of an instance; None while there is no instance at all."""
    instances = [view.instance for view in active(fleet) if view.instance.agent_connected]
    if not instances:
        return None
    return max(instance.cpu for instance in instances), max(instance.memory for instance in instances)


def never_enough(task: Task, largest: tuple[int, int] | None) -> str | None:
    """The resource of which not even an empty instance has enough."""
    if largest is None:
        return None
    if task.reservation.cpu > largest[0]:
        return "RESOURCE:CPU"
    return "RESOURCE:MEMORY" if task.reservation.memory > largest[1] else None


def give_up(task: Task, cause: str, reason: str) -> StopTask:
    stopped_reason = NO_CAPACITY if task.launch_type == "FARGATE" else f"TaskFailedToStart: {cause}"
    return StopTask(
        task_arn=task.task_arn,
        version=task.version,
        stop_code="TaskFailedToStart",
        stopped_reason=stopped_reason,
        reason=reason,
    )


def told(failure: Failure | None) -> str:
    return f"{failure.reason}, {failure.detail}" if failure else "there is no container instance"


def requested(operation: str, birth: Birth) -> str:
    by = f" by {birth.started_by}" if birth.started_by else ""
    return f"{operation} asked for it{by}."
