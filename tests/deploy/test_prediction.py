"""The prediction of a roll-out on a live cluster, compared as text."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.planning.assumed_times import assumed_times
from shipway.deploy.planning.live_snapshot import Cluster, Rollout, snapshot_of
from shipway.deploy.planning.prediction import Prediction, Times, predict

ARN = "arn:aws:ecs:us-east-1:000000000000"
LIVE = f"{ARN}:task-definition/hello:1"
TIMES = Times(start_ms=10_000, stop_ms=35_000)


def a_definition(memory: int = 500, **members: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "hello:1", "cpu": 100, "memory": memory}
    return {"family": "hello", "containerDefinitions": [container], **members}


def an_instance(number: int, memory: int, **members: Any) -> dict[str, Any]:
    """With so much memory left."""
    left = [{"name": "CPU", "integerValue": 2048}, {"name": "MEMORY", "integerValue": memory}]
    return {
        "containerInstanceArn": f"{ARN}:container-instance/hello/{number:032x}",
        "ec2InstanceId": f"i-{number}",
        "status": "ACTIVE",
        "agentConnected": True,
        "remainingResources": left,
        **members,
    }


def a_task(number: int, instance: int = 1, **members: Any) -> dict[str, Any]:
    return {
        "taskArn": f"{ARN}:task/hello/a{number:031d}",
        "clusterArn": f"{ARN}:cluster/hello",
        "taskDefinitionArn": LIVE,
        "startedBy": "ecs-svc/1",
        "group": "service:hello",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "containerInstanceArn": f"{ARN}:container-instance/hello/{instance:032x}",
        **members,
    }


def predicted(
    *instances: dict[str, Any],
    tasks: tuple[dict[str, Any], ...] = (),
    new: dict[str, Any] | None = None,
    replaces: bool = True,
    **service: Any,
) -> Prediction:
    service = {"desiredCount": 2, "launchType": "EC2", **service}
    definitions = {LIVE: a_definition(taskDefinitionArn=LIVE)}
    rollout = Rollout("hello", service, new or a_definition(), replaces, definitions)
    return predict(snapshot_of(Cluster(f"{ARN}:cluster/hello", instances, tasks), rollout), TIMES)


def text(prediction: Prediction) -> str:
    return "\n".join(prediction.lines())


def test_new_tasks_come_before_old_ones_go() -> None:
    """With ECS's limits of 100 and 200 percent: twice the room, then the old tasks are stopped."""
    prediction = predicted(an_instance(1, 1000), tasks=(a_task(1), a_task(2)))
    assert text(prediction) == (
        "all tasks find a place.\n"
        "after 0 s: start 2 tasks of the new revision (2 on i-1)\n"
        "after 10 s: 2 tasks healthy\n"
        "after 10 s: stop 2 tasks of hello:1 (2 on i-1)\n"
        "after 45 s: 2 tasks gone"
    )
    assert prediction.lasts_ms == 45_000


def test_limits_that_let_old_tasks_go_first_need_no_room() -> None:
    """Fifty percent healthy: the tasks take each other's places in two turns."""
    limits = {"minimumHealthyPercent": 50, "maximumPercent": 100}
    prediction = predicted(an_instance(1, 0), tasks=(a_task(1), a_task(2)), deploymentConfiguration=limits)
    assert text(prediction) == (
        "all tasks find a place.\n"
        "after 0 s: stop 1 task of hello:1 (1 on i-1)\n"
        "after 35 s: 1 task gone\n"
        "after 35 s: start 1 task of the new revision (1 on i-1)\n"
        "after 45 s: 1 task healthy\n"
        "after 45 s: stop 1 task of hello:1 (1 on i-1)\n"
        "after 80 s: 1 task gone\n"
        "after 80 s: start 1 task of the new revision (1 on i-1)\n"
        "after 90 s: 1 task healthy"
    )


def test_tasks_that_will_not_fit_are_counted_with_the_nearest_miss() -> None:
    """How many, which resource, how much lacks, on which instance: said before anything is touched."""
    old = (a_task(1), a_task(2, 2))
    prediction = predicted(an_instance(1, 788), an_instance(2, 100), tasks=old, desiredCount=4)
    assert prediction.missing == 3
    assert prediction.sentence() == (
        "3 of 4 tasks will not fit: RESOURCE:MEMORY: 212 MiB short (500 needed, 288 left) "
        "on the nearest instance, i-1."
    )


def test_a_new_count_starts_tasks_of_the_same_revision() -> None:
    """No task is replaced."""
    prediction = predicted(an_instance(1, 2000), tasks=(a_task(1), a_task(2)), replaces=False, desiredCount=3)
    assert text(prediction) == (
        "all tasks find a place.\nafter 0 s: start 1 task of hello:1 (1 on i-1)\nafter 10 s: 1 task healthy"
    )


def test_a_first_deployment_is_predicted_on_the_empty_cluster() -> None:
    """Constraints and strategies are the scheduler's own."""
    strategy = [{"type": "spread", "field": "instanceId"}]
    prediction = predicted(an_instance(1, 2000), an_instance(2, 2000), placementStrategy=strategy)
    assert prediction.lines()[1] == "after 0 s: start 2 tasks of the new revision (1 on i-1, 1 on i-2)"


def test_an_instance_that_drains_takes_no_task() -> None:
    """Nor one whose agent is away."""
    drains = an_instance(1, 2000, status="DRAINING")
    away = an_instance(2, 2000, agentConnected=False)
    prediction = predicted(drains, away)
    assert prediction.sentence() == (
        "2 of 2 tasks will not fit: AGENT: its agent is not connected on the nearest instance, i-2."
    )
    assert predicted().sentence().endswith("the cluster has no container instance that is ACTIVE.")


@pytest.mark.parametrize(
    "service",
    [
        {"launchType": "FARGATE"},
        {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]},
        {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "own", "weight": 1}]},
    ],
)
def test_capacity_that_comes_by_itself_is_taken_to_come(service: dict[str, Any]) -> None:
    """Fargate makes its instances; a provider's group grows."""
    prediction = predicted(**service)
    assert text(prediction) == (
        "all tasks find a place.\nafter 0 s: start 2 tasks of the new revision\nafter 10 s: 2 tasks healthy"
    )


def test_a_static_port_is_free_only_when_the_old_task_is_gone() -> None:
    """The classic deadlock: one instance, a host port, and no task that may go first."""
    ports = [{"containerPort": 80, "hostPort": 80}]
    new = a_definition()
    new["containerDefinitions"][0]["portMappings"] = ports
    taken = {"name": "PORTS", "stringSetValue": ["22", "80"]}
    instance = an_instance(1, 2000)
    instance["remainingResources"].append(taken)
    prediction = predicted(instance, tasks=(a_task(1),), new=new, desiredCount=1)
    assert prediction.sentence() == (
        "1 of 1 tasks will not fit: RESOURCE:PORTS: 80/tcp in use on the nearest instance, i-1."
    )


def test_start_times_are_those_of_the_running_tasks() -> None:
    """The middle one; the deregistration delay counts towards the end of a task."""
    tasks = tuple({"createdAt": 100.0, "startedAt": 100.0 + took} for took in (4.0, 90.0, 6.0))
    assert assumed_times(tasks, 300) == Times(start_ms=6_000, stop_ms=305_000)
    assert assumed_times((), 0) == Times(start_ms=30_000, stop_ms=5_000)
