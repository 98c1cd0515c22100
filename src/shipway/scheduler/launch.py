"""Births of a service's tasks: each finds its place, what is placed counts as used, a refusal ends it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import InstanceView, ServiceSnapshot
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.addresses import NoAddressLeft
from shipway.scheduler.birth import Birth, Births, wanted_by
from shipway.scheduler.capacity_strategy import placed_by
from shipway.scheduler.filters import RESOURCE_CHECKS
from shipway.scheduler.ground import Ground
from shipway.scheduler.image_digests import settled_digests
from shipway.scheduler.placement import Failure, chance_of, failures_of
from shipway.seams import Ids

NO_DEFINITION = Failure("", "Internal error.", "its task definition was deleted")


class Launched(msgspec.Struct, frozen=True):
    """The tasks born, what they left, and why there are not more of them."""

    tasks: tuple[Task, ...]
    ground: Ground
    failure: Failure | None = None


def ground_of(
    snapshot: ServiceSnapshot, stopping: tuple[Task, ...], replaced: tuple[Task, ...] = ()
) -> Ground:
    """`replaced` are tasks that run until what is born now has taken their place."""
    return Ground(snapshot.fleet, snapshot.addresses, stopping, snapshot.provisioning, replaced)


def launch(
    snapshot: ServiceSnapshot,
    revision: ServiceRevision,
    count: int,
    ground: Ground,
    ids: Ids,
    earlier: tuple[Task, ...] = (),
) -> Launched:
    """`earlier` are those of the revision that this pass has borne already."""
    if not count:
        return Launched((), ground)
    definition = snapshot.task_definitions.get(revision.task_definition_arn)
    if definition is None:
        return Launched((), ground, NO_DEFINITION)
    own: list[Task] = []  # who goes has no part in its provider's share: its successor takes it
    if revision.capacity_provider_strategy:
        alike = [task for task in snapshot.tasks if task.deployment_id == revision.deployment_id]
        own = [*earlier, *(task for task in alike if task.live and not ground.loses(task))]
    return born(Births(birth_of(snapshot, revision, definition), placed_by(own)), count, ground, ids)


def birth_of(snapshot: ServiceSnapshot, revision: ServiceRevision, definition: TaskDefinition) -> Birth:
    service = snapshot.service
    return Birth(
        task_definition=definition,
        cluster_arn=service.cluster_arn,
        created_at=snapshot.now_ms,
        group=f"service:{service.service_name}",
        launch_type=revision.launch_type,
        started_by=revision.deployment_id,
        service_arn=service.service_arn,
        deployment_id=revision.deployment_id,
        capacity_provider_strategy=revision.capacity_provider_strategy,
        platform_version=revision.platform_version,
        network_configuration=revision.network_configuration,
        placement_constraints=service.placement_constraints,
        placement_strategy=service.placement_strategy,
        tags=service.tags if service.propagate_tags == "SERVICE" else inherited_tags(snapshot, revision),
        enable_execute_command=service.enable_execute_command,
        image_digests=settled_digests(definition, revision),
        daemon=service.scheduling_strategy == "DAEMON",
    )


def born(births: Births, count: int, ground: Ground, ids: Ids) -> Launched:
    chance = chance_of(ids)
    tasks: list[Task] = []
    for _ in range(count):
        birth, wanted = births.next()
        chosen = ground.place(wanted, chance)
        refusal = None if chosen is not None else ground.refusal(birth, wanted)
        if refusal is not None:
            return Launched(tuple(tasks), ground, refusal)
        try:
            tasks.append(ground.bear(birth, chosen, ids))
        except NoAddressLeft as error:
            return Launched(tuple(tasks), ground, Failure("", "RESOURCE:ENI", str(error)))
        births.count(birth)
    return Launched(tuple(tasks), ground)


def born_on(birth: Birth, views: Iterable[InstanceView], ground: Ground, ids: Ids) -> Launched:
    """A task on each of these instances. One that cannot take it does not hold up the others."""
    wanted = wanted_by(birth)
    tasks: list[Task] = []
    failures: list[Failure] = []
    for view in views:
        missed = failures_of((view,), wanted, RESOURCE_CHECKS)
        if missed:
            failures.extend(missed)
            continue
        try:
            tasks.append(ground.bear(birth, view, ids))
        except NoAddressLeft as error:
            failures.append(Failure("", "RESOURCE:ENI", str(error)))
            break
        ground.take(view, wanted)
    return Launched(tuple(tasks), ground, next(iter(failures), None))


def inherited_tags(snapshot: ServiceSnapshot, revision: ServiceRevision) -> tuple[dict[str, object], ...]:
    if snapshot.service.propagate_tags != "TASK_DEFINITION":
        return ()
    return snapshot.task_definitions[revision.task_definition_arn].tags
