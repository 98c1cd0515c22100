"""DAEMON services through the API."""

from __future__ import annotations

import pytest

from shipway.model.task import Task
from tests.api_ecs.agents import register
from tests.api_ecs.front import Ecs
from tests.api_ecs.loops import settle, turn
from tests.api_ecs.service_steps import Wire, create, described, put_target_group, update

IPE = "InvalidParameterException"
DAEMON = {"schedulingStrategy": "DAEMON", "desiredCount": None}


def create_daemon(ecs: Ecs, **members: object) -> Wire:
    return create(ecs, **{**DAEMON, **members})


def test_desired_count_is_the_number_of_instances(ecs: Ecs, web: str) -> None:
    """It is there from the first answer on, follows the instances, and defaults are those of daemons."""
    for number in (1, 2, 3):
        instance = register(ecs, number)
    created = create_daemon(ecs)
    assert (created["desiredCount"], created["schedulingStrategy"]) == (3, "DAEMON")
    configuration = created["deploymentConfiguration"]
    assert (configuration["minimumHealthyPercent"], configuration["maximumPercent"]) == (0, 100)
    assert created["availabilityZoneRebalancing"] == "DISABLED"
    settle(ecs)
    shown = described(ecs)
    assert (shown["desiredCount"], shown["runningCount"], len(shown["deployments"])) == (3, 3, 1)
    assert shown["deployments"][0]["desiredCount"] == 3
    assert shown["events"][0]["message"] == "(service s) has reached a steady state."
    ecs(
        "UpdateContainerInstancesState",
        containerInstances=[instance["containerInstanceArn"]],
        status="DRAINING",
    )
    assert described(ecs)["desiredCount"] == 2
    settle(ecs)
    assert described(ecs)["runningCount"] == 2
    register(ecs, 4)
    settle(ecs)
    assert (described(ecs)["desiredCount"], described(ecs)["runningCount"]) == (3, 3)


def test_constraints_of_the_task_definition_count(ecs: Ecs) -> None:
    """Only instances that match the definition's and the service's constraints are counted."""
    for number in (1, 2, 3):
        register(ecs, number)
    ecs(
        "RegisterTaskDefinition",
        family="web",
        containerDefinitions=[{"name": "web", "image": "busybox", "memory": 64}],
        placementConstraints=[
            {"type": "memberOf", "expression": "attribute:ecs.availability-zone != us-east-1b"}
        ],
    )
    constraint = {"type": "memberOf", "expression": "attribute:ecs.availability-zone != us-east-1c"}
    assert create_daemon(ecs)["desiredCount"] == 2
    assert update(ecs, placementConstraints=[constraint])["desiredCount"] == 1


def test_update_stops_first(ecs: Ecs, web: str) -> None:
    """A new task definition reaches every instance, and no instance ever has two tasks."""
    for number in (1, 2):
        register(ecs, number)
    create_daemon(ecs)
    settle(ecs)
    update(ecs, forceNewDeployment=True)
    turn(ecs)
    assert [task.desired_status for task in ecs.store.state.all(Task)] == ["STOPPED", "STOPPED"]
    settle(ecs)
    (deployment,) = described(ecs)["deployments"]
    assert (deployment["rolloutState"], deployment["runningCount"]) == ("COMPLETED", 2)


def test_a_load_balanced_daemon(ecs: Ecs, web: str) -> None:
    """Target groups work as for any service: the target is registered, and its health counts."""
    register(ecs)
    create_daemon(ecs, loadBalancers=put_target_group(ecs))
    settle(ecs)
    shown = described(ecs)
    assert shown["runningCount"] == 1
    assert any("registered 1 targets" in event["message"] for event in shown["events"])


def test_deletion_needs_no_force(ecs: Ecs, web: str) -> None:
    """There is no count that could be set to 0 before."""
    register(ecs)
    create_daemon(ecs)
    settle(ecs)
    assert ecs("DeleteService", service="s")["service"]["status"] == "DRAINING"
    settle(ecs)
    assert described(ecs)["status"] == "INACTIVE"


def test_listing_by_scheduling_strategy(ecs: Ecs, web: str) -> None:
    """ListServices tells daemons from the others."""
    create_daemon(ecs)
    assert len(ecs("ListServices", schedulingStrategy="DAEMON")["serviceArns"]) == 1
    assert ecs("ListServices", schedulingStrategy="REPLICA")["serviceArns"] == []


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (
            {"desiredCount": 0},
            "The daemon scheduling strategy does not support a desired count for services. "
            "Remove the desired count value and try again",
        ),
        (
            {"placementStrategy": [{"type": "random"}]},
            "The daemon scheduling strategy does not support placement strategies. "
            "Remove the placement strategy and try again",
        ),
        (
            {"deploymentConfiguration": {"maximumPercent": 150}},
            "The daemon scheduling strategy does not support values above 100 for maximumPercent on a "
            "deployment configuration. Change the maximumPercent value to 100, and try again",
        ),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 100}},
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments",
        ),
        ({"deploymentConfiguration": {"strategy": "CANARY"}}, "does not support the CANARY strategy"),
    ],
)
def test_what_a_daemon_has_no_use_for(ecs: Ecs, web: str, members: Wire, text: str) -> None:
    """ECS's own texts, on creation and on update."""
    register(ecs)
    wanted = {"serviceName": "s", "taskDefinition": "web", "schedulingStrategy": "DAEMON", **members}
    ecs.refused("CreateService", IPE, text, **wanted)
    create_daemon(ecs)
    ecs.refused("UpdateService", IPE, text, service="s", **members)


def test_capacity_provider_strategies_are_refused(ecs: Ecs, web: str) -> None:
    """Also when the cluster's default strategy would apply; the launch type EC2 has to be said then."""
    text = (
        "Specifying a capacity provider strategy is not supported when you create a service using the "
        "DAEMON scheduling strategy."
    )
    ecs(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
    )
    ecs(
        "RegisterTaskDefinition",
        family="web",
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": "i"}],
    )
    network = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}
    wanted = {"serviceName": "s", "taskDefinition": "web", "schedulingStrategy": "DAEMON", **network}
    ecs.refused("CreateService", IPE, text, **wanted)
    ecs.refused("CreateService", IPE, "FARGATE", launchType="FARGATE", **wanted)
    assert create_daemon(ecs, launchType="EC2", **network)["desiredCount"] == 0
