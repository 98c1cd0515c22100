"""UpdateTaskProtection and GetTaskProtection."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model.service import Service
from shipway.model.task import Task
from tests.api_ecs.agents import service_task
from tests.api_ecs.front import START, Ecs
from tests.api_ecs.service_steps import create


def test_protected_service_task(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """Protection holds until its time, and can be taken back."""
    arn = service_task(ecs.store, create(ecs), START, ecs.ids)
    members = {"cluster": "default", "tasks": [arn]}
    answer = ecs("UpdateTaskProtection", protectionEnabled=True, expiresInMinutes=60, **members)
    until = (START + 3_600_000) / 1000
    assert answer["protectedTasks"] == [{"taskArn": arn, "protectionEnabled": True, "expirationDate": until}]
    assert ecs("GetTaskProtection", **members)["protectedTasks"] == answer["protectedTasks"]
    ecs.clock.advance(3_600_000)
    assert ecs("GetTaskProtection", **members)["protectedTasks"] == [
        {"taskArn": arn, "protectionEnabled": False}
    ]
    assert ecs.store.state.get(Task, arn) is not None


def test_without_names_all_tasks_of_services_are_shown(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """A standalone task is none of them."""
    ecs("RunTask", taskDefinition=web)
    arn = service_task(ecs.store, create(ecs), START, ecs.ids)
    shown = ecs("GetTaskProtection", cluster="default")
    assert shown == {"protectedTasks": [{"taskArn": arn, "protectionEnabled": False}], "failures": []}


def test_blocked_deployment_refuses_more_protection(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """While protected tasks hold a deployment up no other task is protected; theirs may last longer."""
    service = create(ecs)
    held, free = (service_task(ecs.store, service, START, ecs.ids) for _ in range(2))
    ecs("UpdateTaskProtection", cluster="default", tasks=[held], protectionEnabled=True)
    with ecs.store.transaction() as tx:
        (record,) = tx.all(Service)
        tx.put(replace(record, told_at={"task protection: ": START}))
    answer = ecs("UpdateTaskProtection", cluster="default", tasks=[held, free], protectionEnabled=True)
    assert [shown["taskArn"] for shown in answer["protectedTasks"]] == [held]
    assert [(failure["arn"], failure["reason"]) for failure in answer["failures"]] == [
        (free, "DEPLOYMENT_BLOCKED")
    ]
    answer = ecs("UpdateTaskProtection", cluster="default", tasks=[free, held], protectionEnabled=False)
    assert answer["failures"] == []


def test_protection_is_for_tasks_of_services(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """A standalone task cannot be protected; a missing one is missing."""
    task = ecs("RunTask", taskDefinition=web)["tasks"][0]
    answer = ecs(
        "UpdateTaskProtection", cluster="default", tasks=[task["taskArn"], "f" * 32], protectionEnabled=True
    )
    assert [failure["reason"] for failure in answer["failures"]] == ["TASK_NOT_VALID", "MISSING"]
