"""Clusters and groups of instances, against moto as the stand-in for Amazon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws
from msgspec.structs import replace

from shipway.deploy.edge.aws import Aws, Where, open_aws
from shipway.deploy.edge.calls import Calls
from shipway.deploy.errors import DeployError
from shipway.deploy.infrastructure.clusters import clusters, create_cluster, delete_cluster
from shipway.deploy.infrastructure.instances import create_instances, use_provider, with_network
from shipway.deploy.infrastructure.instances_template import InstancesWish, template_of, values_of
from shipway.deploy.infrastructure.stacks import Stacks
from tests.deploy.fake_aws import Members, ScriptedCalls
from tests.deploy.fakes import World

A_WISH = InstancesWish(cluster="shop", name="shop-instances", count=0, maximum=2)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        yield open_aws(Where(), "shop")


def test_a_cluster_comes_and_goes(aws: Aws) -> None:
    """Made once, listed, deleted; deleting what is not there names what is."""
    assert create_cluster(aws)[1] and not create_cluster(aws)[1]
    assert [report.name for report in clusters(aws)] == ["shop"]
    delete_cluster(aws)
    with pytest.raises(DeployError, match=r"The cluster 'shop' does not exist here\. The clusters: none\."):
        delete_cluster(aws)


# moto has no AWS::ECS::CapacityProvider and says so; the rest of the template is real to it.
@pytest.mark.filterwarnings("ignore:Tried to parse AWS..ECS..CapacityProvider")
def test_a_stack_is_made_changed_and_deleted(aws: Aws) -> None:
    """By change sets; the same wish again changes nothing."""
    world = World()
    stacks = Stacks(aws.service("cloudformation"), world.tools)
    wish = with_network(aws, A_WISH)
    made = stacks.apply(wish.name, template_of(wish), values_of(wish))
    assert made is not None and made["StackStatus"] == "CREATE_COMPLETE"
    assert sizes(aws) == (0, 2)
    larger = replace(wish, count=1, maximum=3)
    assert stacks.apply(wish.name, template_of(larger), values_of(larger)) is not None
    assert sizes(aws) == (1, 3)
    stacks.delete(wish.name)
    with pytest.raises(DeployError, match="There is no stack shop-instances"):
        stacks.delete(wish.name)


def sizes(aws: Aws) -> tuple[int, int]:
    [group] = aws.service("autoscaling").call("DescribeAutoScalingGroups", {})["AutoScalingGroups"]
    return group["MinSize"], group["MaxSize"]


def test_a_provider_joins_those_that_the_cluster_has(aws: Aws) -> None:
    """PutClusterCapacityProviders replaces them all, so the others are sent along."""
    create_cluster(aws)
    aws.ecs.put_capacity_providers(["FARGATE"], [])
    for _ in range(2):
        use_provider(aws, World().tools, "shop-provider")
        assert (aws.ecs.cluster_described() or {})["capacityProviders"] == ["FARGATE", "shop-provider"]


def test_a_group_needs_its_cluster(aws: Aws) -> None:
    """Nothing is made before that is known."""
    with pytest.raises(DeployError, match=r"does not exist here\. Create it with `shipway cluster create`"):
        create_instances(aws, World().tools, A_WISH)
    assert aws.service("cloudformation").call("DescribeStacks", {})["Stacks"] == []


def test_a_stack_that_fails_tells_its_first_failure() -> None:
    """The resource and CloudFormation's reason, not "ROLLBACK_COMPLETE" alone."""
    world = World(local=False)
    world.services["cloudformation"] = failing_cloudformation()
    world.services["ec2"] = a_network()
    with pytest.raises(DeployError) as refused:
        create_instances(world.aws, world.tools, replace_cluster(A_WISH))
    assert refused.value.sentence == (
        "The stack hello-instances ended ROLLBACK_COMPLETE. First failure: InstanceRole (AWS::IAM::Role): "
        "not authorized to perform iam:CreateRole. It was rolled back."
    )


def replace_cluster(wish: InstancesWish) -> InstancesWish:
    return InstancesWish(cluster="hello", name="hello-instances", count=wish.count)


def a_network() -> Calls:
    calls = ScriptedCalls(
        {
            "DescribeVpcs": lambda members: {"Vpcs": [{"VpcId": "vpc-1"}]},
            "DescribeSubnets": lambda members: {"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]},
        }
    )
    calls.service = "ec2"
    return calls


def failing_cloudformation() -> Calls:
    executed: list[Members] = []

    def describe_stacks(members: Members) -> Members:
        status = "ROLLBACK_COMPLETE" if executed else "REVIEW_IN_PROGRESS"
        return {"Stacks": [{"StackId": "s", "StackName": "hello-instances", "StackStatus": status}]}

    def events(members: Members) -> Members:
        failed = {
            "EventId": "1",
            "LogicalResourceId": "InstanceRole",
            "ResourceType": "AWS::IAM::Role",
            "ResourceStatus": "CREATE_FAILED",
            "ResourceStatusReason": "not authorized to perform iam:CreateRole",
        }
        return {"StackEvents": [failed] if executed else []}

    def execute(members: Members) -> Members:
        executed.append(members)
        return {}

    calls = ScriptedCalls(
        {
            "DescribeStacks": describe_stacks,
            "DescribeStackEvents": events,
            "CreateChangeSet": lambda members: {},
            "DescribeChangeSet": lambda members: {"Status": "CREATE_COMPLETE", "Changes": []},
            "ExecuteChangeSet": execute,
        }
    )
    calls.service = "cloudformation"
    return calls
