"""Target groups and targets, through boto3."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from shipway.model.container_instance import ContainerInstance
from shipway.model.target import HEALTHY, Target, in_state
from shipway.store import Store
from tests.api_elbv2.conftest import SettableClock


@pytest.fixture
def group(elbv2: Any) -> str:
    """The ARN of an ip target group that nobody forwards to yet."""
    created = elbv2.create_target_group(
        Name="web", Protocol="HTTP", Port=8080, TargetType="ip", VpcId="vpc-1"
    )
    return str(created["TargetGroups"][0]["TargetGroupArn"])


@pytest.fixture
def used_group(elbv2: Any, group: str) -> str:
    """The same group, behind a listener."""
    listen(elbv2, group)
    return group


def listen(elbv2: Any, group: str) -> None:
    load_balancer = elbv2.create_load_balancer(Name="web")["LoadBalancers"][0]["LoadBalancerArn"]
    elbv2.create_listener(
        LoadBalancerArn=load_balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )


def health(elbv2: Any, group: str, **members: Any) -> list[tuple[str, int, str, str | None]]:
    described = elbv2.describe_target_health(TargetGroupArn=group, **members)["TargetHealthDescriptions"]
    return [
        (
            each["Target"]["Id"],
            each["Target"]["Port"],
            each["TargetHealth"]["State"],
            each["TargetHealth"].get("Reason"),
        )
        for each in described
    ]


def refused(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**members)
    return str(error.value.response["Error"]["Code"])


def test_a_target_group_has_the_defaults_of_an_application_load_balancer(elbv2: Any, group: str) -> None:
    """Path /, every 30 seconds, 5 passes, 2 failures, status 200."""
    shown = elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    assert group.startswith("arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/")
    assert shown["HealthCheckPath"] == "/"
    assert shown["HealthCheckPort"] == "traffic-port"
    assert (shown["HealthCheckIntervalSeconds"], shown["HealthCheckTimeoutSeconds"]) == (30, 5)
    assert (shown["HealthyThresholdCount"], shown["UnhealthyThresholdCount"]) == (5, 2)
    assert shown["Matcher"] == {"HttpCode": "200"}
    assert shown["LoadBalancerArns"] == []


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"Protocol": "TCP"}, "InvalidConfigurationRequest"),
        ({"TargetType": "lambda"}, "InvalidConfigurationRequest"),
        ({"Matcher": {"HttpCode": "200-"}}, "ValidationError"),
        ({"Matcher": {"HttpCode": "99"}}, "ValidationError"),
        ({"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 5}, "ValidationError"),
        ({"HealthCheckIntervalSeconds": 1}, "ValidationError"),
        ({"HealthCheckPath": "health"}, "ValidationError"),
        ({"HealthCheckPath": "/two words"}, "ValidationError"),
        ({"HealthCheckPort": "0"}, "ValidationError"),
        ({"Name": "web_1"}, "ValidationError"),
    ],
)
def test_a_target_group_that_makes_no_sense_is_refused(
    elbv2: Any, members: dict[str, Any], code: str
) -> None:
    """Each refusal has AWS's error code, and nothing is created."""
    asked = {"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-1", **members}
    assert refused(elbv2.create_target_group, **asked) == code
    assert elbv2.describe_target_groups()["TargetGroups"] == []


def test_creating_a_target_group_again_answers_the_same(elbv2: Any, group: str) -> None:
    """Same name and settings: the same ARN. Other settings: refused."""
    asked = {"Name": "web", "Protocol": "HTTP", "Port": 8080, "TargetType": "ip", "VpcId": "vpc-1"}
    assert elbv2.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"] == group
    assert refused(elbv2.create_target_group, **{**asked, "Port": 81}) == "DuplicateTargetGroupName"


def test_health_checks_can_be_modified(elbv2: Any, group: str) -> None:
    """Only the members given change."""
    elbv2.modify_target_group(TargetGroupArn=group, HealthCheckPath="/up", HealthyThresholdCount=2)
    shown = elbv2.describe_target_groups(Names=["web"])["TargetGroups"][0]
    assert (shown["HealthCheckPath"], shown["HealthyThresholdCount"]) == ("/up", 2)
    assert shown["UnhealthyThresholdCount"] == 2


def test_target_group_attributes_steer_draining(elbv2: Any, group: str) -> None:
    """The deregistration delay is 300 s until set; stickiness is refused by name."""
    shown = elbv2.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "300"} in shown
    sticky = [{"Key": "stickiness.enabled", "Value": "true"}]
    code = refused(elbv2.modify_target_group_attributes, TargetGroupArn=group, Attributes=sticky)
    assert code == "InvalidConfigurationRequest"
    late = [{"Key": "deregistration_delay.timeout_seconds", "Value": "3601"}]
    assert (
        refused(elbv2.modify_target_group_attributes, TargetGroupArn=group, Attributes=late)
        == "ValidationError"
    )


def test_a_target_group_in_use_cannot_be_deleted(elbv2: Any, used_group: str) -> None:
    """While a listener or rule names it."""
    assert refused(elbv2.delete_target_group, TargetGroupArn=used_group) == "ResourceInUse"
    assert len(elbv2.describe_target_groups()["TargetGroups"][0]["LoadBalancerArns"]) == 1


def test_a_registered_target_is_initial(elbv2: Any, used_group: str) -> None:
    """With the group's port, unless it has its own; twice is once."""
    targets = [{"Id": "10.0.0.1"}, {"Id": "10.0.0.1", "Port": 9000}]
    elbv2.register_targets(TargetGroupArn=used_group, Targets=targets)
    elbv2.register_targets(TargetGroupArn=used_group, Targets=targets)
    in_progress = "Elb.RegistrationInProgress"
    assert health(elbv2, used_group) == [
        ("10.0.0.1", 8080, "initial", in_progress),
        ("10.0.0.1", 9000, "initial", in_progress),
    ]


def test_the_targets_of_a_group_not_in_use_are_unused(elbv2: Any, group: str) -> None:
    """Nobody checks them; deregistering takes them away at once."""
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}])
    assert health(elbv2, group) == [("10.0.0.1", 8080, "unused", "Target.NotInUse")]
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}])
    assert health(elbv2, group) == []


def test_a_deregistered_target_drains(
    elbv2: Any, store: Store, clock: SettableClock, used_group: str
) -> None:
    """Until its delay is over it is draining; registered again it starts anew."""
    elbv2.register_targets(TargetGroupArn=used_group, Targets=[{"Id": "10.0.0.1"}])
    elbv2.deregister_targets(TargetGroupArn=used_group, Targets=[{"Id": "10.0.0.1"}])
    assert health(elbv2, used_group) == [("10.0.0.1", 8080, "draining", "Target.DeregistrationInProgress")]
    assert store.state.all(Target)[0].draining_until == clock.ms + 300_000
    elbv2.register_targets(TargetGroupArn=used_group, Targets=[{"Id": "10.0.0.1"}])
    assert health(elbv2, used_group)[0][2] == "initial"


def test_an_unregistered_target_is_unused(elbv2: Any, used_group: str) -> None:
    """Asked for by name it is shown as not registered; the deregistered waiter is content with that."""
    assert health(elbv2, used_group, Targets=[{"Id": "10.0.0.9"}]) == [
        ("10.0.0.9", 8080, "unused", "Target.NotRegistered")
    ]
    elbv2.get_waiter("target_deregistered").wait(
        TargetGroupArn=used_group, Targets=[{"Id": "10.0.0.9"}], WaiterConfig={"MaxAttempts": 1}
    )


def test_a_healthy_target_is_in_service(elbv2: Any, store: Store, used_group: str) -> None:
    """AWS's own waiter sees what reconcile wrote; a healthy target has no reason."""
    elbv2.register_targets(TargetGroupArn=used_group, Targets=[{"Id": "10.0.0.1"}])
    with store.transaction() as tx:
        tx.put(in_state(tx.all(Target)[0], HEALTHY, ("", ""), 1))
    assert health(elbv2, used_group) == [("10.0.0.1", 8080, "healthy", None)]
    elbv2.get_waiter("target_in_service").wait(TargetGroupArn=used_group, WaiterConfig={"MaxAttempts": 1})


def test_an_instance_target_is_reached_at_the_instances_own_address(elbv2: Any, store: Store) -> None:
    """An instance that the cluster does not know is an invalid target."""
    instance = ContainerInstance(
        container_instance_arn="arn:aws:ecs:us-east-1:000000000000:container-instance/default/1",
        cluster_arn="arn:aws:ecs:us-east-1:000000000000:cluster/default",
        ec2_instance_id="i-0123456789abcdef0",
        private_ip="127.0.1.2",
        availability_zone="us-east-1b",
    )
    with store.transaction() as tx:
        tx.put(instance)
    created = elbv2.create_target_group(Name="instances", Protocol="HTTP", Port=80, VpcId="vpc-1")
    arn = created["TargetGroups"][0]["TargetGroupArn"]
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": instance.ec2_instance_id, "Port": 32_768}])
    target = store.state.all(Target)[0]
    assert (target.address, target.address_port, target.availability_zone) == (
        "127.0.1.2",
        32_768,
        "us-east-1b",
    )
    unknown = [{"Id": "i-00000000000000000"}]
    assert refused(elbv2.register_targets, TargetGroupArn=arn, Targets=unknown) == "InvalidTarget"
    assert msgspec.json.decode(msgspec.json.encode(target), type=Target) == target


def test_missing_target_groups_are_named(elbv2: Any) -> None:
    """Every operation on a target group says so when there is none."""
    arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/none/1"
    assert refused(elbv2.describe_target_health, TargetGroupArn=arn) == "TargetGroupNotFound"
    assert refused(elbv2.describe_target_groups, TargetGroupArns=[arn]) == "TargetGroupNotFound"
    targets = [{"Id": "10.0.0.1"}]
    assert refused(elbv2.register_targets, TargetGroupArn=arn, Targets=targets) == "TargetGroupNotFound"
