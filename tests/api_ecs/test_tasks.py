"""Tasks: run, start, stop, describe, list, protect."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.outbox import OutboxMessage
from tests.api_ecs.agents import connect, register, report
from tests.api_ecs.front import START, Ecs


def one(ecs: Ecs, task: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ecs("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]
    return found


def outbox(ecs: Ecs) -> list[tuple[str, str]]:
    messages = sorted(ecs.store.state.all(OutboxMessage), key=lambda message: message.seq_num)
    return [(message.task_arn, message.desired_status) for message in messages]


def test_run_task_answers_as_ecs_does(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """A placed task is PENDING, version 1, with one override entry a container, and its agent has a
    message.
    """
    answer = ecs("RunTask", taskDefinition="web")
    task = answer["tasks"][0]
    task_id = task["taskArn"].rsplit("/")[-1]
    container_arn = task["containers"][0].pop("containerArn")
    assert container_arn.startswith(f"arn:aws:ecs:us-east-1:000000000000:container/default/{task_id}/")
    assert answer["failures"] == []
    assert task == {
        "attachments": [],
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "availabilityZone": "us-east-1b",
        "clusterArn": "arn:aws:ecs:us-east-1:000000000000:cluster/default",
        "containerInstanceArn": instance["containerInstanceArn"],
        "containers": [
            {
                "taskArn": task["taskArn"],
                "name": "web",
                "image": "busybox",
                "lastStatus": "PENDING",
                "networkInterfaces": [],
                "cpu": "0",
                "memory": "64",
            }
        ],
        "cpu": "0",
        "createdAt": START / 1000,
        "desiredStatus": "RUNNING",
        "enableExecuteCommand": False,
        "group": "family:web",
        "lastStatus": "PENDING",
        "launchType": "EC2",
        "memory": "64",
        "overrides": {"containerOverrides": [{"name": "web"}], "inferenceAcceleratorOverrides": []},
        "tags": [],
        "taskArn": f"arn:aws:ecs:us-east-1:000000000000:task/default/{task_id}",
        "taskDefinitionArn": web,
        "version": 1,
    }
    assert outbox(ecs) == [(task["taskArn"], "RUNNING")]


def test_what_is_not_placed_is_a_failure_with_reasons(ecs: Ecs, web: str) -> None:
    """Three of four tasks fit: three are started, and each instance says why the fourth does not."""
    arn = register(ecs, memory=200)["containerInstanceArn"]
    answer = ecs("RunTask", taskDefinition="web", count=4)
    assert len(answer["tasks"]) == 3
    failure = answer["failures"][0]
    assert (failure["arn"], failure["reason"]) == (arn, "RESOURCE:MEMORY")
    assert "56" in failure["detail"]


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"cluster": "c"}, "ClusterNotFoundException", "Cluster not found."),
        ({"taskDefinition": "none"}, "ClientException", "TaskDefinition not found."),
        ({"taskDefinition": "old:1"}, "InvalidParameterException", "TaskDefinition is inactive"),
        ({"count": 11}, "InvalidParameterException", "between 1 and 10"),
        (
            {"launchType": "MOON"},
            "InvalidParameterException",
            "launch type should be one of [EC2,FARGATE,EXTERNAL]",
        ),
        (
            {"launchType": "FARGATE"},
            "InvalidParameterException",
            "Task definition does not support launch_type FARGATE.",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "x"}]}},
            "InvalidParameterException",
            "Override for container named x is not a container in the TaskDefinition.",
        ),
        (
            {"taskDefinition": "net"},
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
            "InvalidParameterException",
            "Network Configuration is not valid for the given networkMode of this task definition.",
        ),
        (
            {"taskDefinition": "net", "networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}},
            "InvalidParameterException",
            "subnets can not be empty.",
        ),
        (
            {"placementConstraints": [{"type": "distinctInstance", "expression": ""}]},
            "InvalidParameterException",
            "distinctInstance expression should not be specified.",
        ),
        (
            {"placementStrategy": [{"type": "binpack", "field": "disk"}]},
            "InvalidParameterException",
            "binpack field 'disk' is invalid",
        ),
        ({"propagateTags": "SERVICE"}, "InvalidParameterException", "propagateTags"),
        ({"startedBy": "a b"}, "InvalidParameterException", "startedBy"),
    ],
)
def test_run_task_refusals(
    ecs: Ecs, instance: dict[str, Any], web: str, members: dict[str, Any], code: str, text: str
) -> None:
    """A request that cannot be is refused in ECS's words and starts nothing."""
    container = [{"name": "a", "image": "i", "memory": 8}]
    ecs("RegisterTaskDefinition", family="net", networkMode="awsvpc", containerDefinitions=container)
    ecs("RegisterTaskDefinition", family="old", containerDefinitions=container)
    ecs("DeregisterTaskDefinition", taskDefinition="old:1")
    ecs.refused("RunTask", code, text, **{"taskDefinition": web, **members})


def test_a_cluster_without_instances_is_an_error(ecs: Ecs, web: str) -> None:
    """There is nobody to give a reason."""
    text = "No Container Instances were found in your cluster."
    ecs.refused("RunTask", "InvalidParameterException", text, taskDefinition=web)


def test_client_token_starts_nothing_twice(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """The same request again is answered with the same tasks; another one under the same token is refused."""
    first = ecs("RunTask", taskDefinition=web, count=2, clientToken="t")
    again = ecs("RunTask", taskDefinition=web, count=2, clientToken="t")
    assert again == first
    error = ecs.refused(
        "RunTask", "ConflictException", "client token", taskDefinition=web, count=1, clientToken="t"
    )
    assert error.extra["resourceIds"] == [task["taskArn"] for task in first["tasks"]]


def test_overrides_and_tags_are_on_the_task(ecs: Ecs, instance: dict[str, Any]) -> None:
    """Overridden sizes count, propagated tags give way to the request's own."""
    ecs(
        "RegisterTaskDefinition",
        family="tagged",
        containerDefinitions=[{"name": "a", "image": "i", "memory": 64}],
        tags=[{"key": "k", "value": "definition"}, {"key": "d", "value": "1"}],
    )
    overrides = {"containerOverrides": [{"name": "a", "memory": 32, "command": ["x"]}]}
    answer = ecs(
        "RunTask",
        taskDefinition="tagged",
        overrides=overrides,
        propagateTags="TASK_DEFINITION",
        enableECSManagedTags=True,
        tags=[{"key": "k", "value": "request"}],
        startedBy="ci",
        group="batch",
    )
    task = answer["tasks"][0]
    assert (task["memory"], task["containers"][0]["memory"]) == ("32", "32")
    assert task["overrides"]["containerOverrides"] == overrides["containerOverrides"]
    assert {tag["key"]: tag["value"] for tag in task["tags"]} == {
        "k": "request",
        "d": "1",
        "aws:ecs:clusterName": "default",
    }
    assert (task["startedBy"], task["group"]) == ("ci", "batch")
    assert one(ecs, task)["tags"] == []


def test_start_task_names_its_instances(ecs: Ecs, web: str) -> None:
    """One task an instance; unknown, draining and unconnected ones are failures."""
    arns = [register(ecs, number)["containerInstanceArn"] for number in (1, 2, 3)]
    ecs("UpdateContainerInstancesState", containerInstances=[arns[1]], status="DRAINING")
    connect(ecs, arns[2], connected=False)
    answer = ecs("StartTask", taskDefinition=web, containerInstances=[*arns, "f" * 32])
    assert [task["containerInstanceArn"] for task in answer["tasks"]] == arns[:1]
    reasons = {failure["arn"].rsplit("/")[-1]: failure["reason"] for failure in answer["failures"]}
    ids = [arn.rsplit("/")[-1] for arn in arns]
    assert reasons == {ids[1]: "INACTIVE", ids[2]: "AGENT", "f" * 32: "MISSING"}


def test_stop_task(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """The task is asked to stop, with the user's reason; stopping it again changes nothing."""
    task = ecs("RunTask", taskDefinition=web)["tasks"][0]
    report(ecs, task, "RUNNING")
    ecs.clock.advance(1000)
    stopping = ecs("StopTask", task=task["taskArn"], reason="enough")["task"]
    assert (stopping["desiredStatus"], stopping["stopCode"]) == ("STOPPED", "UserInitiated")
    assert (stopping["stoppedReason"], stopping["stoppingAt"]) == ("enough", (START + 1000) / 1000)
    assert outbox(ecs) == [(task["taskArn"], "STOPPED")]
    assert ecs("StopTask", task=task["taskArn"])["task"]["version"] == stopping["version"]
    report(ecs, task, "STOPPED")
    stopped = one(ecs, task)
    assert (stopped["lastStatus"], stopped["stopCode"], stopped["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "enough",
    )
    assert outbox(ecs) == []
    ecs.refused("StopTask", "InvalidParameterException", "was not found", task="f" * 32)
    ecs.refused("StopTask", "InvalidParameterException", "taskId length", task="f")


def test_listing_by_filter(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """By desired status (RUNNING when unsaid), family, startedBy alone, and instance."""
    first = ecs("RunTask", taskDefinition=web, startedBy="a")["tasks"][0]
    second = ecs("RunTask", taskDefinition=web, startedBy="b")["tasks"][0]
    ecs("StopTask", task=second["taskArn"])

    def listed(**members: Any) -> list[str]:
        arns: list[str] = ecs("ListTasks", **members)["taskArns"]
        return arns

    assert listed() == listed(family="web") == listed(startedBy="a") == [first["taskArn"]]
    assert listed(containerInstance=instance["containerInstanceArn"]) == [first["taskArn"]]
    assert listed(desiredStatus="STOPPED") == [second["taskArn"]]
    assert listed(desiredStatus="PENDING") == listed(family="other") == listed(launchType="FARGATE") == []
    ecs.refused("ListTasks", "InvalidParameterException", "only filter", startedBy="a", family="web")
    ecs.refused("ListTasks", "ServiceNotFoundException", "Service not found.", serviceName="s")


def test_missing_tasks_are_failures(ecs: Ecs) -> None:
    """A short id is expanded to the ARN it would have had."""
    answer = ecs("DescribeTasks", tasks=["f" * 32])
    arn = f"arn:aws:ecs:us-east-1:000000000000:task/default/{'f' * 32}"
    assert answer == {"tasks": [], "failures": [{"arn": arn, "reason": "MISSING"}]}
    ecs.refused("DescribeTasks", "InvalidParameterException", "Tasks cannot be empty.", tasks=[])
    many = ["f" * 32] * 101
    ecs.refused(
        "DescribeTasks", "InvalidParameterException", "taskIds can have at most 100 items.", tasks=many
    )


def test_awsvpc_task_has_an_address(ecs: Ecs, instance: dict[str, Any]) -> None:
    """PRECREATED shows its subnet only; RUNNING the same address in attachment and containers; STOPPED is
    DELETED.
    """
    ecs(
        "RegisterTaskDefinition",
        family="net",
        networkMode="awsvpc",
        containerDefinitions=[{"name": "a", "image": "i", "memory": 8}],
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    task = ecs("RunTask", taskDefinition="net", networkConfiguration=network)["tasks"][0]
    assert task["lastStatus"] == "PROVISIONING"
    attachment = task["attachments"][0]
    assert (attachment["status"], [d["name"] for d in attachment["details"]]) == ("PRECREATED", ["subnetId"])
    report(ecs, task, "RUNNING")
    running = one(ecs, task)
    details = {d["name"]: d["value"] for d in running["attachments"][0]["details"]}
    interface = running["containers"][0]["networkInterfaces"][0]
    assert interface == {
        "attachmentId": attachment["id"],
        "privateIpv4Address": details["privateIPv4Address"],
    }
    assert running["attachments"][0]["status"] == "ATTACHED"
    report(ecs, task, "STOPPED")
    assert one(ecs, task)["attachments"][0]["status"] == "DELETED"


def test_fargate_task_waits_for_capacity_and_hides_its_instance(ecs: Ecs) -> None:
    """Born unplaced while no instance of Fargate's is there; on one, its instance is not shown."""
    ecs(
        "RegisterTaskDefinition",
        family="far",
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "a", "image": "i"}],
    )
    members = {
        "taskDefinition": "far",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    }
    waiting = ecs("RunTask", **members)["tasks"][0]
    assert (waiting["lastStatus"], waiting["platformVersion"]) == ("PROVISIONING", "1.4.0")
    register(ecs, 9, cluster="shipway-fargate")
    placed = ecs("RunTask", **members)["tasks"][0]
    assert "containerInstanceArn" not in placed
    assert placed["availabilityZone"] == "us-east-1a"
    assert len(outbox(ecs)) == 1
    ecs.refused(
        "RunTask",
        "InvalidParameterException",
        "Placement constraints are not supported with FARGATE launch type.",
        placementConstraints=[{"type": "distinctInstance"}],
        **members,
    )


def test_fargate_strategy_shares_tasks_by_weight(ecs: Ecs) -> None:
    """The base first, then by weight: of four, one base and 1:2."""
    ecs(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[],
    )
    ecs(
        "RegisterTaskDefinition",
        family="far",
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "a", "image": "i"}],
    )
    answer = ecs(
        "RunTask",
        taskDefinition="far",
        count=4,
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        capacityProviderStrategy=[
            {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 2},
        ],
    )
    names = [task["capacityProviderName"] for task in answer["tasks"]]
    assert sorted(names) == ["FARGATE", "FARGATE", "FARGATE_SPOT", "FARGATE_SPOT"]
    assert {task["launchType"] for task in answer["tasks"]} == {"FARGATE"}
