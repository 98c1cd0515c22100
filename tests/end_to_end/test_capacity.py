"""Capacity as its user sees it, with waits made short: instances that drain or go, alarms that roll back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.conftest import taken_down
from tests.end_to_end.local_ecs import Document, LocalEcs, docker, eventually
from tests.end_to_end.pages import Readers, web_container

pytestmark = pytest.mark.docker

SLEEPER = {"name": "main", "command": ["sleep", "600"], "stopTimeout": 2}


@pytest.fixture(scope="module")
def quick(base_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEcs]:
    """Two container instances; every wait is a tenth of itself."""
    with taken_down(LocalEcs(tmp_path_factory.mktemp("quick") / "data")) as ecs:
        ecs.up("--instances", "2", "--speed", "10")
        yield ecs


@pytest.fixture(scope="module")
def brisk(base_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEcs]:
    """One small container instance a cluster; a quarter of an hour lasts four and a half seconds."""
    with taken_down(LocalEcs(tmp_path_factory.mktemp("brisk") / "data")) as ecs:
        ecs.up("--instances", "1", "--memory", "512", "--speed", "200")
        yield ecs


def create_service(quick: LocalEcs, name: str, count: int, **members: Any) -> None:
    quick.ecs.create_service(
        serviceName=name, taskDefinition=quick.register(name, SLEEPER), desiredCount=count, **members
    )
    quick.stable(name)


def by_instance(quick: LocalEcs, service: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for task in quick.service_tasks(service):
        arn = task.get("containerInstanceArn", "")
        counts[arn] = counts.get(arn, 0) + (task["lastStatus"] == "RUNNING")
    return counts


def test_a_draining_instance_must_be_emptied_and_may_come_back(quick: LocalEcs) -> None:
    """The service's tasks move to the other instance; ACTIVE again, tasks are placed there again."""
    create_service(quick, "moved", 2)
    drained, other = sorted(by_instance(quick, "moved"))
    quick.ecs.update_container_instances_state(containerInstances=[drained], status="DRAINING")
    eventually("all tasks are on the other", lambda: by_instance(quick, "moved"), lambda c: c == {other: 2})
    quick.ecs.update_container_instances_state(containerInstances=[drained], status="ACTIVE")
    quick.ecs.update_service(service="moved", desiredCount=4)
    eventually("both have tasks", lambda: by_instance(quick, "moved"), lambda c: c == {other: 2, drained: 2})
    quick.ecs.delete_service(service="moved", force=True)


def test_another_instance_must_come_for_one_that_is_deregistered(quick: LocalEcs) -> None:
    """Its tasks are over and replaced, its containers go, and there are as many instances as before."""
    create_service(quick, "orphaned", 2)
    lost = quick.service_tasks("orphaned")[0]
    arn = lost["containerInstanceArn"]
    quick.ecs.deregister_container_instance(containerInstance=arn, force=True)
    ended = quick.task(lost["taskArn"])
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", "UserInitiated")
    assert ended["stoppedReason"] == "Container instance deregistration forced by user"
    before = {arn}
    eventually(
        "two instances are connected", lambda: connected(quick), lambda arns: len(set(arns) - before) == 2
    )
    quick.stable("orphaned")
    label = f"label=com.amazonaws.ecs.task-arn={lost['taskArn']}"
    eventually("its containers are gone", lambda: docker("ps", "-aq", "--filter", label), lambda ids: not ids)
    shown = quick.ecs.describe_container_instances(containerInstances=[arn])["containerInstances"][0]
    assert (shown["status"], shown["agentConnected"]) == ("INACTIVE", False)
    quick.ecs.delete_service(service="orphaned", force=True)


def connected(quick: LocalEcs) -> list[str]:
    arns = quick.ecs.list_container_instances()["containerInstanceArns"]
    found = quick.ecs.describe_container_instances(containerInstances=arns)["containerInstances"]
    return [instance["containerInstanceArn"] for instance in found if instance["agentConnected"]]


def test_an_alarm_must_roll_a_baking_deployment_back(quick: LocalEcs) -> None:
    """Set in moto's CloudWatch while the new revision bakes: the old one is PRIMARY again."""
    cloudwatch = quick.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="Shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    configuration = {"alarms": alarms, "bakeTimeInMinutes": 60}
    create_service(quick, "watched", 1)
    first = quick.service("watched")["taskDefinition"]
    second = quick.register("watched", {**SLEEPER, "environment": [{"name": "A", "value": "1"}]})
    quick.ecs.update_service(service="watched", taskDefinition=second, deploymentConfiguration=configuration)

    def bakes(service: Document) -> bool:
        return [deployment["runningCount"] for deployment in service["deployments"]][:2] in ([1], [1, 0])

    eventually("the new revision bakes", lambda: quick.service("watched"), bakes)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    eventually(
        "it is rolled back",
        lambda: quick.service("watched"),
        lambda service: service["taskDefinition"] == first,
    )
    messages = [event["message"] for event in quick.service("watched")["events"]]
    assert any("deployment failed: alarm detected." in message for message in messages)
    quick.ecs.delete_service(service="watched", force=True)


def track(quick: LocalEcs, service: str, value: float, metric: Document) -> Document:
    """One to three tasks, by one target tracking policy; returns how the target is named in requests."""
    scaling = quick.client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/default/{service}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(
        **target,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": value,
            "PredefinedMetricSpecification": metric,
        },
    )
    return target


def test_auto_scaling_must_follow_the_requests(quick: LocalEcs) -> None:
    """What a target is asked in a period, counted by the load balancer."""
    group = quick.load_balancer("asked", "instance")
    quick.ecs.create_service(
        serviceName="asked",
        taskDefinition=quick.register("asked", web_container()),
        desiredCount=1,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
    )
    quick.stable("asked")
    described = quick.elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    balancer = described["LoadBalancerArns"][0].partition("loadbalancer/")[2]
    label = f"{balancer}/{group.rpartition(':')[2]}"
    metric = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    track(quick, "asked", 20.0, metric)
    with Readers(quick.url("asked")) as readers:
        eventually("three tasks run", lambda: quick.service("asked"), lambda s: s["runningCount"] == 3)
    assert readers.failures == []
    quick.ecs.delete_service(service="asked", force=True)


def test_auto_scaling_must_follow_the_load_and_the_schedule(quick: LocalEcs) -> None:
    """Out to the maximum, for tasks use more than their CPU; in when a schedule sets another maximum."""
    busy = {"command": ["sh", "-c", "while :; do sleep 0.01; done"], "cpu": 10, "stopTimeout": 2}
    revision = quick.register("busy", {"name": "main", **busy})
    quick.ecs.create_service(serviceName="busy", taskDefinition=revision, desiredCount=1)
    quick.stable("busy")
    target = track(quick, "busy", 20.0, {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"})
    eventually("three tasks run", lambda: quick.service("busy"), lambda s: s["runningCount"] == 3)
    metrics = quick.client("cloudwatch").list_metrics(Namespace="AWS/ECS", MetricName="CPUUtilization")
    names = [d["Value"] for m in metrics["Metrics"] for d in m["Dimensions"] if d["Name"] == "ServiceName"]
    assert "busy" in names
    quick.client("application-autoscaling").put_scheduled_action(
        **target,
        ScheduledActionName="night",
        Schedule="rate(1 minute)",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 1},
    )
    eventually("one task is left", lambda: quick.service("busy"), lambda s: s["runningCount"] == 1)
    assert quick.service("busy")["desiredCount"] == 1
    quick.ecs.delete_service(service="busy", force=True)


def test_the_status_must_say_how_fast_it_is(quick: LocalEcs) -> None:
    """Who reads times there must know."""
    assert json.loads(quick.shipway("local", "status", "-o", "json"))["speed"] == 10


def test_a_capacity_provider_must_bring_instances_and_take_them_away(brisk: LocalEcs) -> None:
    """Tasks without room wait in PROVISIONING until instances join; idle ones go after the quiet time."""
    brisk.ecs.create_capacity_provider(
        name="burst",
        autoScalingGroupProvider={"autoScalingGroupArn": "burst", "managedScaling": {"status": "ENABLED"}},
        tags=[{"key": "shipway:maximum", "value": "2"}],
    )
    brisk.ecs.create_cluster(
        clusterName="bursts",
        capacityProviders=["burst"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "burst", "weight": 1}],
    )
    large = brisk.register("large", {**SLEEPER, "memory": 300})
    answer = brisk.ecs.run_task(cluster="bursts", taskDefinition=large, count=2)
    assert answer["failures"] == []
    assert {task["lastStatus"] for task in answer["tasks"]} == {"PROVISIONING"}
    arns = [task["taskArn"] for task in answer["tasks"]]

    def tasks() -> list[Document]:
        return list(brisk.ecs.describe_tasks(cluster="bursts", tasks=arns)["tasks"])

    running = eventually("both run", tasks, lambda seen: {t["lastStatus"] for t in seen} == {"RUNNING"})
    assert {task["capacityProviderName"] for task in running} == {"burst"}

    def members() -> list[Document]:
        found = brisk.ecs.list_container_instances(cluster="bursts")["containerInstanceArns"]
        described = brisk.ecs.describe_container_instances(cluster="bursts", containerInstances=found)
        named = [i for i in described["containerInstances"] if i.get("capacityProviderName") == "burst"]
        return list(named)

    assert len(members()) == 2, "300 MiB of 512 each: one task an instance"
    metrics = brisk.client("cloudwatch").list_metrics(Namespace="AWS/ECS/ManagedScaling")["Metrics"]
    assert [metric["MetricName"] for metric in metrics] == ["CapacityProviderReservation"]
    for arn in arns:
        brisk.ecs.stop_task(cluster="bursts", task=arn)
    eventually("the group is empty again", members, lambda found: not found)
    brisk.ecs.delete_cluster(cluster="bursts")
