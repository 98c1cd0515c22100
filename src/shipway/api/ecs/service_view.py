"""What is derived about a service when it is read: which revisions are out, and how many tasks of each."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shipway.model.arn import Place
from shipway.model.last_status import BEFORE_RUNNING
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.task import Task
from shipway.store import Reads


class RevisionCount(msgspec.Struct):
    """Tasks of one revision. `out` are those that still stand for it, the stopping ones included."""

    running: int = 0
    pending: int = 0
    out: int = 0


def counts_of(tasks: Iterable[Task]) -> dict[str, RevisionCount]:
    """The counts of a service's tasks by deployment id (`ecs-svc/N`)."""
    counts: dict[str, RevisionCount] = {}
    for task in tasks:
        if task.stopped:
            continue
        count = counts.setdefault(task.deployment_id or "", RevisionCount())
        wanted = task.desired_status == "RUNNING"
        count.running += wanted and task.running
        count.pending += wanted and task.last_status in BEFORE_RUNNING
        count.out += wanted or task.running
    return counts


def shown_revisions(
    state: Reads, service: Service, counts: dict[str, RevisionCount]
) -> list[ServiceRevision]:
    """The PRIMARY revision first, then those that a deployment comes from or that still have tasks, newest
    first.
    """
    if service.status == "INACTIVE":
        return []
    arns = {revision_arn(service, deployment_id) for deployment_id, count in counts.items() if count.out}
    deployment = current_deployment(state, service)
    if deployment is not None:
        arns |= {deployment.target_revision_arn, *deployment.source_revision_arns}
    arns.discard(service.revision_arn)
    others = [revision for arn in sorted(arns) if (revision := state.get(ServiceRevision, arn)) is not None]
    others.sort(key=lambda revision: (-revision.created_at, revision.service_revision_arn))
    primary = state.get(ServiceRevision, service.revision_arn)
    return others if primary is None else [primary, *others]


def current_deployment(state: Reads, service: Service) -> ServiceDeployment | None:
    if service.service_deployment_arn is None:
        return None
    return state.get(ServiceDeployment, service.service_deployment_arn)


def revision_arn(service: Service, deployment_id: str) -> str:
    parts = service.service_arn.split(":")
    place = Place(account_id=parts[4], region=parts[3])
    return place.service_revision(
        service.cluster_name, service.service_name, deployment_id.rpartition("/")[2]
    )
