"""Services: create, describe, list, delete."""

from __future__ import annotations

import pytest

from tests.api_ecs.agents import report, service_task
from tests.api_ecs.front import START, USER, Ecs
from tests.api_ecs.service_steps import PREFIX, Wire, create, described, put_target_group, update


def test_created_service_is_shown_as_ecs_shows_it(ecs: Ecs, web: str) -> None:
    """ACTIVE, no events, one PRIMARY deployment in progress with zero counts, everything expanded."""
    service = create(ecs, tags=[{"key": "k", "value": "v"}])
    number = service["deployments"][0]["id"].removeprefix("ecs-svc/")
    assert len(number) == 19
    moment = START / 1000
    revision_arn = f"{PREFIX}service-revision/default/s/{number}"
    assert service.pop("currentServiceDeployment").startswith(f"{PREFIX}service-deployment/default/s/")
    assert service == {
        "serviceArn": f"{PREFIX}service/default/s",
        "serviceName": "s",
        "clusterArn": f"{PREFIX}cluster/default",
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 0,
        "pendingCount": 0,
        "launchType": "EC2",
        "taskDefinition": web,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {
                "enable": False,
                "rollback": False,
                "resetOnHealthyTask": True,
                "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
            },
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "alarms": {"alarmNames": [], "rollback": False, "enable": False},
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        },
        "deploymentController": {"type": "ECS"},
        "deployments": [
            {
                "id": f"ecs-svc/{number}",
                "status": "PRIMARY",
                "taskDefinition": web,
                "desiredCount": 0,
                "pendingCount": 0,
                "runningCount": 0,
                "failedTasks": 0,
                "createdAt": moment,
                "updatedAt": moment,
                "launchType": "EC2",
                "rolloutState": "IN_PROGRESS",
                "rolloutStateReason": f"ECS deployment ecs-svc/{number} in progress.",
            }
        ],
        "currentServiceRevisions": [
            {"arn": revision_arn, "requestedTaskCount": 0, "runningTaskCount": 0, "pendingTaskCount": 0}
        ],
        "events": [],
        "createdAt": moment,
        "createdBy": USER,
        "loadBalancers": [],
        "serviceRegistries": [],
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "healthCheckGracePeriodSeconds": 0,
        "availabilityZoneRebalancing": "ENABLED",
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "propagateTags": "NONE",
        "tags": [{"key": "k", "value": "v"}],
    }
    assert "tags" not in described(ecs)
    assert described(ecs, include=["TAGS"])["tags"] == [{"key": "k", "value": "v"}]


def test_creation_is_idempotent(ecs: Ecs, web: str) -> None:
    """The same request is answered with the same service; anything else under its name is refused."""
    first = create(ecs, clientToken="t")
    assert create(ecs, clientToken="t") == first
    text = "Creation of service was not idempotent."
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 3, "clientToken": "t"}
    ecs.refused("CreateService", "InvalidParameterException", text, **wanted)


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"serviceName": "a b"}, "InvalidParameterException", "service name is invalid"),
        ({"taskDefinition": "none"}, "ClientException", "TaskDefinition not found."),
        ({"desiredCount": None}, "InvalidParameterException", "desired count"),
        ({"desiredCount": -1}, "InvalidParameterException", "desiredCount"),
        ({"deploymentController": {"type": "EXTERNAL"}}, "InvalidParameterException", "must be blank"),
        (
            {"launchType": "FARGATE"},
            "InvalidParameterException",
            "Task definition does not support launch_type FARGATE.",
        ),
        (
            {"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported.",
        ),
        ({"platformVersion": "LATEST"}, "InvalidParameterException", "The platform version must be null"),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}},
            "InvalidParameterException",
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments",
        ),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 101}},
            "InvalidParameterException",
            "minimumHealthyPercent must be at most 100",
        ),
        (
            {"loadBalancers": [{"targetGroupArn": "x", "containerName": "y", "containerPort": 80}]},
            "InvalidParameterException",
            "The container y does not exist in the task definition.",
        ),
        (
            {"loadBalancers": [{"targetGroupArn": "x", "containerName": "web", "containerPort": 81}]},
            "InvalidParameterException",
            "The container web did not have a container port 81 defined.",
        ),
        (
            {"loadBalancers": [{"targetGroupArn": "x", "containerName": "web", "containerPort": 80}]},
            "InvalidParameterException",
            "does not exist",
        ),
        ({"volumeConfigurations": [{"name": "v"}]}, "UnsupportedFeatureException", "volumeConfigurations"),
    ],
)
def test_create_service_refusals(ecs: Ecs, web: str, members: Wire, code: str, text: str) -> None:
    """A request that cannot be is refused in ECS's words; nothing is made."""
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 1, **members}
    ecs.refused("CreateService", code, text, **wanted)
    assert ecs("ListServices")["serviceArns"] == []


def test_target_group_must_fit(ecs: Ecs, web: str) -> None:
    """It needs a load balancer, and the target type that goes with the network mode."""
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 1}
    binding = put_target_group(ecs, listener=False)
    text = "does not have an associated load balancer."
    ecs.refused("CreateService", "InvalidParameterException", text, loadBalancers=binding, **wanted)
    binding = put_target_group(ecs, "ip")
    text = "has target type ip, which is incompatible with the bridge network mode"
    ecs.refused("CreateService", "InvalidParameterException", text, loadBalancers=binding, **wanted)
    binding = put_target_group(ecs)
    service = create(ecs, loadBalancers=binding)
    assert service["loadBalancers"] == binding
    assert service["roleArn"].endswith("role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")


def test_members_without_effect_are_told_in_the_events(ecs: Ecs, web: str) -> None:
    """What a local ECS keeps but does not act on is echoed, and said where the service is watched."""
    registries = [{"registryArn": "arn:aws:servicediscovery:us-east-1:000000000000:service/srv-1"}]
    service = create(ecs, serviceRegistries=registries)
    assert service["serviceRegistries"] == registries
    assert "serviceRegistries" in service["events"][0]["message"]


def test_counts_are_those_of_the_tasks(ecs: Ecs, instance: Wire, web: str) -> None:
    """Pending, running and stopping tasks are counted when read; nothing is stored."""
    service = create(ecs)
    arns = [service_task(ecs.store, service, START, ecs.ids) for _ in range(2)]
    assert (described(ecs)["runningCount"], described(ecs)["pendingCount"]) == (0, 2)
    tasks = ecs("DescribeTasks", tasks=arns)["tasks"]
    report(ecs, tasks[0], "RUNNING")
    shown = described(ecs)
    assert (shown["runningCount"], shown["pendingCount"]) == (1, 1)
    assert (shown["deployments"][0]["runningCount"], shown["deployments"][0]["pendingCount"]) == (1, 1)
    assert ecs("ListTasks", serviceName="s")["taskArns"] == sorted(arns)
    cluster = ecs("DescribeClusters", include=["STATISTICS"])["clusters"][0]
    assert (cluster["runningTasksCount"], cluster["pendingTasksCount"], cluster["activeServicesCount"]) == (
        1,
        1,
        1,
    )
    statistics = {entry["name"]: entry["value"] for entry in cluster["statistics"]}
    assert (statistics["runningEC2TasksCount"], statistics["activeEC2ServiceCount"]) == ("1", "1")


def test_deleting_needs_zero_or_force(ecs: Ecs, instance: Wire, web: str) -> None:
    """Scaled above 0 or with tasks it is refused; forced it drains until its tasks are gone."""
    service = create(ecs)
    ipe = "InvalidParameterException"
    ecs.refused(
        "DeleteService", ipe, "The service cannot be stopped while it is scaled above 0.", service="s"
    )
    service_task(ecs.store, service, START, ecs.ids)
    update(ecs, desiredCount=0)
    ecs.refused(
        "DeleteService", ipe, "The service cannot be stopped while deployments are active.", service="s"
    )
    gone = ecs("DeleteService", service="s", force=True)["service"]
    assert (gone["status"], gone["desiredCount"]) == ("DRAINING", 0)
    assert ecs("ListServices")["serviceArns"] == []
    assert ecs("DeleteService", service="s")["service"]["status"] == "DRAINING"
    ecs.refused("DeleteService", "ServiceNotFoundException", "Service not found.", service="other")


def test_a_service_without_tasks_is_gone_at_once(ecs: Ecs, web: str) -> None:
    """INACTIVE, still described; its name begins anew, without the old history."""
    create(ecs, desiredCount=0)
    assert ecs("DeleteService", service="s")["service"]["status"] == "INACTIVE"
    (deployment,) = ecs("ListServiceDeployments", service="s")["serviceDeployments"]
    assert deployment["status"] == "STOPPED"
    assert described(ecs)["deployments"] == []
    ecs.clock.advance(5)
    again = create(ecs)
    assert again["createdAt"] == (START + 5) / 1000
    assert len(ecs("ListServiceDeployments", service="s")["serviceDeployments"]) == 1


def test_describe_tells_what_is_missing(ecs: Ecs, web: str) -> None:
    """Names and ARNs are both taken; more than ten are refused."""
    service = create(ecs)
    answer = ecs("DescribeServices", services=[service["serviceArn"], "none"])
    assert [s["serviceName"] for s in answer["services"]] == ["s"]
    assert answer["failures"] == [{"arn": f"{PREFIX}service/default/none", "reason": "MISSING"}]
    ecs.refused("DescribeServices", "InvalidParameterException", "at most 10", services=["x"] * 11)


def test_listing_pages_by_ten(ecs: Ecs, web: str) -> None:
    """ListServices shows ten at a time."""
    for number in range(11):
        create(ecs, serviceName=f"s{number:02}")
    first = ecs("ListServices")
    rest = ecs("ListServices", nextToken=first["nextToken"])
    assert (len(first["serviceArns"]), len(rest["serviceArns"]), "nextToken" in rest) == (10, 1, False)
    assert ecs("ListServices", launchType="FARGATE")["serviceArns"] == []


def test_capacity_strategy_of_a_service(ecs: Ecs) -> None:
    """A strategy over Fargate stands where the launch type would."""
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
    service = create(ecs, networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}})
    assert "launchType" not in service
    assert service["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]
    assert (service["platformVersion"], service["deployments"][0]["platformVersion"]) == ("LATEST", "1.4.0")
    assert service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
