"""The record of a new task set, and how callers name one."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.errors import ApiError
from shipway.model.arn import cluster_name_of, short_name
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task_set import TaskSet

ALL_PERCENT = 100.0


def new_task_set(call: Call, revision: ServiceRevision, **members: Any) -> TaskSet:
    return TaskSet(
        task_set_arn=call.place.task_set(
            cluster_name_of(revision.service_arn),
            short_name(revision.service_arn),
            short_name(revision.service_revision_arn),
        ),
        service_arn=revision.service_arn,
        cluster_arn=revision.cluster_arn,
        service_revision_arn=revision.service_revision_arn,
        created_at=revision.created_at,
        updated_at=revision.created_at,
        stability_status_at=revision.created_at,
        **members,
    )


def task_set_arn_of(call: Call, service: Service, given: str) -> str:
    """The ARN that an id (`ecs-svc/N`) or an ARN means, whether there is such a task set or not."""
    if given.startswith("arn:"):
        return given
    return call.place.task_set(service.cluster_name, service.service_name, short_name(given))


def task_set_of(call: Call, service: Service, given: str) -> TaskSet:
    task_set = call.store.state.get(TaskSet, task_set_arn_of(call, service, given))
    if task_set is None or task_set.service_arn != service.service_arn:
        raise ApiError("TaskSetNotFoundException", "The specified task set was not found.")
    return task_set
