"""Task sets: services whose deployments are driven from outside."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.service_revision import ServiceRevision
from tests.api_ecs.agents import register
from tests.api_ecs.elastic_load_balancing import listener, shift, target_group, weights_of
from tests.api_ecs.front import START, Ecs
from tests.api_ecs.loops import settle
from tests.api_ecs.service_steps import PREFIX, Wire, create, described, put_target_group, update

IPE = "InvalidParameterException"
S = {"cluster": "default", "service": "s"}
EXTERNAL = {"deploymentController": {"type": "EXTERNAL"}, "taskDefinition": None}
CODE_DEPLOY = {"deploymentController": {"type": "CODE_DEPLOY"}}


def create_external(ecs: Ecs, **members: Any) -> Wire:
    return create(ecs, **{**EXTERNAL, **members})


def create_task_set(ecs: Ecs, scale: float | None = None, **members: Any) -> Wire:
    wanted = {**S, "taskDefinition": "web", **members}
    if scale is not None:
        wanted["scale"] = {"value": scale, "unit": "PERCENT"}
    task_set: Wire = ecs("CreateTaskSet", **wanted)["taskSet"]
    return task_set


def scaled(ecs: Ecs, task_set: str, value: float) -> Wire:
    scale = {"value": value, "unit": "PERCENT"}
    answer: Wire = ecs("UpdateTaskSet", **S, taskSet=task_set, scale=scale)["taskSet"]
    return answer


def task_sets(ecs: Ecs, *names: str) -> list[Wire]:
    given = {"taskSets": list(names)} if names else {}
    found: list[Wire] = ecs("DescribeTaskSets", **S, **given)["taskSets"]
    return found


def messages(ecs: Ecs) -> list[str]:
    return [event["message"] for event in reversed(described(ecs)["events"])]


def test_an_external_service_begins_with_nothing(ecs: Ecs, web: str) -> None:
    """What belongs to the task sets is not there until one of them is PRIMARY."""
    service = create_external(ecs)
    assert (service["desiredCount"], service["deployments"], service["taskSets"]) == (2, [], [])
    assert {"taskDefinition", "launchType", "networkConfiguration"} & set(service) == set()
    settle(ecs)
    assert described(ecs)["runningCount"] == 0


def test_a_created_task_set_is_shown_as_ecs_shows_it(ecs: Ecs, web: str) -> None:
    """ACTIVE, scaled to 0, STABILIZING, with an id and an ARN of the deployment's form."""
    create_external(ecs)
    task_set = create_task_set(ecs, externalId="e", tags=[{"key": "k", "value": "v"}])
    number = task_set["id"].removeprefix("ecs-svc/")
    assert len(number) == 19
    moment = START / 1000
    assert task_set == {
        "id": f"ecs-svc/{number}",
        "taskSetArn": f"{PREFIX}task-set/default/s/ecs-svc/{number}",
        "serviceArn": f"{PREFIX}service/default/s",
        "clusterArn": f"{PREFIX}cluster/default",
        "externalId": "e",
        "status": "ACTIVE",
        "taskDefinition": web,
        "computedDesiredCount": 0,
        "pendingCount": 0,
        "runningCount": 0,
        "createdAt": moment,
        "updatedAt": moment,
        "launchType": "EC2",
        "loadBalancers": [],
        "serviceRegistries": [],
        "scale": {"value": 0.0, "unit": "PERCENT"},
        "stabilityStatus": "STABILIZING",
        "stabilityStatusAt": moment,
        "tags": [{"key": "k", "value": "v"}],
    }
    assert "tags" not in task_sets(ecs)[0]
    assert ecs("DescribeTaskSets", **S, include=["TAGS"])["taskSets"][0]["tags"] == task_set["tags"]
    assert ecs("ListTagsForResource", resourceArn=task_set["taskSetArn"])["tags"] == task_set["tags"]


def test_creation_is_idempotent_by_token(ecs: Ecs, web: str) -> None:
    """The same token with the same request is the same task set, with another it is an error."""
    create_external(ecs)
    first = create_task_set(ecs, clientToken="t")
    assert create_task_set(ecs, clientToken="t") == first
    text = "Creation of task set was not idempotent."
    ecs.refused("CreateTaskSet", IPE, text, **S, taskDefinition="web", externalId="x", clientToken="t")
    assert len(task_sets(ecs)) == 1


def test_shares_of_the_desired_count(ecs: Ecs, web: str) -> None:
    """15 percent of 8 are 2; a change of either side is followed, and told."""
    register(ecs)
    create_external(ecs, desiredCount=8)
    task_set = create_task_set(ecs, 15.0)
    assert task_set["computedDesiredCount"] == 2
    settle(ecs)
    (shown,) = task_sets(ecs, task_set["id"])
    assert (shown["runningCount"], shown["stabilityStatus"]) == (2, "STEADY_STATE")
    assert described(ecs)["runningCount"] == 2
    assert update(ecs, desiredCount=4)["taskSets"][0]["stabilityStatus"] == "STABILIZING"
    settle(ecs)
    assert task_sets(ecs)[0]["runningCount"] == 1
    assert f"(service s) updated computedDesiredCount for taskSet {task_set['id']} to 1." in messages(ecs)
    assert messages(ecs)[-1] == "(service s) has reached a steady state."
    assert scaled(ecs, task_set["taskSetArn"], 0.0)["computedDesiredCount"] == 0
    settle(ecs)
    assert described(ecs)["runningCount"] == 0


def test_the_primary_task_set_is_what_the_service_shows(ecs: Ecs, web: str) -> None:
    """Its parameters are the service's; the PRIMARY one before becomes ACTIVE."""
    register(ecs)
    create_external(ecs)
    first, second = create_task_set(ecs, 100.0), create_task_set(ecs, 100.0)
    answer = ecs("UpdateServicePrimaryTaskSet", **S, primaryTaskSet=first["id"])["taskSet"]
    assert answer["status"] == "PRIMARY"
    service = described(ecs)
    assert (service["taskDefinition"], service["launchType"]) == (web, "EC2")
    ecs("UpdateServicePrimaryTaskSet", **S, primaryTaskSet=second["taskSetArn"])
    statuses = {t["id"]: t["status"] for t in task_sets(ecs)}
    assert statuses == {first["id"]: "ACTIVE", second["id"]: "PRIMARY"}
    assert task_sets(ecs)[0]["id"] == second["id"]


def test_deletion_drains_and_forgets(ecs: Ecs, web: str) -> None:
    """Scaled above 0 it needs force; its tasks stop, then it is gone, and its revision with it."""
    register(ecs)
    create_external(ecs)
    task_set = create_task_set(ecs, 100.0)
    ecs("UpdateServicePrimaryTaskSet", **S, primaryTaskSet=task_set["id"])
    settle(ecs)
    text = "The task set cannot be deleted while it is scaled above 0."
    ecs.refused("DeleteTaskSet", IPE, text, **S, taskSet=task_set["id"])
    gone = ecs("DeleteTaskSet", **S, taskSet=task_set["id"], force=True)["taskSet"]
    assert (gone["status"], gone["computedDesiredCount"]) == ("DRAINING", 0)
    ecs.refused(
        "UpdateTaskSet", IPE, "DRAINING", **S, taskSet=task_set["id"], scale={"value": 1, "unit": "PERCENT"}
    )
    settle(ecs)
    assert task_sets(ecs) == []
    assert ecs.store.state.all(ServiceRevision) == []
    assert "taskDefinition" not in described(ecs)


def test_what_is_missing_is_told(ecs: Ecs, web: str) -> None:
    """Describe answers with failures; the others with an error of their own."""
    create_external(ecs)
    arn = f"{PREFIX}task-set/default/s/ecs-svc/1"
    assert ecs("DescribeTaskSets", **S, taskSets=["ecs-svc/1"])["failures"] == [
        {"arn": arn, "reason": "MISSING"}
    ]
    ecs.refused("DeleteTaskSet", "TaskSetNotFoundException", "not found", **S, taskSet="ecs-svc/1")
    ecs.refused(
        "UpdateServicePrimaryTaskSet", "TaskSetNotFoundException", "not found", **S, primaryTaskSet=arn
    )
    other = {"cluster": "default", "service": "none"}
    ecs.refused("DescribeTaskSets", "ServiceNotFoundException", "Service not found.", **other)


def test_limits_of_a_task_set(ecs: Ecs, web: str) -> None:
    """Five on a service; a scale from 0 to 100; one target group."""
    create_external(ecs)
    for _ in range(5):
        create_task_set(ecs)
    text = "5 deployments exist on the service. Unable to create new TaskSet since this exceeds the"
    ecs.refused("CreateTaskSet", IPE, text, **S, taskDefinition="web")
    scale = {"value": 101, "unit": "PERCENT"}
    ecs.refused("UpdateTaskSet", IPE, "between 0 and 100", **S, taskSet=task_sets(ecs)[0]["id"], scale=scale)


def test_services_that_ecs_deploys_have_none(ecs: Ecs, web: str) -> None:
    """ECS's own words for it."""
    create(ecs)
    text = (
        "Amazon ECS only supports task set management on services configured to use external deployment "
        "controllers."
    )
    ecs.refused("CreateTaskSet", IPE, text, **S, taskDefinition="web")
    ecs.refused("DescribeTaskSets", IPE, text, **S)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"taskDefinition": "web"}, "TaskDefinition must be blank"),
        ({"launchType": "EC2"}, "LaunchType must be blank"),
        (
            {"loadBalancers": [{"targetGroupArn": "t", "containerName": "web", "containerPort": 80}]},
            "LoadBalancers must be empty or null",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
            "NetworkConfiguration must be empty or null",
        ),
        ({"schedulingStrategy": "DAEMON", "desiredCount": None}, "EXTERNAL deployment controller"),
        ({"deploymentController": {"type": "OTHER"}}, "should be one of [ECS,CODE_DEPLOY,EXTERNAL]"),
    ],
)
def test_what_an_external_service_is_not_given(ecs: Ecs, web: str, members: Wire, text: str) -> None:
    """These belong to its task sets."""
    wanted = {"serviceName": "s", "desiredCount": 1, "deploymentController": {"type": "EXTERNAL"}}
    ecs.refused("CreateService", IPE, text, **{**wanted, **members})


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (
            {"taskDefinition": "web"},
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller. "
            "Use AWS CodeDeploy to trigger a new deployment.",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
            "Unable to update network parameters on services with a CODE_DEPLOY deployment controller. "
            "Use AWS CodeDeploy to trigger a new deployment.",
        ),
        (
            {"forceNewDeployment": True},
            "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. "
            "Use AWS CodeDeploy to trigger a new deployment.",
        ),
    ],
)
def test_what_only_code_deploy_may_change(ecs: Ecs, web: str, members: Wire, text: str) -> None:
    """UpdateService refuses it, and takes counts and options."""
    create(ecs, **CODE_DEPLOY, loadBalancers=put_target_group(ecs))
    ecs.refused("UpdateService", IPE, text, service="s", **members)
    assert update(ecs, desiredCount=3, healthCheckGracePeriodSeconds=5)["taskSets"][0] == {
        **task_sets(ecs)[0],
        "computedDesiredCount": 3,
    }


def test_code_deploy_needs_a_load_balancer(ecs: Ecs, web: str) -> None:
    """Without one there is no traffic to shift."""
    text = "the service requires an Application Load Balancer or Network Load Balancer"
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 1}
    ecs.refused("CreateService", IPE, text, **wanted, **CODE_DEPLOY)


def test_deleting_a_service_with_task_sets(ecs: Ecs, web: str) -> None:
    """They have to go first, or with force along with it."""
    register(ecs)
    create_external(ecs, desiredCount=1)
    create_task_set(ecs, 100.0)
    settle(ecs)
    update(ecs, desiredCount=0)
    settle(ecs)
    text = "The service cannot be stopped while deployments are active."
    ecs.refused("DeleteService", IPE, text, service="s")
    gone = ecs("DeleteService", service="s", force=True)["service"]
    assert gone["status"] == "INACTIVE"
    assert described(ecs)["taskSets"] == []
    ecs.refused("DescribeTaskSets", "ServiceNotActiveException", "Service was not ACTIVE.", **S)


def test_a_deployment_as_code_deploy_makes_it(ecs: Ecs, web: str) -> None:
    """Replacement beside the original, traffic shifted, PRIMARY switched, original terminated."""
    register(ecs)
    blue, green = target_group(ecs, "blue"), target_group(ecs, "green")
    front = listener(ecs, blue)
    binding = {"containerName": "web", "containerPort": 80}
    service = create(ecs, **CODE_DEPLOY, loadBalancers=[{"targetGroupArn": blue, **binding}])
    original = service["taskSets"][0]
    assert (original["status"], original["scale"]["value"], service["deployments"]) == ("PRIMARY", 100.0, [])
    settle(ecs)
    assert task_sets(ecs)[0]["stabilityStatus"] == "STEADY_STATE"

    replacement = create_task_set(
        ecs, 100.0, externalId="d-1", loadBalancers=[{"targetGroupArn": green, **binding}]
    )
    assert replacement["startedBy"] == "CODE_DEPLOY"
    assert (described(ecs)["desiredCount"], described(ecs)["loadBalancers"][0]["targetGroupArn"]) == (2, blue)
    settle(ecs)
    assert [t["stabilityStatus"] for t in task_sets(ecs)] == ["STEADY_STATE"] * 2
    assert described(ecs)["runningCount"] == 4

    for weight in (10, 100):
        shift(ecs, front, {blue: 100 - weight, green: weight})
        settle(ecs)
    assert weights_of(ecs, front) == {blue: 0, green: 100}
    ecs("UpdateServicePrimaryTaskSet", **S, primaryTaskSet=replacement["id"])
    assert described(ecs)["loadBalancers"][0]["targetGroupArn"] == green
    ecs("DeleteTaskSet", **S, taskSet=original["id"], force=True)
    settle(ecs)
    (left,) = task_sets(ecs)
    assert (left["id"], left["status"], left["runningCount"]) == (replacement["id"], "PRIMARY", 2)
    drained = f"(service s, taskSet {original['id']}) has begun draining connections on 2 tasks."
    assert drained in messages(ecs)
    assert messages(ecs)[-1] == "(service s) has reached a steady state."
