"""The names that a task's service has in the task network."""

from __future__ import annotations

from shipway.model.arn import Place, short_name
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.store import Reads


def service_names_of(reads: Reads, task: Task, place: Place) -> tuple[str, ...]:
    if task.service_arn is None or task.deployment_id is None:
        return ()
    cluster_name, service_name = task.service_arn.split("/")[1:]
    arn = place.service_revision(cluster_name, service_name, short_name(task.deployment_id))
    revision = reads.get(ServiceRevision, arn)
    return revision.service_names if revision is not None else ()
