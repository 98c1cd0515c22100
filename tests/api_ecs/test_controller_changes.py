"""UpdateService with another deployment controller."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.task import Task
from tests.api_ecs.agents import register
from tests.api_ecs.front import Ecs
from tests.api_ecs.loops import settle
from tests.api_ecs.service_steps import Wire, create, described, put_target_group, update
from tests.api_ecs.test_task_sets import CODE_DEPLOY, create_external, create_task_set, task_sets

IPE = "InvalidParameterException"
S = {"cluster": "default", "service": "s"}


def to(controller: str, **members: Any) -> Wire:
    return {"deploymentController": {"type": controller}, **members}


def deployed_by_ecs(ecs: Ecs, **members: Any) -> None:
    register(ecs)
    create(ecs, **members)
    settle(ecs)
    ecs.clock.advance(60_000)  # so long alarms are watched
    settle(ecs)


def test_from_ecs_to_external(ecs: Ecs, web: str) -> None:
    """What ECS deployed becomes the PRIMARY task set; it stays until the new controller replaces it."""
    deployed_by_ecs(ecs)
    before = sorted(task.task_arn for task in ecs.store.state.all(Task))
    shown = update(ecs, **to("EXTERNAL"))
    assert shown["deploymentController"] == {"type": "EXTERNAL"}
    assert (len(shown["deployments"]), "taskSets" in shown) == (1, False), "as ECS still answers here"
    settle(ecs)
    (adopted,) = task_sets(ecs)
    assert (adopted["status"], adopted["runningCount"], adopted["stabilityStatus"]) == (
        "PRIMARY",
        2,
        "STEADY_STATE",
    )
    assert sorted(task.task_arn for task in ecs.store.state.all(Task)) == before
    mine = create_task_set(ecs, 100.0)
    ecs("UpdateServicePrimaryTaskSet", **S, primaryTaskSet=mine["id"])
    ecs("DeleteTaskSet", **S, taskSet=adopted["id"], force=True)
    settle(ecs)
    assert [t["id"] for t in task_sets(ecs)] == [mine["id"]]
    assert described(ecs)["runningCount"] == 2


def test_from_external_to_ecs(ecs: Ecs, web: str) -> None:
    """A deployment replaces the tasks of the task set, which is no more."""
    register(ecs)
    create_external(ecs)
    task_set = create_task_set(ecs, 100.0)
    ecs("UpdateServicePrimaryTaskSet", **S, primaryTaskSet=task_set["id"])
    settle(ecs)
    shown = update(ecs, **to("ECS"))
    assert [d["status"] for d in shown["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert shown["deployments"][1]["id"] == task_set["id"]
    settle(ecs)
    (deployment,) = described(ecs)["deployments"]
    assert (deployment["rolloutState"], deployment["runningCount"]) == ("COMPLETED", 2)
    assert described(ecs)["runningCount"] == 2


def test_from_an_external_service_without_a_primary_task_set(ecs: Ecs, web: str) -> None:
    """There is nothing to start from: the task definition has to be said."""
    register(ecs)
    create_external(ecs)
    create_task_set(ecs, 100.0)
    settle(ecs)
    ecs.refused("UpdateService", IPE, "TaskDefinition can not be blank.", service="s", **to("ECS"))
    update(ecs, **to("ECS", taskDefinition="web"))
    settle(ecs)
    (deployment,) = described(ecs)["deployments"]
    assert (deployment["rolloutState"], described(ecs)["runningCount"]) == ("COMPLETED", 2)


def test_from_code_deploy(ecs: Ecs, web: str) -> None:
    """To EXTERNAL the task sets stay as they are; on to ECS they are replaced."""
    register(ecs)
    create(ecs, **CODE_DEPLOY, loadBalancers=put_target_group(ecs))
    settle(ecs)
    before = task_sets(ecs)
    assert update(ecs, **to("EXTERNAL"))["taskSets"] == before
    update(ecs, **to("ECS"))
    settle(ecs)
    shown = described(ecs)
    assert (len(shown["deployments"]), shown["runningCount"], "taskSets" in shown) == (1, 2, False)
    assert shown["loadBalancers"] == before[0]["loadBalancers"]


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "OTHER"])
def test_nothing_becomes_code_deploy(ecs: Ecs, web: str, controller: str) -> None:
    """ECS knows no change to CODE_DEPLOY."""
    deployed_by_ecs(ecs)
    ecs.refused("UpdateService", IPE, "", service="s", **to(controller))


def test_not_while_a_deployment_is_in_progress(ecs: Ecs, web: str) -> None:
    """Neither one by ECS, nor one that leaves two task sets beside each other."""
    text = "The deployment controller cannot be changed while a deployment is in progress."
    create(ecs)
    ecs.refused("UpdateService", IPE, text, service="s", **to("EXTERNAL"))
    create_external(ecs, serviceName="t")
    for _ in range(2):
        ecs("CreateTaskSet", cluster="default", service="t", taskDefinition="web")
    ecs.refused("UpdateService", IPE, text, service="t", **to("ECS", taskDefinition="web"))


@pytest.mark.parametrize(
    ("members", "what"),
    [
        (
            {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}},
            "a deployment circuit breaker",
        ),
        (
            {"deploymentConfiguration": {"alarms": {"alarmNames": ["a"], "enable": True, "rollback": False}}},
            "deployment alarms",
        ),
        ({"serviceConnectConfiguration": {"enabled": True}}, "serviceConnectConfiguration"),
        ({"schedulingStrategy": "DAEMON", "desiredCount": None}, "a DAEMON service"),
    ],
)
def test_what_the_other_controller_could_not_take_along(ecs: Ecs, web: str, members: Wire, what: str) -> None:
    """It is refused by name."""
    deployed_by_ecs(ecs, **members)
    ecs.refused("UpdateService", IPE, f"from ECS to EXTERNAL with {what}", service="s", **to("EXTERNAL"))


def test_what_is_in_the_way_can_be_switched_off_in_the_same_request(ecs: Ecs, web: str) -> None:
    """The configuration counts as the request leaves it."""
    off = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    deployed_by_ecs(
        ecs, deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    )
    update(ecs, **to("EXTERNAL", deploymentConfiguration=off))
    assert len(task_sets(ecs)) == 1
