"""Clusters."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.cluster import FARGATE_CLUSTER
from tests.api_ecs.agents import register, registration
from tests.api_ecs.front import Ecs

ARN = "arn:aws:ecs:us-east-1:000000000000:cluster/"


def test_created_cluster_is_shown_as_ecs_shows_it(ecs: Ecs) -> None:
    """The answer of CreateCluster is ECS's own, member for member."""
    answer = ecs("CreateCluster", clusterName="c1", tags=[{"key": "team", "value": "a"}])
    assert answer == {
        "cluster": {
            "clusterArn": f"{ARN}c1",
            "clusterName": "c1",
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": 0,
            "pendingTasksCount": 0,
            "activeServicesCount": 0,
            "statistics": [],
            "tags": [{"key": "team", "value": "a"}],
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "capacityProviders": [],
            "defaultCapacityProviderStrategy": [],
        }
    }


def test_creating_again_returns_what_is_there(ecs: Ecs) -> None:
    """CreateCluster is idempotent by name: the second call's settings are ignored."""
    first = ecs("CreateCluster", clusterName="c1")
    assert ecs("CreateCluster", clusterName="c1", tags=[{"key": "k", "value": "v"}]) == first


def test_describe_includes_only_what_is_asked_for(ecs: Ecs) -> None:
    """Tags, settings and statistics come with `include` only; what is missing is a failure, not an error."""
    ecs("CreateCluster", clusterName="c1", tags=[{"key": "k", "value": "v"}])
    answer = ecs("DescribeClusters", clusters=["c1", "none", f"{ARN}default"])
    assert [cluster["clusterName"] for cluster in answer["clusters"]] == ["c1", "default"]
    assert answer["failures"] == [{"arn": f"{ARN}none", "reason": "MISSING"}]
    assert answer["clusters"][0]["tags"] == answer["clusters"][0]["settings"] == []
    full = ecs("DescribeClusters", clusters=["c1"], include=["TAGS", "SETTINGS", "STATISTICS"])["clusters"][0]
    assert full["tags"] == [{"key": "k", "value": "v"}]
    assert {"name": "runningEC2TasksCount", "value": "0"} in full["statistics"]


def test_the_default_cluster_is_meant_when_none_is_named(ecs: Ecs) -> None:
    """DescribeClusters without names describes `default`."""
    assert ecs("DescribeClusters")["clusters"][0]["clusterName"] == "default"


def test_list_pages(ecs: Ecs) -> None:
    """Pages follow each other without gap or repetition; a token made for another request is refused."""
    for name in "abcd":
        ecs("CreateCluster", clusterName=name)
    names: list[str] = []
    members: dict[str, Any] = {"maxResults": 2}
    while True:
        answer = ecs("ListClusters", **members)
        names += [arn.removeprefix(ARN) for arn in answer["clusterArns"]]
        if "nextToken" not in answer:
            break
        members["nextToken"] = answer["nextToken"]
    assert names == ["a", "b", "c", "d", "default"]
    ecs.refused("ListClusters", "InvalidParameterException", "Invalid token.", nextToken="rubbish")
    ecs.refused(
        "ListContainerInstances",
        "InvalidParameterException",
        "Invalid token.",
        nextToken=members["nextToken"],
    )
    ecs.refused("ListClusters", "InvalidParameterException", "maxResults", maxResults=101)


def test_deleted_cluster_can_be_described_but_not_used(ecs: Ecs) -> None:
    """An INACTIVE cluster is described, not listed, refused for use, and made anew by CreateCluster."""
    ecs("CreateCluster", clusterName="c1")
    assert ecs("DeleteCluster", cluster="c1")["cluster"]["status"] == "INACTIVE"
    assert ecs("DescribeClusters", clusters=["c1"])["clusters"][0]["status"] == "INACTIVE"
    assert ecs("ListClusters")["clusterArns"] == [f"{ARN}default"]
    ecs.refused("ListTasks", "ClusterNotFoundException", "The referenced cluster was inactive.", cluster="c1")
    assert ecs("CreateCluster", clusterName="c1")["cluster"]["status"] == "ACTIVE"


def test_a_cluster_with_instances_of_the_user_is_not_deleted(ecs: Ecs, instance: dict[str, Any]) -> None:
    """Somebody's container instances hold the cluster back."""
    text = "The Cluster cannot be deleted while Container Instances are active or draining."
    ecs.refused("DeleteCluster", "ClusterContainsContainerInstancesException", text, cluster="default")


def test_lent_instances_go_with_their_cluster(ecs: Ecs) -> None:
    """Instances that local ECS lent do not block the deletion: they become INACTIVE with it."""
    lent = registration()["attributes"] + [{"name": "shipway.lent", "value": "true"}]
    arn = register(ecs, attributes=lent)["containerInstanceArn"]
    cluster = ecs("DeleteCluster", cluster="default")["cluster"]
    assert (cluster["status"], cluster["registeredContainerInstancesCount"]) == ("INACTIVE", 0)
    ecs("CreateCluster")
    assert arn not in ecs("ListContainerInstances")["containerInstanceArns"]


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ("nowhere", "ClusterNotFoundException", "Cluster not found."),
        ("a/b", "InvalidParameterException", "Invalid identifier: Unexpected number of separators"),
        ("arn:aws:ecs:us-east-1:000000000000:task/default/x", "InvalidParameterException", "separators"),
        (
            "arn:aws:ecs:us-east-1:000000000000:service/x",
            "InvalidParameterException",
            "Unsupported resource type: service",
        ),
        (
            f"{ARN.replace('000000000000', '111111111111')}default",
            "InvalidParameterException",
            "AccountIDs mismatch",
        ),
        (FARGATE_CLUSTER, "ClusterNotFoundException", "Cluster not found."),
    ],
)
def test_cluster_that_is_not_there(ecs: Ecs, given: str, code: str, text: str) -> None:
    """A name that means no cluster is refused in ECS's words."""
    ecs.refused("ListServices", code, text, cluster=given)


def test_fargates_own_cluster_is_never_shown(ecs: Ecs) -> None:
    """An agent may register with Fargate's cluster, which is made then; no caller ever sees it."""
    ecs("RegisterContainerInstance", cluster=FARGATE_CLUSTER, **registration())
    assert ecs("ListClusters")["clusterArns"] == [f"{ARN}default"]
    assert ecs("DescribeClusters", clusters=[FARGATE_CLUSTER])["failures"][0]["reason"] == "MISSING"
    ecs.refused(
        "CreateCluster", "InvalidParameterException", "Choose another one", clusterName=FARGATE_CLUSTER
    )
    ecs.refused("DeleteCluster", "ClusterNotFoundException", "Cluster not found.", cluster=FARGATE_CLUSTER)


def test_update_cluster_changes_its_settings(ecs: Ecs) -> None:
    """Container Insights can be switched; other settings are not known."""
    settings = [{"name": "containerInsights", "value": "enabled"}]
    assert (
        ecs("UpdateClusterSettings", cluster="default", settings=settings)["cluster"]["settings"] == settings
    )
    assert ecs("UpdateCluster", cluster="default", settings=settings)["cluster"]["settings"] == settings
    wrong = [{"name": "containerInsights", "value": "perhaps"}]
    ecs.refused(
        "UpdateClusterSettings", "InvalidParameterException", "perhaps", cluster="default", settings=wrong
    )


def test_capacity_providers_of_a_cluster(ecs: Ecs) -> None:
    """Fargate's providers can be associated; a strategy may name associated ones only."""
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    members = {"cluster": "default", "defaultCapacityProviderStrategy": strategy}
    cluster = ecs("PutClusterCapacityProviders", capacityProviders=["FARGATE", "FARGATE_SPOT"], **members)[
        "cluster"
    ]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert cluster["defaultCapacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}
    ]
    ecs.refused(
        "PutClusterCapacityProviders",
        "InvalidParameterException",
        "not associated",
        capacityProviders=["FARGATE"],
        **members,
    )
    described = ecs("DescribeCapacityProviders", capacityProviders=["FARGATE", "mine"])
    assert [provider["name"] for provider in described["capacityProviders"]] == ["FARGATE"]
    assert described["failures"][0]["reason"] == "MISSING"
