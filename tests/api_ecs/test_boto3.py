"""boto3 against the running front door: waiters, paginators, errors. boto3 plays the
agent too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from shipway.model.container_instance import ContainerInstance
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.store import Store
from tests.api.fake_registry import FakeRegistry
from tests.api.front_door import FrontDoor, Server, a_context
from tests.api_ecs.agents import registration, service_task

DEADLINE_S = 20
QUICK = {"Delay": 0.02, "MaxAttempts": 500}


@pytest.fixture
def front_door(tmp_path: Path) -> Iterator[FrontDoor]:
    """A front door with an ECS in it that nobody has used."""
    registry = FakeRegistry()
    context = a_context(tmp_path, registry)
    server = Server(context, [])
    server.start()
    yield FrontDoor(server.url, context, registry)
    server.stop()
    context.store.close()
    context.log_events.close()


@pytest.fixture
def client(front_door: FrontDoor) -> Any:
    """A boto3 client; the default cluster, a connected instance and the task definition `web` are there."""
    client = front_door.client("ecs")
    client.create_cluster()
    arn = client.register_container_instance(**registration())["containerInstance"]["containerInstanceArn"]
    connect(front_door, arn)
    container = {"name": "web", "image": "busybox", "memory": 16}
    client.register_task_definition(family="web", containerDefinitions=[container])
    return client


def connect(front_door: FrontDoor, arn: str) -> None:
    with front_door.context.store.transaction() as tx:
        instance = tx.get(ContainerInstance, arn)
        assert instance is not None
        tx.put(replace(instance, agent_connected=True))


def meanwhile(action: Callable[[], object]) -> threading.Thread:
    """Does something beside a waiter that is already asking."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


def submit(client: Any, task_arn: str, status: str) -> None:
    client.submit_task_state_change(
        cluster="default",
        task=task_arn,
        status=status,
        containers=[
            {"containerName": "web", "status": status, **({"exitCode": 0} if status == "STOPPED" else {})}
        ],
    )


def test_task_waiters(client: Any) -> None:
    """tasks_running and tasks_stopped end when the agent has reported so, and tasks_running fails on a
    stopped task.
    """
    arn = client.run_task(taskDefinition="web")["tasks"][0]["taskArn"]
    reporting = meanwhile(lambda: submit(client, arn, "RUNNING"))
    client.get_waiter("tasks_running").wait(tasks=[arn], WaiterConfig=QUICK)
    reporting.join(DEADLINE_S)
    client.stop_task(task=arn)
    reporting = meanwhile(lambda: submit(client, arn, "STOPPED"))
    client.get_waiter("tasks_stopped").wait(tasks=[arn], WaiterConfig=QUICK)
    reporting.join(DEADLINE_S)
    with pytest.raises(Exception, match="TasksRunning"):
        client.get_waiter("tasks_running").wait(tasks=[arn], WaiterConfig=QUICK)


def test_service_waiters(client: Any, front_door: FrontDoor) -> None:
    """services_stable ends with the last task RUNNING in the only deployment, services_inactive when it is
    deleted.
    """
    service = client.create_service(serviceName="s", taskDefinition="web", desiredCount=2)["service"]
    store, ids = front_door.context.store, front_door.context.ids
    arns = [service_task(store, service, 1, ids) for _ in range(2)]
    submit(client, arns[0], "RUNNING")
    shown = client.describe_services(services=["s"])["services"][0]
    assert (shown["runningCount"], shown["pendingCount"], len(shown["deployments"])) == (1, 1, 1)
    reporting = meanwhile(lambda: submit(client, arns[1], "RUNNING"))
    client.get_waiter("services_stable").wait(services=["s"], WaiterConfig=QUICK)
    reporting.join(DEADLINE_S)
    client.delete_service(service="s", force=True)
    for arn in arns:
        submit(client, arn, "STOPPED")
    reporting = meanwhile(lambda: client.delete_service(service="s"))
    client.get_waiter("services_inactive").wait(services=["s"], WaiterConfig=QUICK)
    reporting.join(DEADLINE_S)


def test_paginators(client: Any) -> None:
    """Every paginator of ECS walks over all pages of what it lists."""
    for number in range(3):
        client.create_cluster(clusterName=f"c{number}")
        client.register_task_definition(
            family=f"f{number}", containerDefinitions=[{"name": "a", "image": "i", "memory": 4}]
        )
        client.create_service(serviceName=f"s{number}", taskDefinition="web", desiredCount=0)
        client.run_task(taskDefinition="web")
        client.register_container_instance(**registration(number + 2))

    def walked(operation: str, member: str, **members: Any) -> int:
        pages = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **members)
        items = [item for found in pages for item in found[member]]
        assert len({str(item) for item in items}) == len(items)
        return len(items)

    assert walked("list_clusters", "clusterArns") == 4
    assert walked("list_container_instances", "containerInstanceArns") == 4
    assert walked("list_task_definitions", "taskDefinitionArns") == 4
    assert walked("list_task_definition_families", "families") == 4
    assert walked("list_services", "serviceArns") == 3
    assert walked("list_tasks", "taskArns") == 3
    assert walked("list_attributes", "attributes", targetType="container-instance") > 40
    assert walked("list_account_settings", "settings", effectiveSettings=True) == 11


def test_errors_arrive_as_their_own_exceptions(client: Any) -> None:
    """boto3 raises the modelled exception, with the members that it has."""
    with pytest.raises(client.exceptions.ClusterNotFoundException, match="Cluster not found"):
        client.list_tasks(cluster="none")
    client.run_task(taskDefinition="web", clientToken="t")
    with pytest.raises(client.exceptions.ConflictException) as caught:
        client.run_task(taskDefinition="web", clientToken="t", count=2)
    assert len(caught.value.response["resourceIds"]) == 1
    with pytest.raises(ClientError, match="does not implement ListServicesByNamespace"):
        client.list_services_by_namespace(namespace="shop")


def test_service_members_survive_a_restart(client: Any, front_door: FrontDoor, tmp_path: Path) -> None:
    """What was acknowledged is read back from disk as it was."""
    created = client.create_service(serviceName="s", taskDefinition="web", desiredCount=1)["service"]
    again = Store.open(tmp_path / "state.sqlite")
    (service,) = again.state.all(Service)
    (revision,) = again.state.all(ServiceRevision)
    again.close()
    assert (service.service_arn, revision.deployment_id) == (
        created["serviceArn"],
        created["deployments"][0]["id"],
    )
