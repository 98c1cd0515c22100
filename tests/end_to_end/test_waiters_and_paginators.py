"""AWS's own tools work against local ECS: the command line's waiters, boto3's paginators."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.end_to_end.local_ecs import LocalEcs

pytestmark = pytest.mark.docker


def sleeper(name: str = "main") -> dict[str, Any]:
    return {
        "name": name,
        "command": ["sleep", "600"],
        "linuxParameters": {"initProcessEnabled": True},
    }


def test_waiters_of_the_command_line_must_end_well(local: LocalEcs) -> None:
    """`aws ecs wait` services-stable, tasks-running, tasks-stopped and services-inactive."""
    definition = local.register("waited", sleeper())
    local.ecs.create_service(serviceName="waited", taskDefinition=definition, desiredCount=2)
    arn = local.run(definition)

    def service() -> None:
        local.aws("ecs", "wait", "services-stable", "--services", "waited")

    def task() -> None:
        local.aws("ecs", "wait", "tasks-running", "--tasks", arn)
        assert local.task(arn)["lastStatus"] == "RUNNING"
        local.ecs.stop_task(task=arn, reason="enough")
        local.aws("ecs", "wait", "tasks-stopped", "--tasks", arn)

    with ThreadPoolExecutor() as both:
        for waited in [both.submit(service), both.submit(task)]:
            waited.result()
    counts = local.service("waited")
    assert (counts["runningCount"], counts["pendingCount"]) == (2, 0)
    stopped = local.task(arn)
    assert (stopped["lastStatus"], stopped["stopCode"]) == ("STOPPED", "UserInitiated")
    assert stopped["stoppedReason"] == "enough"
    local.ecs.delete_service(service="waited", force=True)
    local.aws("ecs", "wait", "services-inactive", "--services", "waited")


def make_task_definitions(local: LocalEcs) -> None:
    for _ in range(3):
        local.register("paged", sleeper())


def make_tasks(local: LocalEcs) -> None:
    local.ecs.run_task(taskDefinition="paged", count=3, startedBy="paged")


def make_services(local: LocalEcs) -> None:
    for number in range(3):
        local.ecs.create_service(serviceName=f"paged-{number}", taskDefinition="paged", desiredCount=0)


def make_log_streams(local: LocalEcs) -> None:
    local.logs.create_log_group(logGroupName="paged")
    for number in range(3):
        local.logs.create_log_stream(logGroupName="paged", logStreamName=str(number))


def make_target_groups(local: LocalEcs) -> None:
    for number in range(3):
        name = f"paged-{number}"
        local.elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId="vpc-1")


def make_repositories(local: LocalEcs) -> None:
    for number in range(3):
        local.client("ecr").create_repository(repositoryName=f"paged/{number}")


PAGED: list[tuple[Callable[[LocalEcs], None], str, str, str, dict[str, Any]]] = [
    (
        make_task_definitions,
        "ecs",
        "list_task_definitions",
        "taskDefinitionArns",
        {"familyPrefix": "paged"},
    ),
    (make_tasks, "ecs", "list_tasks", "taskArns", {"startedBy": "paged"}),
    (make_services, "ecs", "list_services", "serviceArns", {}),
    (make_log_streams, "logs", "describe_log_streams", "logStreams", {"logGroupName": "paged"}),
    (make_target_groups, "elbv2", "describe_target_groups", "TargetGroups", {}),
    (make_repositories, "ecr", "describe_repositories", "repositories", {}),
]


def test_paginators_must_see_each_once(local: LocalEcs) -> None:
    """In pages of two, everything that one call without pages shows, in the same order."""
    for make, service, operation, member, request in PAGED:
        make(local)
        client = local.client(service)
        pages = list(client.get_paginator(operation).paginate(**request, PaginationConfig={"PageSize": 2}))
        sizes = [len(page[member]) for page in pages]
        seen = [item for page in pages for item in page[member]]
        assert all(size == 2 for size in sizes[:-1]), f"{operation}: {sizes}"
        assert len(seen) >= 3, operation
        assert seen == getattr(client, operation)(**request)[member], operation
    for arn in local.ecs.list_tasks(startedBy="paged")["taskArns"]:
        local.ecs.stop_task(task=arn)
