"""Container instances: registration as agents need it, and what users see and do."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.container_instance import ContainerInstance
from tests.api_ecs.agents import CAPABILITIES, connect, register, registration, report
from tests.api_ecs.front import START, Ecs

UNKNOWN = "arn:aws:ecs:us-east-1:000000000000:container-instance/default/" + "a" * 32


def described(ecs: Ecs, arn: str, **members: Any) -> dict[str, Any]:
    answer = ecs("DescribeContainerInstances", containerInstances=[arn], **members)
    assert answer["failures"] == []
    instance: dict[str, Any] = answer["containerInstances"][0]
    return instance


def test_registered_instance_is_shown_as_ecs_shows_it(ecs: Ecs, instance: dict[str, Any]) -> None:
    """Resources bear their zero-valued members; identity becomes ec2InstanceId and built-in attributes."""
    shown = described(ecs, instance["containerInstanceArn"])
    assert shown["ec2InstanceId"] == "i-00000000000000001"
    assert shown["registeredAt"] == START / 1000
    assert shown["versionInfo"]["dockerVersion"] == "DockerVersion: 20.10.24"
    assert shown["agentConnected"] is True
    assert shown["registeredResources"] == shown["remainingResources"]
    assert shown["registeredResources"][0] == {
        "name": "CPU",
        "type": "INTEGER",
        "doubleValue": 0.0,
        "longValue": 0,
        "integerValue": 2048,
    }
    attributes = {attribute["name"]: attribute.get("value") for attribute in shown["attributes"]}
    assert attributes["ecs.availability-zone"] == "us-east-1b"
    assert attributes["ecs.instance-type"] == "t3.medium"


def test_every_attribute_sent_is_repeated(ecs: Ecs) -> None:
    """An agent that misses one of its attributes in the answer gives up."""
    sent = [*registration()["attributes"], {"name": "stack", "value": "blue"}]
    answer = register(ecs, attributes=sent)
    assert all(attribute in answer["attributes"] for attribute in sent)


def test_reregistration_keeps_the_arn(ecs: Ecs, instance: dict[str, Any]) -> None:
    """A known ARN keeps what users put on it; its resources are the new ones."""
    arn = instance["containerInstanceArn"]
    ecs("UpdateContainerInstancesState", containerInstances=[arn], status="DRAINING")
    again = register(ecs, cpu=4096, containerInstanceArn=arn)
    assert again["containerInstanceArn"] == arn
    assert (again["status"], again["version"]) == ("DRAINING", 3)
    assert again["registeredResources"][0]["integerValue"] == 4096


def test_forgotten_arn_is_accepted(ecs: Ecs) -> None:
    """An agent that is refused never comes back, so an ARN that the control plane does not know is taken
    over.
    """
    assert register(ecs, containerInstanceArn=UNKNOWN)["containerInstanceArn"] == UNKNOWN


def test_lost_answer_makes_no_second_instance(ecs: Ecs) -> None:
    """Asked again by the same machine before it ever connected, the same ARN is answered; later a new one
    is.
    """
    first = register(ecs, connected=False)["containerInstanceArn"]
    assert register(ecs, connected=False)["containerInstanceArn"] == first
    connect(ecs, first)
    assert register(ecs)["containerInstanceArn"] != first


def test_instance_without_identity_gets_an_id(ecs: Ecs) -> None:
    """Outside EC2 the identity document is blank; the id then says so by its prefix."""
    shown = register(ecs, instanceIdentityDocument="")
    assert shown["ec2InstanceId"].startswith("mi-")
    ecs.refused(
        "RegisterContainerInstance",
        "InvalidParameterException",
        "not valid JSON",
        **{**registration(), "instanceIdentityDocument": "{"},
    )


def test_registration_wants_a_cluster(ecs: Ecs) -> None:
    """The agent then makes `default` itself, or gives up."""
    ecs.refused(
        "RegisterContainerInstance", "ClusterNotFoundException", "not found", **registration(cluster="c")
    )


def test_listing_by_status_and_filter(ecs: Ecs) -> None:
    """The cluster query language selects; INACTIVE instances are not listed."""
    arns = [register(ecs, number)["containerInstanceArn"] for number in (1, 2, 3)]
    ecs("UpdateContainerInstancesState", containerInstances=arns[:1], status="DRAINING")
    ecs("DeregisterContainerInstance", containerInstance=arns[1])
    assert ecs("ListContainerInstances", status="DRAINING")["containerInstanceArns"] == arns[:1]
    assert ecs("ListContainerInstances")["containerInstanceArns"] == sorted([arns[0], arns[2]])
    zone = ecs("ListContainerInstances", filter="attribute:ecs.availability-zone == us-east-1a")
    assert zone["containerInstanceArns"] == [arns[2]]
    ecs.refused(
        "ListContainerInstances", "InvalidParameterException", "Invalid expression", filter="attribute:x =="
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("abc", "instanceId length should be one of [32,36]"),
        ("a/b", "Invalid identifier: Unexpected number of separators"),
        (UNKNOWN.replace("/default/", "/other/"), "Identifier is for cluster other. Your cluster is default"),
        (UNKNOWN.replace("container-instance", "task"), "Unsupported resource type: task"),
    ],
)
def test_ids_that_cannot_be(ecs: Ecs, given: str, text: str) -> None:
    """An id of the wrong form is refused; a missing one of the right form is a failure."""
    ecs.refused("DescribeContainerInstances", "InvalidParameterException", text, containerInstances=[given])
    answer = ecs("DescribeContainerInstances", containerInstances=["a" * 32])
    assert answer["failures"] == [{"arn": UNKNOWN, "reason": "MISSING"}]


def test_deregistering_with_tasks_needs_force(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """Forced, the tasks are over for the cluster, and the agent is told nothing more about them."""
    arn = instance["containerInstanceArn"]
    task = ecs("RunTask", taskDefinition=web)["tasks"][0]
    ecs.refused(
        "DeregisterContainerInstance",
        "InvalidParameterException",
        "Found running tasks on the instance.",
        containerInstance=arn,
    )
    gone = ecs("DeregisterContainerInstance", containerInstance=arn, force=True)["containerInstance"]
    assert gone["status"] == "INACTIVE"
    stopped = ecs("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]
    assert (stopped["lastStatus"], stopped["stoppedReason"]) == (
        "STOPPED",
        "Container instance deregistration forced by user",
    )


def test_a_deregistered_instance_does_not_come_back(ecs: Ecs, instance: dict[str, Any]) -> None:
    """Its agent is refused by name; the machine may register again as a new instance."""
    arn = instance["containerInstanceArn"]
    ecs("DeregisterContainerInstance", containerInstance=arn)
    ecs.refused(
        "RegisterContainerInstance",
        "ClientException",
        f"The container instance {arn} was deregistered.",
        **registration(containerInstanceArn=arn),
    )
    assert register(ecs)["containerInstanceArn"] != arn


def test_draining_and_back(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """Nothing more is placed there; standalone tasks stay; ACTIVE again, everything is as it was."""
    arn = instance["containerInstanceArn"]
    task = ecs("RunTask", taskDefinition=web)["tasks"][0]
    drained = ecs("UpdateContainerInstancesState", containerInstances=[arn], status="DRAINING")
    assert drained["containerInstances"][0]["status"] == "DRAINING"
    again = ecs("UpdateContainerInstancesState", containerInstances=[arn], status="DRAINING")
    assert (again["containerInstances"][0]["status"], again["failures"]) == ("DRAINING", [])
    no_room = "No Container Instances were found in your cluster."
    ecs.refused("RunTask", "InvalidParameterException", no_room, taskDefinition=web)
    (inactive,) = ecs("StartTask", taskDefinition=web, containerInstances=[arn])["failures"]
    assert (inactive["arn"], inactive["reason"]) == (arn, "INACTIVE")
    assert ecs("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]["desiredStatus"] == "RUNNING"
    ecs("UpdateContainerInstancesState", containerInstances=[arn], status="ACTIVE")
    assert ecs("RunTask", taskDefinition=web)["failures"] == []


def test_who_cannot_be_drained(ecs: Ecs, instance: dict[str, Any]) -> None:
    """Ten at a time, two states; an unknown or deregistered instance is a failure beside the others."""
    arn, gone = instance["containerInstanceArn"], register(ecs, 2)["containerInstanceArn"]
    ecs("DeregisterContainerInstance", containerInstance=gone)
    answer = ecs("UpdateContainerInstancesState", containerInstances=[UNKNOWN, arn, gone], status="DRAINING")
    assert [shown["containerInstanceArn"] for shown in answer["containerInstances"]] == [arn]
    assert answer["failures"] == [{"arn": name, "reason": "MISSING"} for name in (UNKNOWN, gone)]
    operation, code = "UpdateContainerInstancesState", "InvalidParameterException"
    only = "Container instance status should be one of [ACTIVE,DRAINING]"
    ecs.refused(operation, code, only, containerInstances=[arn], status="DEREGISTERING")
    ecs.refused(operation, code, "10", containerInstances=[arn] * 11, status="DRAINING")


def test_remaining_resources_follow_the_tasks(ecs: Ecs, instance: dict[str, Any]) -> None:
    """CPU and memory shrink, taken ports are added; only a STOPPED report gives them back."""
    ecs(
        "RegisterTaskDefinition",
        family="static",
        containerDefinitions=[
            {
                "name": "a",
                "image": "i",
                "cpu": 256,
                "memory": 512,
                "portMappings": [{"containerPort": 80, "hostPort": 8080}],
            }
        ],
    )
    task = ecs("RunTask", taskDefinition="static")["tasks"][0]

    def remaining() -> tuple[int, int, list[str]]:
        shown = described(ecs, instance["containerInstanceArn"])
        cpu, memory, ports, _ = shown["remainingResources"]
        return cpu["integerValue"], memory["integerValue"], ports["stringSetValue"]

    assert remaining() == (2048 - 256, 4096 - 512, ["22", "51678", "8080"])
    ecs("StopTask", task=task["taskArn"])
    assert remaining() == (2048 - 256, 4096 - 512, ["22", "51678", "8080"])
    report(ecs, task, "STOPPED")
    assert remaining() == (2048, 4096, ["22", "51678"])


def test_custom_attributes(ecs: Ecs, instance: dict[str, Any]) -> None:
    """They can be put, listed beside the built-in ones, and deleted; built-in ones cannot be touched."""
    arn = instance["containerInstanceArn"]
    stack = {"name": "stack", "value": "blue", "targetId": arn}
    ecs("PutAttributes", attributes=[stack])
    listed = ecs("ListAttributes", targetType="container-instance", attributeName="stack")["attributes"]
    assert listed == [{**stack, "targetType": "container-instance"}]
    everything = ecs("ListAttributes", targetType="container-instance")["attributes"]
    assert {attribute["name"] for attribute in everything} >= {*CAPABILITIES, "stack"}
    assert len(ecs("DeleteAttributes", attributes=[{"name": "stack", "targetId": arn}])["attributes"]) == 1
    assert ecs("ListAttributes", targetType="container-instance", attributeName="stack")["attributes"] == []
    ecs.refused(
        "PutAttributes",
        "InvalidParameterException",
        "built in",
        attributes=[{"name": "ecs.os-type", "value": "x", "targetId": arn}],
    )
    ecs.refused(
        "PutAttributes",
        "TargetNotFoundException",
        "Could not find",
        attributes=[{"name": "a", "targetId": UNKNOWN}],
    )
    eleven = [{"name": f"a{number}", "targetId": arn} for number in range(11)]
    ecs("PutAttributes", attributes=eleven[:10])
    ecs.refused(
        "PutAttributes", "AttributeLimitExceededException", "10 custom attributes", attributes=eleven[10:]
    )


def test_fargates_instances_are_not_in_a_users_cluster(ecs: Ecs) -> None:
    """They belong to a cluster of their own, where no caller can look."""
    hidden = register(ecs, 9, cluster="shipway-fargate")["containerInstanceArn"]
    assert ecs.store.state.get(ContainerInstance, hidden) is not None
    assert ecs("ListContainerInstances")["containerInstanceArns"] == []
    ecs.refused(
        "DescribeContainerInstances",
        "ClusterNotFoundException",
        "Cluster not found.",
        cluster="shipway-fargate",
        containerInstances=[hidden],
    )


def test_poll_endpoint_is_the_front_door(ecs: Ecs) -> None:
    """Agents open both of their links where they send their requests."""
    answer = ecs("DiscoverPollEndpoint", cluster="default")
    assert answer == {"endpoint": "http://127.0.0.1:4700", "telemetryEndpoint": "http://127.0.0.1:4700"}
