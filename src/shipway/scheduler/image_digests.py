"""Image tags of a deployment are settled by its first task: what it pulled, all later ones pull.

Until the digests are known one task is started alone. A first task that fails is tried again; after three
failures the deployment goes on without digests, or fails if it has a circuit breaker.
"""

from __future__ import annotations

from shipway.model.service_revision import ServiceRevision
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.survey import Survey

ATTEMPTS = 3


def starts_max(survey: Survey) -> int | None:
    """How many tasks the PRIMARY revision may start now for the sake of its digests; None: any number."""
    if not is_unsettled(survey) or survey.failed_tasks >= ATTEMPTS:
        return None
    return max(0, 1 - len(survey.target.live))


def is_unsettled(survey: Survey) -> bool:
    """Nobody knows yet what its tags mean. A task that has run would have told, if anything."""
    target, snapshot = survey.target, survey.snapshot
    if not target.in_progress:
        return False
    if any(task.started_at is not None for task in snapshot.tasks_of(target.revision.deployment_id)):
        return False
    definition = snapshot.task_definitions.get(target.revision.task_definition_arn)
    return definition is not None and open_tags(definition, target.revision)


def open_tags(definition: TaskDefinition, revision: ServiceRevision) -> bool:
    images = {container.get("name"): str(container.get("image")) for container in definition.containers}
    return any(
        "@" not in images[name] and name not in revision.image_digests
        for name in settled_containers(definition)
    )


def settled_containers(definition: TaskDefinition) -> tuple[str, ...]:
    """The containers whose image shall not change within a deployment."""
    return tuple(
        str(container.get("name"))
        for container in definition.containers
        if container.get("versionConsistency") != "disabled"
    )


def settled_digests(definition: TaskDefinition, revision: ServiceRevision) -> dict[str, str]:
    """What the tasks born from now on must pull."""
    digests = revision.image_digests
    return {name: digests[name] for name in settled_containers(definition) if name in digests}
