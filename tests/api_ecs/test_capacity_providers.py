"""Capacity providers over Auto Scaling groups: created, changed, associated, used, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.capacity_provider import CapacityProvider, GroupSize
from tests.api_ecs.front import Ecs

GROUP = (
    "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:"
    "11111111-2222-3333-4444-555555555555:autoScalingGroupName/workers"
)


def create(ecs: Ecs, name: str = "workers", **group: Any) -> dict[str, Any]:
    provider = {"autoScalingGroupArn": GROUP.replace("workers", name), **group}
    answer = ecs("CreateCapacityProvider", name=name, autoScalingGroupProvider=provider)
    shown: dict[str, Any] = answer["capacityProvider"]
    return shown


def associate(ecs: Ecs, *names: str, strategy: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    answer = ecs(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=list(names),
        defaultCapacityProviderStrategy=strategy or [],
    )
    cluster: dict[str, Any] = answer["cluster"]
    return cluster


def test_a_provider_is_shown_with_ecss_defaults(ecs: Ecs) -> None:
    """What was not said is filled in; the group need not exist."""
    assert create(ecs) == {
        "capacityProviderArn": "arn:aws:ecs:us-east-1:000000000000:capacity-provider/workers",
        "name": "workers",
        "status": "ACTIVE",
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": GROUP,
            "managedScaling": {
                "status": "ENABLED",
                "targetCapacity": 100,
                "minimumScalingStepSize": 1,
                "maximumScalingStepSize": 10000,
                "instanceWarmupPeriod": 300,
            },
            "managedTerminationProtection": "DISABLED",
            "managedDraining": "ENABLED",
        },
        "updateStatus": "CREATE_COMPLETE",
        "tags": [],
        "type": "EC2_AUTOSCALING",
    }


def test_an_update_changes_what_it_names(ecs: Ecs) -> None:
    """The rest stays."""
    create(ecs, managedScaling={"status": "ENABLED", "targetCapacity": 80}, managedDraining="DISABLED")
    changed = ecs(
        "UpdateCapacityProvider",
        name="workers",
        autoScalingGroupProvider={"managedTerminationProtection": "ENABLED"},
    )["capacityProvider"]
    assert changed["updateStatus"] == "UPDATE_COMPLETE"
    group = changed["autoScalingGroupProvider"]
    assert group["managedScaling"]["targetCapacity"] == 80
    assert (group["managedTerminationProtection"], group["managedDraining"]) == ("ENABLED", "DISABLED")


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"name": "aws-mine"}, 'The name cannot be prefixed with "aws", "ecs", or "fargate".'),
        ({"name": "Fargate2"}, "The specified capacity provider name is invalid."),
        ({"name": "a/b"}, "The specified capacity provider name is invalid."),
        ({"managedScaling": {"targetCapacity": 101}}, "Specify a value between 1 and 100."),
        ({"managedScaling": {"minimumScalingStepSize": 0}}, "Specify a value between 1 and 10000."),
        ({"managedScaling": {"instanceWarmupPeriod": 10001}}, "Specify a value between 0 and 10000."),
        (
            {"managedScaling": {"minimumScalingStepSize": 5, "maximumScalingStepSize": 2}},
            "must not be greater than the maximum",
        ),
        (
            {"managedScaling": {"status": "DISABLED"}, "managedTerminationProtection": "ENABLED"},
            "managed scaling must be enabled",
        ),
        ({"autoScalingGroupArn": "arn:aws:s3:::bucket"}, "The specified Auto Scaling group ARN is invalid"),
    ],
)
def test_what_cannot_be(ecs: Ecs, members: dict[str, Any], text: str) -> None:
    """Each with the text that says what would be right."""
    name = members.pop("name", "workers")
    group = {"autoScalingGroupArn": GROUP, **members}
    ecs.refused("CreateCapacityProvider", "ClientException", text, name=name, autoScalingGroupProvider=group)


def test_names_and_groups_are_used_once(ecs: Ecs) -> None:
    """A second provider of the name or over the same group is refused; a deletion frees both."""
    create(ecs)
    group = {"autoScalingGroupArn": GROUP}
    operation, code = "CreateCapacityProvider", "ClientException"
    ecs.refused(operation, code, "already exists", name="workers", autoScalingGroupProvider=group)
    ecs.refused(operation, code, "already used by", name="others", autoScalingGroupProvider=group)
    ecs("DeleteCapacityProvider", capacityProvider="workers")
    assert create(ecs)["status"] == "ACTIVE"


def test_deleting(ecs: Ecs) -> None:
    """Not while a cluster has it; afterwards it is not there any more."""
    create(ecs)
    associate(ecs, "workers")
    operation, code = "DeleteCapacityProvider", "ClientException"
    ecs.refused(operation, code, "associated with cluster: default.", capacityProvider="workers")
    associate(ecs)
    gone = ecs("DeleteCapacityProvider", capacityProvider="workers")["capacityProvider"]
    assert (gone["status"], gone["updateStatus"]) == ("INACTIVE", "DELETE_COMPLETE")
    assert ecs("DescribeCapacityProviders", capacityProviders=["workers"])["capacityProviders"] == []
    ecs.refused(
        "PutClusterCapacityProviders",
        "InvalidParameterException",
        "does not exist",
        cluster="default",
        capacityProviders=["workers"],
        defaultCapacityProviderStrategy=[],
    )


def test_a_group_belongs_to_one_cluster(ecs: Ecs) -> None:
    """Its instances join the cluster that their user data names."""
    create(ecs)
    associate(ecs, "workers")
    ecs.refused(
        "CreateCluster",
        "InvalidParameterException",
        "associated with the cluster default",
        clusterName="other",
        capacityProviders=["workers"],
    )


def test_a_provider_in_use_stays_with_its_cluster(ecs: Ecs, web: str) -> None:
    """By a task that waits for it, or by a service's strategy."""
    create(ecs)
    strategy = [{"capacityProvider": "workers", "weight": 1}]
    associate(ecs, "workers", strategy=strategy)
    (task,) = ecs("RunTask", taskDefinition=web)["tasks"]
    assert (task["lastStatus"], task["capacityProviderName"]) == ("PROVISIONING", "workers")
    assert (task["launchType"], "containerInstanceArn" in task) == ("EC2", False)
    members = {"cluster": "default", "capacityProviders": [], "defaultCapacityProviderStrategy": []}
    operation, code = "PutClusterCapacityProviders", "ResourceInUseException"
    ecs.refused(operation, code, "in use", **members)
    ecs("StopTask", task=task["taskArn"])
    ecs("CreateService", serviceName="s", taskDefinition=web, desiredCount=0)
    ecs.refused(operation, code, "in use", **members)
    ecs("DeleteService", service="s")
    assert associate(ecs)["capacityProviders"] == []


def test_strategies_are_of_one_kind(ecs: Ecs) -> None:
    """Fargate and Auto Scaling groups do not mix."""
    create(ecs)
    ecs.refused(
        "PutClusterCapacityProviders",
        "InvalidParameterException",
        "mix of capacity providers",
        cluster="default",
        capacityProviders=["workers", "FARGATE"],
        defaultCapacityProviderStrategy=[
            {"capacityProvider": "workers", "weight": 1},
            {"capacityProvider": "FARGATE", "weight": 1},
        ],
    )


def test_pages_and_clusters(ecs: Ecs) -> None:
    """Ten at a time, Fargate's first; of a cluster only its own."""
    for number in range(11):
        create(ecs, f"p{number:02d}")
    associate(ecs, "p01")
    first = ecs("DescribeCapacityProviders")
    assert [p["name"] for p in first["capacityProviders"][:3]] == ["FARGATE", "FARGATE_SPOT", "p00"]
    rest = ecs("DescribeCapacityProviders", nextToken=first["nextToken"])
    assert [p["name"] for p in rest["capacityProviders"]] == ["p08", "p09", "p10"]
    own = ecs("DescribeCapacityProviders", cluster="default")
    assert [p["name"] for p in own["capacityProviders"]] == ["FARGATE", "FARGATE_SPOT", "p01"]


def test_tags_say_how_large_the_group_may_be(ecs: Ecs) -> None:
    """Where nobody has made the group itself; and they are tags like others."""
    tags = [{"key": "shipway:minimum", "value": "1"}, {"key": "shipway:maximum", "value": "4"}]
    answer = ecs(
        "CreateCapacityProvider",
        name="workers",
        autoScalingGroupProvider={"autoScalingGroupArn": "workers"},
        tags=tags,
    )["capacityProvider"]
    assert answer["tags"] == tags
    provider = ecs.store.state.get(CapacityProvider, answer["capacityProviderArn"])
    assert provider is not None and provider.group_size == GroupSize(minimum=1, maximum=4, desired=1)
    ecs("TagResource", resourceArn=answer["capacityProviderArn"], tags=[{"key": "a", "value": "b"}])
    assert len(ecs("ListTagsForResource", resourceArn=answer["capacityProviderArn"])["tags"]) == 3
    ecs.refused(
        "CreateCapacityProvider",
        "ClientException",
        "must be a whole number",
        name="other",
        autoScalingGroupProvider={"autoScalingGroupArn": "other"},
        tags=[{"key": "shipway:maximum", "value": "many"}],
    )


def test_new_tags_are_a_new_size(ecs: Ecs) -> None:
    """Whoever tags the provider says how large its group is to be from now on."""
    arn = create(ecs)["capacityProviderArn"]
    ecs("TagResource", resourceArn=arn, tags=[{"key": "shipway:minimum", "value": "2"}])
    provider = ecs.store.state.get(CapacityProvider, arn)
    assert provider is not None and provider.group_size == GroupSize(minimum=2, desired=2)
    ecs("TagResource", resourceArn=arn, tags=[{"key": "team", "value": "red"}])
    after = ecs.store.state.get(CapacityProvider, arn)
    assert after is not None and after.group_size == provider.group_size
