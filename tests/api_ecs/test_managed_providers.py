"""Capacity providers of Managed Instances."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_ecs.agents import register, registration
from tests.api_ecs.front import Ecs
from tests.api_ecs.service_steps import PREFIX, Wire

IPE = "InvalidParameterException"
MANAGED = {
    "infrastructureRoleArn": "arn:aws:iam::000000000000:role/infrastructure",
    "instanceLaunchTemplate": {
        "ec2InstanceProfileArn": "arn:aws:iam::000000000000:instance-profile/machines",
        "networkConfiguration": {"subnets": ["subnet-1"]},
    },
}


def create_provider(ecs: Ecs, name: str = "machines", **members: Any) -> Wire:
    wanted = {"name": name, "cluster": "default", "managedInstancesProvider": MANAGED, **members}
    provider: Wire = ecs("CreateCapacityProvider", **wanted)["capacityProvider"]
    return provider


def test_a_provider_lives_in_its_cluster(ecs: Ecs) -> None:
    """Described by name or ARN, and among all those of its cluster."""
    provider = create_provider(ecs, tags=[{"key": "k", "value": "v"}])
    assert provider == {
        "capacityProviderArn": f"{PREFIX}capacity-provider/machines",
        "name": "machines",
        "cluster": "default",
        "status": "ACTIVE",
        "updateStatus": "CREATE_COMPLETE",
        "type": "MANAGED_INSTANCES",
        "managedInstancesProvider": MANAGED,
        "tags": [{"key": "k", "value": "v"}],
    }
    ecs("CreateCluster", clusterName="other")
    for cluster, names in (("default", ["machines"]), ("other", [])):
        answer = ecs("DescribeCapacityProviders", cluster=cluster)
        assert [found["name"] for found in answer["capacityProviders"]][2:] == names
    answer = ecs("DescribeCapacityProviders", capacityProviders=[provider["capacityProviderArn"], "none"])
    assert answer["capacityProviders"] == [{**provider, "tags": []}]
    assert answer["failures"] == [{"arn": f"{PREFIX}capacity-provider/none", "reason": "MISSING"}]


def test_update_and_deletion(ecs: Ecs) -> None:
    """An update replaces the members that it names; a deleted one is gone."""
    create_provider(ecs)
    changed = {**MANAGED, "infrastructureRoleArn": "arn:aws:iam::000000000000:role/other"}
    updated = ecs(
        "UpdateCapacityProvider", name="machines", cluster="default", managedInstancesProvider=changed
    )["capacityProvider"]
    assert (updated["updateStatus"], updated["managedInstancesProvider"]) == (
        "UPDATE_COMPLETE",
        changed,
    )
    gone = ecs("DeleteCapacityProvider", capacityProvider="machines")["capacityProvider"]
    assert (gone["status"], gone["updateStatus"]) == ("INACTIVE", "DELETE_COMPLETE")
    assert ecs("DescribeCapacityProviders", capacityProviders=["machines"])["capacityProviders"] == []


def test_its_instances_say_whose_they_are(ecs: Ecs) -> None:
    """By an attribute, as local ECS starts their agents with."""
    own = {"name": "shipway.capacity-provider", "value": "machines"}
    register(ecs, attributes=[*registration()["attributes"], own])
    (arn,) = ecs("ListContainerInstances")["containerInstanceArns"]
    (instance,) = ecs("DescribeContainerInstances", containerInstances=[arn])["containerInstances"]
    assert instance["capacityProviderName"] == "machines"


def test_a_cluster_with_providers_is_not_deleted(ecs: Ecs) -> None:
    """They have to go first."""
    create_provider(ecs)
    text = "The Cluster cannot be deleted while it has Managed Instances capacity providers."
    ecs.refused("DeleteCluster", "ClusterContainsCapacityProviderException", text, cluster="default")


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"name": "fargate-2"}, "ClientException", "cannot be prefixed"),
        ({"name": "machines"}, "ClientException", "already exists"),
        ({"cluster": None}, IPE, "requires a cluster"),
        ({"cluster": "none"}, "ClusterNotFoundException", "Cluster not found."),
        ({"managedInstancesProvider": None}, IPE, "Specify either"),
        ({"autoScalingGroupProvider": {"autoScalingGroupArn": "asg"}}, IPE, "Specify either"),
    ],
)
def test_what_is_refused(ecs: Ecs, members: Wire, code: str, text: str) -> None:
    """Names, kinds and clusters that cannot be."""
    create_provider(ecs)
    wanted = {"name": "more", "cluster": "default", "managedInstancesProvider": MANAGED, **members}
    ecs.refused("CreateCapacityProvider", code, text, **wanted)


def test_a_strategy_may_name_it_in_its_cluster(ecs: Ecs, web: str) -> None:
    """It is the cluster's without being associated; its tasks run on its instances."""
    create_provider(ecs)
    strategy = [{"capacityProvider": "machines", "weight": 1}]
    own = {"name": "shipway.capacity-provider", "value": "machines"}
    register(ecs, 1)
    arn = register(ecs, 2, attributes=[*registration()["attributes"], own])["containerInstanceArn"]
    answer = ecs("RunTask", taskDefinition=web, capacityProviderStrategy=strategy)
    (task,) = answer["tasks"]
    assert (task["containerInstanceArn"], task["capacityProviderName"]) == (arn, "machines")
    ecs("CreateCluster", clusterName="other")
    code, text = IPE, "not associated"
    ecs.refused("RunTask", code, text, cluster="other", taskDefinition=web, capacityProviderStrategy=strategy)


def test_fargates_own_are_not_changed(ecs: Ecs) -> None:
    """They always exist."""
    ecs.refused("DeleteCapacityProvider", IPE, "reserved", capacityProvider="FARGATE")
    ecs.refused("DeleteCapacityProvider", IPE, "does not exist", capacityProvider="none")
