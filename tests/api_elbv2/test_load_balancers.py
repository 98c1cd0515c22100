"""Load balancers, their attributes and their tags, through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from shipway.model.listener import Listener
from shipway.store import Store


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def create(elbv2: Any, name: str = "web", **members: Any) -> dict[str, Any]:
    members.setdefault("Subnets", ["subnet-a", "subnet-b"])
    answer = elbv2.create_load_balancer(Name=name, **members)
    load_balancer: dict[str, Any] = answer["LoadBalancers"][0]
    return load_balancer


def test_a_created_load_balancer_is_active_at_once(elbv2: Any) -> None:
    """Its ARN has the real form, its name resolves to loopback, and AWS's own waiter is content."""
    load_balancer = create(elbv2)
    prefix = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/"
    assert load_balancer["LoadBalancerArn"].startswith(prefix)
    assert load_balancer["DNSName"] == "web.elb.localhost"
    assert load_balancer["CreatedTime"].timestamp() == 1_700_000_000
    assert [zone["ZoneName"] for zone in load_balancer["AvailabilityZones"]] == ["us-east-1a", "us-east-1b"]
    elbv2.get_waiter("load_balancer_available").wait(
        LoadBalancerArns=[load_balancer["LoadBalancerArn"]], WaiterConfig={"MaxAttempts": 1}
    )


def test_creating_the_same_again_answers_the_same(elbv2: Any) -> None:
    """Same name and settings: the same ARN. Same name, other settings: refused."""
    first = create(elbv2)
    assert create(elbv2)["LoadBalancerArn"] == first["LoadBalancerArn"]
    for name, members in (("web", {"Scheme": "internal"}), ("WEB", {})):
        with pytest.raises(ClientError) as error:
            create(elbv2, name, **members)
        assert code_of(error) == "DuplicateLoadBalancerName"


@pytest.mark.parametrize(
    ("name", "members", "code"),
    [
        ("web", {"Type": "network"}, "InvalidConfigurationRequest"),
        ("-web", {}, "ValidationError"),
        ("internal-web", {}, "ValidationError"),
        ("w" * 33, {}, "ValidationError"),
        ("web", {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "DuplicateTagKeys"),
    ],
)
def test_what_cannot_be_created_is_refused(elbv2: Any, name: str, members: dict[str, Any], code: str) -> None:
    """Each refusal has AWS's error code."""
    with pytest.raises(ClientError) as error:
        create(elbv2, name, **members)
    assert code_of(error) == code


def test_load_balancers_are_found_by_name(elbv2: Any) -> None:
    """A name that nobody has is an error, as is an ARN."""
    create(elbv2, "one")
    create(elbv2, "two")
    found = elbv2.describe_load_balancers(Names=["two"])["LoadBalancers"]
    assert [load_balancer["LoadBalancerName"] for load_balancer in found] == ["two"]
    with pytest.raises(ClientError) as error:
        elbv2.describe_load_balancers(Names=["three"])
    assert code_of(error) == "LoadBalancerNotFound"


def test_pages_have_the_size_that_was_asked_for(elbv2: Any) -> None:
    """boto3's paginator sees every load balancer once."""
    for name in ("a", "b", "c"):
        create(elbv2, name)
    pages = list(elbv2.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": 2}))
    names = [[each["LoadBalancerName"] for each in page["LoadBalancers"]] for page in pages]
    assert [len(page) for page in names] == [2, 1]
    assert sorted(name for page in names for name in page) == ["a", "b", "c"]


def test_attributes_are_kept_and_checked(elbv2: Any) -> None:
    """Defaults are shown until set; unknown keys and bad values are refused."""
    arn = create(elbv2)["LoadBalancerArn"]
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "5"}]
    )
    shown = elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    values = {attribute["Key"]: attribute["Value"] for attribute in shown}
    assert values["idle_timeout.timeout_seconds"] == "5"
    assert values["deletion_protection.enabled"] == "false"
    for key, value in (("idle_timeout.timeout_seconds", "0"), ("no.such.key", "1")):
        with pytest.raises(ClientError) as error:
            elbv2.modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}]
            )
        assert code_of(error) == "ValidationError"


def test_deleting_takes_listeners_along(elbv2: Any, store: Store) -> None:
    """Deletion is idempotent; a protected load balancer refuses it."""
    arn = create(elbv2)["LoadBalancerArn"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[answer])
    protection = {"Key": "deletion_protection.enabled", "Value": "true"}
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protection])
    with pytest.raises(ClientError) as error:
        elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert code_of(error) == "OperationNotPermitted"
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{**protection, "Value": "false"}])
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert store.state.all(Listener) == []
    elbv2.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[arn], WaiterConfig={"MaxAttempts": 1})


def test_tags_are_added_and_removed(elbv2: Any) -> None:
    """On load balancers and target groups alike, several in one call."""
    one = create(elbv2, Tags=[{"Key": "team", "Value": "a"}])["LoadBalancerArn"]
    two = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80)["TargetGroups"][0]["TargetGroupArn"]
    elbv2.add_tags(ResourceArns=[one, two], Tags=[{"Key": "stage", "Value": "x"}])
    elbv2.remove_tags(ResourceArns=[one], TagKeys=["team"])
    described = elbv2.describe_tags(ResourceArns=[one, two])["TagDescriptions"]
    assert [each["Tags"] for each in described] == [[{"Key": "stage", "Value": "x"}]] * 2
    with pytest.raises(ClientError) as error:
        elbv2.describe_tags(ResourceArns=[one + "0"])
    assert code_of(error) == "LoadBalancerNotFound"


def test_subnets_and_security_groups_can_be_set(elbv2: Any) -> None:
    """They change nothing on loopback, and are shown as they were set."""
    arn = create(elbv2)["LoadBalancerArn"]
    elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=["sg-1"])
    elbv2.set_subnets(LoadBalancerArn=arn, Subnets=["subnet-c", "subnet-d", "subnet-e"])
    shown = elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert shown["SecurityGroups"] == ["sg-1"]
    assert [zone["SubnetId"] for zone in shown["AvailabilityZones"]] == ["subnet-c", "subnet-d", "subnet-e"]
