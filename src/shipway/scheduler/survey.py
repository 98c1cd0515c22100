"""The snapshot of a service, sorted out: the tasks of each revision, and the condition of each task."""

from __future__ import annotations

from functools import cached_property

import msgspec

from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.snapshot import ServiceSnapshot
from shipway.model.task import Task
from shipway.scheduler.failures import failed_tasks_of
from shipway.scheduler.health import Condition, checks_of, condition_of
from shipway.scheduler.rolling import Limits, limits_of


class Rollout(msgspec.Struct, frozen=True):
    """The tasks of one revision. Leaving: told to stop, or ending by themselves, and not STOPPED yet."""

    revision: ServiceRevision
    live: tuple[Condition, ...] = ()
    leaving: int = 0

    @property
    def failed(self) -> bool:
        return self.revision.rollout_state == "FAILED"

    @property
    def in_progress(self) -> bool:
        return self.revision.rollout_state == "IN_PROGRESS"


class Survey(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one pass knows. `target` is the PRIMARY revision; sources are what it replaces, oldest first."""

    snapshot: ServiceSnapshot
    target: Rollout
    sources: tuple[Rollout, ...]
    limits: Limits

    @property
    def desired_count(self) -> int:
        return self.snapshot.service.desired_count

    @cached_property
    def live(self) -> tuple[Condition, ...]:
        return (*self.target.live, *[condition for source in self.sources for condition in source.live])

    @cached_property
    def staying(self) -> tuple[Condition, ...]:
        return tuple([condition for condition in self.target.live if not condition.displaced])

    @cached_property
    def staying_healthy(self) -> int:
        return [condition.healthy for condition in self.staying].count(True)

    @cached_property
    def failed_tasks(self) -> int:
        """Of the PRIMARY deployment, as they were when the pass began."""
        return failed_tasks_of(self.snapshot, self.target.revision)

    @cached_property
    def leaving(self) -> int:
        return self.target.leaving + sum(source.leaving for source in self.sources)

    @cached_property
    def current(self) -> ServiceDeployment | None:
        """The service deployment in progress."""
        for deployment in self.snapshot.service_deployments:
            if deployment.service_deployment_arn == self.snapshot.service.service_deployment_arn:
                return deployment if deployment.in_progress else None
        return None

    @property
    def rolling_back(self) -> bool:
        return self.current is not None and self.current.status == "ROLLBACK_IN_PROGRESS"


def survey_of(snapshot: ServiceSnapshot) -> Survey:
    rollouts = [rollout_of(revision, snapshot) for revision in snapshot.revisions]
    target, others = rollouts[0], rollouts[1:]
    assert target.revision.service_revision_arn == snapshot.service.revision_arn
    sources = [other for other in others if other.live or other.leaving or other.revision.desired_count]
    sources.sort(key=lambda source: (source.revision.created_at, source.revision.service_revision_arn))
    service = snapshot.service
    return Survey(
        snapshot=snapshot,
        target=target,
        sources=tuple(sources),
        limits=limits_of(service.desired_count, service.deployment_configuration),
    )


def rollout_of(revision: ServiceRevision, snapshot: ServiceSnapshot) -> Rollout:
    own = [task for task in snapshot.tasks_of(revision.deployment_id) if not task.stopped]
    checks = checks_of(revision, snapshot)
    live = [condition_of(task, checks) for task in own if is_live(task)]
    return Rollout(revision, tuple(live), len(own) - len(live))


def is_live(task: Task) -> bool:
    """An essential container that has stopped ends its task, though the others may take a while to follow."""
    return task.live and not [c for c in task.containers if c.essential and c.last_status == "STOPPED"]
